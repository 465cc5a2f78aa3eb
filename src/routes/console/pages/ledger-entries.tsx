/** The entries of the merchant's books, and all of some days as a file. */
import { CHINA_OFFSET_MINUTES } from "../../../constants.ts";
import { CURRENCIES } from "../../../money.ts";
import { DAY_MS, dayAt } from "../../../days.ts";
import { ENTRY_KINDS, type EntryKind } from "../../../settlement/ledger.ts";
import type { ApiProblem } from "../client.ts";
import { Amount, Empty, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import { type Accounts, accountsOf } from "./book-parts.tsx";
import type { EntryView } from "./book-views.ts";
import { choicesOf, DayFields, filtersOf, momentsOf } from "./filters.tsx";
import { BookAccount, LedgerTabs } from "./ledger.tsx";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import { passOn } from "./pass-on.ts";

/** As merchants call them; the API has the keys. */
const KINDS: Readonly<Record<EntryKind, string>> = {
  gross: "Payment",
  fee: "Platform fee",
  refund: "Refund",
  fee_refund: "Platform fee given back",
  split: "Share to the platform",
  split_return: "Share given back",
  channel_fee: "Channel fee",
  channel_fee_return: "Channel fee given back",
  payout: "Payout",
  invoice_payment: "Invoice paid",
  adjustment: "Correction: more",
  adjustment_down: "Correction: less",
};

const kindText = (kind: string): string => KINDS[kind as EntryKind] ?? kind;

const columns = (accounts: Accounts) => [
  { head: "When", cell: ({ at }: EntryView) => <Time at={at} /> },
  {
    head: "What",
    name: true,
    cell: ({ kind, memo }: EntryView) => (
      <>
        {kindText(kind)}
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
      options={choicesOf(Object.keys(ENTRY_KINDS), kindText)}
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

const DAYS_BACK_MS = 30 * DAY_MS;

/** By China's clock, as the API's exports take them. */
const dayOf = (at: number): string => dayAt(at, CHINA_OFFSET_MINUTES);

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

export const entryPages: readonly Page[] = [
  {
    method: "get",
    path: "/ledger/entries",
    scope: "merchant",
    title: "Ledger entries",
    handler: entriesPage,
  },
  { method: "get", path: "/ledger.csv", scope: "merchant", title: "Export", handler: exportCsv },
];
