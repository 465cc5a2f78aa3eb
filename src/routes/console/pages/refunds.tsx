/** `/console/refunds`: what goes back, over all payments. Each one stands in its payment's timeline. */
import type { RefundView } from "../../../intent/refund-record.ts";
import { REFUND_STATUSES } from "../../../payments/refund.ts";
import { Amount, Empty, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { choicesOf, filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";

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

function listPage(c: ConsoleContext): Promise<Response> {
  const values = filtersOf(c, ["status"]);
  return showList(c, {
    title: "Refunds",
    path: "/v1/refunds",
    filters: {
      values,
      fields: (problem) => (
        <Select
          name="status"
          label="Status"
          value={values.status}
          options={choicesOf(REFUND_STATUSES)}
          problem={problem}
        />
      ),
    },
    table: { caption: "Refunds", columns: COLUMNS },
    empty: () => (
      <Empty title="No refunds">
        <p>
          A refund starts at its payment: find it among the{" "}
          <a href="/console/payments?status=succeeded">payments that succeeded</a>.
        </p>
      </Empty>
    ),
  });
}

export const refundsPage: Page = {
  method: "get",
  path: "/refunds",
  scope: "merchant",
  title: "Refunds",
  nav: { group: "Money", label: "Refunds" },
  handler: listPage,
};
