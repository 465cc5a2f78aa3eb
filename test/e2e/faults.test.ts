/**
 * Every fault script of API.md section 8, on every channel, on the built Worker: whatever the
 * channel does wrong, the payment ends where it must, with one success at most.
 */
import { afterAll, beforeAll, describe, it } from "vitest";

import { FAULT_SCRIPTS, type FaultScript } from "../../src/sandbox/simulator.ts";
import type { ErrorBody, Intent } from "./kit/client.ts";
import { type Gateway, startGateway } from "./kit/gateway.ts";
import { until } from "./kit/until.ts";

const CHANNELS = ["wechat", "alipay"] as const;
const value = 1_299;

let gateway: Gateway;
let key: string;

beforeAll(async () => {
  gateway = await startGateway({ LOG_LEVEL: "silent" });
  key = (await gateway.merchant("Fault finder")).keys.test;
});

afterAll(() => gateway.close());

const body = (channel: string, script: FaultScript) => ({
  amount: { currency: "CNY", value },
  channel,
  metadata: { sandbox: script },
});

const order = (channel: string, script: FaultScript, repeat?: string) =>
  gateway.client.create(key, body(channel, script), repeat);

const statusOf = async (id: string) => (await gateway.client.read(key, id)).body.status;

/** The types of a payment's events, once the feed has its ending. */
const eventTypes = (id: string, ending: string) =>
  until(`${ending} of ${id} is in the feed`, async () => {
    const events = await gateway.client.eventsOf(key, id);
    const types = events.map(({ type }) => type.replace("payment_intent.", ""));
    return types.includes(ending) ? types : null;
  });

/** The first order gets no answer that can be trusted. */
const UNKNOWN = [
  "timeout_before_create",
  "timeout_after_create",
  "error_500",
  "malformed_reply",
  "unsigned_reply",
] as const;

/** What the buyer's payment makes the channel send, and where the payment is right after it. */
const CALLBACKS = [
  { script: "duplicate_callback", sent: ["proper+", "proper+"], leaves: "succeeded" },
  { script: "sign_test_probe", sent: ["sign_test_probe-", "proper+"], leaves: "succeeded" },
  { script: "no_callback", sent: [], leaves: "qr_generated" },
  { script: "wrong_amount_callback", sent: ["wrong_amount-"], leaves: "qr_generated" },
  { script: "wrong_signature_callback", sent: ["wrong_signature-"], leaves: "qr_generated" },
  { script: "refund_timeout", sent: ["proper+"], leaves: "succeeded" },
  { script: "refund_abnormal", sent: ["proper+"], leaves: "succeeded" },
  { script: "statement_missing", sent: ["proper+"], leaves: "succeeded" },
  { script: "statement_wrong_amount", sent: ["proper+"], leaves: "succeeded" },
  { script: "statement_wrong_fee", sent: ["proper+"], leaves: "succeeded" },
  { script: "statement_status", sent: ["proper+"], leaves: "succeeded" },
  { script: "statement_duplicate", sent: ["proper+"], leaves: "succeeded" },
  // What becomes of shares: test/settlement.
  { script: "split_rejected", sent: ["proper+"], leaves: "succeeded" },
  { script: "split_stuck", sent: ["proper+"], leaves: "succeeded" },
  { script: "split_timeout", sent: ["proper+"], leaves: "succeeded" },
] as const;

const ALONE = ["callback_before_reply", "late_callback", "statement_only"] as const;

it("every script is played here", ({ expect }) => {
  const played = [...UNKNOWN, ...CALLBACKS.map(({ script }) => script), ...ALONE];
  expect(played.toSorted()).toEqual([...FAULT_SCRIPTS].toSorted());
});

