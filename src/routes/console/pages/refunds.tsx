/** `/console/refunds`: what goes back, over all payments. Each one stands in its payment's timeline. */
import type { RefundView } from "../../../intent/refund-record.ts";
import { REFUND_STATUSES } from "../../../payments/refund.ts";
import { Amount, Empty, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Problem, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { listOf, Pages } from "./act.tsx";

const ORIGINS: Readonly<Record<RefundView["origin"], string>> = {
  merchant: "You",
  late_payment: "Late payment policy",
  channel: "The channel",
};

const COLUMNS = [
  {
    head: "Refund",
    name: true,
    cell: (refund: RefundView) => (
      <a href={`/console/payments/${refund.payment_intent}#${refund.id}`}>
        <span class="title">{refund.reason ?? "Refund"}</span> <code class="id">{refund.id}</code>
      </a>
    ),
  },
  {
    head: "Amount",
    number: true,
    cell: ({ amount }: RefundView) => <Amount money={amount} />,
  },
  { head: "Asked by", cell: ({ origin }: RefundView) => ORIGINS[origin] },
  { head: "Status", cell: ({ status }: RefundView) => <Status status={status} /> },
  { head: "Created", cell: ({ created_at: at }: RefundView) => <Time at={at} /> },
];

async function listPage(c: ConsoleContext): Promise<Response> {
  const status = c.req.query("status") ?? "";
  const answer = await listOf<RefundView>(c, "/v1/refunds", { status });
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  const problem = answer.ok ? null : answer.error;
  return show(
    c,
    { title: "Refunds", wide: true, status: answer.status },
    <>
      <form method="get" action="/console/refunds" class="filters" aria-label="Refunds">
        <Select
          name="status"
          label="Status"
          value={status}
          options={[["", "All"], ...REFUND_STATUSES.map((each) => [each, each] as const)]}
          problem={problem}
        />
        <div class="buttons">
          <button class="primary">Show</button>
        </div>
      </form>
      <Problem problem={problem} fields={["status"]} />
      {answer.ok && answer.body.data.length === 0 ? (
        <Empty title="No refunds">
          <p>
            A refund starts at its payment: find it among the{" "}
            <a href="/console/payments?status=succeeded">payments that succeeded</a>.
          </p>
        </Empty>
      ) : null}
      {answer.ok && answer.body.data.length > 0 ? (
        <>
          <Table caption="Refunds" columns={COLUMNS} rows={answer.body.data} />
          <Pages c={c} list={answer.body} filters={{ status }} />
        </>
      ) : null}
    </>,
  );
}

export const refundsPage: Page = {
  method: "get",
  path: "/refunds",
  scope: "merchant",
  title: "Refunds",
  nav: { group: "Money", label: "Refunds" },
  handler: listPage,
};
