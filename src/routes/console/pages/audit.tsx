/** The audit log: who changed which setting, and what it was before. Operators see all merchants'. */
import type { ApiProblem } from "../client.ts";
import { type Column, Disclosure, Empty, Id, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field } from "../fields.tsx";
import { type Change, changesOf } from "./changes.ts";
import { DayFields, filtersOf, momentsOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import type { AuditView } from "./views.ts";

const NAMES = ["action", "target", "created_gte", "created_lt", "merchant"] as const;

type Values = Record<(typeof NAMES)[number], string>;

const ACTORS: Readonly<Record<string, string>> = {
  api_key: "API key",
  console: "Console",
  operator: "Operator",
  registration: "Registration",
  gateway: "The gateway itself",
};

const Who = ({ actor: { type, id } }: AuditView) => {
  const who = ACTORS[type] ?? type;
  if (id === null) return who;
  return (
    <div class="ids">
      {who}
      <br />
      <Id>{id}</Id>
    </div>
  );
};

/** More than these are folded away: what is new or gone is all of an object. */
const SHOWN = 4;

function What({ before, after }: AuditView) {
  const changes = changesOf(before, after);
  if (changes.length <= SHOWN) return <Changes changes={changes} />;
  const word = before === null ? "New" : after === null ? "Gone" : "Changed";
  return (
    <Disclosure summary={`${word}: ${changes.length} ${changes.length === 1 ? "field" : "fields"}`}>
      <Changes changes={changes} />
    </Disclosure>
  );
}

/** Old and new beside each other; what is gone is struck through, not only coloured. */
const Changes = ({ changes }: { changes: readonly Change[] }) => (
  <ul class="changes">
    {changes.map((change) => (
      <li>
        <span class="quiet">{change.field}</span>{" "}
        {change.before === null ? null : (
          <del>
            <span class="hidden">was </span>
            {change.before}
          </del>
        )}{" "}
        {change.after === null ? null : (
          <ins>
            <span class="hidden">is </span>
            {change.after}
          </ins>
        )}
      </li>
    ))}
  </ul>
);

const FilterFields = (props: { values: Values; operator: boolean; problem: ApiProblem | null }) => {
  const { values, operator, problem } = props;
  return (
    <>
      {operator ? (
        <Field
          name="merchant"
          label="Merchant"
          value={values.merchant}
          placeholder="m_…"
          problem={problem}
        />
      ) : null}
      <Field
        name="action"
        label="Action"
        value={values.action}
        placeholder="api_key.created"
        problem={problem}
      />
      <Field
        name="target"
        label="What"
        value={values.target}
        placeholder="we_…"
        problem={problem}
      />
      <DayFields days={values} problem={problem} />
    </>
  );
};

const MODE = ({ livemode }: AuditView) => (livemode === null ? "both" : livemode ? "live" : "test");

const MERCHANT = {
  head: "Merchant",
  cell: ({ merchant_id: id }: AuditView) =>
    id === null ? (
      <span class="quiet">all</span>
    ) : (
      <div class="ids">
        <a href={`/console/merchants/${id}`}>
          <Id>{id}</Id>
        </a>
      </div>
    ),
};

const columnsFor = (operator: boolean): readonly Column<AuditView>[] => [
  { head: "Time", cell: ({ created_at: at }) => <Time at={at} /> },
  {
    head: "Action",
    name: true,
    cell: ({ action, target }) => (
      <div class="ids">
        {action}
        <br />
        <Id>{target}</Id>
      </div>
    ),
  },
  ...(operator ? [MERCHANT] : []),
  { head: "Mode", cell: MODE },
  { head: "By", cell: Who },
  { head: "Change", cell: What },
];

function list(c: ConsoleContext) {
  const operator = c.var.session.kind === "operator";
  const values = filtersOf(c, NAMES);
  const { action, target, merchant } = values;
  const query = { action, target, ...momentsOf(values), ...(operator ? { merchant } : {}) };
  return showList(c, {
    title: "Audit log",
    path: operator ? "/v1/admin/audit-log" : "/v1/audit-log",
    filters: {
      values,
      query,
      fields: (problem) => <FilterFields values={values} operator={operator} problem={problem} />,
    },
    table: { caption: "Changes, newest first", columns: columnsFor(operator) },
    empty: () => (
      <Empty title="No change fits.">
        <p>
          Keys, accounts, webhooks, services, fees: every change of a setting is written down here.{" "}
          <a href="/console/audit">Show all changes</a>
        </p>
      </Empty>
    ),
  });
}

const page = { method: "get", path: "/audit", title: "Audit log", handler: list } as const;

/** One page for both, in the group that each of them looks in. */
export const auditPages: readonly Page[] = [
  { ...page, scope: "both", nav: { group: "Settings", label: "Audit log" } },
];
