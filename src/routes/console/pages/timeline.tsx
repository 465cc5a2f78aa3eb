/** What happened to a payment, in order: its states, its channel, its refunds, its webhooks. */
import type { Child } from "hono/jsx";

import type { Timeline, TimelineEntry } from "../../../intent/timeline.ts";
import type { showDelivery } from "../../v1/webhook-schemas.ts";
import { Button, Disclosure, Json, Status, Time } from "../components.tsx";
import { Form } from "../fields.tsx";
import { channelName } from "./payments.tsx";

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
  readonly more?: Child;
  readonly inside?: Child;
}

type Entry<T extends TimelineEntry["type"]> = Extract<TimelineEntry, { type: T }>;

const ENDED_BADLY = new Set(["failed", "expired", "cancelled"]);

const toneOf = (status: string): Tone => {
  if (status === "succeeded") return "good";
  return ENDED_BADLY.has(status) ? "bad" : "busy";
};

type Unnamed = Omit<Line, "id">;

function changeLine(entry: Entry<"change">, paymentId: string): Unnamed {
  const { at, status, event, event_id: eventId, refund, request_id: requestId } = entry;
  return {
    at,
    tone: toneOf(status),
    what: (
      <>
        {refund === null ? "Payment" : "Refund"} <Status status={status} />
      </>
    ),
    more: (
      <>
        {refund === null ? null : <code class="id">{refund}</code>}{" "}
        {requestId === null ? null : (
          <>
            Request <code class="id">{requestId}</code>
          </>
        )}
      </>
    ),
    inside:
      eventId === null ? undefined : (
        <Disclosure summary={`Event ${event ?? ""}`}>
          <p>
            <code class="id">{eventId}</code>
          </p>
          <Form action={`/console/payments/${paymentId}/redeliver`} class="inline">
            <input type="hidden" name="event" value={eventId} />
            <Button kind="plain" needs="webhooks:write">
              Send this event again
            </Button>
          </Form>
        </Disclosure>
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
    more: code === "" ? `${ms} ms` : `${ms} ms · ${code}`,
    inside:
      exchanges.length === 0 ? undefined : (
        <Disclosure summary="Request and reply">
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
        </Disclosure>
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
    more: (
      <>
        {[status, detail].filter((part) => part !== "").join(" · ")}{" "}
        {requestId === null ? null : (
          <>
            Request <code class="id">{requestId}</code>
          </>
        )}
      </>
    ),
  };
}

/** One line for each attempt, and one for what is still to come. */
function deliveryLines(delivery: Delivery): Line[] {
  const { event, event_type: type, endpoint, attempts, state, next_attempt_at: next } = delivery;
  const about = (
    <>
      {type ?? "event"} to{" "}
      <a href={`/console/endpoints/${endpoint}`}>
        <code class="id">{endpoint}</code>
      </a>
    </>
  );
  const tried = attempts.map(({ at, status, latency_ms: ms, response }, index): Line => {
    const worked = status !== null && status >= 200 && status < 300;
    return {
      id: `${delivery.id}-${index}`,
      at,
      tone: worked ? "good" : "bad",
      what: `Webhook ${worked ? "delivered" : "failed"}${index === 0 ? "" : `, attempt ${index + 1}`}`,
      more: (
        <>
          {about} · {status === null ? "no answer" : `HTTP ${status}`} · {ms} ms
        </>
      ),
      inside:
        response === "" ? undefined : (
          <Disclosure summary="Answer">
            <p>
              <code class="id">{event}</code>
            </p>
            <Json value={response} label="Answer" />
          </Disclosure>
        ),
    };
  });
  if (state !== "pending" || next === null) return tried;
  const id = `${delivery.id}-next`;
  return [...tried, { id, at: next, tone: "busy", what: "Webhook: next attempt", more: about }];
}

function lineOf(entry: TimelineEntry, paymentId: string): Unnamed {
  switch (entry.type) {
    case "change":
      return changeLine(entry, paymentId);
    case "channel_call":
      return callLine(entry);
    case "callback":
      return callbackLine(entry);
  }
}

/** The object's entries keep their order; deliveries are put in by time. */
function linesOf({ payment, entries, deliveries }: PaymentTimeline): Line[] {
  const seen = new Map<string, number>();
  const lines = entries.map((entry): Line => {
    const nth = (seen.get(entry.type) ?? 0) + 1;
    seen.set(entry.type, nth);
    return { id: `${entry.type}-${nth}`, ...lineOf(entry, payment.id) };
  });
  return [...lines, ...deliveries.flatMap(deliveryLines)].toSorted((a, b) =>
    a.at === b.at ? 0 : a.at < b.at ? -1 : 1,
  );
}

export const TimelineList = ({ timeline }: { timeline: PaymentTimeline }) => (
  <ol class="timeline">
    {linesOf(timeline).map(({ id, at, tone, what, more, inside }) => (
      <li class={tone} id={id}>
        <p class="line">
          <span class="what">{what}</span> <Time at={at} />
        </p>
        {more === undefined ? null : <p class="more">{more}</p>}
        {inside}
      </li>
    ))}
  </ol>
);