describe.each(CHANNELS)("%s", (channel) => {
  it.for(UNKNOWN)(
    "%s: pending, then the code by a repeat of the same request",
    async (script, { expect }) => {
      const { client } = gateway;
      const repeat = `${channel}-${script}`;
      const first = await order(channel, script, repeat);
      expect(first.status, first.text).toBe(201);
      expect(first.body).toMatchObject({
        status: "pending",
        qr: null,
        next_action: { type: "wait" },
        last_error: { code: expect.stringMatching(/^CHANNEL_/) },
      });
      const { id } = first.body;
      const picture = await client.call<ErrorBody>("GET", `/v1/qr/${id}.svg`);
      expect(picture.status, "there is nothing to scan yet").toBe(409);

      const second = await order(channel, script, repeat);
      expect(second.status, second.text).toBe(201);
      expect(second.body).toMatchObject({ id, status: "qr_generated", last_error: null });
      const third = await order(channel, script, repeat);
      expect(third.headers.get("Idempotent-Replayed")).toBe("true");
      expect(third.text).toBe(second.text);

      expect((await client.buyer(id, "pay")).status).toBe(200);
      expect(await statusOf(id)).toBe("succeeded");
      expect(await eventTypes(id, "succeeded")).toEqual(["created", "qr_generated", "succeeded"]);
    },
  );

  it.for(UNKNOWN)("%s: sync gets the code at once", async (script, { expect }) => {
    const { id } = (await order(channel, script)).body;
    const synced = await gateway.client.sync(key, id);
    expect(synced.status, synced.text).toBe(200);
    expect(synced.body.status).toBe("qr_generated");
    expect(synced.body.qr).not.toBeNull();
  });

  it.for(UNKNOWN)("%s: can be cancelled although nobody knows", async (script, { expect }) => {
    const { client } = gateway;
    const { id } = (await order(channel, script)).body;
    const cancelled = await client.cancel(key, id);
    expect([200, 202], cancelled.text).toContain(cancelled.status);
    await until("it is cancelled", async () =>
      (await statusOf(id)) === "cancelled" ? true : null,
    );
    expect([404, 409]).toContain((await client.buyer(id, "pay")).status);
    expect(await eventTypes(id, "cancelled")).not.toContain("succeeded");
  });

  it("gets the code by itself, without anybody asking", { timeout: 40_000 }, async ({ expect }) => {
    const made = await Promise.all(UNKNOWN.map((script) => order(channel, script)));
    const ids = made.map(({ body: intent }) => intent.id);
    const intents = await Promise.all(
      ids.map((id) =>
        until(
          `${id} has its code`,
          async () => {
            const { body: intent } = await gateway.client.read(key, id);
            return intent.qr === null ? null : intent;
          },
          30_000,
        ),
      ),
    );
    expect(intents.map(({ status }: Intent) => status)).toEqual(UNKNOWN.map(() => "qr_generated"));
  });

  it.for(CALLBACKS)("$script", async ({ script, sent, leaves }, { expect }) => {
    const { client } = gateway;
    const { id } = (await order(channel, script)).body;
    const paid = await client.buyer(id, "pay");
    expect(paid.body.state).toBe("paid");
    const callbacks = paid.body.callbacks.map(
      ({ kind, acknowledged }) => kind + (acknowledged ? "+" : "-"),
    );
    expect(callbacks).toEqual(sent);
    expect(await statusOf(id)).toBe(leaves);

    const synced = await client.sync(key, id);
    expect(synced.status, synced.text).toBe(200);
    expect(synced.body).toMatchObject({
      status: "succeeded",
      amount: { currency: "CNY", value },
      last_error: null,
    });
    expect(synced.body).not.toHaveProperty("late");
    expect(await eventTypes(id, "succeeded")).toEqual(["created", "qr_generated", "succeeded"]);
  });

  it("callback_before_reply: the reply does not take the success back", async ({ expect }) => {
    const made = await order(channel, "callback_before_reply", `${channel}-early`);
    expect(made.status, made.text).toBe(201);
    expect(made.body).toMatchObject({ status: "succeeded", next_action: null });
    const again = await order(channel, "callback_before_reply", `${channel}-early`);
    expect(again.text).toBe(made.text);
    expect((await gateway.client.sync(key, made.body.id)).body.status).toBe("succeeded");
    const types = await eventTypes(made.body.id, "succeeded");
    expect(types.filter((type) => type === "succeeded")).toHaveLength(1);
  });

  it("late_callback: cancelled, then paid all the same", async ({ expect }) => {
    const { client } = gateway;
    const { id } = (await order(channel, "late_callback")).body;
    expect((await client.buyer(id, "pay")).body.state).toBe("paid");
    const hidden = (await client.sync(key, id)).body.status;
    expect(["qr_generated", "scanning"], "the channel hides the payment").toContain(hidden);
    expect((await client.cancel(key, id)).body.status).toBe("cancelled");
    const late = await until("the money shows", async () => {
      const { body: intent } = await client.read(key, id);
      return intent.status === "succeeded" ? intent : null;
    });
    expect(late).toMatchObject({ late: true, status: "succeeded" });
    const types = await eventTypes(id, "succeeded");
    expect(types).toEqual(["created", "qr_generated", "cancelled", "succeeded"]);
    const events = await client.eventsOf(key, id);
    expect(events.at(-1)?.data).toMatchObject({ late: true });
  });

  it("statement_only: paid, and neither told nor found by asking", async ({ expect }) => {
    const { client } = gateway;
    const { id } = (await order(channel, "statement_only")).body;
    expect((await client.buyer(id, "pay")).body).toMatchObject({ state: "paid", callbacks: [] });
    expect(["qr_generated", "scanning"]).toContain((await client.sync(key, id)).body.status);
  });
});

it("a misspelt script is refused, not ignored", async ({ expect }) => {
  const reply = await gateway.client.call<ErrorBody>("POST", "/v1/payment-intents", {
    key,
    body: { ...body("wechat", "no_callback"), metadata: { sandbox: "no_calback" } },
  });
  expect(reply.status).toBe(400);
  expect(reply.body.error.details?.["issues"]).toMatchObject([{ path: "metadata.sandbox" }]);
});
