/** The events feed: everything that happened, whether or not somebody was told. */
import { EVENT_TYPES, TEST_EVENT_TYPE } from "../../../webhooks/event-types.ts";
import { api } from "../client.ts";
import { Button, Details, Empty, Id, Json, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem, Select } from "../fields.tsx";
import { readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { choicesOf, filtersOf } from "./filters.tsx";
import { type ListPage, showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";
import type { EventView } from "./views.ts";

const BACK = { href: "/console/events", label: "Events" };
const TYPES = [...EVENT_TYPES, TEST_EVENT_TYPE];

const objectOf = ({ data }: EventView): string => {
  const { id, payment_intent: payment } = data;
  return typeof payment === "string" ? payment : typeof id === "string" ? id : "";
};

const TABLE: ListPage<EventView>["table"] = {
  caption: "Events, newest first",
  columns: [
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
  ],
};

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["type"]);
  return showList(c, {
    title: "Events",
    path: "/v1/events",
    filters: {
      values,
      fields: (problem) => (
        <Select
          name="type"
          label="Type"
          value={values.type}
          options={choicesOf(TYPES, (type) => type)}
          problem={problem}
        />
      ),
    },
    table: TABLE,
    empty: (filtered) => (
      <Empty title={filtered ? "No event of this type yet." : "Nothing has happened yet."}>
        <p>
          {filtered ? (
            <a href="/console/events">Show all events</a>
          ) : (
            "Make a payment: every change of it is an event here, and goes to your webhook endpoints."
          )}
        </p>
      </Empty>
    ),
  });
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
