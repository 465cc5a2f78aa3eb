/** `/console/payments`: search, filters, pages, and the same as CSV. */
import { CHANNEL_SLUGS, channelOf } from "../../../channels/registry.ts";
import type { PaymentIntentView } from "../../../intent/view.ts";
import { STATUSES } from "../../../payments/states.ts";
import { api, type ApiList, type ApiProblem, fetchApi, readRefusal, withQuery } from "../client.ts";
import { Amount, Empty, Pager, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { setPageHeaders } from "../headers.ts";

const FILTERS = ["q", "status", "channel", "created_gte", "created_lt"] as const;

type Filters = Record<(typeof FILTERS)[number], string>;

const filtersOf = (c: ConsoleContext): Filters =>
  Object.fromEntries(FILTERS.map((name) => [name, (c.req.query(name) ?? "").trim()])) as Filters;

const DAY_MS = 86_400_000;

/** The first moment of a day (UTC), or of the day after; what is not a day is the API's to refuse. */
function moment(day: string, daysLater: number): string {
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(start) ? day : new Date(start + daysLater * DAY_MS).toISOString();
}

/** As the API takes them: days are whole, the last one included. */
const queryOf = (filters: Filters) => ({
  ...filters,
  created_gte: moment(filters.created_gte, 0),
  created_lt: moment(filters.created_lt, 1),
});

/** `WeChat Pay`; a slug that is not known stays as it is. */
export const channelName = (slug: string): string => channelOf(slug)?.adapter.info.name ?? slug;

const words = (name: string): string => name.replaceAll("_", " ");

function FilterForm({ filters, problem }: { filters: Filters; problem: ApiProblem | null }) {
  const all = ["", "All"] as const;
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
          maxlength={200}
          problem={problem}
        />
      </div>
      <Select
        name="status"
        label="Status"
        value={filters.status}
        options={[all, ...STATUSES.map((status) => [status, words(status)] as const)]}
        problem={problem}
      />
      <Select
        name="channel"
        label="Channel"
        value={filters.channel}
        options={[all, ...CHANNEL_SLUGS.map((slug) => [slug, channelName(slug)] as const)]}
        problem={problem}
      />
      <Field
        name="created_gte"
        label="From (UTC)"
        type="date"
        value={filters.created_gte}
        problem={problem}
      />
      <Field
        name="created_lt"
        label="To (UTC)"
        type="date"
        value={filters.created_lt}
        problem={problem}
      />
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

function Results(props: { list: ApiList<PaymentIntentView>; filters: Filters; first: boolean }) {
  const { list, filters, first } = props;
  const path = withQuery("/console/payments", filters);
  const isFiltered = Object.values(filters).some((value) => value !== "");
  if (list.data.length === 0) {
    return isFiltered || !first ? (
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
      <Pager path={path} next={list.next_cursor} first={first} />
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
  const filters = filtersOf(c);
  const cursor = c.req.query("cursor");
  const answer = await api<ApiList<PaymentIntentView>>(c, "GET", "/v1/payment-intents", undefined, {
    query: { ...queryOf(filters), cursor },
  });
  const problem = answer.ok ? null : answer.error;
  // A key without the scope, a limit: about the caller, not about what was typed.
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  return show(
    c,
    { title: "Payments", wide: true, status: answer.status },
    <>
      <FilterForm filters={filters} problem={problem} />
      <p id="count" class="hidden" role="status">
        {answer.ok ? countOf(answer.body) : ""}
      </p>
      <div id="results">
        <Problem problem={problem} fields={FILTERS} />
        {answer.ok ? (
          <Results list={answer.body} filters={filters} first={cursor === undefined} />
        ) : null}
      </div>
    </>,
  );
}

/** Streamed through: however long it is, nothing of it waits in memory. */
async function exportCsv(c: ConsoleContext): Promise<Response> {
  const query = queryOf(filtersOf(c));
  const reply = await fetchApi(c, "GET", "/v1/payment-intents.csv", undefined, { query });
  if (!reply.ok) return refused(c, await readRefusal(reply));
  setPageHeaders(c);
  c.header("Content-Type", "text/csv; charset=utf-8");
  c.header("Content-Disposition", 'attachment; filename="payments.csv"');
  return c.body(reply.body ?? "");
}

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
