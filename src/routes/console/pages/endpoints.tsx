/** Webhook endpoints: the list, and adding one. Its secret is on the answer that made it, nowhere else. */
import { EVENT_TYPES, EVERY_EVENT } from "../../../webhooks/event-types.ts";
import type { ApiProblem } from "../client.ts";
import { Button, Details, Empty, LinkButton, ShownOnce, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Checkboxes, Field, Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { type Refusal, show } from "../frame.tsx";
import { AlreadyShown, postOnce } from "./act.tsx";
import { type ListPage, showList } from "./list.tsx";
import type { EndpointView } from "./views.ts";

export const ENDPOINTS = { href: "/console/endpoints", label: "Webhook endpoints" };
export const pathOf = (id: string): string => `/console/endpoints/${id}`;
export const NEEDS = "webhooks:write" as const;

export const ENDPOINT_FIELDS = ["url", "description", "enabled_events"];

const eventOptions = [
  [EVERY_EVENT, "Every event, also of later versions (*)"],
  ...EVENT_TYPES.map((type) => [type, type] as const),
] as const;

/** What an endpoint is about: the same fields when it is added and when it is changed. */
export const EndpointFields = (props: {
  url: string;
  description: string;
  events: readonly string[];
  problem: ApiProblem | null;
}) => (
  <>
    <Field
      name="url"
      label="URL"
      hint="https, a public host. Events are posted to it. On a machine of your own, test endpoints may be http://localhost:…"
      type="url"
      value={props.url}
      required
      placeholder="https://shop.example/hooks/itpay"
      problem={props.problem}
    />
    <Field
      name="description"
      label="Description"
      hint="For people; may be empty."
      value={props.description}
      maxlength={500}
      problem={props.problem}
    />
    <Checkboxes
      name="enabled_events"
      label="Events"
      values={props.events}
      options={eventOptions}
      problem={props.problem}
    />
  </>
);

/** “every event”, or how many types. */
const eventsOf = ({ enabled_events: events }: EndpointView): string => {
  if (events.includes(EVERY_EVENT)) return "every event";
  return events.length <= 2 ? events.join(", ") : `${events.length} types`;
};

const add = (
  <LinkButton href="/console/endpoints/new" kind="primary">
    Add an endpoint
  </LinkButton>
);

const TABLE: ListPage<EndpointView>["table"] = {
  caption: "Webhook endpoints",
  columns: [
    {
      head: "URL",
      name: true,
      cell: ({ id, url }) => <a href={`/console/endpoints/${id}`}>{url}</a>,
    },
    { head: "Status", cell: ({ status }) => <Status status={status} /> },
    { head: "Events", cell: eventsOf },
    { head: "Failing since", cell: ({ failing_since: at }) => <Time at={at} /> },
    { head: "Description", cell: ({ description }) => description ?? "–" },
  ],
};

const list: Page = {
  method: "get",
  path: "/endpoints",
  scope: "merchant",
  title: "Webhook endpoints",
  nav: { group: "Developers", label: "Webhooks" },
  handler: (c) =>
    showList(c, {
      title: "Webhook endpoints",
      aside: add,
      notices: { deleted: "The endpoint is removed; what it still had to receive is cancelled." },
      path: "/v1/webhook-endpoints",
      table: TABLE,
      empty: () => (
        <Empty title="Nothing receives your events yet.">
          <p>
            Add the address of your server: payments and refunds are then reported to it the moment
            they change. Until then, <a href="/console/events">the events feed</a> keeps them all.
          </p>
        </Empty>
      ),
    }),
};

function formPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  return show(
    c,
    { title: "Add an endpoint", back: ENDPOINTS, status: refusal?.status ?? 200 },
    <>
      <Problem problem={problem} fields={ENDPOINT_FIELDS} />
      <ActionForm action="/console/endpoints" label="Add an endpoint">
        <EndpointFields
          url={form?.text("url") ?? ""}
          description={form?.text("description") ?? ""}
          events={form?.all("enabled_events") ?? [EVERY_EVENT]}
          problem={problem}
        />
        <p class="buttons">
          <Button needs={NEEDS}>Add the endpoint</Button>
        </p>
      </ActionForm>
    </>,
  );
}

type WithSecret = EndpointView & { readonly secret: string };

/** The page with a signing secret: there is no other. */
export const secretPage = (
  c: ConsoleContext,
  title: string,
  endpoint: WithSecret,
  repeated: boolean,
  status: 200 | 201,
) =>
  show(
    c,
    { title, back: ENDPOINTS, status },
    <>
      {repeated ? (
        <AlreadyShown>
          If nobody has copied it,{" "}
          <a href={`/console/endpoints/${endpoint.id}/rotate`}>make a new secret</a>.
        </AlreadyShown>
      ) : (
        <ShownOnce label="Signing secret" secret={endpoint.secret} />
      )}
      <p>Your server checks with it that an event comes from here: see the guide to webhooks.</p>
      <Details
        rows={[
          ["URL", endpoint.url],
          ["Events", endpoint.enabled_events.join(", ")],
        ]}
      />
      <p>
        <LinkButton href={`/console/endpoints/${endpoint.id}`}>Open the endpoint</LinkButton>
      </p>
    </>,
  );

const create: Page = {
  method: "post",
  path: "/endpoints",
  scope: "merchant",
  title: "Add an endpoint",
  handler: async (c) => {
    const form = await readForm(c);
    const description = form.text("description");
    const body = {
      url: form.text("url"),
      enabled_events: form.all("enabled_events"),
      ...(description === "" ? {} : { description }),
    };
    const answer = await postOnce<WithSecret>(c, "/v1/webhook-endpoints", body, form.key);
    if (!answer.ok) return formPage(c, form, answer);
    return secretPage(c, "The endpoint is added", answer.body, answer.repeated, 201);
  },
};

export const endpointPages: readonly Page[] = [
  list,
  {
    method: "get",
    path: "/endpoints/new",
    scope: "merchant",
    title: "Add an endpoint",
    handler: (c) => formPage(c, null, null),
  },
  create,
];
