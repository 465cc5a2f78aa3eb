/** The merchant's books: balances at any time, and the entries that they are made of. */
import { CURRENCIES } from "../../../money.ts";
import { dayAt } from "../../../reconciliation/days.ts";
import { ENTRY_KINDS } from "../../../settlement/ledger.ts";
import { api, type ApiProblem } from "../client.ts";
import { Amount, Empty, moneyText, Table, Time, words } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { utcTime } from "./act.tsx";
import { AccountLink, type Accounts, accountsOf, Tabs } from "./book-parts.tsx";
import type { BalancesView, EntryView } from "./book-views.ts";
import { Figure } from "./figures.tsx";
import { choicesOf, DayFields, FilterForm, filtersOf, momentsOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import { passOn } from "./pass-on.ts";

const LEDGER = "/console/ledger";

const LedgerTabs = ({ c }: { c: ConsoleContext }) => (
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
const BookAccount = ({ account, accounts }: { account: string; accounts: Accounts }) =>
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

const columns = (accounts: Accounts) => [
  { head: "When", cell: ({ at }: EntryView) => <Time at={at} /> },
  {
    head: "What",
    name: true,
    cell: ({ kind, memo }: EntryView) => (
      <>
        {words(kind)}
        {memo === null ? null : <small class="beneath">{memo}</small>}
      </>
    ),
  },
  { head: "Amount", number: true, cell: ({ amount }: EntryView) => <Amount money={amount} /> },
  {
    head: "To",
    cell: ({ debit }: EntryView) => <BookAccount account={debit} accounts={accounts} />,
  },
  {
    head: "From",
    cell: ({ credit }: EntryView) => <BookAccount account={credit} accounts={accounts} />,
  },
  { head: "Because of", cell: ({ cause }: EntryView) => <ObjectLink id={cause} /> },
];

const FILTERS = ["kind", "currency", "cause", "created_gte", "created_lt"] as const;

type Values = Record<(typeof FILTERS)[number], string>;

const EntryFilters = ({ values, problem }: { values: Values; problem: ApiProblem | null }) => (
  <>
    <Select
      name="kind"
      label="What"
      value={values.kind}
      options={choicesOf(Object.keys(ENTRY_KINDS))}
      problem={problem}
    />
    <Select
      name="currency"
      label="Currency"
      value={values.currency}
      options={choicesOf(CURRENCIES)}
      problem={problem}
    />
    <Field
      name="cause"
      label="Because of"
      value={values.cause}
      placeholder="pi_…"
      maxlength={64}
      problem={problem}
    />
    <DayFields days={values} problem={problem} />
  </>
);

/** Days of China's clock, as the API's exports take them. */
const EXPORT_OFFSET_MINUTES = 480;

const DAYS_BACK_MS = 30 * 86_400_000;

const dayOf = (at: number): string => dayAt(at, EXPORT_OFFSET_MINUTES);

function Export({ now }: { now: number }) {
  return (
    <form method="get" action="/console/ledger.csv" class="filters" aria-label="Export">
      <Field name="from" label="From" type="date" value={dayOf(now - DAYS_BACK_MS)} required />
      <Field name="to" label="To" type="date" value={dayOf(now)} required />
      <div class="buttons">
        <button class="plain">Export as CSV</button>
      </div>
      <p class="hint">All entries of these days, by China's clock; at most 366 days.</p>
    </form>
  );
}

async function entriesPage(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  const values = filtersOf(c, FILTERS);
  const { now } = c.var;
  return showList<EntryView>(c, {
    title: "Ledger entries",
    path: "/v1/ledger-entries",
    above: <LedgerTabs c={c} />,
    filters: {
      values,
      query: { ...values, ...momentsOf(values) },
      fields: (problem) => <EntryFilters values={values} problem={problem} />,
    },
    table: { caption: "Entries, newest first", columns: columns(accounts) },
    below: <Export now={now} />,
    empty: (narrowed) => (
      <Empty title={narrowed ? "No entry fits." : "Nothing was booked yet."}>
        <p>Every payment, refund, fee and payout is booked here by itself, and never changed.</p>
      </Empty>
    ),
  });
}

const exportCsv = (c: ConsoleContext) =>
  passOn(c, { path: "/v1/reports/ledger.csv", query: filtersOf(c, ["from", "to"]) });

export const ledgerPages: readonly Page[] = [
  {
    method: "get",
    path: "/ledger",
    scope: "merchant",
    title: "Ledger",
    nav: { group: "Books", label: "Ledger" },
    handler: balancesPage,
  },
  {
    method: "get",
    path: "/ledger/entries",
    scope: "merchant",
    title: "Ledger entries",
    handler: entriesPage,
  },
  { method: "get", path: "/ledger.csv", scope: "merchant", title: "Export", handler: exportCsv },
];
