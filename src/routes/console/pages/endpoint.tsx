/** One webhook endpoint: its settings, what was sent to it, and sending again what it missed. */
import { api, type ApiList, type ApiProblem } from "../client.ts";
import { Button, Copy, Details, LinkButton, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { Deliveries } from "./deliveries.tsx";
import { ENDPOINT_FIELDS, EndpointFields, ENDPOINTS, NEEDS, pathOf } from "./endpoints.tsx";
import { listOf } from "./list.tsx";
import { REPLAY_FIELDS, ReplayForm } from "./replay-form.tsx";
import type { DeliveryView, EndpointView, JobView } from "./views.ts";

const REASONS: Readonly<Record<string, string>> = {
  by_merchant: "switched off here",
  gone: "it answered 410 Gone",
  failing: "nothing but failures for 5 days",
};

const NOTICES = {
  saved: "Saved.",
  enabled: "The endpoint is enabled. Replay what it missed, if it was off for long.",
  disabled: "The endpoint is disabled; what it still had to receive is cancelled.",
  tested: "A test event is on its way; reload in a moment to see how it went.",
  redelivered: "The event is on its way again.",
};

/** What came back with one of the page's forms. */
export interface Returned {
  readonly which: "settings" | "replay" | "action";
  readonly form: Form | null;
  readonly refusal: Refusal;
}

const Summary = ({ endpoint }: { endpoint: EndpointView }) => (
  <Details
    rows={[
      ["Status", <Status status={endpoint.status} />],
      [
        "Because",
        endpoint.disabled_reason === null
          ? null
          : (REASONS[endpoint.disabled_reason] ?? endpoint.disabled_reason),
      ],
      ["Id", <Copy text={endpoint.id} />],
      [
        "Failing since",
        endpoint.failing_since === null ? null : <Time at={endpoint.failing_since} />,
      ],
      ["Added", <Time at={endpoint.created_at} />],
    ]}
  />
);

const Actions = ({ endpoint }: { endpoint: EndpointView }) => (
  <div class="actions">
    {endpoint.status === "enabled" ? (
      <>
        <ActionForm action={`${pathOf(endpoint.id)}/test`} class="inline">
          <Button needs={NEEDS} kind="plain">
            Send a test event
          </Button>
        </ActionForm>
        <LinkButton href={`${pathOf(endpoint.id)}/disable`}>Disable</LinkButton>
      </>
    ) : (
      <ActionForm action={`${pathOf(endpoint.id)}/enable`} class="inline">
        <Button needs={NEEDS}>Enable</Button>
      </ActionForm>
    )}
    <LinkButton href={`${pathOf(endpoint.id)}/rotate`}>New secret</LinkButton>
    <LinkButton href={`${pathOf(endpoint.id)}/delete`}>Remove</LinkButton>
  </div>
);

const Settings = (props: {
  endpoint: EndpointView;
  form: Form | null;
  problem: ApiProblem | null;
}) => {
  const { endpoint, form, problem } = props;
  return (
    <ActionForm action={pathOf(endpoint.id)} label="Settings">
      <EndpointFields
        url={form?.text("url") ?? endpoint.url}
        description={form?.text("description") ?? endpoint.description ?? ""}
        events={form?.all("enabled_events") ?? endpoint.enabled_events}
        problem={problem}
      />
      <p class="buttons">
        <Button needs={NEEDS}>Save</Button>
      </p>
    </ActionForm>
  );
};

const Replays = ({ jobs }: { jobs: readonly JobView[] }) =>
  jobs.length === 0 ? null : (
    <>
      <h3>Earlier replays</h3>
      <ul>
        {jobs.map(({ id, state, created_at: at }) => (
          <li>
            <a href={`/console/jobs/${id}`}>
              <Time at={at} />
            </a>{" "}
            <Status status={state} />
          </li>
        ))}
      </ul>
    </>
  );

/** The page, also when one of its forms came back with what the API said about it. */
export async function endpointPage(c: ConsoleContext, returned: Returned | null) {
  const id = segment(c);
  const [endpoint, deliveries, replays] = await Promise.all([
    api<EndpointView>(c, "GET", `/v1/webhook-endpoints/${id}`),
    listOf<DeliveryView>(c, `/v1/webhook-endpoints/${id}/deliveries`, { limit: 10 }),
    api<ApiList<JobView>>(c, "GET", "/v1/jobs", undefined, { query: { target: id, limit: 5 } }),
  ]);
  if (!endpoint.ok) return refused(c, endpoint);
  if (!deliveries.ok) return refused(c, deliveries);
  const of = (which: Returned["which"]) => (returned?.which === which ? returned : null);
  const status = returned?.refusal.status ?? 200;
  return show(
    c,
    { title: endpoint.body.url, back: ENDPOINTS, wide: true, status, notices: NOTICES },
    <>
      <Problem
        problem={returned?.refusal.error}
        fields={returned?.which === "replay" ? REPLAY_FIELDS : ENDPOINT_FIELDS}
      />
      <div class="panel">
        <Summary endpoint={endpoint.body} />
      </div>
      <Actions endpoint={endpoint.body} />
      <Deliveries c={c} id={id} list={deliveries.body} />
      <section class="part narrow" aria-labelledby="replay">
        <h2 id="replay">Replay</h2>
        <ReplayForm
          endpoint={endpoint.body}
          form={of("replay")?.form ?? null}
          problem={of("replay")?.refusal.error ?? null}
        />
        {replays.ok ? <Replays jobs={replays.body.data} /> : null}
      </section>
      <section class="part narrow" aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        <Settings
          endpoint={endpoint.body}
          form={of("settings")?.form ?? null}
          problem={of("settings")?.refusal.error ?? null}
        />
      </section>
    </>,
  );
}

const save: Page = {
  method: "post",
  path: "/endpoints/:id",
  scope: "merchant",
  title: "Webhook endpoint",
  handler: async (c) => {
    const form = await readForm(c);
    const description = form.text("description");
    const answer = await api(c, "PATCH", `/v1/webhook-endpoints/${segment(c)}`, {
      url: form.text("url"),
      description: description === "" ? null : description,
      enabled_events: form.all("enabled_events"),
    });
    if (answer.ok) return done(c, pathOf(segment(c)), "saved");
    return endpointPage(c, { which: "settings", form, refusal: answer });
  },
};

export const endpointDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/endpoints/:id",
    scope: "merchant",
    title: "Webhook endpoint",
    handler: (c) => endpointPage(c, null),
  },
  save,
];
