/** Money that does not fit what was ordered. Nothing is changed by itself: a person decides. */
import { EXCEPTION_KINDS, EXCEPTION_STATES } from "../../../reconciliation.ts";
import { Amount, Details, Disclosure, Empty, Id, Status, Time, words } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { choicesOf, filtersOf } from "./filters.tsx";
import { type ListPage, showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import type { ExceptionView } from "./views.ts";

const Explanation = (row: ExceptionView) => (
  <div>
    {row.explanation}
    <Disclosure summary="What to do">
      <p>{row.proposed_fix}</p>
      <Details
        rows={[
          ["At the channel", row.channel === null ? null : row.channel.status],
          ["Here", row.gateway === null ? null : row.gateway.status],
          [
            "Transaction",
            row.channel_transaction_id === null ? null : <Id>{row.channel_transaction_id}</Id>,
          ],
          ["Account", <ObjectLink id={row.channel_account} />],
        ]}
      />
    </Disclosure>
  </div>
);

const TABLE: ListPage<ExceptionView>["table"] = {
  caption: "Exceptions, newest first",
  columns: [
    { head: "Found", cell: ({ created_at: at }) => <Time at={at} /> },
    { head: "Kind", name: true, cell: ({ kind }) => words(kind) },
    { head: "State", cell: ({ state }) => <Status status={state} /> },
    {
      head: "Payment",
      cell: ({ payment_intent: id }) => (id === null ? "unknown" : <ObjectLink id={id} />),
    },
    {
      head: "Ordered",
      number: true,
      cell: ({ gateway }) => (gateway === null ? "–" : <Amount money={gateway.amount} />),
    },
    {
      head: "Received",
      number: true,
      cell: ({ channel }) => (channel === null ? "–" : <Amount money={channel.amount} />),
    },
    { head: "What happened", cell: Explanation },
  ],
};

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["kind", "state"]);
  return showList(c, {
    title: "Exceptions",
    path: "/v1/reconciliation/exceptions",
    filters: {
      values,
      fields: (problem) => (
        <>
          <Select
            name="kind"
            label="Kind"
            value={values.kind}
            options={choicesOf(EXCEPTION_KINDS)}
            problem={problem}
          />
          <Select
            name="state"
            label="State"
            value={values.state}
            options={choicesOf(EXCEPTION_STATES)}
            problem={problem}
          />
        </>
      ),
    },
    table: TABLE,
    empty: () => (
      <Empty title="Nothing is amiss.">
        <p>
          Payments of another amount, of an unknown reference, or paid twice would stand here, with
          what to do about them.
        </p>
      </Empty>
    ),
  });
}

export const exceptionPages: readonly Page[] = [
  {
    method: "get",
    path: "/exceptions",
    scope: "merchant",
    title: "Exceptions",
    nav: { group: "Money", label: "Exceptions" },
    handler: list,
  },
];
