/** What does not fit between the channel's books, ours and the merchant's: the queue of it. */
import { EXCEPTION_KINDS, EXCEPTION_STATES } from "../../../reconciliation.ts";
import type { ApiProblem } from "../client.ts";
import { Amount, Empty, Status, Time, words } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import { AccountFilter, AccountLink, type Accounts, accountsOf } from "./book-parts.tsx";
import type { ExceptionView, SideView } from "./book-views.ts";
import { choicesOf, filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";

export const EXCEPTIONS = { href: "/console/exceptions", label: "Exceptions" };

export const exceptionPath = (id: string): string => `${EXCEPTIONS.href}/${id}`;

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** `3 days`, `5 hours`: as people speak of it. */
export function ageText(seconds: number): string {
  const [count, unit] =
    seconds >= 2 * DAY_S
      ? [Math.floor(seconds / DAY_S), "days"]
      : seconds >= 2 * HOUR_S
        ? [Math.floor(seconds / HOUR_S), "hours"]
        : [Math.floor(seconds / 60), "min"];
  return `${count} ${unit}`;
}

/** When somebody should have looked. Said in words where it is too late. */
export const Due = ({ overdue, due_at: at, resolved_at: resolved }: ExceptionView) =>
  resolved === null ? (
    <>
      <Time at={at} /> {overdue ? <span class="status bad">overdue</span> : null}
    </>
  ) : (
    <span class="quiet">–</span>
  );

/** Its amount, and what else the sides may differ in. */
const Money = ({ side, kind }: { side: SideView | null; kind: string }) =>
  side === null ? (
    <span class="quiet">not there</span>
  ) : (
    <>
      <Amount money={side.amount} />{" "}
      <small class="beneath">
        {kind === "fee_mismatch" && side.fee !== null ? (
          <>
            fee <Amount money={{ ...side.amount, value: side.fee }} />
          </>
        ) : (
          words(side.status)
        )}
      </small>
    </>
  );

const columns = (accounts: Accounts) => [
  {
    head: "Exception",
    name: true,
    cell: ({ id, kind }: ExceptionView) => (
      <a href={exceptionPath(id)}>
        <span class="title">{words(kind)}</span> <code class="id">{id}</code>
      </a>
    ),
  },
  {
    head: "State",
    cell: ({ state, assignee }: ExceptionView) => (
      <div>
        <Status status={state} />
        {assignee === null ? null : <small class="beneath">{assignee}</small>}
      </div>
    ),
  },
  {
    head: "Payment",
    cell: ({ payment_intent: id, channel_account: account }: ExceptionView) =>
      id === null ? (
        <>
          unknown, <AccountLink accounts={accounts} id={account} />
        </>
      ) : (
        <ObjectLink id={id} />
      ),
  },
  {
    head: "Channel",
    number: true,
    cell: ({ channel, kind }: ExceptionView) => <Money side={channel} kind={kind} />,
  },
  {
    head: "Here",
    number: true,
    cell: ({ gateway, kind }: ExceptionView) => <Money side={gateway} kind={kind} />,
  },
  {
    head: "Yours",
    number: true,
    // Where no own records were compared nobody says anything, and nothing is missing.
    cell: ({ merchant, kind }: ExceptionView) =>
      merchant === null && kind !== "missing_at_merchant" ? (
        <span class="quiet">–</span>
      ) : (
        <Money side={merchant} kind={kind} />
      ),
  },
  { head: "Due", cell: Due },
];

const NAMES = ["run", "kind", "state", "assignee", "channel_account", "overdue"] as const;

type Values = Record<(typeof NAMES)[number], string>;

const Filters = (props: { accounts: Accounts; values: Values; problem: ApiProblem | null }) => {
  const { accounts, values, problem } = props;
  return (
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
      <Select
        name="overdue"
        label="Due"
        value={values.overdue}
        options={[
          ["", "All"],
          ["true", "Overdue"],
        ]}
        problem={problem}
      />
      <AccountFilter accounts={accounts} values={values} problem={problem} />
      <Field
        name="assignee"
        label="Who"
        value={values.assignee}
        maxlength={128}
        problem={problem}
      />
      <Field name="run" label="Run" value={values.run} placeholder="rr_…" problem={problem} />
    </>
  );
};

async function list(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  const values = filtersOf(c, NAMES);
  return showList<ExceptionView>(c, {
    title: "Exceptions",
    path: "/v1/reconciliation/exceptions",
    filters: {
      values,
      fields: (problem) => <Filters accounts={accounts} values={values} problem={problem} />,
    },
    table: { caption: "Exceptions, newest first", columns: columns(accounts) },
    empty: (narrowed) => (
      <Empty title={narrowed ? "No exception fits." : "Nothing is amiss."}>
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
    nav: { group: "Books", label: "Exceptions" },
    handler: list,
  },
];
