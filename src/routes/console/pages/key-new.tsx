/** A new API key. It is shown once, on the answer that made it. */
import { SCOPES } from "../../authenticate.ts";
import { Button, Details, Id, ShownOnce, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Checkboxes, Field, Form as ActionForm, Problem, TextArea } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { type Refusal, show } from "../frame.tsx";
import { AlreadyShown, postOnce, utcTime } from "./act.tsx";
import { KEYS, NEEDS } from "./keys.tsx";
import { linesOf } from "./lines.ts";
import type { KeyView } from "./views.ts";

/** What a scope lets a program do, for whoever has to choose. */
const SCOPE_TEXTS: Readonly<Record<string, string>> = {
  "*": "Everything, keys included (*)",
  "payments:read": "Read payments, refunds, events and accounts (payments:read)",
  "payments:write": "Create and cancel payments (payments:write)",
  "refunds:write": "Refund (refunds:write)",
  "webhooks:write": "Manage webhooks, send events again (webhooks:write)",
  "channels:write": "Manage channel accounts (channels:write)",
  "services:write": "Manage services (services:write)",
  "installs:write": "Manage installs (installs:write)",
  "reports:read": "Read reports, exceptions and the audit log (reports:read)",
};

const scopeOptions = ["*", ...SCOPES].map((name) => [name, SCOPE_TEXTS[name] ?? name] as const);

const FIELDS = ["label", "scopes", "ip_allow", "expires_at"];

function formPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  const mode = c.var.session.principal?.key.livemode === true ? "live" : "test";
  return show(
    c,
    { title: "Create a key", back: KEYS, status: refusal?.status ?? 200 },
    <>
      <p>{`It will be a ${mode} key, as the one that you are signed in with.`}</p>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action="/console/keys" label="Create a key">
        <Field
          name="label"
          label="Label"
          hint="What it is for: “shop backend”, “till 3”."
          value={form?.text("label") ?? ""}
          maxlength={100}
          problem={problem}
        />
        <Checkboxes
          name="scopes"
          label="What it may do"
          hint="As little as the program needs."
          values={form?.all("scopes") ?? []}
          options={scopeOptions}
          problem={problem}
        />
        <TextArea
          name="ip_allow"
          label="Only from these addresses"
          hint="IP addresses or CIDR ranges, one for each line. Empty: from anywhere."
          value={form?.raw("ip_allow") ?? ""}
          rows={3}
          code
          problem={problem}
        />
        <Field
          name="expires_at"
          label="Expires (UTC)"
          hint="Empty: it never does."
          type="datetime-local"
          value={form?.text("expires_at") ?? ""}
          problem={problem}
        />
        <p class="buttons">
          <Button needs={NEEDS}>Create the key</Button>
        </p>
      </ActionForm>
    </>,
  );
}

const newKey: Page = {
  method: "get",
  path: "/keys/new",
  scope: "merchant",
  title: "Create a key",
  handler: (c) => formPage(c, null, null),
};

/** The page with the whole key: there is no other. */
export const shownOnce = (
  c: ConsoleContext,
  title: string,
  key: KeyView & { key: string },
  again: boolean,
) =>
  show(
    c,
    { title, back: KEYS, status: 201 },
    <>
      {again ? (
        <AlreadyShown>
          If nobody has copied it, <a href={`/console/keys/${key.id}/rotate`}>rotate the key</a>.
        </AlreadyShown>
      ) : (
        <ShownOnce label="The new key" secret={key.key} />
      )}
      <Details
        rows={[
          ["Label", key.label],
          ["Begins with", <Id>{key.public_id}</Id>],
          ["Scopes", key.scopes.join(", ")],
          ["From", key.ip_allow.length === 0 ? "anywhere" : key.ip_allow.join(", ")],
          ["Expires", key.expires_at === null ? "never" : <Time at={key.expires_at} />],
        ]}
      />
    </>,
  );

const create: Page = {
  method: "post",
  path: "/keys",
  scope: "merchant",
  title: "Create a key",
  handler: async (c) => {
    const form = await readForm(c);
    const [label, expires] = [form.text("label"), utcTime(form.text("expires_at"))];
    const body = {
      scopes: form.all("scopes"),
      ip_allow: linesOf(form.raw("ip_allow")),
      ...(label === "" ? {} : { label }),
      ...(expires === "" ? {} : { expires_at: expires }),
    };
    const answer = await postOnce<KeyView & { key: string }>(c, "/v1/api-keys", body, form.key);
    if (!answer.ok) return formPage(c, form, answer);
    return shownOnce(c, "The key is made", answer.body, answer.repeated);
  },
};

export const newKeyPages: readonly Page[] = [newKey, create];
