/** The platform's fee as a share of payments, taken at the channel, and what refunds brought back. */
import { channelName } from "../../../channels/registry.ts";
import { SPLIT_STATES } from "../../../settlement/splits.ts";
import { Amount, Empty, Id, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import type { ShareView } from "./book-views.ts";
import { choicesOf, filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import { SettlementTabs } from "./settlements.tsx";

const KINDS = { split: "taken", return: "given back" } as const;

const COLUMNS = [
  {
    head: "Share",
    name: true,
    cell: ({ id, kind, channel_split_id: number }: ShareView) => (
      <div class="ids">
        {KINDS[kind]}
        <br />
        <Id>{number ?? id}</Id>
      </div>
    ),
  },
  {
    head: "Payment",
    cell: ({ payment_intent: id }: ShareView) => <ObjectLink id={id} />,
  },
  { head: "Channel", cell: ({ channel }: ShareView) => channelName(channel) },
  { head: "Amount", number: true, cell: ({ amount }: ShareView) => <Amount money={amount} /> },
  {
    head: "State",
    cell: ({ state, error }: ShareView) => (
      <div>
        <Status status={state} />
        {error === null ? null : <small class="beneath">{error.message}</small>}
      </div>
    ),
  },
  { head: "Since", cell: ({ created_at: at }: ShareView) => <Time at={at} /> },
];

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["state", "kind", "payment_intent"]);
  return showList<ShareView>(c, {
    title: "Shares",
    path: "/v1/splits",
    above: <SettlementTabs c={c} />,
    filters: {
      values,
      fields: (problem) => (
        <>
          <Select
            name="state"
            label="State"
            value={values.state}
            options={choicesOf(SPLIT_STATES)}
            problem={problem}
          />
          <Select
            name="kind"
            label="Kind"
            value={values.kind}
            options={[["", "All"], ...Object.entries(KINDS)]}
            problem={problem}
          />
          <Field
            name="payment_intent"
            label="Payment"
            value={values.payment_intent}
            placeholder="pi_…"
            maxlength={64}
            problem={problem}
          />
        </>
      ),
    },
    table: { caption: "Shares, newest first", columns: COLUMNS },
    empty: (narrowed) => (
      <Empty title={narrowed ? "No share fits." : "No payment was shared."}>
        <p>
          Where the platform takes its fee at the channel, each payment's share stands here. Else
          the fee is <a href="/console/settlements/invoices">invoiced</a>.
        </p>
      </Empty>
    ),
  });
}

export const sharePages: readonly Page[] = [
  { method: "get", path: "/settlements/shares", scope: "merchant", title: "Shares", handler: list },
];
