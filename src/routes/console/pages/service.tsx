/** One service: what it is now, whether it could be active, and what it was. */
import { channelName } from "../../../channels/registry.ts";
import { api, type ApiList } from "../client.ts";
import {
  Button,
  Copy,
  Details,
  Disclosure,
  Empty,
  Id,
  Json,
  LinkButton,
  Status,
  Table,
  Time,
} from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem } from "../fields.tsx";
import { readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { confirmation, segment } from "./act.tsx";
import { listOf, Pages } from "./list.tsx";
import { manifestOf } from "./service-edit.tsx";
import { NEEDS, priceText, SERVICES } from "./services.tsx";
import type { ServiceVersionView, ServiceView, ValidationView } from "./views.ts";

const NOTICES = {
  registered: "The service is a draft. Check it, then activate it.",
  saved: "Saved.",
  activated: "The service is active: it is found, and payments can name it.",
  deactivated: "The service is out of force: no new payment can name it. Open ones go on.",
};

const pathOf = (id: string): string => `/console/services/${id}`;
const apiPath = (c: ConsoleContext, action = ""): string => `/v1/services/${segment(c)}${action}`;

const Actions = ({ service }: { service: ServiceView }) => (
  <div class="actions">
    {service.status === "active" ? null : (
      <ActionForm action={`${pathOf(service.id)}/activate`} class="inline">
        <Button needs={NEEDS}>Activate</Button>
      </ActionForm>
    )}
    <ActionForm action={`${pathOf(service.id)}/validate`} class="inline">
      <Button kind="plain">Check</Button>
    </ActionForm>
    <LinkButton href={`${pathOf(service.id)}/edit`}>Change</LinkButton>
    {service.status === "active" ? (
      <LinkButton href={`${pathOf(service.id)}/deactivate`}>Deactivate</LinkButton>
    ) : null}
  </div>
);

const Findings = ({ id, check }: { id: string; check: ValidationView }) => (
  <section class="panel" aria-labelledby="findings" id="check">
    <h2 id="findings">
      {check.valid ? "The service can be active" : "The service cannot be active yet"}
    </h2>
    {check.issues.length === 0 ? (
      <p>There is nothing to be said against it.</p>
    ) : (
      <ul>
        {check.issues.map(({ path, message, severity }) => (
          <li>
            <strong>{severity === "error" ? "Error" : "Note"}</strong> <code>{path}</code> {message}
          </li>
        ))}
      </ul>
    )}
    {check.valid ? null : (
      <p>
        <LinkButton href={`${pathOf(id)}/edit?check=1`}>Correct them in the form</LinkButton>
      </p>
    )}
  </section>
);

const Prices = ({ service }: { service: ServiceView }) => (
  <section class="part" aria-labelledby="prices">
    <h2 id="prices">Prices</h2>
    {service.pricing.one_time.length === 0 ? (
      <p>No one-time price: nobody can pay it yet.</p>
    ) : (
      <Table
        caption="Prices"
        rows={service.pricing.one_time}
        columns={[
          { head: "Id", name: true, cell: ({ id }) => <Id>{id}</Id> },
          { head: "For buyers", cell: ({ label }) => label ?? "–" },
          { head: "Price", number: true, cell: priceText },
        ]}
      />
    )}
  </section>
);

const Versions = (props: { c: ConsoleContext; list: ApiList<ServiceVersionView> }) => (
  <section class="part" aria-labelledby="versions">
    <h2 id="versions">Versions that were in force</h2>
    {props.list.data.length === 0 ? (
      <Empty title="None yet.">
        <p>The first one is kept when the service is activated.</p>
      </Empty>
    ) : (
      <Table
        caption="Versions, newest first"
        rows={props.list.data}
        columns={[
          { head: "Version", name: true, cell: ({ version }) => version },
          { head: "In force since", cell: ({ created_at: at }) => <Time at={at} /> },
          {
            head: "Manifest",
            cell: ({ version, manifest }) => (
              <Disclosure summary={`Manifest ${version}`}>
                <Json value={manifest} label={`Manifest ${version}`} />
              </Disclosure>
            ),
          },
        ]}
      />
    )}
    <Pages c={props.c} list={props.list} />
  </section>
);

async function servicePage(
  c: ConsoleContext,
  extra: { readonly check?: ValidationView; readonly refusal?: Refusal },
) {
  // The versions are for the owner only: another merchant's service has no page here.
  const [answer, versions] = await Promise.all([
    api<ServiceView>(c, "GET", apiPath(c)),
    listOf<ServiceVersionView>(c, apiPath(c, "/versions"), { limit: 10 }),
  ]);
  if (!versions.ok) return refused(c, versions);
  if (!answer.ok) return refused(c, answer);
  const service = answer.body;
  return show(
    c,
    {
      title: service.name,
      back: SERVICES,
      notices: NOTICES,
      status: extra.refusal?.status ?? 200,
    },
    <>
      <Problem problem={extra.refusal?.error} />
      {(extra.refusal?.error.issues.length ?? 0) === 0 ? null : (
        <p>
          <LinkButton href={`${pathOf(service.id)}/edit?check=1`}>
            Correct them in the form
          </LinkButton>
        </p>
      )}
      {extra.check === undefined ? null : <Findings id={service.id} check={extra.check} />}
      <div class="panel">
        <Details
          rows={[
            ["Status", <Status status={service.status} />],
            ["Service id", <Copy text={service.id} />],
            ["Version", service.version],
            ["Offered by", service.provider.display_name],
            ["Description", service.description],
            ["Channels", service.accepted_channels.map(channelName).join(", ")],
            ["Settled in", service.settlement_currency],
            ["Endpoint", <code>{service.endpoint}</code>],
            [
              "Webhook URL",
              service.webhook_url === undefined ? null : <code>{service.webhook_url}</code>,
            ],
            ["Tags", service.tags.length === 0 ? null : service.tags.join(", ")],
            ["Changed", <Time at={service.updated_at} />],
          ]}
        />
      </div>
      <Actions service={service} />
      <Prices service={service} />
      <Disclosure summary="The whole manifest">
        <Json value={manifestOf(service)} label="Manifest" />
      </Disclosure>
      <Versions c={c} list={versions.body} />
    </>,
  );
}

const deactivate = confirmation<ServiceView>({
  path: "/services/:id/deactivate",
  scope: "merchant",
  title: "Deactivate the service",
  load: (c) => api<ServiceView>(c, "GET", apiPath(c)),
  back: ({ id, name }) => ({ href: pathOf(id), label: name }),
  button: "Deactivate",
  needs: NEEDS,
  ask: ({ name }) => (
    <p>
      <strong>{name}</strong> is no longer found, and within 10 seconds no new payment can name it.
      Open payments go on. It can be activated again.
    </p>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "PATCH", apiPath(c, "/deactivate"), {});
    return answer.ok ? done(c, pathOf(id), "deactivated") : answer;
  },
});

const activate: Page = {
  method: "post",
  path: "/services/:id/activate",
  scope: "merchant",
  title: "Activate the service",
  handler: async (c) => {
    await readForm(c);
    const answer = await api(c, "PATCH", apiPath(c, "/activate"), {});
    if (answer.ok) return done(c, pathOf(segment(c)), "activated");
    return servicePage(c, { refusal: answer });
  },
};

const validate: Page = {
  method: "post",
  path: "/services/:id/validate",
  scope: "merchant",
  title: "Check the service",
  handler: async (c) => {
    await readForm(c);
    const answer = await api<ValidationView>(c, "POST", apiPath(c, "/validate"), {});
    return servicePage(c, answer.ok ? { check: answer.body } : { refusal: answer });
  },
};

export const serviceDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/services/:id",
    scope: "merchant",
    title: "Service",
    handler: (c) => servicePage(c, {}),
  },
  activate,
  validate,
  ...deactivate,
];
