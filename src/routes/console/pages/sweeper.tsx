/** Operators: what waits to be finished, and the scheduled jobs that finish it. */
import { api } from "../client.ts";
import { Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { Figure, whole } from "./figures.tsx";

/** The answer of `GET /v1/admin/sweeper`. */
export interface SweeperView {
  readonly jobs: readonly {
    readonly name: string;
    readonly schedule: string;
    readonly last_run: {
      readonly started_at: string;
      readonly duration_ms: number;
      readonly handled: number;
      readonly error: string | null;
    } | null;
  }[];
  readonly overdue_payments: number;
  readonly due_deliveries: number;
  readonly dead_letters: number;
  readonly stale_jobs: number;
  readonly old_refunds: number;
  readonly open_exceptions: number;
}

export const Backlog = ({ state }: { state: SweeperView }) => (
  <div class="figures">
    <Figure label="Overdue payments" value={whole(state.overdue_payments)} />
    <Figure label="Webhooks due" value={whole(state.due_deliveries)} />
    <Figure label="Dead letters" value={whole(state.dead_letters)} href="/console/dead-letters" />
    <Figure label="Replays standing still" value={whole(state.stale_jobs)} />
    <Figure label="Refunds over a day old" value={whole(state.old_refunds)} />
    <Figure label="Open exceptions" value={whole(state.open_exceptions)} />
  </div>
);

const JOBS: Readonly<Record<string, string>> = {
  deliveries: "Sends webhooks that are due",
  replays: "Goes on with replays that stand still",
  payments: "Wakes payments past their deadline",
  splits: "Asks channels for the platform's shares",
  reconciliation: "Goes on with days that wait for a statement or stand still",
  watch: "Looks for payments and refunds that no callback told of",
  nightly: "Begins last night's comparison of every account",
  settlements: "Adds up what should arrive of channels without statements",
  invoices: "Invoices last month's fees",
  authorizations: "Renews authorizations before they run out",
};

async function sweeper(c: ConsoleContext) {
  const answer = await api<SweeperView>(c, "GET", "/v1/admin/sweeper");
  if (!answer.ok) return refused(c, answer);
  const state = answer.body;
  return show(
    c,
    { title: "Sweeper", wide: true },
    <>
      <p>What the runtime dropped or a channel kept open is found and finished by these jobs.</p>
      <Backlog state={state} />
      <Table
        caption="Scheduled jobs"
        rows={state.jobs}
        columns={[
          {
            head: "Job",
            name: true,
            cell: ({ name }) => JOBS[name] ?? name,
          },
          { head: "When (UTC)", cell: ({ schedule }) => <code>{schedule}</code> },
          {
            head: "Last run",
            cell: ({ last_run: run }) =>
              run === null ? <span class="quiet">not yet</span> : <Time at={run.started_at} />,
          },
          {
            head: "Result",
            cell: ({ last_run: run }) =>
              run === null ? (
                <span class="quiet">–</span>
              ) : (
                <div>
                  <Status status={run.error === null ? "ok" : "failed"} /> {run.error}
                </div>
              ),
          },
          { head: "Handled", number: true, cell: ({ last_run: run }) => run?.handled ?? "–" },
          {
            head: "Took",
            number: true,
            cell: ({ last_run: run }) => (run === null ? "–" : `${run.duration_ms} ms`),
          },
        ]}
      />
    </>,
  );
}

export const sweeperPage: Page = {
  method: "get",
  path: "/sweeper",
  scope: "operator",
  title: "Sweeper",
  nav: { group: "Operations", label: "Sweeper" },
  handler: sweeper,
};
