/**
 * The sandbox's wallet: a page that looks like the buyer's side of a payment. Forms only, no script.
 */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";

import type { BuyerView } from "../../intent/buyer-view.ts";
import { formatMoney } from "../../money.ts";
import type { Wallet } from "../../sandbox/order.ts";
import { faultOf, scriptOf } from "../../sandbox/scripts.ts";

type State = Wallet["order"]["state"] | "unknown" | "unchosen";

const HEADLINES: Readonly<Record<State, string>> = {
  unknown: "Not ordered yet",
  unchosen: "Nothing chosen yet",
  open: "Confirm the payment",
  scanned: "Confirm the payment",
  paid: "Paid",
  closed: "No longer payable",
};

const EXPLANATIONS: Readonly<Record<State, string>> = {
  unknown: "The channel does not know this order yet. Reload in a moment.",
  unchosen: "Choose a way to pay on the payment's page; then this wallet can pay it.",
  open: "",
  scanned: "",
  paid: "",
  closed: "The order was closed or has expired.",
};

/** The whole page. `nonce` is the one of the style policy; nothing else may be loaded or run. */
export function WalletPage(props: {
  view: BuyerView;
  channelName: string | null;
  wallet: Wallet | null;
  refused: boolean;
  /** Where the buyer goes when the wallet is done. */
  back: string;
  nonce: string;
}) {
  const { view, channelName, wallet, refused, back, nonce } = props;
  const { intent } = view;
  const state = stateOf(view, wallet);
  const isDone = state === "paid" || state === "closed" || wallet?.declined === true;
  return (
    <Frame title={`Sandbox wallet: ${formatMoney(intent.amount)}`} nonce={nonce}>
      {channelName === null ? null : <p class="channel">{channelName}</p>}
      <h1>{formatMoney(intent.amount)}</h1>
      <p class="state" role="status">
        <strong>{HEADLINES[state]}</strong> {EXPLANATIONS[state]}
      </p>
      {refused ? <p class="note">That is not possible now.</p> : null}
      {wallet?.declined === true && state === "scanned" ? (
        <p class="note">Declined. The code stays payable until it runs out.</p>
      ) : null}
      <Details view={view} wallet={wallet} />
      <Buttons view={view} state={state} />
      {isDone || state === "unchosen" ? <Back view={view} href={back} /> : null}
    </Frame>
  );
}

const stateOf = ({ order_number }: BuyerView, wallet: Wallet | null): State =>
  wallet?.order.state ?? (order_number === null ? "unchosen" : "unknown");

const Back = ({ view, href }: { view: BuyerView; href: string }) => (
  <p>
    <a class="back" href={href}>
      {view.return_url === null ? "Back to the payment" : "Back to the shop"}
    </a>
  </p>
);

/** For an address that leads nowhere. It repeats nothing of what was asked. */
export const NoPaymentPage = ({ nonce }: { nonce: string }) => (
  <Frame title="Sandbox wallet: no such payment" nonce={nonce}>
    <h1>No such test payment</h1>
    <p>Check the address. Live payments have no page here.</p>
  </Frame>
);

const Frame = (props: { title: string; nonce: string; children: Child }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex" />
      <meta name="color-scheme" content="light dark" />
      <title>{props.title}</title>
      <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
      <style nonce={props.nonce}>{raw(STYLE)}</style>
    </head>
    <body>
      <main>
        <p class="sandbox">Sandbox · no real money</p>
        {props.children}
      </main>
    </body>
  </html>
);

function Details({ view, wallet }: { view: BuyerView; wallet: Wallet | null }) {
  const { intent } = view;
  const script = scriptOf(intent.metadata);
  const rows: readonly (readonly [string, string | null])[] = [
    ["For", intent.description],
    ["Merchant", intent.payee.merchant_account],
    ["Order", view.order_number ?? intent.id],
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

function Buttons({ view, state }: { view: BuyerView; state: State }) {
  const { intent } = view;
  const late = state === "closed" && faultOf(scriptOf(intent.metadata)).hides === "until_closed";
  const payable = state === "open" || state === "scanned";
  if (!payable && !late) return null;
  const path = `/sandbox/payments/${view.order_number ?? intent.id}`;
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
  --quiet: #4b5563; --line: #d1d5db; --accent: #1d4ed8; --link: #1d4ed8; --mark: #92400e; --mark-ground: #fef3c7; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0b0f17; --card: #161c28; --text: #f3f4f6; --quiet: #b6bdc9; --line: #3a4354;
    --accent: #3b66e0; --link: #9db7ff; --mark: #fde68a; --mark-ground: #453207; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 0 auto; padding: 1.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; text-align: center; }
h1 { margin: 0; font-size: 2rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
.sandbox { margin-top: 0; padding: .25rem .5rem; border-radius: .5rem; font-size: .875rem;
  font-weight: 600; color: var(--mark); background: var(--mark-ground); }
.channel { letter-spacing: .02em; font-size: .875rem;
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
.back { display: inline-flex; align-items: center; min-height: 2.75rem; font-weight: 600;
  color: var(--link); }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
