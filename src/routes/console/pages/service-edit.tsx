/** Registering a service and changing it: by a form for what most need, or as JSON for everything. */
import { api, type ApiAnswer, type ApiList, type ApiProblem } from "../client.ts";
import { Button } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem, TextArea } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { localRefusal, segment } from "./act.tsx";
import {
  EMPTY,
  manifestFrom,
  type ManifestTyped,
  nextVersion,
  readTyped,
  typedFrom,
} from "./manifest-form.ts";
import { ServiceFields, serviceFieldNames } from "./service-fields.tsx";
import { NEEDS, SERVICES } from "./services.tsx";
import type { ChannelView, ManifestView, ServiceView, ValidationView } from "./views.ts";

const JSON_FIELD = "manifest";

/** Null: a new one. */
type Base = ServiceView | null;

/** The manifest without what the gateway adds. */
export function manifestOf(service: ServiceView): ManifestView {
  const {
    id: _i,
    object: _o,
    livemode: _l,
    status: _s,
    created_at: _c,
    updated_at: _u,
    ...own
  } = service;
  return own;
}

/** A published version stays as it is, so the next one is filled in. */
function startOf(base: Base): ManifestView | null {
  if (base === null) return null;
  const manifest = manifestOf(base);
  return base.status === "draft"
    ? manifest
    : { ...manifest, version: nextVersion(manifest.version) };
}

/** What is typed so far, in the way it is typed. */
type Draft =
  | { readonly as: "form"; readonly typed: ManifestTyped }
  | { readonly as: "json"; readonly text: string };

const draftOf = (as: string, start: ManifestView | null): Draft =>
  as === "json"
    ? { as: "json", text: start === null ? "" : JSON.stringify(start, null, 2) }
    : { as: "form", typed: start === null ? EMPTY : typedFrom(start) };

const pathOf = (base: Base): string =>
  base === null ? "/console/services" : `/console/services/${base.id}`;

const editPath = (base: Base): string =>
  base === null ? "/console/services/new" : `/console/services/${base.id}/edit`;

async function editPage(c: ConsoleContext, base: Base, draft: Draft, refusal: Refusal | null) {
  const channels = await api<ApiList<ChannelView>>(c, "GET", "/v1/channels");
  if (!channels.ok) return refused(c, channels);
  const problem = refusal?.error ?? null;
  const back = base === null ? SERVICES : { href: pathOf(base), label: base.name };
  const other = draft.as === "json" ? "form" : "json";
  return show(
    c,
    {
      title: base === null ? "Register a service" : `Change ${base.name}`,
      back,
      status: refusal?.status ?? 200,
      aside: (
        <a href={`${editPath(base)}?as=${other}`}>
          {other === "json" ? "Edit as JSON" : "Edit as a form"}
        </a>
      ),
    },
    <>
      {base?.status === "active" ? (
        <p class="note">The service is active: what you save is in force at once.</p>
      ) : null}
      <Problem
        problem={problem}
        fields={draft.as === "json" ? [JSON_FIELD] : serviceFieldNames(draft.typed)}
      />
      <ActionForm action={pathOf(base)} label="Service">
        <input type="hidden" name="as" value={draft.as} />
        {draft.as === "json" ? (
          <JsonField text={draft.text} problem={problem} />
        ) : (
          <ServiceFields typed={draft.typed} channels={channels.body.data} problem={problem} />
        )}
        <p class="buttons">
          <Button needs={NEEDS}>{base === null ? "Save as a draft" : "Save"}</Button>
        </p>
      </ActionForm>
    </>,
  );
}

const JsonField = ({ text, problem }: { text: string; problem: ApiProblem | null }) => (
  <TextArea
    name={JSON_FIELD}
    label="Manifest (JSON)"
    hint="Everything that a manifest can hold; the API reference describes each member. Amounts are in minor units."
    value={text}
    rows={24}
    code
    required
    problem={problem}
  />
);

