/** One run: how far it is, what it found, and why a day of it failed. */
import { api, withQuery } from "../client.ts";
import { Button, Details, Id, LinkButton, Live, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { NEEDS } from "./accounts.tsx";
import { segment } from "./act.tsx";
import { AccountLink, type Accounts, accountsOf, plural } from "./book-parts.tsx";
import type { FileError, RunDayView, RunView } from "./book-views.ts";
import { exceptionsOf, openOf, Outcomes, outcomeText } from "./outcomes.tsx";
import { passOn } from "./pass-on.ts";
import { rangeOf, RUNS, UPLOAD_FORM, whyOf } from "./reconciliation.tsx";

const isOver = ({ state }: RunView): boolean => state === "completed" || state === "failed";

/** Where a file is wrong, as people look it up. */
export const FaultText = ({ error }: { error: FileError }) => (
  <div>
    {error.message}
    <br />
    <small>
      {[
        error.file,
        error.line === null ? null : `line ${error.line}`,
        // A line as a whole has no column.
        error.column === null || error.column === 0 ? null : `column ${error.column}`,
        error.code,
      ]
        .filter((part) => part !== null)
        .join(" · ")}
    </small>
  </div>
);

function Result({ day }: { day: RunDayView }) {
  if (day.error !== null) return <FaultText error={day.error} />;
  const text = outcomeText(day.counts);
  if (day.next_attempt_at !== null) {
    return (
      <>
        The channel has no statement of the day yet. Asked {plural(day.attempts, "time")}, next{" "}
        <Time at={day.next_attempt_at} />
      </>
    );
  }
  return text === "" ? <span class="quiet">–</span> : text;
}

const File = ({ id, text }: { id: string | null; text: string }) =>
  id === null ? null : (
    <li>
      <a href={`/console/reconciliation/statements/${id}/file`}>{text}</a>
    </li>
  );

const dayColumns = (run: RunView) => [
  { head: "Day", name: true, cell: ({ day }: RunDayView) => <time datetime={day}>{day}</time> },
  { head: "State", cell: ({ state }: RunDayView) => <Status status={state} /> },
  {
    head: "Lines",
    number: true,
    cell: ({ progress }: RunDayView) => progress.done.toLocaleString("en"),
  },
  { head: "Result", cell: (day: RunDayView) => <Result day={day} /> },
  {
    head: "Files",
    cell: ({ day, state, statement, merchant_statement: own }: RunDayView) => (
      <ul class="plain">
        <File id={statement} text="Channel's file" />
        <File id={own} text="Your file" />
        {statement === null || state !== "completed" ? null : (
          <li>
            <a
              href={withQuery(`${RUNS.href}/runs/${run.id}/lines.csv`, { date: day })}
              download={`statement-lines-${day}.csv`}
            >
              Side by side<span class="hidden"> of {day}, as CSV</span>
            </a>
          </li>
        )}
      </ul>
    ),
  },
];

/** Also said in words, for whoever cannot see the bar. */
function Progress({ run }: { run: RunView }) {
  const { done, total } = run.progress;
  const ended = run.days.filter(({ state }) => state === "completed" || state === "failed").length;
  const days = `${ended} of ${plural(run.days.length, "day")}`;
  const lines = `${done.toLocaleString("en")} of ${plural(total, "line")}`;
  const found = openOf(run.counts);
  const fits = total === 0 ? "Done: there was nothing to compare." : "Done: all fits.";
  const words = {
    queued: "Waits for its turn.",
    running: run.days.some(({ state }) => state === "waiting")
      ? "Waits for a statement."
      : "Under way.",
    completed: found > 0 ? `Done: ${plural(found, "exception")}.` : fits,
    failed: "A day failed; nothing of it was booked.",
  }[run.state];
  const [value, max] = total === 0 ? [ended, Math.max(1, run.days.length)] : [done, total];
  return (
    <p role="status">
      <label for="progress">{`${words} ${lines} compared, ${days} ended.`}</label>
      <progress id="progress" max={max} value={value} />
    </p>
  );
}

/** The same days, once more. */
const Again = ({ run }: { run: RunView }) => (
  <ActionForm action={RUNS.href} class="inline" label="Compare again">
    <input type="hidden" name="channel_account" value={run.channel_account} />
    <input type="hidden" name="from" value={run.from} />
    <input type="hidden" name="to" value={run.to} />
    <Button needs={NEEDS} kind="plain">
      Compare again
    </Button>
  </ActionForm>
);

/** What mends most of the days that failed. */
const Better = ({ run: { channel_account, from, to } }: { run: RunView }) => (
  <LinkButton
    href={withQuery(UPLOAD_FORM, { channel_account, date: from === to ? from : undefined })}
    kind="primary"
  >
    Upload a file
  </LinkButton>
);

const About = ({ run, accounts }: { run: RunView; accounts: Accounts }) => (
  <div class="panel">
    <Details
      rows={[
        ["State", <Status status={run.state} />],
        ["Account", <AccountLink accounts={accounts} id={run.channel_account} />],
        ["Days", rangeOf(run)],
        ["Why", whyOf(run)],
        ["Run", <Id>{run.id}</Id>],
        ["Begun", <Time at={run.created_at} />],
        ["Last step", <Time at={run.updated_at} />],
      ]}
    />
  </div>
);

async function runPage(c: ConsoleContext) {
  const [answer, accounts] = await Promise.all([
    api<RunView>(c, "GET", `/v1/reconciliation/runs/${segment(c)}`),
    accountsOf(c),
  ]);
  if (!answer.ok) return refused(c, answer);
  const run = answer.body;
  const path = `${RUNS.href}/runs/${run.id}`;
  // A statement that is late may come tomorrow: nobody sits and waits for that.
  const moves = run.days.some(({ state }) => state === "queued" || state === "running");
  return show(
    c,
    {
      title: `Run of ${rangeOf(run)}`,
      back: RUNS,
      wide: true,
      notices: {
        started: "The run has begun. This page shows how far it is.",
        uploaded: "The file is kept. This page shows what comes of it.",
      },
      refresh: moves ? 5 : undefined,
    },
    <>
      <Live id="run" path={path} on={moves} seconds={2}>
        <Progress run={run} />
        <div class="columns">
          <About run={run} accounts={accounts} />
          <Outcomes counts={run.counts} account={run.channel_account} />
        </div>
        <Table caption="Days" rows={run.days} columns={dayColumns(run)} />
      </Live>
      <div class="actions">
        {openOf(run.counts) === 0 ? null : (
          <LinkButton href={exceptionsOf(run.channel_account)} kind="primary">
            Look at the exceptions
          </LinkButton>
        )}
        {run.state === "failed" ? <Better run={run} /> : null}
        {isOver(run) ? <Again run={run} /> : null}
      </div>
    </>,
  );
}

/** The lines of one of its days, each beside what stands here: the channel's file as a table. */
async function sideBySide(c: ConsoleContext): Promise<Response> {
  const answer = await api<RunView>(c, "GET", `/v1/reconciliation/runs/${segment(c)}`);
  if (!answer.ok) return refused(c, answer);
  const { channel_account, from } = answer.body;
  return passOn(c, {
    path: "/v1/reports/statement-lines.csv",
    query: { channel_account, date: c.req.query("date") ?? from },
  });
}

export const runPages: readonly Page[] = [
  {
    method: "get",
    path: "/reconciliation/runs/:id/lines.csv",
    scope: "merchant",
    title: "Export",
    handler: sideBySide,
  },
  {
    method: "get",
    path: "/reconciliation/runs/:id",
    scope: "merchant",
    title: "Run",
    handler: runPage,
  },
];
