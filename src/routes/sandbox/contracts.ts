/** The sandbox's routes as the reference shows them. */
import { createRoute, z } from "@hono/zod-openapi";

import type { BuyerAction } from "../../sandbox/trade.ts";
import { errors, idParam, jsonReply } from "../http.ts";

const ACTIONS = ["pay", "decline", "close", "scan"] as const satisfies readonly BuyerAction[];

export const SandboxPayment = z
  .object({
    object: z.literal("sandbox_payment"),
    payment_intent: z.string(),
    channel: z.string(),
    state: z.enum(["open", "scanned", "paid", "closed"]),
    declined: z.boolean(),
    channel_transaction_id: z.string().nullable(),
    paid_at: z.iso.datetime().nullable(),
    callbacks: z.array(
      z.object({
        kind: z.enum(["proper", "wrong_amount", "wrong_signature", "sign_test_probe"]),
        attempts: z.int(),
        status: z.int().nullable().openapi({ description: "Our HTTP answer; null: none in time." }),
        acknowledged: z.boolean(),
      }),
    ),
  })
  .openapi("SandboxPayment");

const number = idParam("payment_intent", "pi_01j9zq4c7n8m2x5v6k3w1t0ryb");

export const actionRoute = createRoute({
  method: "post",
  path: "/sandbox/payments/{payment_intent}/{action}",
  tags: ["Sandbox"],
  operationId: "playBuyer",
  summary: "Play the buyer",
  description:
    "Test payments only, no key. `pay` answers after the channel's callback was handled. A " +
    "declined payment stays payable until it runs out, as with the real wallets; `close` ends it. " +
    "At Alipay there is no trade before the scan: a code that is closed before it cannot be paid " +
    "any more, but asking finds nothing, and the payment stays as it is until its deadline.",
  request: {
    params: z.object({
      payment_intent: number,
      action: z.enum(ACTIONS).openapi({ param: { name: "action", in: "path" } }),
    }),
  },
  responses: {
    200: jsonReply(SandboxPayment, "The order at the simulated channel."),
    303: { description: "Browsers are sent back to the wallet page." },
    ...errors(400, 404, 409),
  },
});

const htmlContent = { "text/html": { schema: z.string() } };
const unknownPayment = errors(404)[404];

export const walletRoute = createRoute({
  method: "get",
  path: "/sandbox/wallet/{payment_intent}",
  tags: ["Sandbox"],
  operationId: "getSandboxWallet",
  summary: "The buyer's wallet as a page",
  request: {
    params: z.object({ payment_intent: number }),
  },
  responses: {
    200: { description: "The page.", content: htmlContent },
    404: {
      ...unknownPayment,
      content: { ...unknownPayment.content, ...htmlContent },
    },
  },
});

export const keysRoute = createRoute({
  method: "get",
  path: "/sandbox/channels/{channel}/keys",
  tags: ["Sandbox"],
  operationId: "getSandboxKeys",
  summary: "A simulated channel's public keys",
  description:
    "For test accounts with credentials of their own: what the channel's console would let you " +
    "download. Saving such an account registers your public key, as uploading it there would.",
  request: { params: z.object({ channel: idParam("channel", "wechat") }) },
  responses: {
    200: jsonReply(
      z.object({
        object: z.literal("sandbox_keys"),
        channel: z.string(),
        public_key: z.string().openapi({ description: "PEM; the channel signs with this key." }),
        certificate: z.string().nullable().openapi({
          description: "PEM; the same key as a certificate, where the channel has them.",
        }),
      }),
      "The channel's side, public parts only.",
    ),
    ...errors(404),
  },
});

export const pageRoute = createRoute({
  method: "get",
  path: "/sandbox/pages/{channel}",
  tags: ["Sandbox"],
  operationId: "openSandboxPage",
  summary: "Where a signed link of a test payment leads",
  description:
    "Stands for the channel's own payment page: checks the link as the channel would and sends " +
    "the browser to the wallet page.",
  request: { params: z.object({ channel: idParam("channel", "alipay") }) },
  responses: {
    303: { description: "The link is good: on to the wallet page." },
    ...errors(404, 409),
  },
});
