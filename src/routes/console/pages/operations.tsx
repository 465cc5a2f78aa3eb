/** Operators: messages that a queue gave up on, the scheduled jobs, and a payment's copy made anew. */
import { api } from "../client.ts";
import { Button, Empty, Id, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { listOf, Pages } from "./list.tsx";
import type { DeadLetterView } from "./views.ts";

async function deadLetters(c: ConsoleContext, refusal: Refusal | null) {
  const answer = await listOf<DeadLetterView>(c, "/v1/admin/dead-letters");
  if (!answer.ok) return refused(c, answer);
  return show(
    c,
    {
      title: "Dead letters",
      wide: true,
      status: refusal?.status ?? 200,
      notices: { sent: "The message is in its queue again." },
    },
    <>
      <Problem problem={refusal?.error} />
      {answer.body.data.length === 0 ? (
        <Empty title="No message was given up on.">
          <p>
            What a queue could not handle after all its tries would stand here, to be sent again.
          </p>
        </Empty>
      ) : (
        <>
          <p>Consumers bear a repeat: sending a message twice does no harm.</p>
          <Table
            caption="Dead letters, newest first"
            rows={answer.body.data}
            columns={[
              { head: "Given up", cell: ({ created_at: at }) => <Time at={at} /> },
              { head: "Queue", name: true, cell: ({ queue }) => queue },
              { head: "Message", cell: ({ id }) => <Id>{id}</Id> },
              { head: "Bytes", number: true, cell: ({ bytes }) => bytes },
              {
                head: "Again",
                cell: ({ id }) => (
                  <ActionForm action={`/console/dead-letters/${id}/replay`} class="inline">
                    <Button kind="plain">
                      Send again<span class="hidden">: {id}</span>
                    </Button>
                  </ActionForm>
                ),
              },
            ]}
          />
        </>
      )}
      <Pages c={c} list={answer.body} />
    </>,
  );
}

const replay: Page = {
  method: "post",
  path: "/dead-letters/:id/replay",
  scope: "operator",
  title: "Dead letters",
  handler: async (c) => {
    await readForm(c);
    const answer = await api(c, "POST", `/v1/admin/dead-letters/${segment(c)}/replay`);
    return answer.ok ? done(c, "/console/dead-letters", "sent") : deadLetters(c, answer);
  },
};

interface SweeperView {
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
}

const JOBS: Readonly<Record<string, string>> = {
  deliveries: "Sends webhooks that are due",
  replays: "Goes on with replays that stand still",
  payments: "Wakes payments past their deadline",
  authorizations: "Renews authorizations before they run out",
};

const Figure = (props: { label: string; value: number; href?: string }) => (
  <div class="figure">
    <p class="label">
      {props.href === undefined ? props.label : <a href={props.href}>{props.label}</a>}
    </p>
    <p class="value">{props.value}</p>
  </div>
);

async function sweeper(c: ConsoleContext) {
  const answer = await api<SweeperView>(c, "GET", "/v1/admin/sweeper");
  if (!answer.ok) return refused(c, answer);
  const state = answer.body;
  return show(
    c,
    { title: "Sweeper", wide: true },
    <>
      <p>What the runtime dropped or a channel kept open is found and finished by these jobs.</p>
      <div class="figures">
        <Figure label="Overdue payments" value={state.overdue_payments} />
        <Figure label="Webhooks due" value={state.due_deliveries} />
        <Figure label="Dead letters" value={state.dead_letters} href="/console/dead-letters" />
        <Figure label="Replays standing still" value={state.stale_jobs} />
      </div>
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

const REPUBLISH = "Republish a payment";

const republishPage = (c: ConsoleContext, form: Form | null, refusal: Refusal | null) =>
  show(
    c,
    {
      title: REPUBLISH,
      status: refusal?.status ?? 200,
      notices: { done: "The payment's copy is made anew, and its events are published again." },
    },
    <>
      <p>
        For a payment that lists show otherwise than it is: what is due for it is done first, then
        its copy and its events are written again. Events keep their ids, so nobody gets one twice.
      </p>
      <Problem problem={refusal?.error} fields={["id"]} />
      <ActionForm action="/console/republish" label={REPUBLISH}>
        <Field
          name="id"
          label="Payment id"
          value={form?.text("id") ?? ""}
          placeholder="pi_…"
          required
          maxlength={64}
        />
        <p class="buttons">
          <Button>Republish</Button>
        </p>
      </ActionForm>
    </>,
  );

async function republish(c: ConsoleContext) {
  const form = await readForm(c);
  const id = /^\w{1,64}$/.test(form.text("id")) ? form.text("id") : "none";
  const answer = await api(c, "POST", `/v1/admin/payment-intents/${id}/republish`);
  return answer.ok ? done(c, "/console/republish", "done") : republishPage(c, form, answer);
}

const nav = (label: string) => ({ group: "Operations", label }) as const;

export const operationPages: readonly Page[] = [
  {
    method: "get",
    path: "/dead-letters",
    scope: "operator",
    title: "Dead letters",
    nav: nav("Dead letters"),
    handler: (c) => deadLetters(c, null),
  },
  replay,
  {
    method: "get",
    path: "/sweeper",
    scope: "operator",
    title: "Sweeper",
    nav: nav("Sweeper"),
    handler: sweeper,
  },
  {
    method: "get",
    path: "/republish",
    scope: "operator",
    title: REPUBLISH,
    nav: nav("Republish"),
    handler: (c) => republishPage(c, null, null),
  },
  { method: "post", path: "/republish", scope: "operator", title: REPUBLISH, handler: republish },
];
