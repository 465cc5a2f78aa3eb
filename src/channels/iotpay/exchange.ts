/**
 * One signed call of IOTPay and the judgement of its reply. The signature of a reply is looked at
 * and logged, and decides nothing: how IOTPay signs nested members is not documented. What protects
 * a reply is TLS, and that it must name our order.
 */
import * as z from "zod";

import type { ChannelError, ChannelIo, Outcome } from "../adapter.ts";
import { callChannel } from "../call.ts";
import { parseJson } from "../json.ts";
import { errorOf, unknown, type Unknown } from "../outcomes.ts";
import type { IotpayAccount } from "./account.ts";
import { errorRow } from "./error-table.ts";
import { type Fields, isSignedBy, signed } from "./signing.ts";

/** In the place of a code that is missing, or is none. */
export const NO_CODE = "fail";

export interface IotpayAnswer {
  readonly kind: "answer";
  /** Both the communication and the business went well. */
  readonly success: boolean;
  /** IOTPay's code; {@link NO_CODE} where it gave none. */
  readonly errorCode: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const text = z.union([z.string(), z.number()]).nullish();

const envelope = z.looseObject({
  retCode: z.enum(["SUCCESS", "FAIL"]),
  // The answer of payForSubmit may lack it.
  resCode: z.enum(["SUCCESS", "FAIL", ""]).nullish(),
  retMsg: text,
  errCode: text,
  errCodeDes: text,
});

const TEXT_LIMIT = 200;

export const anotherOrder = () =>
  unknown("another_order", "IOTPay's reply is not about this order; it was not believed.");

export const incomplete = () =>
  unknown("incomplete_reply", "IOTPay's reply lacks what it must hold.");

/** Sends `params=<JSON>`, encoded: a bare `&`, `+` or `%` in a text would end or change the field. */
export async function askIotpay(
  path: string,
  fields: Fields,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<IotpayAnswer | Unknown> {
  const reply = await callChannel(io, {
    method: "POST",
    path,
    headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: `params=${encodeURIComponent(JSON.stringify(signed(fields, account.merchant_key)))}`,
  });
  if (reply.kind === "unknown") return reply;
  const answer = judge(reply.status, reply.body);
  if (answer.kind === "unknown" || !answer.success) {
    const code = answer.kind === "unknown" ? answer.error.channelCode : answer.errorCode;
    io.log("info", "iotpay_answer", { path, code });
  }
  if (answer.kind === "answer") await noteSignature(answer, account, path, io);
  return answer;
}

function judge(status: number, body: Uint8Array): IotpayAnswer | Unknown {
  if (status !== 200) {
    return unknown(`http_${status}`, "IOTPay is out of service.", "CHANNEL_UNAVAILABLE");
  }
  const parsed = envelope.safeParse(parseJson(body));
  if (!parsed.success) return unknown("malformed_reply", "IOTPay's reply could not be read.");
  const { retCode, resCode, retMsg, errCode, errCodeDes } = parsed.data;
  const code = String(errCode ?? "");
  const words = String(errCodeDes ?? "") || String(retMsg ?? "");
  return {
    kind: "answer",
    success: retCode === "SUCCESS" && (resCode ?? "") !== "FAIL",
    // A code is logged and shown only when it looks like one.
    errorCode: /^[\w.-]{1,64}$/.test(code) ? code : NO_CODE,
    text: words.slice(0, TEXT_LIMIT),
    fields: parsed.data,
  };
}

/** Over the plain members, with and without the wallet's data, which the older system leaves out. */
async function noteSignature(
  { fields }: IotpayAnswer,
  { merchant_key }: IotpayAccount,
  path: string,
  io: ChannelIo,
): Promise<void> {
  const sign = fields["sign"];
  const plain = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "string" || typeof value === "number" ? [[name, String(value)] as const] : [],
  );
  const bare = plain.filter(([name]) => !["payParams", "retParams", "retDetail"].includes(name));
  if (typeof sign === "string" && (await isSignedBy(merchant_key, sign, plain, bare))) return;
  const found = typeof sign === "string" && sign !== "" ? "different" : "missing";
  io.log("info", "iotpay_reply_signature", { path, found });
}

/** What a FAIL means, by the error table. */
export function refusal({
  errorCode,
  text: words,
}: IotpayAnswer): Extract<Outcome<never>, { error: ChannelError }> {
  const row = errorRow(errorCode);
  return { kind: row.outcome, error: errorOf(row, errorCode, words) };
}

/** A whole number, also where IOTPay writes it as text. */
export function integerOf(value: unknown): number | null {
  const digits = typeof value === "number" ? String(value) : value;
  if (typeof digits !== "string" || !/^(0|-?[1-9]\d{0,15})$/.test(digits)) return null;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : null;
}

/** IOTPay's numbers are short ASCII; anything else is not passed on. */
export const numberOf = (value: unknown): string | null =>
  typeof value === "string" && /^[0-9A-Za-z_-]{1,64}$/.test(value) ? value : null;

/** Whether a member is there and names something else than it must. */
export function namesOther(value: unknown, ours: string): boolean {
  if (value === undefined || value === null || value === "") return false;
  return (typeof value === "number" ? String(value) : value) !== ours;
}
