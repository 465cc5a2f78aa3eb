/** API keys: who may do what from where. A new key is shown once, on the answer that made it. */
import { SCOPES } from "../../authenticate.ts";
import { api, type ApiProblem } from "../client.ts";
import { Details, Empty, Id, LinkButton, ShownOnce, Status, Table, Time } from "../components.tsx";
import { Button } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Checkboxes, Field, Form as ActionForm, Problem, Select, TextArea } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, show } from "../frame.tsx";
import { AlreadyShown, confirmation, listOf, Pages, postOnce, segment, utcTime } from "./act.tsx";
import { linesOf } from "./lines.ts";
import type { KeyView } from "./views.ts";

const BACK = { href: "/console/keys", label: "API keys" };
const MANAGER = "*" as const;

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

const nameOf = ({ label, public_id }: KeyView): string => label ?? public_id;

const list: Page = {
  method: "get",
  path: "/keys",
  scope: "merchant",
  title: "API keys",
  nav: { group: "Developers", label: "API keys" },
  handler: async (c) => {
    const answer = await listOf<KeyView>(c, "/v1/api-keys");
    if (!answer.ok) return refused(c, answer);
    const own = c.var.session.principal?.key.id;
    const aside = (
      <LinkButton href="/console/keys/new" kind="primary">
        Create a key
      </LinkButton>
    );
    return show(
      c,
      {
        title: "API keys",
        aside,
        wide: true,
        notices: { revoked: "The key is revoked. It stops working everywhere within 10 seconds." },
      },
      <>
        {answer.body.data.length === 0 ? (
          <Empty title="No keys on this page.">
            <p>Create one for each program that talks to the API, with only the scopes it needs.</p>
          </Empty>
        ) : (
          <Table
            caption="API keys"
            rows={answer.body.data}
            columns={[
              {
                head: "Key",
                name: true,
                cell: (key) => (
                  <>
                    {key.label === null ? null : <>{key.label} </>}
                    <Id>{key.public_id}…</Id>
                    {key.id === own ? (
                      <small class="quiet"> you are signed in with it</small>
                    ) : null}
                  </>
                ),
              },
              { head: "Status", cell: ({ status }) => <Status status={status} /> },
              { head: "Scopes", cell: ({ scopes }) => scopes.join(", ") },
              {
                head: "From",
                cell: ({ ip_allow: ranges }) =>
                  ranges.length === 0 ? <span class="quiet">anywhere</span> : ranges.join(", "),
              },
              { head: "Last used", cell: ({ last_used_at: at }) => <Time at={at} /> },
              { head: "Expires", cell: ({ expires_at: at }) => <Time at={at} /> },
              {
                head: "Actions",
                cell: (key) =>
                  key.status === "active" ? (
                    <span class="actions">
                      <a
                        href={`/console/keys/${key.id}/rotate`}
                        aria-label={`Rotate ${nameOf(key)}`}
                      >
                        Rotate
                      </a>
                      <a
                        href={`/console/keys/${key.id}/revoke`}
                        aria-label={`Revoke ${nameOf(key)}`}
                      >
                        Revoke
                      </a>
                    </span>
                  ) : (
                    <span class="quiet">none</span>
                  ),
              },
            ]}
          />
        )}
        <Pages c={c} list={answer.body} />
      </>,
    );
  },
};

const FIELDS = ["label", "scopes", "ip_allow", "expires_at"];

function formPage(c: ConsoleContext, form: Form | null, refusal: Failed | null) {
  const problem = refusal?.error ?? null;
  const mode = c.var.session.principal?.key.livemode === true ? "live" : "test";
  return show(
    c,
    { title: "Create a key", back: BACK, status: refusal?.status ?? 200 },
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
          <Button needs={MANAGER}>Create the key</Button>
        </p>
      </ActionForm>
    </>,
  );
}

interface Failed {
  readonly status: number;
  readonly error: ApiProblem;
}

const newKey: Page = {
  method: "get",
  path: "/keys/new",
  scope: "merchant",
  title: "Create a key",
  handler: (c) => formPage(c, null, null),
};

/** The page with the whole key: there is no other. */
const shown = (c: ConsoleContext, title: string, key: KeyView & { key: string }, again: boolean) =>
  show(
    c,
    { title, back: BACK, status: 201 },
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
    return shown(c, "The key is made", answer.body, answer.repeated);
  },
};

const load = (c: ConsoleContext) => api<KeyView>(c, "GET", `/v1/api-keys/${segment(c)}`);

const OVERLAPS = [
  ["0", "End it at once"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

const rotate = confirmation<KeyView>({
  path: "/keys/:id/rotate",
  scope: "merchant",
  title: "Rotate a key",
  load,
  back: () => BACK,
  button: "Rotate the key",
  kind: "primary",
  needs: MANAGER,
  fields: ["overlap_seconds"],
  ask: (key, { problem, form }) => (
    <>
      <p>
        A new key with the same rights takes the place of <strong>{nameOf(key)}</strong> (
        <Id>{key.public_id}…</Id>). Both work until the overlap is over.
      </p>
      <Select
        name="overlap_seconds"
        label="The old key works on for"
        value={form?.text("overlap_seconds") ?? "86400"}
        options={OVERLAPS}
        problem={problem}
      />
    </>
  ),
  act: async (c, { id }, form) => {
    const seconds = form.text("overlap_seconds");
    const body = { overlap_seconds: /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds };
    const path = `/v1/api-keys/${id}/rotate`;
    const answer = await postOnce<KeyView & { key: string }>(c, path, body, form.key);
    return answer.ok ? shown(c, "The key is rotated", answer.body, answer.repeated) : answer;
  },
});

const revoke = confirmation<KeyView>({
  path: "/keys/:id/revoke",
  scope: "merchant",
  title: "Revoke a key",
  load,
  back: () => BACK,
  button: "Revoke the key",
  needs: MANAGER,
  ask: (key, { c }) => (
    <>
      <p>
        Every request with <strong>{nameOf(key)}</strong> (<Id>{key.public_id}…</Id>) will be
        refused, everywhere within 10 seconds. This cannot be taken back.
      </p>
      {c.var.session.principal?.key.id === key.id ? (
        <p class="refused">You are signed in with this key: your session ends too.</p>
      ) : null}
      <Details
        rows={[
          ["Scopes", key.scopes.join(", ")],
          ["Last used", <Time at={key.last_used_at} />],
        ]}
      />
    </>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "DELETE", `/v1/api-keys/${id}`);
    return answer.ok ? done(c, "/console/keys", "revoked") : answer;
  },
});

export const keyPages: readonly Page[] = [list, newKey, create, ...rotate, ...revoke];
