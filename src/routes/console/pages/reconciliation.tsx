/** Comparing the channels' books with ours and the merchant's: the runs, and starting one. */
import { CHINA_OFFSET_MINUTES } from "../../../constants.ts";
import { dayAt, dayBefore } from "../../../days.ts";
import { api, type ApiProblem } from "../client.ts";
import { Button, Empty, LinkButton, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { NEEDS } from "./accounts.tsx";
import {
  AccountField,
  AccountFilter,
  AccountLink,
  type Accounts,
  accountsOf,
  plural,
  Tabs,
} from "./book-parts.tsx";
import type { RunView } from "./book-views.ts";
import { filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { exceptionsOf, openOf } from "./outcomes.tsx";

export const RUNS = { href: "/console/reconciliation", label: "Reconciliation" };
export const UPLOAD_FORM = "/console/reconciliation/upload";

/** The last day whose statement can be there; by China's clock, where most channels' days begin. */
export const yesterday = (now: number): string => dayBefore(dayAt(now, CHINA_OFFSET_MINUTES));

export const RunTabs = ({ c }: { c: ConsoleContext }) => (
  <Tabs
    label="Reconciliation"
    path={c.req.path}
    tabs={[
      [RUNS.href, "Runs"],
      ["/console/reconciliation/statements", "Files"],
    ]}
  />
);

export const RunButtons = () => (
  <>
    <LinkButton href={UPLOAD_FORM}>Upload a file</LinkButton>
    <LinkButton href="/console/reconciliation/new" kind="primary">
      Compare now
    </LinkButton>
  </>
);

const TRIGGERS: Readonly<Record<RunView["trigger"], string>> = {
  nightly: "every night",
  request: "asked for",
  upload: "a file came",
};

export const whyOf = ({ trigger }: RunView): string => TRIGGERS[trigger];

export const rangeOf = ({ from, to }: Pick<RunView, "from" | "to">): string =>
  from === to ? from : `${from} to ${to}`;

/** What a person has to look at. */
function Found({ run }: { run: RunView }) {
  const open = openOf(run.counts);
  if (open > 0) {
    return <a href={exceptionsOf(run.channel_account)}>{plural(open, "exception")}</a>;
  }
  if (run.state !== "completed") return <span class="quiet">–</span>;
  return run.progress.total === 0 ? "nothing to compare" : "all fits";
}

const columns = (accounts: Accounts) => [
  {
    head: "Days",
    name: true,
    cell: (run: RunView) => (
      <a href={`${RUNS.href}/runs/${run.id}`}>
        <span class="title">{rangeOf(run)}</span> <code class="id">{run.id}</code>
      </a>
    ),
  },
  {
    head: "Account",
    cell: ({ channel_account: id }: RunView) => <AccountLink accounts={accounts} id={id} />,
  },
  { head: "State", cell: ({ state }: RunView) => <Status status={state} /> },
  { head: "Found", cell: (run: RunView) => <Found run={run} /> },
  {
    head: "Lines",
    number: true,
    cell: ({ progress }: RunView) => progress.done.toLocaleString("en"),
  },
  { head: "Why", cell: whyOf },
  { head: "Begun", cell: ({ created_at: at }: RunView) => <Time at={at} /> },
];

async function list(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  const values = filtersOf(c, ["channel_account"]);
  return showList<RunView>(c, {
    title: "Reconciliation",
    aside: <RunButtons />,
    path: "/v1/reconciliation/runs",
    above: <RunTabs c={c} />,
    filters: {
      values,
      fields: (problem) => <AccountFilter accounts={accounts} values={values} problem={problem} />,
    },
    table: { caption: "Runs, newest first", columns: columns(accounts) },
    empty: () => (
      <Empty title="Nothing was compared yet.">
        <p>
          Every night the channels' statements of the day before are compared with the payments
          here. <a href="/console/reconciliation/new">Compare a day now</a>
        </p>
      </Empty>
    ),
  });
}

const FIELDS = ["channel_account", "date", "from", "to"];

interface Typed {
  readonly channel_account: string;
  readonly from: string;
  readonly to: string;
}

const Fields = (props: { accounts: Accounts; typed: Typed; problem: ApiProblem | null }) => {
  const { accounts, typed, problem } = props;
  return (
    <>
      <AccountField accounts={accounts} value={typed.channel_account} problem={problem} />
      <div class="row">
        <Field
          name="from"
          label="First day"
          hint="By the channel's clock."
          type="date"
          value={typed.from}
          required
          problem={problem}
        />
        <Field
          name="to"
          label="Last day"
          hint="At most 31 days."
          type="date"
          value={typed.to}
          required
          problem={problem}
        />
      </div>
    </>
  );
};

async function startPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const accounts = await accountsOf(c);
  const problem = refusal?.error ?? null;
  const day = yesterday(c.var.now);
  const typed = {
    channel_account: form?.text("channel_account") ?? c.req.query("channel_account") ?? "",
    from: form?.text("from") ?? day,
    to: form?.text("to") ?? day,
  };
  return show(
    c,
    { title: "Compare now", back: RUNS, status: refusal?.status ?? 200 },
    <>
      <p>
        Fetches the channel's statements where it has a call for them, else takes the files that you
        uploaded, and compares each line with the payments here and with your own records. A day
        that was compared before finds the same exceptions, once.
      </p>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={RUNS.href} label="Compare now">
        <Fields accounts={accounts} typed={typed} problem={problem} />
        <p class="buttons">
          <Button needs={NEEDS}>Compare</Button>
        </p>
      </ActionForm>
    </>,
  );
}

async function start(c: ConsoleContext) {
  const form = await readForm(c);
  const body = {
    channel_account: form.text("channel_account"),
    from: form.text("from"),
    to: form.text("to"),
  };
  const path = "/v1/reconciliation/runs";
  const answer = await api<RunView>(c, "POST", path, body, { key: form.key });
  if (!answer.ok) return startPage(c, form, answer);
  return done(c, `${RUNS.href}/runs/${answer.body.id}`, "started");
}

export const reconciliationPages: readonly Page[] = [
  {
    method: "get",
    path: "/reconciliation",
    scope: "merchant",
    title: "Reconciliation",
    nav: { group: "Books", label: "Reconciliation" },
    handler: list,
  },
  {
    method: "get",
    path: "/reconciliation/new",
    scope: "merchant",
    title: "Compare now",
    handler: (c) => startPage(c, null, null),
  },
  {
    method: "post",
    path: "/reconciliation",
    scope: "merchant",
    title: "Compare now",
    handler: start,
  },
];