/** What keeps the service from being active, at its fields; null: nothing does. Changes nothing. */
async function faultsOf(c: ConsoleContext): Promise<Refusal | null> {
  const path = `/v1/services/${segment(c)}/validate`;
  const answer = await api<ValidationView>(c, "POST", path, {});
  if (!answer.ok) return answer;
  const issues = answer.body.issues.filter(({ severity }) => severity === "error");
  if (issues.length === 0) return null;
  return { ...localRefusal(c, "The service cannot be active yet.", issues), status: 200 };
}

/** Every issue of a text is the text's: the summary above it names the member. */
const underText = (refusal: Refusal): Refusal => ({
  ...refusal,
  error: {
    ...refusal.error,
    issues: refusal.error.issues.map(({ path, message }) => ({
      path: path === "" ? JSON_FIELD : `${JSON_FIELD}.${path}`,
      message: `${path === "" ? "" : `${path} `}${message}`,
    })),
  },
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Sender = (manifest: unknown) => Promise<ApiAnswer<ServiceView>>;

async function save(c: ConsoleContext, base: Base, form: Form, send: Sender) {
  if (form.text("as") === "json") {
    const text = form.raw(JSON_FIELD);
    const draft: Draft = { as: "json", text };
    const manifest = parseJson(text);
    if (manifest === undefined) {
      const issues = [{ path: JSON_FIELD, message: "is not valid JSON" }];
      return editPage(c, base, draft, localRefusal(c, "This is not JSON.", issues));
    }
    const answer = await send(manifest);
    return answer.ok ? answer.body : editPage(c, base, draft, underText(answer));
  }
  const typed = readTyped(form);
  const { manifest, issues } = manifestFrom(typed, base === null ? null : manifestOf(base));
  const draft: Draft = { as: "form", typed };
  if (issues.length > 0) {
    return editPage(c, base, draft, localRefusal(c, "Some amounts are not amounts.", issues));
  }
  const answer = await send(manifest);
  return answer.ok ? answer.body : editPage(c, base, draft, answer);
}

const loadOwn = (c: ConsoleContext) => api<ServiceView>(c, "GET", `/v1/services/${segment(c)}`);

const create: Page = {
  method: "post",
  path: "/services",
  scope: "merchant",
  title: "Register a service",
  handler: async (c) => {
    const form = await readForm(c);
    const saved = await save(c, null, form, (manifest) =>
      api<ServiceView>(c, "POST", "/v1/services", manifest, { key: form.key }),
    );
    return saved instanceof Response ? saved : done(c, pathOf(saved), "registered");
  },
};

const change: Page = {
  method: "post",
  path: "/services/:id",
  scope: "merchant",
  title: "Change a service",
  handler: async (c) => {
    const form = await readForm(c);
    const base = await loadOwn(c);
    if (!base.ok) return refused(c, base);
    const saved = await save(c, base.body, form, (manifest) =>
      api<ServiceView>(c, "PATCH", `/v1/services/${segment(c)}`, manifest),
    );
    return saved instanceof Response ? saved : done(c, pathOf(saved), "saved");
  },
};

export const serviceEditPages: readonly Page[] = [
  {
    method: "get",
    path: "/services/new",
    scope: "merchant",
    title: "Register a service",
    handler: (c) => editPage(c, null, draftOf(c.req.query("as") ?? "", null), null),
  },
  {
    method: "get",
    path: "/services/:id/edit",
    scope: "merchant",
    title: "Change a service",
    handler: async (c) => {
      const base = await loadOwn(c);
      if (!base.ok) return refused(c, base);
      const draft = draftOf(c.req.query("as") ?? "", startOf(base.body));
      const isChecked = c.req.query("check") !== undefined && draft.as === "form";
      return editPage(c, base.body, draft, isChecked ? await faultsOf(c) : null);
    },
  },
  create,
  change,
];
