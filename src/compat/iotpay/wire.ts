/** IOTPay's protocol from the other side: requests as its apps send them, replies as they read them. */
import { isSignedBy, signatureOf } from "../../channels/iotpay/signing.ts";
import { err, ok, type Result } from "../../result.ts";
import { IOTPAY_CODES, type IotpayCode } from "./codes.ts";

/** The fields of a request as texts, which is how they are signed. */
export type Fields = ReadonlyMap<string, string>;

/** What a reply is made of. Objects are data for wallets. */
export type Members = Readonly<Record<string, unknown>>;

/** A refusal in IOTPay's words. */
export interface Refusal {
  readonly code: IotpayCode;
  readonly text: string;
}

export const refusal = (code: keyof typeof IOTPAY_CODES, text: string): Refusal => ({
  code: IOTPAY_CODES[code],
  text,
});

/**
 * Members that only replies and notifications have. Attack: those are signed with the same key by
 * the same rule, so one that was overheard could be sent back to us as the merchant's request.
 */
const NOT_IN_REQUESTS = ["retCode", "resCode", "status", "backType"];

/**
 * The same inside a value, which reads the same once it is signed: `x&retCode=SUCCESS`. Of these at
 * least one is in all that we sign; a `status` may well stand in the query of an address.
 */
const HIDDEN_IN_VALUE = /&(?:retCode|resCode|backType)=/;

const FIELD_LIMIT = 60;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The request's fields: the form's `params`, or a JSON body where an app sends that. Of null and
 * empty values IOTPay says that they are as good as absent.
 */
export function readRequest(body: string): Result<Fields, Refusal> {
  const text = body.trim();
  if (text === "") return err(refusal("empty", "The POST is empty."));
  const params = text.startsWith("{") ? text : new URLSearchParams(text).get("params");
  if (params === null || params === "") return err(refusal("empty", "The field params is empty."));
  const parsed = parseJson(params);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return err(refusal("parameter", "params must be a JSON object, URL-encoded."));
  }
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (value === null || value === "") continue;
    if (typeof value !== "string" && typeof value !== "number") {
      return err(refusal("parameter", "Every parameter must be a text or a number."));
    }
    if (HIDDEN_IN_VALUE.test(String(value))) {
      return err(refusal("parameter", `${name} must not hold members of a reply.`));
    }
    fields.set(name, String(value));
  }
  const foreign = NOT_IN_REQUESTS.find((name) => fields.has(name));
  if (foreign !== undefined) return err(refusal("parameter", `${foreign} is not a parameter.`));
  if (fields.size > FIELD_LIMIT) return err(refusal("parameter", "There are too many parameters."));
  return ok(fields);
}

/** Whether the merchant key signed these fields. */
export const isAuthentic = (fields: Fields, merchantKey: string): Promise<boolean> =>
  isSignedBy(merchantKey, fields.get("sign") ?? "", [...fields]);

/** Nested by wallet or by date, so the system behind IOTPay leaves them out of signatures too. */
const UNSIGNED = new Set(["payParams", "retParams", "retDetail"]);

/** Members with their signature; null leaves it out, for callers that we do not know. */
export function withSign(members: Members, merchantKey: string | null): Members {
  if (merchantKey === null) return members;
  const entries = Object.entries(members).flatMap(([name, value]) =>
    !UNSIGNED.has(name) && (typeof value === "string" || typeof value === "number")
      ? [[name, String(value)] as const]
      : [],
  );
  return { ...members, sign: signatureOf(entries, merchantKey) };
}

export const success = (members: Members): Members => ({
  retCode: "SUCCESS",
  retMsg: "",
  resCode: "SUCCESS",
  errCode: "",
  errCodeDes: "",
  ...members,
});

/** Codes below 0100 are about the request, the others about what was asked for. */
export const failureMembers = ({ code, text }: Refusal, members: Members = {}): Members => ({
  retCode: code < "0100" ? "FAIL" : "SUCCESS",
  retMsg: code < "0100" ? text : "",
  resCode: "FAIL",
  errCode: code,
  errCodeDes: text,
  ...members,
});
