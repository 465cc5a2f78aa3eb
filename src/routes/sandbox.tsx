/**
 * The buyer's side of test payments (API.md section 8): actions for scripts, and a page that looks
 * like a wallet for people. No key, since the payment's id is unguessable; live payments are not
 * found here, whatever is asked.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { html } from "hono/html";

import { channelOf } from "../channels/registry.ts";
import { isoOrNull } from "../clock.ts";
import { apiError } from "../errors.ts";
import { readIntent } from "../intent/client.ts";
import type { PaymentIntentView } from "../intent/view.ts";
import { sandboxKeyring } from "../sandbox/keys.ts";
import type { Wallet } from "../sandbox/order.ts";
import { sandboxChannel } from "../sandbox/registry.ts";
import type { BuyerAction } from "../sandbox/trade.ts";
import { orderObject } from "../sandbox/transport.ts";
import { NoPaymentPage, WalletPage } from "../sandbox/wallet-page.tsx";
import { type App, type AppContext, errors, idParam, jsonReply } from "./http.ts";

const ACTIONS = ["pay", "decline", "close", "scan"] as const satisfies readonly BuyerAction[];

const SandboxPayment = z
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

const toReply = (intent: PaymentIntentView, { order, declined, callbacks }: Wallet) => ({
  object: "sandbox_payment" as const,
  payment_intent: intent.id,
  channel: intent.channel,
  state: order.state,
  declined,
  channel_transaction_id: order.transactionId,
  paid_at: isoOrNull(order.paidAt),
  callbacks: callbacks.map(({ flaw, attempts, status, acknowledged }) => ({
    kind: flaw ?? ("proper" as const),
    attempts,
    status,
    acknowledged,
  })),
});

/** Null: there is none, or it is a live one, which is nobody's business here. */
async function findTestIntent(env: Env, id: string): Promise<PaymentIntentView | null> {
  const intent = await readIntent(env, id);
  return intent === null || intent.livemode ? null : intent;
}

const noSuchPayment = () => apiError("PAYMENT_INTENT_NOT_FOUND", "No such test payment.");

const orderOf = (env: Env, intent: PaymentIntentView) =>
  orderObject(env, intent.channel, intent.payee.merchant_account, intent.id);

/** A form of the wallet page, not an API client. */
const isBrowser = (c: AppContext): boolean =>
  (c.req.header("Accept") ?? "").toLowerCase().includes("text/html");

const actionRoute = createRoute({
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
      payment_intent: idParam("payment_intent", "pi_01j9zq4c7n8m2x5v6k3w1t0ryb"),
      action: z.enum(ACTIONS).openapi({ param: { name: "action", in: "path" } }),
    }),
  },
  responses: {
    200: jsonReply(SandboxPayment, "The order at the simulated channel."),
    303: { description: "Browsers are sent back to the wallet page." },
    ...errors(404, 409),
  },
});

const htmlContent = { "text/html": { schema: z.string() } };
const unknownPayment = errors(404)[404];

const walletRoute = createRoute({
  method: "get",
  path: "/sandbox/wallet/{payment_intent}",
  tags: ["Sandbox"],
  operationId: "getSandboxWallet",
  summary: "The buyer's wallet as a page",
  request: {
    params: z.object({
      payment_intent: idParam("payment_intent", "pi_01j9zq4c7n8m2x5v6k3w1t0ryb"),
    }),
  },
  responses: {
    200: { description: "The page.", content: htmlContent },
    404: {
      ...unknownPayment,
      content: { ...unknownPayment.content, ...htmlContent },
    },
  },
});

const keysRoute = createRoute({
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

/** The page may show one style sheet and our icon, send its own forms, and nothing else. */
function setPageHeaders(c: AppContext, nonce: string): void {
  c.header("Cache-Control", "no-store");
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  c.header(
    "Content-Security-Policy",
    `default-src 'none'; style-src 'nonce-${nonce}'; img-src 'self'; form-action 'self'; ` +
      `frame-ancestors 'none'; base-uri 'none'`,
  );
}

export function registerSandbox(app: App): void {
  app.openapi(keysRoute, async (c) => {
    const { channel } = c.req.valid("param");
    const simulated = sandboxChannel(channel);
    if (simulated === null) throw apiError("NOT_FOUND", "No such channel in the sandbox.");
    const keys = await sandboxKeyring(c.env, channel);
    return c.json(
      {
        object: "sandbox_keys" as const,
        channel,
        public_key: keys.platformPublicKey,
        certificate: await simulated.platformCertificate(keys),
      },
      200,
    );
  });

  app.openapi(actionRoute, async (c) => {
    const { payment_intent: id, action } = c.req.valid("param");
    const intent = await findTestIntent(c.env, id);
    if (intent === null) throw noSuchPayment();
    const result = await orderOf(c.env, intent).buyer(action);
    c.header("Cache-Control", "no-store");
    if (isBrowser(c)) {
      const path = `/sandbox/wallet/${intent.id}`;
      return c.redirect(result.ok ? path : `${path}?refused=1`, 303);
    }
    if (!result.ok) throw apiError("INVALID_STATE", result.error);
    return c.json(toReply(intent, result.value), 200);
  });

  app.openapi(walletRoute, async (c) => {
    const intent = await findTestIntent(c.env, c.req.valid("param").payment_intent);
    if (intent === null && !isBrowser(c)) throw noSuchPayment();
    const nonce = crypto.randomUUID();
    setPageHeaders(c, nonce);
    if (intent === null) {
      c.set("errorCode", "PAYMENT_INTENT_NOT_FOUND");
      return c.html(html`<!doctype html>${<NoPaymentPage nonce={nonce} />}`, 404);
    }
    const wallet = await orderOf(c.env, intent).wallet();
    const refused = c.req.query("refused") === "1";
    const channelName = channelOf(intent.channel)?.adapter.info.name ?? intent.channel;
    const page = <WalletPage {...{ intent, channelName, wallet, refused, nonce }} />;
    return c.html(html`<!doctype html>${page}`, 200);
  });
}
