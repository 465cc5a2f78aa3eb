/** One exception: what each side says beside the others, what to do, and what people have done. */
import type { PropsWithChildren } from "hono/jsx";

import { api, type ApiProblem } from "../client.ts";
import {
  Button, Details, Id, LinkButton, Status, Time, words,
} from "../components.tsx"; // prettier-ignore
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, TextArea } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { NEEDS } from "./accounts.tsx";
import { segment } from "./act.tsx";
import { AccountLink, type Accounts, accountsOf } from "./book-parts.tsx";
import type { WholeExceptionView } from "./book-views.ts";
import { ACTIONS } from "./exception-actions.tsx";
import { Sides } from "./exception-sides.tsx";
import { ageText, Due, EXCEPTIONS, exceptionPath } from "./exceptions.tsx";
import { ObjectLink } from "./object-link.tsx";

const loadException = (c: ConsoleContext) =>
  api<WholeExceptionView>(c, "GET", `/v1/reconciliation/exceptions/${segment(c)}`);

const NOTICES = {
  saved: "Saved.",
  ask_channel: "The channel was asked. The last note says what it answered.",
  refund: "The refund is on its way. The last note says more.",
  accept_late: "The payment counts as paid from now on.",
  adjust: "The books are corrected.",
};

const About = (props: { exception: WholeExceptionView; accounts: Accounts }) => {
  const { exception, accounts } = props;
  const { payment_intent: payment, channel_transaction_id: transaction, run } = exception;
  return (
    <Details
      rows={[
        ["State", <Status status={exception.state} />],
        ["Who", exception.assignee ?? "nobody"],
        ["Age", ageText(exception.age_seconds)],
        ["Due", exception.resolved_at === null ? <Due {...exception} /> : null],
        ["Closed", exception.resolved_at === null ? null : <Time at={exception.resolved_at} />],
        ["Payment", payment === null ? null : <ObjectLink id={payment} />],
        ["Transaction", transaction === null ? null : <Id>{transaction}</Id>],
        ["Account", <AccountLink accounts={accounts} id={exception.channel_account} />],
        ["Found", <Time at={exception.created_at} />],
        ["Found by", run === null ? "the payment itself" : <ObjectLink id={run} />],
        ["Id", <Id>{exception.id}</Id>],
      ]}
    />
  );
};

const Advice = ({ exception }: { exception: WholeExceptionView }) => {
  const { explanation, proposed_fix: fix, actions, id } = exception;
  return (
    <>
      <p>{explanation}</p>
      <h2>What to do</h2>
      <p>{fix}</p>
      {actions.length === 0 ? null : (
        <div class="actions">
          {actions.map((action) => {
            const known = ACTIONS[action];
            return known === undefined ? null : (
              <LinkButton href={`${exceptionPath(id)}/${action}`}>{known.link}</LinkButton>
            );
          })}
        </div>
      )}
    </>
  );
};

const Notes = ({ exception: { notes } }: { exception: WholeExceptionView }) => (
  <section class="part" aria-labelledby="notes">
    <h2 id="notes">Notes</h2>
    {notes.length === 0 ? (
      <p class="quiet">Nobody has written anything yet.</p>
    ) : (
      <ol class="timeline">
        {notes.map(({ at, by, text, action }) => (
          <li>
            <p class="line">
              <span class="what">{action === null ? "Note" : words(action)}</span>
              <Time at={at} />
            </p>
            <p class="said">{text}</p>
            <p class="more">
              <Id>{by}</Id>
            </p>
          </li>
        ))}
      </ol>
    )}
  </section>
);

const FIELDS = ["note", "assignee"];

interface Returned {
  readonly form: Form;
  readonly refusal: Refusal;
}

const isOpen = ({ state }: WholeExceptionView): boolean =>
  state === "open" || state === "acknowledged";

const StateButton = ({ state, children }: PropsWithChildren<{ state: string }>) => (
  <Button needs={NEEDS} kind="plain" name="state" value={state}>
    {children}
  </Button>
);

/** One form: a note, who works on it, and the buttons that change its state. */
function Work(props: {
  exception: WholeExceptionView;
  form: Form | null;
  problem: ApiProblem | null;
}) {
  const { exception, form, problem } = props;
  const open = isOpen(exception);
  return (
    <section class="part" aria-labelledby="work">
      <h2 id="work">{open ? "Work on it" : "Add a note"}</h2>
      <ActionForm action={exceptionPath(exception.id)} label="Work on it">
        <TextArea
          name="note"
          label="Note"
          hint={open ? "Needed to write it off: say why." : "It is closed; notes are still taken."}
          value={form?.raw("note") ?? ""}
          rows={3}
          problem={problem}
        />
        {open ? (
          <Field
            name="assignee"
            label="Who works on it"
            hint="Empty: nobody."
            value={form?.text("assignee") ?? exception.assignee ?? ""}
            maxlength={128}
            problem={problem}
          />
        ) : null}
        <p class="buttons">
          <Button needs={NEEDS}>Save</Button>
          {exception.state === "open" ? (
            <StateButton state="acknowledged">Acknowledge</StateButton>
          ) : null}
          {open ? <StateButton state="resolved">Resolve</StateButton> : null}
          {open ? <StateButton state="written_off">Write off</StateButton> : null}
        </p>
      </ActionForm>
    </section>
  );
}

async function page(c: ConsoleContext, returned: Returned | null) {
  const [answer, accounts] = await Promise.all([loadException(c), accountsOf(c)]);
  if (!answer.ok) return refused(c, answer);
  const exception = answer.body;
  const problem = returned?.refusal.error ?? null;
  return show(
    c,
    {
      title: `Exception: ${words(exception.kind)}`,
      back: EXCEPTIONS,
      wide: true,
      notices: NOTICES,
      status: returned?.refusal.status ?? 200,
    },
    <>
      <Problem problem={problem} fields={FIELDS} />
      <Sides exception={exception} />
      <div class="columns">
        <section class="panel" aria-label="What happened">
          <Advice exception={exception} />
        </section>
        <div class="panel">
          <About exception={exception} accounts={accounts} />
        </div>
      </div>
      <div class="columns">
        <Work exception={exception} form={returned?.form ?? null} problem={problem} />
        <Notes exception={exception} />
      </div>
    </>,
  );
}

/** Only what is meant to change: the assignee stands in the form whatever button is pressed. */
async function save(c: ConsoleContext) {
  const form = await readForm(c);
  const exception = await loadException(c);
  if (!exception.ok) return refused(c, exception);
  const [state, note, assignee] = [form.text("state"), form.text("note"), form.text("assignee")];
  const changed = form.has("assignee") && assignee !== (exception.body.assignee ?? "");
  const body = {
    ...(state === "" ? {} : { state }),
    ...(note === "" ? {} : { note: note.replaceAll("\r\n", "\n") }),
    ...(changed ? { assignee: assignee === "" ? null : assignee } : {}),
  };
  const path = `/v1/reconciliation/exceptions/${segment(c)}`;
  const answer = await api(c, "PATCH", path, body);
  if (answer.ok) return done(c, exceptionPath(segment(c)), "saved");
  c.set("errorCode", answer.error.code);
  return page(c, { form, refusal: answer });
}

export const exceptionDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/exceptions/:id",
    scope: "merchant",
    title: "Exception",
    handler: (c) => page(c, null),
  },
  {
    method: "post",
    path: "/exceptions/:id",
    scope: "merchant",
    title: "Exception",
    handler: save,
  },
];
