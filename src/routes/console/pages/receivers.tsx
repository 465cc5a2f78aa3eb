/** Operators: how the platform's fee is taken from a channel account – as a share, or by invoice. */
import { RECEIVERS } from "../../../settlement/splits.ts";
import { api } from "../client.ts";
import { Button, Details, Id } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";

interface ReceiverView {
  readonly channel_account: string;
  readonly settlement_method: "channel_split" | "invoice";
  readonly receiver: {
    readonly type: string;
    readonly account: string;
    readonly name?: string | null;
  } | null;
}

const TITLE = "Receiver of shares";
const HERE = "/console/receivers";
const FIELD = "channel_account";

/** As in `segment` of act.tsx: nothing typed reaches another route. */
const idOf = (text: string): string => (/^[\w-]{1,64}$/.test(text) ? text : "none");

const apiPath = (id: string): string => `/v1/admin/channel-accounts/${idOf(id)}/split`;

const Choose = ({ value, refusal }: { value: string; refusal: Refusal | null }) => (
  <form method="get" action={HERE} class="filters" aria-label="Channel account">
    <div class="field search">
      <Field
        name={FIELD}
        label="Channel account"
        value={value}
        placeholder="ca_…"
        maxlength={64}
        required
        problem={refusal?.error ?? null}
      />
    </div>
    <div class="buttons">
      <button class="primary">Show</button>
    </div>
  </form>
);

const TYPES = Object.entries(RECEIVERS).flatMap(([channel, types]) =>
  Object.keys(types).map((type) => [type, `${type} (${channel})`] as const),
);

const FIELDS = ["receiver.type", "receiver.account", "receiver.name"];

function Receiver(props: { state: ReceiverView; form: Form | null; refusal: Refusal | null }) {
  const { state, form, refusal } = props;
  const problem = refusal?.error ?? null;
  const { receiver, channel_account: id } = state;
  return (
    <>
      <div class="panel">
        <Details
          rows={[
            ["Account", <Id>{id}</Id>],
            ["Fee", receiver === null ? "invoiced every month" : "taken as a share at the channel"],
          ]}
        />
      </div>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={HERE} label={TITLE}>
        <input type="hidden" name={FIELD} value={id} />
        <Select
          name="receiver.type"
          label="Type"
          hint="None: the fee is invoiced."
          value={form?.text("receiver.type") ?? receiver?.type ?? ""}
          options={[["", "No receiver"], ...TYPES]}
          problem={problem}
        />
        <Field
          name="receiver.account"
          label="Number or login name at the channel"
          value={form?.text("receiver.account") ?? receiver?.account ?? ""}
          maxlength={100}
          problem={problem}
        />
        <Field
          name="receiver.name"
          label="Name"
          hint="As it is registered there; optional where the channel does not ask for it."
          value={form?.text("receiver.name") ?? receiver?.name ?? ""}
          maxlength={256}
          problem={problem}
        />
        <p class="buttons">
          <Button>Save</Button>
        </p>
      </ActionForm>
    </>
  );
}

async function page(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const id = form?.text(FIELD) ?? c.req.query(FIELD)?.trim() ?? "";
  const answer = id === "" ? null : await api<ReceiverView>(c, "GET", apiPath(id));
  const missing = answer === null || answer.ok ? null : answer;
  return show(
    c,
    {
      title: TITLE,
      status: refusal?.status ?? missing?.status ?? 200,
      notices: {
        saved:
          "Saved. New payments of the account have it within 10 seconds; others keep their way.",
      },
    },
    <>
      <p>
        With a receiver, payments of the account are ordered with profit sharing, and the platform's
        fee is taken at the channel after they were paid. The receiver has to be on the merchant's
        list of receivers there.
      </p>
      <Problem problem={missing?.error} fields={[FIELD]} />
      <Choose value={id} refusal={missing} />
      {answer?.ok === true ? <Receiver state={answer.body} form={form} refusal={refusal} /> : null}
    </>,
  );
}

async function save(c: ConsoleContext) {
  const form = await readForm(c);
  const id = form.text(FIELD);
  const [type, account, name] = FIELDS.map((field) => form.text(field));
  const receiver = type === "" ? null : { type, account, name: name === "" ? null : name };
  const answer = await api(c, "PUT", apiPath(id), { receiver });
  if (!answer.ok) return page(c, form, answer);
  return done(c, `${HERE}?${FIELD}=${idOf(id)}`, "saved");
}

export const receiverPages: readonly Page[] = [
  {
    method: "get",
    path: "/receivers",
    scope: "operator",
    title: TITLE,
    nav: { group: "Books", label: "Shares" },
    handler: (c) => page(c, null, null),
  },
  { method: "post", path: "/receivers", scope: "operator", title: TITLE, handler: save },
];
