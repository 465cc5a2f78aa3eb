/** Money that does not fit what was ordered. Nothing is changed by itself: a person decides. */
import { Amount, Details, Disclosure, Empty, Id, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { listOf, Pages } from "./act.tsx";
import { ObjectLink } from "./events.tsx";
import { FilterForm } from "./filters.tsx";
import type { ExceptionView } from "./views.ts";

const KINDS = [
  "amount_mismatch",
  "currency_mismatch",
  "status_mismatch",
  "fee_mismatch",
  "duplicate",
  "missing_at_channel",
  "missing_at_gateway",
  "missing_at_merchant",
];

const STATES = ["open", "acknowledged", "resolved", "written_off"];

const optionsOf = (names: readonly string[]) => [
  ["", "All"] as const,
  ...names.map((name) => [name, name.replaceAll("_", " ")] as const),
];

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

async function list(c: ConsoleContext) {
  const one = (name: string, known: readonly string[]) =>
    known.find((value) => value === c.req.query(name)) ?? "";
  const filters = { kind: one("kind", KINDS), state: one("state", STATES) };
  const answer = await listOf<ExceptionView>(c, "/v1/reconciliation/exceptions", filters);
  if (!answer.ok) return refused(c, answer);
  const { data } = answer.body;
  return show(
    c,
    { title: "Exceptions", wide: true },
    <>
      <FilterForm action="/console/exceptions" label="Exceptions">
        <Select name="kind" label="Kind" value={filters.kind} options={optionsOf(KINDS)} />
        <Select name="state" label="State" value={filters.state} options={optionsOf(STATES)} />
      </FilterForm>
      {data.length === 0 ? (
        <Empty title="Nothing is amiss.">
          <p>
            Payments of another amount, of an unknown reference, or paid twice would stand here,
            with what to do about them.
          </p>
        </Empty>
      ) : (
        <Table
          caption="Exceptions, newest first"
          rows={data}
          columns={[
            { head: "Found", cell: ({ created_at: at }) => <Time at={at} /> },
            { head: "Kind", name: true, cell: ({ kind }) => kind.replaceAll("_", " ") },
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
          ]}
        />
      )}
      <Pages c={c} list={answer.body} filters={filters} />
    </>,
  );
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
