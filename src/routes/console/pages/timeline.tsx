/** What happened to a payment, in order: its states, its channel, its refunds, its webhooks. */
import type { Child } from "hono/jsx";

import { channelName } from "../../../channels/registry.ts";
import type { Timeline, TimelineEntry } from "../../../intent/timeline.ts";
import type { showDelivery } from "../../v1/webhook-schemas.ts";
import { Button, Disclosure, Json, moneyText, Status } from "../components.tsx";
import { Form } from "../fields.tsx";

/** The answer of `GET /v1/payment-intents/{id}/timeline`. */
export interface PaymentTimeline extends Timeline {
  readonly deliveries: readonly Delivery[];
}

type Delivery = ReturnType<typeof showDelivery>;

type Tone = "good" | "bad" | "busy" | "quiet";

interface Line {
  /** The same each time, so that what a person opened stays open when the list grows. */
  readonly id: string;
  readonly at: string;
  readonly tone: Tone;
  readonly what: Child;
  /** One more line; it opens what is inside. */
  readonly more: string;
  readonly inside?: Child;
}

type Entry<T extends TimelineEntry["type"]> = Extract<TimelineEntry, { type: T }>;

const ENDED_BADLY = new Set(["failed", "expired", "cancelled"]);

const toneOf = (status: string): Tone => {
  if (status === "succeeded") return "good";
  return ENDED_BADLY.has(status) ? "bad" : "busy";
};

type Unnamed = Omit<Line, "id">;

const RequestId = ({ id }: { id: string | null }) =>
  id === null ? null : (
    <p class="more">
      Request <code class="id">{id}</code>
    </p>
  );

/** The event that a change raised, and sending it once more. */
const EventOf = (props: { paymentId: string; id: string; requestId: string | null }) => (
  <>
    <p class="more">
      Event <code class="id">{props.id}</code>
    </p>
    <RequestId id={props.requestId} />
    <Form action={`/console/payments/${props.paymentId}/redeliver`} class="inline">
      <input type="hidden" name="event" value={props.id} />
      <Button kind="plain" needs="webhooks:write">
        Send this event again
      </Button>
    </Form>
  </>
);

function changeLine(entry: Entry<"change">, { payment, refunds }: PaymentTimeline): Unnamed {
  const { at, status, event, event_id: eventId, refund: refundId, request_id: requestId } = entry;
  const refund = refunds.find(({ id }) => id === refundId);
  const subject = refund === undefined ? "Refund" : `Refund of ${moneyText(refund.amount)}`;
  return {
    at,
    tone: toneOf(status),
    what: (
      <>
        {refundId === null ? "Payment" : subject} <Status status={status} />
      </>
    ),
    more: event ?? (requestId === null ? "" : "no event"),
    inside:
      eventId === null ? (
        requestId === null ? undefined : (
          <RequestId id={requestId} />
        )
      ) : (
        <EventOf paymentId={payment.id} id={eventId} requestId={requestId} />
      ),
  };
}

const OPERATIONS: Readonly<Record<string, string>> = {
  create: "Order placed at",
  query: "Asked",
  close: "Order closed at",
  refund: "Refund sent to",
  query_refund: "Refund asked about at",
};

const CALL_TONES = { ok: "good", rejected: "bad", unknown: "busy" } as const;

/** Bodies were redacted before they were kept. */
function callLine(entry: Entry<"channel_call">): Unnamed {
  const { at, channel, operation, outcome, code, duration_ms: ms, exchanges } = entry;
  return {
    at,
    tone: CALL_TONES[outcome],
    what: (
      <>
        {OPERATIONS[operation] ?? operation} {channelName(channel)} <Status status={outcome} />
      </>
    ),
    more: [exchanges.length === 0 ? "" : "Request and reply", `${ms} ms`, code]
      .filter((part) => part !== "")
      .join(" · "),
    inside:
      exchanges.length === 0 ? undefined : (
        <>
          {exchanges.map(({ method, url, request, status, reply }) => (
            <div class="exchange">
              <h3>
                <code>{`${method} ${url}`}</code>
              </h3>
              {request === null ? null : <Json value={request} label="Request" />}
              <p class="more">{status === null ? "No answer." : `HTTP ${status}`}</p>
              {reply === null ? null : <Json value={reply} label="Reply" />}
            </div>
          ))}
        </>
      ),
  };
}

