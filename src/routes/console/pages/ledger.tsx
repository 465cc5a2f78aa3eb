/** The merchant's books: balances, now and as they were. */
import { api } from "../client.ts";
import { Amount, Empty, moneyText, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { utcTime } from "./act.tsx";
import { AccountLink, type Accounts, accountsOf, Tabs } from "./book-parts.tsx";
import type { BalancesView } from "./book-views.ts";
import { Figure } from "./figures.tsx";
import { FilterForm, filtersOf } from "./filters.tsx";

const LEDGER = "/console/ledger";

export const LedgerTabs = ({ c }: { c: ConsoleContext }) => (
  <Tabs
    label="Ledger"
    path={c.req.path}
    tabs={[
      [LEDGER, "Balances"],
      [`${LEDGER}/entries`, "Entries"],
    ]}
  />
);

const NAMES: Readonly<Record<string, string>> = {
  bank: "Your bank",
  platform: "The platform",
  sales: "Sales",
  refunds: "Refunds",
  platform_fees: "Platform fees",
  channel_fees: "Channel fees",
  adjustments: "Adjustments",
};

const CHANNEL = "channel:";

/** `channel:ca_…` by the account's name, the others in words. */
export const BookAccount = ({ account, accounts }: { account: string; accounts: Accounts }) =>
  account.startsWith(CHANNEL) ? (
    <>
      At <AccountLink accounts={accounts} id={account.slice(CHANNEL.length)} />
    </>
  ) : (
    (NAMES[account] ?? account)
  );

type Currency = BalancesView["currencies"][number];

const Balances = (props: { currency: Currency; accounts: Accounts }) => {
  const { currency: books, accounts } = props;
  const { currency } = books;
  const text = (value: number) => moneyText({ currency, value });
  return (
    <section class="part" aria-labelledby={`books-${currency}`}>
      <h2 id={`books-${currency}`}>{currency}</h2>
      <div class="figures">
        <Figure label="Held at channels" value={text(books.held_at_channels)} />
        <Figure label="Arrived at your bank" value={text(books.at_bank)} />
        <Figure label="Owed to the platform" value={text(books.owed_to_platform)} />
      </div>
      <Table
        caption={`Accounts in ${currency}`}
        rows={books.accounts}
        columns={[
          {
            head: "Account",
            name: true,
            cell: ({ account }) => <BookAccount account={account} accounts={accounts} />,
          },
          {
            head: "Moved to it",
            number: true,
            cell: ({ debit: value }) => <Amount money={{ currency, value }} />,
          },
          {
            head: "Moved from it",
            number: true,
            cell: ({ credit: value }) => <Amount money={{ currency, value }} />,
          },
          {
            head: "Balance",
            number: true,
            cell: ({ balance: value }) => <Amount money={{ currency, value }} />,
          },
        ]}
      />
    </section>
  );
};

async function balancesPage(c: ConsoleContext) {
  const { as_of: typed } = filtersOf(c, ["as_of"]);
  const [answer, accounts] = await Promise.all([
    api<BalancesView>(c, "GET", "/v1/balances", undefined, { query: { as_of: utcTime(typed) } }),
    accountsOf(c),
  ]);
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  const problem = answer.ok ? null : answer.error;
  return show(
    c,
    { title: "Ledger", wide: true, status: answer.status },
    <>
      <LedgerTabs c={c} />
      <FilterForm action={LEDGER} label="Balances">
        <Field
          name="as_of"
          label="As they were (UTC)"
          type="datetime-local"
          value={typed}
          problem={problem}
        />
      </FilterForm>
      <Problem problem={problem} fields={["as_of"]} />
      {answer.ok ? <Books books={answer.body} accounts={accounts} /> : null}
    </>,
  );
}

const Books = ({ books, accounts }: { books: BalancesView; accounts: Accounts }) =>
  books.currencies.length === 0 ? (
    <Empty title="Nothing was booked by then.">
      <p>Every payment, refund, fee and payout is booked here by itself, and never changed.</p>
    </Empty>
  ) : (
    <>
      {books.currencies.map((currency) => (
        <Balances currency={currency} accounts={accounts} />
      ))}
      <p class="quiet">
        As of <Time at={books.as_of} />. What you have and what you spent is positive, what you
        earned and what you owe is negative: the balances of a currency sum to zero.
      </p>
    </>
  );

export const ledgerPages: readonly Page[] = [
  {
    method: "get",
    path: "/ledger",
    scope: "merchant",
    title: "Ledger",
    nav: { group: "Books", label: "Ledger" },
    handler: balancesPage,
  },
];
