/** Operators: messages that a queue gave up on, and a payment's copy made anew. */
import { api } from "../client.ts";
import { Button, Empty, Id, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { listOf, Pages } from "./list.tsx";
import { sweeperPage } from "./sweeper.tsx";
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
  sweeperPage,
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
