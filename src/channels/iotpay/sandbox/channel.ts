/**
 * IOTPay's order API as a simulator, written from its documentation and independent of the adapter.
 * A payment code that ends in 00 is paid at once, one in 99 is refused, others wait for the buyer.
 */
import * as z from "zod";

import { hex } from "../../../sandbox/numbers.ts";
import type {
  CallbackFlaw,
  SandboxChannel,
  SandboxOrderRecord,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { merchantIdOf, merchantKey, sandboxMerchantKey } from "./identity.ts";
import {
  create,
  notUnderstood,
  orderMembers,
  queryOrder,
  queryRefund,
  refundOrder,
} from "./orders.ts";
import { keptFields } from "./request.ts";
import type { Shape } from "./shapes.ts";
import { isSigned, type Members, signedReply } from "./sign.ts";

const ownCredentials = z.looseObject({ mch_id: z.string(), merchant_key: z.string() });

const json = (members: Members): Response =>
  new Response(JSON.stringify(members), {
    headers: { "Content-Type": "application/json;charset=UTF-8" },
  });

/** The one field of the form, as an object; the error is IOTPay's. */
async function readParams(request: Request): Promise<Members | { readonly refusal: Members }> {
  if (request.method !== "POST") return { refusal: notUnderstood("0011", "must be POST") };
  const params = new URLSearchParams(await request.text()).get("params") ?? "";
  if (params === "") return { refusal: notUnderstood("0012", "POST is empty") };
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(params));
    if (parsed.success) return parsed.data;
  } catch {
    // Not JSON: the same as another kind of value.
  }
  return { refusal: notUnderstood("0014", "parameter error: params") };
}

type Operation = (members: Members, world: SandboxWorld, shape: Shape) => Promise<Members>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  "/v1/create_order": (members, world, shape) => create(members, "create_order", shape, world),
  "/v1/payForSubmit": (members, world, shape) => create(members, "payForSubmit", shape, world),
  "/v1/query_order": queryOrder,
  "/v1/refund_order": refundOrder,
  "/v1/query_refund": queryRefund,
};

async function serve(request: Request, world: SandboxWorld, shape: Shape): Promise<Response> {
  const { pathname } = new URL(request.url);
  const operation = Object.hasOwn(OPERATIONS, pathname) ? OPERATIONS[pathname] : undefined;
  if (operation === undefined) return new Response("Not Found", { status: 404 });
  const members = await readParams(request);
  if ("refusal" in members) return json(members.refusal as Members);
  const mchId = members["mchId"];
  const key = typeof mchId === "string" ? await merchantKey(mchId, world) : null;
  if (key === null) return json(notUnderstood("0015", "The merchant does not exist."));
  if (!isSigned(members, key)) return json(notUnderstood("0013", "The signature is wrong."));
  return json(signedReply(await operation(members, world, shape), key));
}

async function notification(
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request | null> {
  // Payments at the till are not announced: the till asks.
  if (keptFields(order.parameters).channelId.endsWith("_MICROPAY")) return null;
  const key = (await merchantKey(order.merchant, world)) ?? "";
  const told = flaw === "wrong_amount" ? { ...order, value: order.value + 1 } : order;
  const forged = flaw === "wrong_signature" || flaw === "sign_test_probe";
  const members = signedReply(
    { ...orderMembers(told), backType: 2 },
    forged ? `${key} of somebody else` : key,
  );
  const form = Object.entries(members).map(([name, value]) => [name, String(value)]);
  return new Request(order.notifyUrl, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams(form).toString(),
  });
}

/** @param shape which form Alipay's part of the answers has */
export const simulatedIotpay = (shape: Shape): SandboxChannel => ({
  slug: "iotpay",
  endpoints: ["https://iotpay.sandbox.invalid/v1"],
  mode: "direct",

  credentials(keys, accountId) {
    const mchId = merchantIdOf(accountId);
    return {
      mch_id: mchId,
      merchant_key: sandboxMerchantKey(keys, mchId),
      job_no: `sandbox${mchId}`,
      wechat_app_id: `wx${hex(accountId, 16)}`,
      payment_method_type: "ALIPAY",
    };
  },

  async registration(credentials) {
    const parsed = ownCredentials.safeParse(credentials);
    if (!parsed.success) return null;
    const { mch_id, merchant_key } = parsed.data;
    return {
      merchant: mch_id,
      entry: { publicKeys: {}, symmetricKey: null, secrets: { merchant_key } },
    };
  },

  handle: (request, world) => serve(request, world, shape),
  callback: notification,
  // MD5 with a shared key: there are no certificates.
  platformCertificate: async () => null,
  serverError: () => json(notUnderstood("0010", "system error")),

  async unsigned(reply) {
    const { sign: _, ...members } = JSON.parse(await reply.text()) as Members;
    return json(members);
  },

  repeatsVerbatim: true,
  acknowledged: (status, body) => status === 200 && body.trim().toLowerCase() === "success",
});

export const iotpaySandbox: SandboxChannel = simulatedIotpay("since_2026_03");
