/** What holds for every operation, before the reference. Tables come from the code's own tables. */
import type { FC } from "hono/jsx";

import { ERROR_CODES, ERRORS } from "../errors.ts";
import { errorAnchor } from "./anchors.ts";
import { GUIDES_PATH } from "./guides/links.ts";
import { IotpayDoor } from "./iotpay-door.tsx";
import { Sandbox, States, Webhooks } from "./lifecycle.tsx";
import { Breakable, Code, GuideLink, json, Table, Text } from "./parts.tsx";
import { SAMPLES } from "./samples.ts";
import { signRequest } from "./snippets.ts";

export interface Section {
  readonly anchor: string;
  readonly title: string;
  readonly Body: FC<{ origin: string }>;
}

const Start: Section["Body"] = () => (
  <div class="entry">
    <div class="words">
      <p>
        A merchant asks for a payment, shows the code, and hears when the money is there. The API is
        the same for every wallet; what differs between them stays behind it. With a test key all of
        this runs against a built-in sandbox that speaks the channels' own protocols, so nothing has
        to be signed up for.
      </p>
      <p>
        New here? <GuideLink slug="first-payment">Your first payment</GuideLink> takes ten minutes.
        The other <a href={GUIDES_PATH}>guides</a> go from webhooks to the day of going live. This
        page says what each operation takes and answers, as does the{" "}
        <a href="/openapi.json">OpenAPI 3.1 document</a>: both are made from the schemas that
        requests are checked with.
      </p>
    </div>
  </div>
);

const Authentication: Section["Body"] = ({ origin }) => (
  <div class="entry">
    <div class="words">
      <p>
        A key is one string, shown once: <code>sk_test_…</code> or <code>sk_liv_…</code>. It can be
        used in two ways.
      </p>
      <h3>Bearer</h3>
      <p>
        <code>Authorization: Bearer sk_test_…</code>. Simple, and what the examples here do.
      </p>
      <h3>Signed requests</h3>
      <p>
        The secret half of the key signs the request and never travels:{" "}
        <code>{"Authorization: ItPay <id>:<sig>"}</code> with <code>X-ItPay-Timestamp</code>. The
        signature is the lower-case hex HMAC-SHA256 of timestamp, method, path and raw body, one
        after the other: the path without query, the body empty for GET and DELETE. The timestamp is
        10 digits of seconds, at most 300 seconds from our clock.
      </p>
      <h3>Rights</h3>
      <p>
        Each operation names the scope that it needs; a key with <code>*</code> has them all. Test
        keys see test objects only, live keys live ones; <code>livemode</code> says which.{" "}
        <GuideLink slug="keys-and-roles">Keys and roles</GuideLink> tells how keys are restricted,
        rotated and revoked.
      </p>
      <h3>Operator</h3>
      <p>
        <code>/v1/admin</code> takes <code>Authorization: Bearer</code> with the deployment's{" "}
        <code>ADMIN_TOKEN</code>.
      </p>
    </div>
    <div class="examples">
      <Code title="A signed request" text={signRequest(origin)} shell />
    </div>
  </div>
);

const Conventions: Section["Body"] = () => (
  <div class="entry">
    <div class="words">
      <Table
        label="Conventions"
        head={["Topic", "Rule"]}
        rows={(
          [
            ["Format", "JSON in UTF-8. Bodies have at most 64 KiB; unknown fields are refused."],
            [
              "Money",
              '`{"currency":"CNY","value":699}`: ISO 4217 and an integer of minor units. 699 CNY ' +
                "is 6.99; JPY, KRW and VND have no minor unit, so 699 JPY is 699.",
            ],
            ["Time", "RFC 3339 in UTC with milliseconds: `2026-11-01T08:30:00.000Z`."],
            ["Ids", "A prefix that says the kind, and 26 characters that cannot be guessed."],
            [
              "Lists",
              "Newest first, `limit` 1 to 100. Pass `next_cursor` as `cursor` until `has_more` is " +
                "false.",
            ],
            [
              "Request id",
              "Every answer, errors included, carries `Request-Id`. Name it when you ask for help. " +
                "A W3C `traceparent` is taken in and passed on.",
            ],
            ["Rate", "6000 requests a minute for each key, then 429 with `Retry-After`."],
          ] as const
        ).map(([topic, rule]) => ({ cells: [topic, <Text>{rule}</Text>] }))}
      />
    </div>
  </div>
);

const Idempotency: Section["Body"] = () => (
  <div class="entry">
    <div class="words">
      <p>
        Send an <code>Idempotency-Key</code> of 1 to 255 printable ASCII characters with every POST
        that creates or moves something. A request that is repeated with the same key is done once,
        whatever happened to the first answer: there is never a second order at the channel. Bodies
        are compared as values, so the order of their fields does not matter.
      </p>
      <Table
        label="Idempotency"
        head={["When", "Answer"]}
        rows={(
          [
            [
              "Same key, same body, finished",
              "The first status and body, with `Idempotent-Replayed: true`.",
            ],
            [
              "Same key, same body, still running",
              "The first one's answer, or 409 `IDEMPOTENCY_IN_FLIGHT` with `Retry-After`.",
            ],
            ["Same key, another body", "422 `IDEMPOTENCY_MISMATCH`."],
            ["The first was refused before anything ran", "It is not remembered; send it again."],
            ["The first answer was a 5xx, or got lost", "What it began is carried on."],
            [
              "No key",
              "A payment's `merchant_order_id`, when given, acts as the key: one payment per order.",
            ],
          ] as const
        ).map(([when, answer]) => ({ cells: [when, <Text>{answer}</Text>] }))}
      />
    </div>
  </div>
);

const OUTCOMES = {
  none: "no money moved",
  unknown: "money may have moved",
  done: "money moved",
} as const;

const Errors: Section["Body"] = () => (
  <>
    <div class="entry">
      <div class="words">
        <p>
          Branch on <code>error.code</code>. <code>retryable</code> tells whether the same request
          may succeed later; <code>outcome</code> whether money may have moved.{" "}
          <GuideLink slug="errors">What to do about each error</GuideLink>. The table is also at{" "}
          <a href="/v1/error-codes">/v1/error-codes</a>.
        </p>
      </div>
      <div class="examples">
        <Code title="An error" text={json(SAMPLES["Error"])} />
      </div>
    </div>
    <Table
      label="Error codes"
      head={["Code", "Status", "Retry", "Outcome", "Meaning"]}
      rows={ERROR_CODES.map((code) => ({
        id: errorAnchor(code),
        cells: [
          <code class="name">
            <Breakable name={code} />
          </code>,
          <code class="status">{ERRORS[code].status}</code>,
          ERRORS[code].retryable ? "yes" : "no",
          OUTCOMES[ERRORS[code].outcome],
          <Text>{ERRORS[code].description}</Text>,
        ],
      }))}
    />
  </>
);

/** In reading order. */
export const SECTIONS: readonly Section[] = [
  { anchor: "start", title: "Getting started", Body: Start },
  { anchor: "authentication", title: "Authentication", Body: Authentication },
  { anchor: "conventions", title: "Conventions", Body: Conventions },
  { anchor: "idempotency", title: "Idempotency", Body: Idempotency },
  { anchor: "errors", title: "Errors", Body: Errors },
  { anchor: "states", title: "Payment states", Body: States },
  { anchor: "webhooks", title: "Webhooks", Body: Webhooks },
  { anchor: "sandbox", title: "Sandbox", Body: Sandbox },
  { anchor: "iotpay-door", title: "Coming from IOTPay", Body: IotpayDoor },
];