const CALLBACKS: Readonly<Record<Entry<"callback">["outcome"], readonly [string, Tone]>> = {
  changed: ["brought news", "good"],
  known: ["said what was known", "quiet"],
  exception: ["said what does not fit", "bad"],
  refused: ["was refused", "bad"],
};

function callbackLine(entry: Entry<"callback">): Unnamed {
  const { at, channel, outcome, status, detail, request_id: requestId } = entry;
  const [text, tone] = CALLBACKS[outcome];
  return {
    at,
    tone,
    what: `Callback from ${channelName(channel)} ${text}`,
    more: [status, detail].filter((part) => part !== "").join(" · "),
    inside: requestId === null ? undefined : <RequestId id={requestId} />,
  };
}

/** One line for each attempt, and one for what is still to come. */
function deliveryLines(delivery: Delivery): Line[] {
  const { event, event_type: type, endpoint, attempts, state, next_attempt_at: next } = delivery;
  const name = type ?? "event";
  const whereTo = (
    <>
      <p class="more">
        To{" "}
        <a href={`/console/endpoints/${endpoint}`}>
          <code class="id">{endpoint}</code>
        </a>
      </p>
      <p class="more">
        Event <code class="id">{event}</code>
      </p>
    </>
  );
  const tried = attempts.map(({ at, status, latency_ms: ms, response }, index): Line => {
    const worked = status !== null && status >= 200 && status < 300;
    const nth = index === 0 ? "" : `, attempt ${index + 1}`;
    return {
      id: `${delivery.id}-${index}`,
      at,
      tone: worked ? "good" : "bad",
      what: `Webhook ${worked ? "delivered" : "failed"}${nth}`,
      more: `${name} · ${status === null ? "no answer" : `HTTP ${status}`} · ${ms} ms`,
      inside: (
        <>
          {whereTo}
          {response === "" ? null : <Json value={response} label="Answer" />}
        </>
      ),
    };
  });
  if (state !== "pending" || next === null) return tried;
  const id = `${delivery.id}-next`;
  const due = { id, at: next, tone: "busy" as const, what: "Webhook due" };
  return [...tried, { ...due, more: name, inside: whereTo }];
}

function lineOf(entry: TimelineEntry, timeline: PaymentTimeline): Unnamed {
  switch (entry.type) {
    case "change":
      return changeLine(entry, timeline);
    case "channel_call":
      return callLine(entry);
    case "callback":
      return callbackLine(entry);
  }
}

/** The object's entries keep their order; deliveries are put in by time. */
function linesOf(timeline: PaymentTimeline): Line[] {
  const seen = new Map<string, number>();
  const lines = timeline.entries.map((entry): Line => {
    const nth = (seen.get(entry.type) ?? 0) + 1;
    seen.set(entry.type, nth);
    return { id: `${entry.type}-${nth}`, ...lineOf(entry, timeline) };
  });
  const all = [...lines, ...timeline.deliveries.flatMap(deliveryLines)];
  return all.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
}

const dayOf = (at: string): string => at.slice(0, 10);

/** Oldest first, day by day. */
export const TimelineList = ({ timeline }: { timeline: PaymentTimeline }) => (
  <>
    {[...Map.groupBy(linesOf(timeline), ({ at }) => dayOf(at))].map(([day, lines]) => (
      <section aria-label={day}>
        <h3 class="day">{day}</h3>
        <ol class="timeline">
          {lines.map(({ id, at, tone, what, more, inside }) => (
            <li class={tone} id={id}>
              <p class="line">
                <span class="what">{what}</span> <time datetime={at}>{at.slice(11, 19)}</time>
              </p>
              {inside === undefined ? (
                <p class="more">{more}</p>
              ) : (
                <Disclosure summary={more}>{inside}</Disclosure>
              )}
            </li>
          ))}
        </ol>
      </section>
    ))}
  </>
);
