/** `/console` for operators: how the platform does. */
import { api, type ApiList } from "../client.ts";
import { Status, Time } from "../components.tsx";
import type { ConsoleContext } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { whole } from "./figures.tsx";
import { Backlog, type SweeperView } from "./sweeper.tsx";

interface Health {
  readonly channel: string;
  readonly name: string;
  readonly status: string;
  readonly orders: number;
}

export async function operatorOverview(c: ConsoleContext): Promise<Response> {
  const [health, sweeper] = await Promise.all([
    api<ApiList<Health>>(c, "GET", "/v1/admin/channels/health"),
    api<SweeperView>(c, "GET", "/v1/admin/sweeper"),
  ]);
  if (!health.ok) return refused(c, health);
  if (!sweeper.ok) return refused(c, sweeper);
  return show(
    c,
    { title: "Overview", wide: true },
    <>
      <Backlog state={sweeper.body} />
      <div class="columns">
        <section class="panel" aria-labelledby="channels">
          <h2 id="channels">Live channels in the last two hours</h2>
          <ul class="states">
            {health.body.data.map(({ name, status, orders }) => (
              <li>
                <span>{name}</span> <Status status={status} />{" "}
                <span class="quiet">{`${whole(orders)} orders in 24 hours`}</span>
              </li>
            ))}
          </ul>
        </section>
        <section class="panel" aria-labelledby="jobs">
          <h2 id="jobs">Scheduled jobs</h2>
          <ul class="states">
            {sweeper.body.jobs.map(({ name, last_run: run }) => (
              <li>
                <span>{name}</span> <JobState run={run} />
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>,
  );
}

function JobState({ run }: { run: SweeperView["jobs"][number]["last_run"] }) {
  if (run === null) return <span class="quiet">has not run yet</span>;
  return (
    <>
      <Status status={run.error === null ? "ok" : "failed"} />{" "}
      <span class="quiet">
        <Time at={run.started_at} />
      </span>
    </>
  );
}
