/**
 * The buyer's side of test payments (API.md section 8): actions for scripts, and a page that looks
 * like a wallet for people. No key, since the payment's id is unguessable; live payments are not
 * found here, whatever is asked.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { raw } from "hono/html";

import { isoOrNull } from "../clock.ts";
import { apiError } from "../errors.ts";
import { readIntent } from "../intent/client.ts";
import type { PaymentIntentView } from "../intent/view.ts";
import { formatMoney } from "../money.ts";
import type { Wallet } from "../sandbox/order.ts";
import { faultOf, scriptOf } from "../sandbox/scripts.ts";
import type { BuyerAction } from "../sandbox/trade.ts";
import { orderObject } from "../sandbox/transport.ts";
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

async function testIntent(env: Env, id: string): Promise<PaymentIntentView> {
  const intent = await readIntent(env, id);
  if (intent === null || intent.livemode) {
    throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such test payment.");
  }
  return intent;
}

const orderOf = (env: Env, intent: PaymentIntentView) =>
  orderObject(env, intent.channel, intent.payee.merchant_account, intent.id);

/** A form of the wallet page, not an API client. */
const isBrowser = (c: AppContext): boolean =>
  (c.req.header("Accept") ?? "").toLowerCase().includes("text/html");

const actionRoute = createRoute({
  method: "post",
  path: "/sandbox/payments/{payment_intent}/{action}",
  tags: ["Sandbox"],
  summary: "Play the buyer",
  description:
    "Test payments only, no key. `pay` answers after the channel's callback was handled. A " +
    "declined payment stays payable until it runs out, as with the real wallets; `close` ends it.",
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

const walletRoute = createRoute({
  method: "get",
  path: "/sandbox/wallet/{payment_intent}",
  tags: ["Sandbox"],
  summary: "The buyer's wallet as a page",
  request: {
    params: z.object({
      payment_intent: idParam("payment_intent", "pi_01j9zq4c7n8m2x5v6k3w1t0ryb"),
    }),
  },
  responses: {
    200: { description: "The page.", content: { "text/html": { schema: z.string() } } },
    ...errors(404),
  },
});

export function registerSandbox(app: App): void {
  app.openapi(actionRoute, async (c) => {
    const { payment_intent: id, action } = c.req.valid("param");
    const intent = await testIntent(c.env, id);
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
    const intent = await testIntent(c.env, c.req.valid("param").payment_intent);
    const wallet = await orderOf(c.env, intent).wallet();
    const nonce = crypto.randomUUID();
    c.header("Cache-Control", "no-store");
    c.header("Referrer-Policy", "no-referrer");
    c.header("X-Content-Type-Options", "nosniff");
    c.header(
      "Content-Security-Policy",
      `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; ` +
        `frame-ancestors 'none'; base-uri 'none'`,
    );
    const refused = c.req.query("refused") === "1";
    return c.html(<Page intent={intent} wallet={wallet} refused={refused} nonce={nonce} />, 200);
  });
}

type State = Wallet["order"]["state"] | "unknown";

const HEADLINES: Readonly<Record<State, string>> = {
  unknown: "Not ordered yet",
  open: "Confirm the payment",
  scanned: "Confirm the payment",
  paid: "Paid",
  closed: "No longer payable",
};

const EXPLANATIONS: Readonly<Record<State, string>> = {
  unknown: "The channel does not know this order yet. Reload in a moment.",
  open: "",
  scanned: "",
  paid: "You can close this page.",
  closed: "The order was closed or has expired.",
};

function Page(props: {
  intent: PaymentIntentView;
  wallet: Wallet | null;
  refused: boolean;
  nonce: string;
}) {
  const { intent, wallet, refused, nonce } = props;
  const state: State = wallet?.order.state ?? "unknown";
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>{`Sandbox wallet: ${formatMoney(intent.amount)}`}</title>
        <style nonce={nonce}>{raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <p class="sandbox">Sandbox · no real money</p>
          <p class="channel">{intent.channel}</p>
          <h1>{formatMoney(intent.amount)}</h1>
          <p class="state" role="status">
            <strong>{HEADLINES[state]}</strong> {EXPLANATIONS[state]}
          </p>
          {refused ? <p class="note">That is not possible any more.</p> : null}
          {wallet?.declined === true && state === "scanned" ? (
            <p class="note">Declined. The code stays payable until it runs out.</p>
          ) : null}
          <Details intent={intent} wallet={wallet} />
          <Buttons intent={intent} state={state} />
        </main>
      </body>
    </html>
  );
}

function Details({ intent, wallet }: { intent: PaymentIntentView; wallet: Wallet | null }) {
  const script = scriptOf(intent.metadata);
  const rows: readonly (readonly [string, string | null])[] = [
    ["For", intent.description],
    ["Merchant", intent.payee.merchant_account],
    ["Order", intent.id],
    ["Transaction", wallet?.order.transactionId ?? null],
    ["Script", script === null ? null : `${script}: ${faultOf(script).happens}`],
  ];
  return (
    <dl>
      {rows
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
    </dl>
  );
}

function Buttons({ intent, state }: { intent: PaymentIntentView; state: State }) {
  const late = state === "closed" && faultOf(scriptOf(intent.metadata)).late;
  const payable = state === "open" || state === "scanned";
  if (!payable && !late) return null;
  const path = `/sandbox/payments/${intent.id}`;
  return (
    <div class="buttons">
      <form method="post" action={`${path}/pay`}>
        <button class="pay">{late ? "Pay all the same" : "Pay"}</button>
      </form>
      {payable ? (
        <form method="post" action={`${path}/decline`}>
          <button>Decline</button>
        </form>
      ) : null}
    </div>
  );
}

const STYLE = `
:root { color-scheme: light dark; --ground: #f3f4f6; --card: #fff; --text: #111827;
  --quiet: #4b5563; --line: #d1d5db; --accent: #1d4ed8; --mark: #92400e; --mark-ground: #fef3c7; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0b0f17; --card: #161c28; --text: #f3f4f6; --quiet: #b6bdc9; --line: #3a4354;
    --accent: #3b66e0; --mark: #fde68a; --mark-ground: #453207; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 0 auto; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; text-align: center; }
h1 { margin: 0; font-size: 2rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
.sandbox { margin-top: 0; padding: .25rem .5rem; border-radius: .5rem; font-size: .875rem;
  font-weight: 600; color: var(--mark); background: var(--mark-ground); }
.channel { text-transform: uppercase; letter-spacing: .08em; font-size: .875rem;
  color: var(--quiet); }
.note { padding: .5rem; border: 1px solid var(--line); border-radius: .5rem; }
dl { margin: 1rem 0; display: grid; grid-template-columns: auto 1fr; gap: .25rem .75rem;
  text-align: left; font-size: .875rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.buttons { display: grid; gap: .5rem; }
button { width: 100%; min-height: 2.75rem; border: 1px solid var(--line); border-radius: .75rem;
  font: inherit; font-weight: 600; color: var(--text); background: transparent; cursor: pointer; }
button.pay { color: #fff; background: var(--accent); border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
