/** The events feed: everything that happened, whether or not somebody was told. */
import { EVENT_TYPES, TEST_EVENT_TYPE } from "../../../webhooks/event-types.ts";
import { api, type ApiList } from "../client.ts";
import { Button, Details, Empty, Id, Json, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem, Select } from "../fields.tsx";
import { readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { listOf, Pages, segment } from "./act.tsx";
import { FilterForm } from "./filters.tsx";
import type { EventView } from "./views.ts";

const BACK = { href: "/console/events", label: "Events" };
const TYPES = [...EVENT_TYPES, TEST_EVENT_TYPE];

/** Where an object that events speak of has a page. */
const PLACES: readonly (readonly [RegExp, (id: string) => string])[] = [
  [/^pi_\w+$/, (id) => `/console/payments/${id}`],
  [/^ca_\w+$/, (id) => `/console/accounts/${id}`],
  [/^we_\w+$/, (id) => `/console/endpoints/${id}`],
  [/^svc_\w+$/, (id) => `/console/services/${id}`],
];

/** The id, as a link where there is a page about it. */
export function ObjectLink({ id }: { id: string }) {
  const place = PLACES.find(([form]) => form.test(id));
  if (place === undefined) return <Id>{id}</Id>;
  return (
    <a href={place[1](id)}>
      <Id>{id}</Id>
    </a>
  );
}

const objectOf = ({ data }: EventView): string => {
  const { id, payment_intent: payment } = data;
  return typeof payment === "string" ? payment : typeof id === "string" ? id : "";
};

async function list(c: ConsoleContext) {
  const type = TYPES.find((one) => one === c.req.query("type")) ?? "";
  const answer = await listOf<EventView>(c, "/v1/events", { type });
  if (!answer.ok) return refused(c, answer);
  return show(
    c,
    { title: "Events", wide: true },
    <>
      <FilterForm action="/console/events" label="Events">
        <Select
          name="type"
          label="Type"
          value={type}
          options={[["", "All"], ...TYPES.map((one) => [one, one] as const)]}
        />
      </FilterForm>
      <Found list={answer.body} filtered={type !== ""} />
      <Pages c={c} list={answer.body} filters={{ type }} />
    </>,
  );
}

function Found({ list: { data }, filtered }: { list: ApiList<EventView>; filtered: boolean }) {
  if (data.length === 0) {
    return (
      <Empty title={filtered ? "No event of this type yet." : "Nothing has happened yet."}>
        <p>
          {filtered ? (
            <a href="/console/events">Show all events</a>
          ) : (
            "Make a payment: every change of it is an event here, and goes to your webhook endpoints."
          )}
        </p>
      </Empty>
    );
  }
  return (
    <Table
      caption="Events, newest first"
      rows={data}
      columns={[
        { head: "Time", cell: ({ created_at: at }) => <Time at={at} /> },
        {
          head: "Type",
          name: true,
          cell: ({ id, type }) => <a href={`/console/events/${id}`}>{type}</a>,
        },
        { head: "About", cell: (event) => <ObjectLink id={objectOf(event)} /> },
        {
          head: "Status",
          cell: ({ data: { status } }) =>
            typeof status === "string" ? <Status status={status} /> : "–",
        },
      ]}
    />
  );
}

async function eventPage(c: ConsoleContext, refusal: Refusal | null) {
  const answer = await api<EventView>(c, "GET", `/v1/events/${segment(c)}`);
  if (!answer.ok) return refused(c, answer);
  const event = answer.body;
  return show(
    c,
    {
      title: event.type,
      back: BACK,
      status: refusal?.status ?? 200,
      notices: { sent: "The event is on its way again, to every endpoint that takes it." },
    },
    <>
      <Problem problem={refusal?.error} />
      <div class="panel">
        <Details
          rows={[
            ["Event", <Id>{event.id}</Id>],
            ["Time", <Time at={event.created_at} />],
            ["About", <ObjectLink id={objectOf(event)} />],
            ["Sequence", String(event.sequence)],
            ["Request", event.request_id === null ? null : <Id>{event.request_id}</Id>],
          ]}
        />
      </div>
      <ActionForm action={`/console/events/${event.id}/redeliver`} class="inline">
        <p>
          <Button needs="webhooks:write" kind="plain">
            Send again
          </Button>
        </p>
      </ActionForm>
      <h2>As webhooks carry it</h2>
      <Json value={event} label="The event" />
    </>,
  );
}

const redeliver: Page = {
  method: "post",
  path: "/events/:id/redeliver",
  scope: "merchant",
  title: "Event",
  handler: async (c) => {
    const { key } = await readForm(c);
    const id = segment(c);
    const answer = await api(c, "POST", `/v1/events/${id}/redeliver`, {}, { key });
    return answer.ok ? done(c, `/console/events/${id}`, "sent") : eventPage(c, answer);
  },
};

export const eventPages: readonly Page[] = [
  {
    method: "get",
    path: "/events",
    scope: "merchant",
    title: "Events",
    nav: { group: "Developers", label: "Events" },
    handler: list,
  },
  {
    method: "get",
    path: "/events/:id",
    scope: "merchant",
    title: "Event",
    handler: (c) => eventPage(c, null),
  },
  redeliver,
];
