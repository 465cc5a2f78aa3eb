/** Money of a channel that has arrived at the merchant's bank: the list, and each of them. */
import { api } from "../client.ts";
import { Amount, Details, Empty, Id, LinkButton, moneyText, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { AccountLink, type Accounts, accountsOf, plural } from "./book-parts.tsx";
import type { PayoutView } from "./book-views.ts";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import { NEW_PAYOUT, SETTLEMENTS, SettlementTabs } from "./settlements.tsx";

export const PAYOUTS = { href: `${SETTLEMENTS.href}/payouts`, label: "Payouts" };

const columns = (accounts: Accounts) => [
  {
    head: "Arrived",
    name: true,
    cell: ({ id, arrived_at: at }: PayoutView) => (
      <a href={`${PAYOUTS.href}/${id}`}>
        <span class="title">{at.slice(0, 10)}</span> <code class="id">{id}</code>
      </a>
    ),
  },
  {
    head: "Account",
    cell: ({ channel_account: id }: PayoutView) => <AccountLink accounts={accounts} id={id} />,
  },
  { head: "Amount", number: true, cell: ({ amount }: PayoutView) => <Amount money={amount} /> },
  {
    head: "Days",
    cell: ({ settlements }: PayoutView) => plural(settlements.length, "settlement"),
  },
  {
    head: "Bank's reference",
    cell: ({ bank_reference: text }: PayoutView) => text ?? <span class="quiet">–</span>,
  },
];

async function list(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  return showList<PayoutView>(c, {
    title: "Payouts",
    aside: (
      <LinkButton href={NEW_PAYOUT} kind="primary">
        Record a payout
      </LinkButton>
    ),
    notices: { recorded: "The payout is recorded, and its settlements are paid." },
    path: "/v1/payouts",
    above: <SettlementTabs c={c} />,
    table: { caption: "Payouts, newest first", columns: columns(accounts) },
    empty: () => (
      <Empty title="No payout is recorded.">
        <p>
          When a channel's money has arrived at your bank, record it: the settlements that it pays
          are marked, and the books know where the money is.
        </p>
      </Empty>
    ),
  });
}

async function one(c: ConsoleContext) {
  const [answer, accounts] = await Promise.all([
    api<PayoutView>(c, "GET", `/v1/payouts/${segment(c)}`),
    accountsOf(c),
  ]);
  if (!answer.ok) return refused(c, answer);
  const payout = answer.body;
  return show(
    c,
    {
      title: `Payout of ${moneyText(payout.amount)}`,
      back: PAYOUTS,
      notices: { recorded: "The payout is recorded, and its settlements are paid." },
    },
    <>
      <div class="panel">
        <Details
          rows={[
            ["Amount", <Amount money={payout.amount} />],
            ["Arrived", <Time at={payout.arrived_at} />],
            ["Account", <AccountLink accounts={accounts} id={payout.channel_account} />],
            ["Bank's reference", payout.bank_reference],
            ["Recorded", <Time at={payout.created_at} />],
            ["Id", <Id>{payout.id}</Id>],
          ]}
        />
      </div>
      <section class="part" aria-labelledby="paid">
        <h2 id="paid">Settlements that it paid</h2>
        <ul>
          {payout.settlements.map((id) => (
            <li>
              <ObjectLink id={id} />
            </li>
          ))}
        </ul>
      </section>
      <p>
        <a href={`/console/ledger/entries?cause=${payout.id}`}>Its entries in the ledger</a>
      </p>
    </>,
  );
}

export const payoutPages: readonly Page[] = [
  {
    method: "get",
    path: "/settlements/payouts",
    scope: "merchant",
    title: "Payouts",
    handler: list,
  },
  {
    method: "get",
    path: "/settlements/payouts/:id",
    scope: "merchant",
    title: "Payout",
    handler: one,
  },
];
