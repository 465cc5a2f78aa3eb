/** Sending an endpoint again what it missed: the form, and the job's progress. */
import { EVENT_TYPES } from "../../../webhooks/event-types.ts";
import { api, type ApiProblem } from "../client.ts";
import { Button, Details, Id, LinkButton, Live, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Checkboxes, Field, Form as ActionForm } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, show } from "../frame.tsx";
import { segment, utcTime } from "./act.tsx";
import { endpointPage } from "./endpoint.tsx";
import { NEEDS } from "./endpoints.tsx";
import type { EndpointView, JobView } from "./views.ts";

export const REPLAY_FIELDS = ["created_gte", "created_lt", "types"];

export const ReplayForm = (props: {
  endpoint: EndpointView;
  form: Form | null;
  problem: ApiProblem | null;
}) => {
  const { endpoint, form, problem } = props;
  return (
    <ActionForm action={`/console/endpoints/${endpoint.id}/replay`} label="Replay">
      <p>
        Sends the events of a time again, in their order and with their ids. A receiver that
        remembers ids does nothing twice.
      </p>
      <div class="row">
        <Field
          name="created_gte"
          label="From (UTC)"
          type="datetime-local"
          required
          value={form?.text("created_gte") ?? ""}
          problem={problem}
        />
        <Field
          name="created_lt"
          label="To (UTC)"
          hint="Empty: until now."
          type="datetime-local"
          value={form?.text("created_lt") ?? ""}
          problem={problem}
        />
      </div>
      <Checkboxes
        name="types"
        label="Only these types"
        hint="None marked: all that the endpoint subscribes to."
        values={form?.all("types") ?? []}
        options={EVENT_TYPES.map((type) => [type, type] as const)}
        problem={problem}
      />
      <p class="buttons">
        <Button needs={NEEDS}>Replay</Button>
      </p>
    </ActionForm>
  );
};

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
      <Details
        rows={[
          ["State", <Status status={job.state} />],
          ["Error", job.error],
          ["Job", <Id>{job.id}</Id>],
          ["Begun", <Time at={job.created_at} />],
          ["Last step", <Time at={job.updated_at} />],
        ]}
      />
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
      <progress id="progress" max={max} value={value}>
        {text}
      </progress>
    </p>
  );
}

export const replayPages: readonly Page[] = [
  start,
  { method: "get", path: "/jobs/:id", scope: "merchant", title: "Replay", handler: jobPage },
];
