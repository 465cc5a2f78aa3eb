/** `/console/payments`: search, filters, pages, and the same as CSV. */
import { CHANNEL_SLUGS, channelName } from "../../../channels/registry.ts";
import type { PaymentIntentView } from "../../../intent/view.ts";
import { STATUSES } from "../../../payments/states.ts";
import { type ApiList, type ApiProblem, withQuery } from "../client.ts";
import { Amount, Empty, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { choicesOf, DayFields, filtersOf, momentsOf } from "./filters.tsx";
import { isNarrowed, listOf, Pages } from "./list.tsx";
import { passOn } from "./pass-on.ts";

const FILTERS = ["q", "status", "channel", "created_gte", "created_lt"] as const;

type Filters = Record<(typeof FILTERS)[number], string>;

/** As the API takes them. */
const queryOf = (filters: Filters) => ({ ...filters, ...momentsOf(filters) });

function SearchForm({ filters, problem }: { filters: Filters; problem: ApiProblem | null }) {
  return (
    <form
      method="get"
      action="/console/payments"
      class="filters"
      role="search"
      aria-label="Payments"
      hx-get="/console/payments"
      hx-target="#results"
      hx-select="#results"
      hx-select-oob="#count:innerHTML"
      hx-swap="outerHTML"
      hx-replace-url="true"
      hx-sync="this:replace"
      hx-trigger="submit, input delay:400ms"
    >
      <div class="field search">
        <Field
          name="q"
          label="Search"
          type="search"
          value={filters.q}
          placeholder="Id, order or transaction"
          maxlength={64}
          problem={problem}
        />
      </div>
      <Select
        name="status"
        label="Status"
        value={filters.status}
        options={choicesOf(STATUSES)}
        problem={problem}
      />
      <Select
        name="channel"
        label="Channel"
        value={filters.channel}
        options={choicesOf(CHANNEL_SLUGS, channelName)}
        problem={problem}
      />
      <DayFields days={filters} problem={problem} />
      <div class="buttons">
        <button class="primary">Search</button>
        <a class="button" href="/console/payments">
          Clear
        </a>
      </div>
    </form>
  );
}

const COLUMNS = [
  {
    head: "Payment",
    name: true,
    cell: (payment: PaymentIntentView) => (
      <a href={`/console/payments/${payment.id}`}>
        <span class="title">{payment.description ?? payment.merchant_order_id ?? "Payment"}</span>{" "}
        <code class="id">{payment.id}</code>
      </a>
    ),
  },
  {
    head: "Order",
    cell: ({ merchant_order_id: order }: PaymentIntentView) =>
      order === null ? <span class="quiet">–</span> : <code class="id">{order}</code>,
  },
  {
    head: "Amount",
    number: true,
    cell: ({ amount, amount_refunded: refunded }: PaymentIntentView) => (
      <>
        <Amount money={amount} />
        {refunded.value === 0 ? null : (
          <>
            {" "}
            <small class="beneath">
              refunded <Amount money={refunded} />
            </small>
          </>
        )}
      </>
    ),
  },
  {
    head: "Channel",
    cell: ({ channel, channels }: PaymentIntentView) =>
      channel === null ? `${channels?.length ?? 0} to choose from` : channelName(channel),
  },
  { head: "Status", cell: ({ status }: PaymentIntentView) => <Status status={status} /> },
  {
    head: "Created",
    cell: ({ created_at: at }: PaymentIntentView) => <Time at={at} />,
  },
];

const countOf = ({ data, has_more: more }: ApiList<unknown>): string => {
  const { length } = data;
  return `${length}${more ? " and more" : ""} ${length === 1 ? "payment" : "payments"}`;
};

function Results(props: { c: ConsoleContext; list: ApiList<PaymentIntentView>; filters: Filters }) {
  const { c, list, filters } = props;
  if (list.data.length === 0) {
    return isNarrowed(c, filters) ? (
      <Empty title="No payment fits">
        <p>
          Search looks at the beginning of payment ids and order numbers, and at whole transaction
          ids. <a href="/console/payments">Show all payments</a>
        </p>
      </Empty>
    ) : (
      <Empty title="No payments yet">
        <p>
          Create one with <code>POST /v1/payment-intents</code>; the{" "}
          <a href="/docs">documentation</a> shows how. It appears here at once.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <Table caption="Payments" columns={COLUMNS} rows={list.data} />
      <Pages c={c} list={list} filters={filters} />
      <p class="export">
        <a
          class="button"
          href={withQuery("/console/payments.csv", filters)}
          download="payments.csv"
          data-download="export-status"
        >
          Export as CSV
        </a>{" "}
        <span id="export-status" role="status" class="quiet">
          All that fit the filters, in one file.
        </span>
      </p>
    </>
  );
}

async function listPage(c: ConsoleContext): Promise<Response> {
  const filters = filtersOf(c, FILTERS);
  const path = "/v1/payment-intents";
  const answer = await listOf<PaymentIntentView>(c, path, queryOf(filters));
  const problem = answer.ok ? null : answer.error;
  // A key without the scope, a limit: about the caller, not about what was typed.
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  return show(
    c,
    { title: "Payments", wide: true, status: answer.status },
    <>
      <SearchForm filters={filters} problem={problem} />
      <p id="count" class="hidden" role="status">
        {answer.ok ? countOf(answer.body) : ""}
      </p>
      <div id="results">
        <Problem problem={problem} fields={FILTERS} />
        {answer.ok ? <Results c={c} list={answer.body} filters={filters} /> : null}
      </div>
    </>,
  );
}

const exportCsv = (c: ConsoleContext): Promise<Response> =>
  passOn(c, {
    path: "/v1/payment-intents.csv",
    query: queryOf(filtersOf(c, FILTERS)),
    name: "payments.csv",
  });

export const paymentsPages: readonly Page[] = [
  {
    method: "get",
    path: "/payments",
    scope: "merchant",
    title: "Payments",
    nav: { group: "Money", label: "Payments" },
    handler: listPage,
  },
  {
    method: "get",
    path: "/payments.csv",
    scope: "merchant",
    title: "Export",
    handler: exportCsv,
  },
];
