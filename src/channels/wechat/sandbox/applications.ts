/**
 * Applications of sub-merchants. They are kept among the orders, under the service provider's number
 * and one entry for each time they were handed in; no secret of theirs is kept.
 *
 * The merchant's short name decides how a review ends, so that every ending can be tried.
 */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { readPrivateKey } from "../../../crypto/pem.ts";
import { oaepDecrypt } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import { digits } from "../../../sandbox/numbers.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { readForm } from "./forms.ts";
import { isRefusal, paramError, refuse, type Answer, type Refusal } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";

const SLUG = "wechat";

/** A review takes this long, in milliseconds. */
const REVIEW_MS = 5_000;

const sealed = z.string().regex(/^[A-Za-z0-9+/]{342}==$/, "must be encrypted with RSA-OAEP");

/** What WeChat Pay insists on in every application; the rest is taken as it is. */
const form = z.strictObject({
  business_code: z.string().regex(/^[0-9A-Za-z_]{1,124}$/, "1-124 of 0-9A-Za-z_"),
  contact_info: z.looseObject({
    contact_type: z.enum(["LEGAL", "SUPER"]),
    contact_name: sealed,
    mobile_phone: sealed,
    contact_email: sealed,
  }),
  subject_info: z.looseObject({
    subject_type: z.string().startsWith("SUBJECT_TYPE_"),
    identity_info: z.looseObject({ id_doc_type: z.string().startsWith("IDENTIFICATION_TYPE_") }),
  }),
  business_info: z.looseObject({
    merchant_shortname: z.string().min(1),
    service_phone: z.string().min(1),
    sales_info: z.looseObject({ sales_scenes_type: z.array(z.string()).min(1) }),
  }),
  settlement_info: z.looseObject({}),
  bank_account_info: z.looseObject({
    bank_account_type: z.string().startsWith("BANK_ACCOUNT_TYPE_"),
    account_name: sealed,
    account_bank: z.string().min(1),
    bank_address_code: z.string().min(1),
    account_number: sealed,
  }),
  addition_info: z.looseObject({}).optional(),
});

const SECRET =
  /^(contact_(name|id_number|email)|mobile_phone|(id_card|id_doc|ubo_id_doc)_(name|number|address)|account_(name|number))$/;

/** Every secret of the form, with its place as a JSON pointer. */
function* secretsIn(value: unknown, path = ""): Generator<readonly [string, string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const here = `${path}/${name}`;
    if (typeof inner === "string" && SECRET.test(name)) yield [here, inner];
    yield* secretsIn(inner, here);
  }
}

/** A secret that does not open: it was sent in clear, or for another key. */
async function sealProblem(application: unknown, world: SandboxWorld): Promise<Refusal | null> {
  const platform = mustRead(readPrivateKey(world.keys.platformPrivateKey));
  for (const [place, value] of secretsIn(application)) {
    const opened = await oaepDecrypt(platform, value);
    if (!opened.ok) return paramError(place, "cannot be decrypted");
  }
  return null;
}

const numberOf = (code: string, turn: number): string => `applyment/${code}/${turn}`;

/** The application as it was handed in last, and how often that was. */
async function latest(code: string, provider: string, world: SandboxWorld) {
  let [turn, record]: [number, SandboxOrderRecord | null] = [0, null];
  for (;;) {
    const next = await world.orders.get(SLUG, provider, numberOf(code, turn + 1));
    if (next === null) return { turn, record };
    [turn, record] = [turn + 1, next];
  }
}

const terms = z.object({ shortname: z.string() });

/** Where the review stands: under way for a moment, then as the short name says. */
function stateOf(record: SandboxOrderRecord, now: number): string {
  if (now < record.createdAt + REVIEW_MS) return "AUDITING";
  const { shortname } = terms.parse(JSON.parse(record.parameters));
  if (/reject/i.test(shortname)) return "REJECTED";
  return /sign/i.test(shortname) ? "TO_BE_SIGNED" : "FINISHED";
}

export async function submitApplication(
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  if (!request.namesPlatformKey) return paramError("Wechatpay-Serial", "is required", "header");
  const read = readForm(form, request.body);
  if (isRefusal(read)) return read;
  const { business_code, business_info } = read.value;
  const problem = await sealProblem(read.value, world);
  if (problem !== null) return problem;
  const provider = request.merchant.mchid;
  const { turn, record } = await latest(business_code, provider, world);
  if (record !== null && stateOf(record, world.now) !== "REJECTED") {
    return refuse(400, "INVALID_REQUEST", "申请单不可重复提交");
  }
  await world.orders.create({
    channel: SLUG,
    merchant: provider,
    orderNumber: numberOf(business_code, turn + 1),
    parameters: canonicalJson({ shortname: business_info.merchant_shortname }),
    currency: "CNY",
    value: 0,
    notifyUrl: "",
    expiresAt: null,
  });
  return { status: 200, body: { applyment_id: Number(digits(`applyment ${business_code}`, 15)) } };
}

const TEXTS: Readonly<Record<string, string>> = {
  AUDITING: "审核中",
  REJECTED: "已驳回",
  TO_BE_SIGNED: "待签约",
  FINISHED: "已完成",
};

export async function queryApplication(
  code: string,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const { record } = await latest(code, request.merchant.mchid, world);
  if (record === null) return refuse(404, "RESOURCE_NOT_EXISTS", "申请单不存在");
  const state = stateOf(record, world.now);
  const body = {
    business_code: code,
    applyment_id: Number(digits(`applyment ${code}`, 15)),
    applyment_state: `APPLYMENT_STATE_${state}`,
    applyment_state_msg: TEXTS[state],
    ...(state === "FINISHED" ? { sub_mchid: `1${digits(`sub-merchant ${code}`, 9)}` } : {}),
    ...(state === "TO_BE_SIGNED"
      ? { sign_url: `https://wechat.sandbox.invalid/sign/${encodeURIComponent(code)}` }
      : {}),
    audit_detail:
      state === "REJECTED"
        ? [
            {
              field: "merchant_shortname",
              field_name: "商户简称",
              reject_reason: "商户简称与营业执照不符",
            },
          ]
        : [],
  };
  return { status: 200, body };
}
