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
import { ok, type Result } from "../result.ts";
import { sandboxKeyring } from "../sandbox/keys.ts";
import type { Wallet } from "../sandbox/order.ts";
import { sandboxChannel } from "../sandbox/registry.ts";
import { scriptOf } from "../sandbox/scripts.ts";
import type { FaultScript, SandboxOrders } from "../sandbox/simulator.ts";
import type { BuyerAction } from "../sandbox/trade.ts";
import { orderObject, sandboxOrders, sandboxWorld } from "../sandbox/transport.ts";
import { NoPaymentPage, WalletPage } from "../sandbox/wallet-page.tsx";
import { type App, type AppContext, errors, idParam, jsonReply, publicOrigin } from "./http.ts";

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

function orderOf(env: Env, intent: PaymentIntentView) {
  const number = sandboxChannel(intent.channel)?.orderNumber?.(intent.id) ?? intent.id;
  return orderObject(env, intent.channel, intent.payee.merchant_account, number);
}

/** What a simulator needs when the buyer's own wallet or browser makes the order. */
function buyersWorld(c: AppContext, channel: string, script: FaultScript | null) {
  const orders = sandboxOrders(c.env, script, () => {}, true);
  return sandboxWorld(c.env, channel, script, orders, publicOrigin(c));
}

/**
 * Some codes, links and SDK strings are made without a call to the channel: it hears of the order
 * when the buyer opens them. The error says why the channel refuses.
 */
async function openIfNew(c: AppContext, intent: PaymentIntentView): Promise<Result<void, string>> {
  const channel = sandboxChannel(intent.channel);
  const { next_action: next, qr } = intent;
  if (channel?.open === undefined || next === null || next.type === "wait") return ok(undefined);
  if ((await orderOf(c.env, intent).find()) !== null) return ok(undefined);
  const action = next.type === "show_qr" ? { type: next.type, data: qr?.data ?? "" } : next;
  const shown = {
    paymentId: intent.id,
    merchant: intent.payee.merchant_account,
    currency: intent.amount.currency,
    value: intent.amount.value,
    notifyUrl: `${publicOrigin(c)}/v1/callbacks/${intent.channel}/${intent.channel_account}`,
    action,
  };
  const opened = await channel.open(
    shown,
    await buyersWorld(c, intent.channel, scriptOf(intent.metadata)),
  );
  return opened.ok ? ok(undefined) : opened;
}

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
    ...errors(400, 404, 409),
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

const pageRoute = createRoute({
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

export function registerSandbox(app: App): void {
  app.openapi(pageRoute, async (c) => {
    const { channel: slug } = c.req.valid("param");
    const channel = sandboxChannel(slug);
    if (channel?.open === undefined) throw apiError("NOT_FOUND", "No such page in the sandbox.");
    const world = await buyersWorld(c, slug, null);
    const action = { type: "redirect" as const, url: c.req.url };
    // The link itself says whose order it is.
    const nobody = { paymentId: "", merchant: "", currency: "", value: 0, notifyUrl: "" };
    const create: SandboxOrders["create"] = async (order) => {
      const intent = await findTestIntent(c.env, order.orderNumber);
      const script = scriptOf(intent?.metadata ?? {});
      return sandboxOrders(c.env, script, () => {}, true).create(order);
    };
    const orders = { ...world.orders, create };
    const opened = await channel.open({ ...nobody, action }, { ...world, orders });
    if (!opened.ok) throw apiError("INVALID_STATE", opened.error);
    return c.redirect(`/sandbox/wallet/${opened.value.orderNumber}`, 303);
  });

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
    const opened = await openIfNew(c, intent);
    const result = opened.ok ? await orderOf(c.env, intent).buyer(action) : opened;
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
    await openIfNew(c, intent);
    const wallet = await orderOf(c.env, intent).wallet();
    const refused = c.req.query("refused") === "1";
    const channelName = channelOf(intent.channel)?.adapter.info.name ?? intent.channel;
    const page = <WalletPage {...{ intent, channelName, wallet, refused, nonce }} />;
    return c.html(html`<!doctype html>${page}`, 200);
  });
}
