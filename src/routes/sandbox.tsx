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
import { paymentOfOrder } from "../ids.ts";
import type { BuyerView } from "../intent/buyer-view.ts";
import { ok, type Result } from "../result.ts";
import { sandboxKeyring } from "../sandbox/keys.ts";
import type { Wallet } from "../sandbox/order.ts";
import { sandboxChannel } from "../sandbox/registry.ts";
import { scriptOf } from "../sandbox/scripts.ts";
import type { FaultScript, SandboxOrders } from "../sandbox/simulator.ts";
import type { BuyerAction } from "../sandbox/trade.ts";
import { orderObject, sandboxOrders, sandboxWorld } from "../sandbox/transport.ts";
import { NoPaymentPage, WalletPage } from "../sandbox/wallet-page.tsx";
import { readBuyer } from "./checkout/buyer.ts";
import { wayBack } from "./checkout/stage.ts";
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

/** A test payment with an order at a channel: what a wallet can open. */
interface OpenPayment {
  readonly view: BuyerView;
  readonly channel: string;
  readonly merchant: string;
  /** Our number of the order at the channel. */
  readonly number: string;
}

const toReply = ({ view, channel }: OpenPayment, { order, declined, callbacks }: Wallet) => ({
  object: "sandbox_payment" as const,
  payment_intent: view.intent.id,
  channel,
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

/**
 * By the payment's id or the number of its present order. Null: there is none, the buyer has left
 * that order for another, or it is a live payment, which is nobody's business here.
 */
async function findTestPayment(env: Env, number: string): Promise<BuyerView | null> {
  const id = paymentOfOrder(number);
  const view = id === null ? null : await readBuyer(env, id);
  if (view === null || view.intent.livemode) return null;
  return number === id || number === view.order_number ? view : null;
}

/** Null: the buyer of an aggregate payment has not chosen yet, so no channel knows of it. */
function opened(view: BuyerView): OpenPayment | null {
  const { channel, payee } = view.intent;
  const { order_number: number } = view;
  if (number === null || channel === null || payee.merchant_account === null) return null;
  return { view, channel, merchant: payee.merchant_account, number };
}

const noSuchPayment = () => apiError("PAYMENT_INTENT_NOT_FOUND", "No such test payment.");

function orderOf(env: Env, { channel, merchant, number }: OpenPayment) {
  const theirs = sandboxChannel(channel)?.orderNumber?.(number) ?? number;
  return orderObject(env, channel, merchant, theirs);
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
async function openIfNew(c: AppContext, payment: OpenPayment): Promise<Result<void, string>> {
  const { intent } = payment.view;
  const channel = sandboxChannel(payment.channel);
  const { next_action: next, qr } = intent;
  if (channel?.open === undefined || next === null || next.type === "wait") return ok(undefined);
  if ((await orderOf(c.env, payment).find()) !== null) return ok(undefined);
  const action = next.type === "show_qr" ? { type: next.type, data: qr?.data ?? "" } : next;
  const shown = {
    paymentId: payment.number,
    merchant: payment.merchant,
    currency: intent.amount.currency,
    value: intent.amount.value,
    notifyUrl: `${publicOrigin(c)}/v1/callbacks/${payment.channel}/${intent.channel_account}`,
    action,
  };
  const world = await buyersWorld(c, payment.channel, scriptOf(intent.metadata));
  const made = await channel.open(shown, world);
  return made.ok ? ok(undefined) : made;
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

/** Opens the signed link that was asked for. Answers the order's number at the channel. */
async function openLink(c: AppContext, slug: string): Promise<string> {
  const channel = sandboxChannel(slug);
  if (channel?.open === undefined) throw apiError("NOT_FOUND", "No such page in the sandbox.");
  const world = await buyersWorld(c, slug, null);
  const action = { type: "redirect" as const, url: c.req.url };
  // The link itself says whose order it is.
  const nobody = { paymentId: "", merchant: "", currency: "", value: 0, notifyUrl: "" };
  const create: SandboxOrders["create"] = async (order) => {
    const view = await findTestPayment(c.env, order.orderNumber);
    const script = scriptOf(view?.intent.metadata ?? {});
    return sandboxOrders(c.env, script, () => {}, true).create(order);
  };
  const orders = { ...world.orders, create };
  const made = await channel.open({ ...nobody, action }, { ...world, orders });
  if (!made.ok) throw apiError("INVALID_STATE", made.error);
  return made.value.orderNumber;
}

export function registerSandbox(app: App): void {
  app.openapi(pageRoute, async (c) => {
    const number = await openLink(c, c.req.valid("param").channel);
    return c.redirect(`/sandbox/wallet/${number}`, 303);
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
    const { payment_intent: number, action } = c.req.valid("param");
    const view = await findTestPayment(c.env, number);
    if (view === null) throw noSuchPayment();
    const payment = opened(view);
    if (payment === null)
      throw apiError("INVALID_STATE", "The buyer has not chosen a channel yet.");
    const reached = await openIfNew(c, payment);
    const result = reached.ok ? await orderOf(c.env, payment).buyer(action) : reached;
    c.header("Cache-Control", "no-store");
    if (isBrowser(c)) {
      const path = `/sandbox/wallet/${number}`;
      return c.redirect(result.ok ? path : `${path}?refused=1`, 303);
    }
    if (!result.ok) throw apiError("INVALID_STATE", result.error);
    return c.json(toReply(payment, result.value), 200);
  });

  app.openapi(walletRoute, async (c) => {
    const view = await findTestPayment(c.env, c.req.valid("param").payment_intent);
    if (view === null && !isBrowser(c)) throw noSuchPayment();
    const nonce = crypto.randomUUID();
    setPageHeaders(c, nonce);
    if (view === null) {
      c.set("errorCode", "PAYMENT_INTENT_NOT_FOUND");
      return c.html(html`<!doctype html>${<NoPaymentPage nonce={nonce} />}`, 404);
    }
    const payment = opened(view);
    if (payment !== null) await openIfNew(c, payment);
    const wallet = payment === null ? null : await orderOf(c.env, payment).wallet();
    const refused = c.req.query("refused") === "1";
    const { channel } = view.intent;
    const channelName =
      channel === null ? null : (channelOf(channel)?.adapter.info.name ?? channel);
    // Paying and declining are told to the shop as its own wallet would: by sending the buyer back.
    const back = wayBack(view) ?? `/pay/${view.intent.id}`;
    const page = <WalletPage {...{ view, channelName, wallet, refused, back, nonce }} />;
    return c.html(html`<!doctype html>${page}`, 200);
  });
}
