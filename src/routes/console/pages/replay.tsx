/** Sending an endpoint again what it missed: the job's beginning and its progress. */
import { api } from "../client.ts";
import { Details, Id, LinkButton, Live, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { readForm } from "../form.ts";
import { done, refused, show } from "../frame.tsx";
import { segment, utcTime } from "./act.tsx";
import { endpointPage } from "./endpoint.tsx";
import type { JobView } from "./views.ts";

const start: Page = {
  method: "post",
  path: "/endpoints/:id/replay",
  scope: "merchant",
  title: "Replay",
  handler: async (c) => {
    const form = await readForm(c);
    const [from, to] = [utcTime(form.text("created_gte")), utcTime(form.text("created_lt"))];
    const types = form.all("types");
    const body = {
      // Also when it is empty, so that the API asks for it by its name.
      created_gte: from,
      ...(to === "" ? {} : { created_lt: to }),
      ...(types.length === 0 ? {} : { types }),
    };
    const path = `/v1/webhook-endpoints/${segment(c)}/replay`;
    const answer = await api<JobView>(c, "POST", path, body, { key: form.key });
    if (answer.ok) return done(c, `/console/jobs/${answer.body.id}`, "started");
    return endpointPage(c, { which: "replay", form, refusal: answer });
  },
};

const isOver = ({ state }: JobView): boolean => state === "completed" || state === "failed";

async function jobPage(c: ConsoleContext) {
  const answer = await api<JobView>(c, "GET", `/v1/jobs/${segment(c)}`);
  if (!answer.ok) return refused(c, answer);
  const job = answer.body;
  const running = !isOver(job);
  return show(
    c,
    {
      title: "Replay",
      back: { href: `/console/endpoints/${job.target}`, label: "Webhook endpoint" },
      notices: { started: "The replay has begun. This page shows how far it is." },
      refresh: running ? 5 : undefined,
    },
    <Live id="job" path={`/console/jobs/${job.id}`} on={running} seconds={2}>
      <Progress job={job} />
      <div class="panel">
        <Details
          rows={[
            ["State", <Status status={job.state} />],
            ["Error", job.error],
            ["Job", <Id>{job.id}</Id>],
            ["Begun", <Time at={job.created_at} />],
            ["Last step", <Time at={job.updated_at} />],
          ]}
        />
      </div>
      {running ? null : (
        <p>
          <LinkButton href={`/console/endpoints/${job.target}`}>See the deliveries</LinkButton>
        </p>
      )}
    </Live>,
  );
}

/** Also said in words, for whoever cannot see the bar. */
function Progress({ job: { state, progress } }: { job: JobView }) {
  const { done: looked, total } = progress;
  const words =
    state === "completed"
      ? "Done: what the endpoint takes of them is on its way."
      : state === "failed"
        ? "It has stopped."
        : "Under way.";
  const text = `${looked} of ${total} ${total === 1 ? "event" : "events"} looked at. ${words}`;
  const [value, max] = total === 0 ? [state === "completed" ? 1 : 0, 1] : [looked, total];
  return (
    <p role="status">
      <label for="progress">{text}</label>
      <progress id="progress" max={max} value={value} />
    </p>
  );
}

export const replayPages: readonly Page[] = [
  start,
  { method: "get", path: "/jobs/:id", scope: "merchant", title: "Replay", handler: jobPage },
];
