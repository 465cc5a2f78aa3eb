/** The audit log: who changed which setting, and what it was before. Operators see all merchants'. */
import type { ApiProblem } from "../client.ts";
import { Disclosure, Empty, Id, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { listOf, Pages } from "./act.tsx";
import { type Change, changesOf } from "./changes.ts";
import { dayStart, FilterForm } from "./filters.tsx";
import type { AuditView } from "./views.ts";

const NAMES = ["action", "target", "created_gte", "created_lt", "merchant"] as const;

type Filters = Record<(typeof NAMES)[number], string>;

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

const Filter = (props: { filters: Filters; operator: boolean; problem: ApiProblem | null }) => {
  const { filters, operator, problem } = props;
  return (
    <FilterForm action="/console/audit" label="Audit log">
      {operator ? (
        <Field
          name="merchant"
          label="Merchant"
          value={filters.merchant}
          placeholder="m_…"
          problem={problem}
        />
      ) : null}
      <Field
        name="action"
        label="Action"
        value={filters.action}
        placeholder="api_key.created"
        problem={problem}
      />
      <Field
        name="target"
        label="What"
        value={filters.target}
        placeholder="we_…"
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
    </FilterForm>
  );
};

async function list(c: ConsoleContext) {
  const operator = c.var.session.kind === "operator";
  const ask = (name: string) => (c.req.query(name) ?? "").trim();
  const filters = Object.fromEntries(NAMES.map((name) => [name, ask(name)])) as Filters;
  const query = {
    action: filters.action,
    target: filters.target,
    created_gte: dayStart(filters.created_gte),
    created_lt: dayStart(filters.created_lt, 1),
    ...(operator ? { merchant: filters.merchant } : {}),
  };
  const path = operator ? "/v1/admin/audit-log" : "/v1/audit-log";
  const answer = await listOf<AuditView>(c, path, query);
  const problem = answer.ok ? null : answer.error;
  // What was typed into a filter is the person's to correct; anything else is not.
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  return show(
    c,
    { title: "Audit log", wide: true, status: answer.status },
    <>
      <Filter filters={filters} operator={operator} problem={problem} />
      <Problem problem={problem} fields={NAMES} />
      {answer.ok ? <Entries entries={answer.body.data} operator={operator} /> : null}
      {answer.ok ? <Pages c={c} list={answer.body} filters={filters} /> : null}
    </>,
  );
}

const MODE = ({ livemode }: AuditView) => (livemode === null ? "both" : livemode ? "live" : "test");

function Entries({ entries, operator }: { entries: readonly AuditView[]; operator: boolean }) {
  if (entries.length === 0) {
    return (
      <Empty title="No change fits.">
        <p>
          Keys, accounts, webhooks, services, fees: every change of a setting is written down here.{" "}
          <a href="/console/audit">Show all changes</a>
        </p>
      </Empty>
    );
  }
  const merchant = {
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
  return (
    <Table
      caption="Changes, newest first"
      rows={entries}
      columns={[
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
        ...(operator ? [merchant] : []),
        { head: "Mode", cell: MODE },
        { head: "By", cell: Who },
        { head: "Change", cell: What },
      ]}
    />
  );
}

const page = { method: "get", path: "/audit", title: "Audit log", handler: list } as const;

/** One page for both, in the group that each of them looks in. */
export const auditPages: readonly Page[] = [
  { ...page, scope: "both", nav: { group: "Settings", label: "Audit log" } },
];
