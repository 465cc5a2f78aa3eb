import { describe, it } from "vitest";

import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import { EVENT_NOTES } from "../../src/docs/events.ts";
import { randomId } from "../../src/ids.ts";
import type { EventRecord, PublishedEvents } from "../../src/messages.ts";
import { EVENT_TYPES, TEST_EVENT_TYPE } from "../../src/webhooks/event-types.ts";
import { recordEvents } from "../../src/webhooks/record.ts";
import { makeEvent, START } from "../webhooks/support.ts";
import { type Client, db, makeMerchant, type Reply } from "./merchant.ts";

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
const silent = { send: async () => METADATA, sendBatch: async () => METADATA };

const record = (client: Client, ...events: EventRecord[]) =>
  recordEvents(
    { db, deliveries: silent },
    [{ merchant_id: client.merchantId, livemode: client.livemode, events }],
    Date.now(),
  );

const make = (type = "payment_intent.created", livemode = true) => makeEvent(type, { livemode });
const idsOf = (reply: Reply) => (reply.body.data as { id: string }[]).map(({ id }) => id);
const codeOf = (reply: Reply) => (reply.body["error"] as { code?: string } | undefined)?.code;

async function addEndpoint(client: Client, enabled_events: string[]) {
  const reply = await client.call("POST", "/v1/webhook-endpoints", {
    url: "https://shop.example/hooks",
    enabled_events,
  });
  return String(reply.body["id"]);
}

describe("GET /v1/events", () => {
  it("lists newest first, page by page", async ({ expect }) => {
    const { live } = await makeMerchant();
    const events = Array.from({ length: 5 }, () => make());
    await record(live, ...events);
    const ids = events.map(({ id }) => id).toReversed();
    const first = await live.call("GET", "/v1/events?limit=2");
    expect(first.body).toMatchObject({ object: "list", has_more: true });
    expect(first.body.data).toEqual(
      [events[4], events[3]].map((event) => JSON.parse(event?.payload ?? "")),
    );
    const second = await live.call(
      "GET",
      `/v1/events?limit=3&cursor=${String(first.body["next_cursor"])}`,
    );
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids);
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
  });

  it("is followed with after, from the beginning and for ever", async ({ expect }) => {
    const { live } = await makeMerchant();
    const empty = await live.call("GET", "/v1/events?after=");
    expect(empty.body).toEqual({ object: "list", data: [], has_more: false, next_cursor: null });

    const events = Array.from({ length: 7 }, () => make());
    await record(live, ...events.slice(0, 5));
    const seen: string[] = [];
    let after = "";
    const read = async () => {
      for (;;) {
        const page = await live.call("GET", `/v1/events?limit=2&after=${after}`);
        seen.push(...idsOf(page));
        after = String(page.body["next_cursor"]);
        if (page.body["has_more"] !== true) return;
      }
    };
    await read();
    expect(seen).toHaveLength(5);
    await read();
    expect(seen).toHaveLength(5);
    await record(live, ...events.slice(5));
    await read();
    expect(seen).toEqual(events.map(({ id }) => id));
  });

  it("goes on from any event whose id is known", async ({ expect }) => {
    const { live } = await makeMerchant();
    const events = Array.from({ length: 3 }, () => make());
    await record(live, ...events);
    const page = await live.call("GET", `/v1/events?after=${events[0]?.id ?? ""}`);
    expect(idsOf(page)).toEqual([events[1]?.id, events[2]?.id]);
  });

  it("can be narrowed to a type, both ways", async ({ expect }) => {
    const { live } = await makeMerchant();
    const [a, b, c] = [make(), make("refund.failed"), make("refund.failed")];
    await record(live, a, b, c);
    const back = await live.call("GET", "/v1/events?type=refund.failed");
    expect(idsOf(back)).toEqual([c.id, b.id]);
    const forward = await live.call("GET", `/v1/events?type=refund.failed&after=${a.id}`);
    expect(idsOf(forward)).toEqual([b.id, c.id]);
    expect((await live.call("GET", "/v1/events?type=refund.lost")).status).toBe(400);
  });

  it("can be narrowed to a time, both ways", async ({ expect }) => {
    const { live } = await makeMerchant();
    const events = Array.from({ length: 5 }, (_, index) =>
      makeEvent("refund.failed", { createdAt: START + index * 1_000 }),
    );
    // The second one was recorded last: places follow the recording, times do not.
    const [a, b, c, d, e] = events.map(({ id }) => id);
    const late = events.splice(1, 1);
    await record(live, ...events, ...late);
    const at = (index: number) => new Date(START + index * 1_000).toISOString();
    const between = `created_gte=${at(1)}&created_lt=${at(4)}`;
    expect(idsOf(await live.call("GET", `/v1/events?${between}`))).toEqual([b, d, c]);
    expect(idsOf(await live.call("GET", `/v1/events?${between}&after=`))).toEqual([c, d, b]);
    expect(idsOf(await live.call("GET", `/v1/events?${between}&after=${c ?? ""}`))).toEqual([d, b]);
    expect(idsOf(await live.call("GET", `/v1/events?created_lt=${at(1)}`))).toEqual([a]);
    expect(idsOf(await live.call("GET", `/v1/events?created_gte=${at(4)}`))).toEqual([e]);
    const page = await live.call("GET", `/v1/events?${between}&limit=2`);
    expect([idsOf(page), page.body["has_more"]]).toEqual([[b, d], true]);
    const next = `cursor=${String(page.body["next_cursor"])}`;
    expect(idsOf(await live.call("GET", `/v1/events?${between}&${next}`))).toEqual([c]);
    expect((await live.call("GET", "/v1/events?created_gte=yesterday")).status).toBe(400);
  });

  it("keeps merchants and modes apart", async ({ expect }) => {
    const [owner, stranger] = [await makeMerchant(), await makeMerchant()];
    const [live, test] = [make(), make("payment_intent.created", false)];
    await record(owner.live, live);
    await record(owner.test, test);
    expect(idsOf(await owner.live.call("GET", "/v1/events"))).toEqual([live.id]);
    expect(idsOf(await owner.test.call("GET", "/v1/events?after="))).toEqual([test.id]);
    expect(idsOf(await stranger.live.call("GET", "/v1/events"))).toEqual([]);
    for (const query of [`after=${live.id}`, `cursor=${live.id}`]) {
      const reply = await stranger.live.call("GET", `/v1/events?${query}`);
      expect([reply.status, codeOf(reply)]).toEqual([400, "INVALID_CURSOR"]);
      expect(codeOf(await owner.test.call("GET", `/v1/events?${query}`))).toBe("INVALID_CURSOR");
    }
  });

  it.for(["after=nonsense", "cursor=nonsense", "after=evt_1%27--", "cursor="])(
    "answers %s with a code, not with the wrong page",
    async (query, { expect }) => {
      const { live } = await makeMerchant();
      await record(live, make());
      const reply = await live.call("GET", `/v1/events?${query}`);
      if (query === "cursor=") expect(idsOf(reply)).toHaveLength(1);
      else expect([reply.status, codeOf(reply)]).toEqual([400, "INVALID_CURSOR"]);
    },
  );

  it("takes no cursor of the other direction", async ({ expect }) => {
    const { live } = await makeMerchant();
    const events = Array.from({ length: 3 }, () => make());
    await record(live, ...events);
    const back = (await live.call("GET", "/v1/events?limit=2")).body["next_cursor"];
    const forth = (await live.call("GET", "/v1/events?limit=2&after=")).body["next_cursor"];
    for (const query of [`after=${String(back)}`, `cursor=${String(forth)}`]) {
      const reply = await live.call("GET", `/v1/events?${query}`);
      expect([reply.status, codeOf(reply)]).toEqual([400, "INVALID_CURSOR"]);
    }
    expect(idsOf(await live.call("GET", `/v1/events?cursor=${String(back)}`))).toEqual([
      events[0]?.id,
    ]);
    expect(idsOf(await live.call("GET", `/v1/events?after=${String(forth)}`))).toEqual([
      events[2]?.id,
    ]);
  });

  it("goes one way at a time", async ({ expect }) => {
    const { live } = await makeMerchant();
    const reply = await live.call("GET", "/v1/events?after=&cursor=");
    expect([reply.status, codeOf(reply)]).toEqual([400, "INVALID_REQUEST"]);
  });
});

describe("GET /v1/events/{id}", () => {
  it("is the envelope that webhooks carry", async ({ expect }) => {
    const { live, test } = await makeMerchant();
    const event = make("payment_intent.succeeded");
    await record(live, event);
    const reply = await live.call("GET", `/v1/events/${event.id}`);
    expect(JSON.stringify(reply.body)).toBe(event.payload);
    expect(codeOf(await test.call("GET", `/v1/events/${event.id}`))).toBe("NOT_FOUND");
    expect(codeOf(await live.call("GET", `/v1/events/${randomId("event")}`))).toBe("NOT_FOUND");
  });
});

describe("POST /v1/events/{id}/redeliver", () => {
  it("sends the event again to every endpoint that takes it", async ({ expect }) => {
    const { live } = await makeMerchant();
    const event = make("payment_intent.succeeded");
    const taking = await addEndpoint(live, ["payment_intent.succeeded"]);
    const all = await addEndpoint(live, ["*"]);
    await addEndpoint(live, ["refund.failed"]);
    await record(live, event);

    const reply = await live.call("POST", `/v1/events/${event.id}/redeliver`);
    expect(reply.status).toBe(202);
    const sent = reply.body.data as { id: string; endpoint: string }[];
    expect(new Set(sent.map(({ endpoint }) => endpoint))).toEqual(new Set([taking, all]));
    expect(live.queued.flatMap(({ delivery_ids }) => delivery_ids)).toEqual(
      sent.map(({ id }) => id),
    );
    const log = await live.call("GET", `/v1/webhook-endpoints/${taking}/deliveries`);
    expect(log.body.data).toHaveLength(2);
    expect(new Set((log.body.data as { event: string }[]).map((row) => row.event))).toEqual(
      new Set([event.id]),
    );
    // The feed does not change.
    expect(idsOf(await live.call("GET", "/v1/events"))).toEqual([event.id]);
  });

  it("sends it to a named endpoint whatever that subscribes to", async ({ expect }) => {
    const { live } = await makeMerchant();
    const event = make("payment_intent.succeeded");
    await record(live, event);
    const endpoint = await addEndpoint(live, ["refund.failed"]);
    const reply = await live.call("POST", `/v1/events/${event.id}/redeliver`, { endpoint });
    expect(reply.body.data).toMatchObject([{ endpoint, event: event.id, state: "pending" }]);
  });

  it("adds nothing for a repeated Idempotency-Key", async ({ expect }) => {
    const { live } = await makeMerchant();
    const event = make();
    await addEndpoint(live, ["*"]);
    await record(live, event);
    const key = { "Idempotency-Key": "again" };
    const path = `/v1/events/${event.id}/redeliver`;
    const first = await live.call("POST", path, {}, key);
    expect((await live.call("POST", path, {}, key)).body).toEqual(first.body);
    expect(live.queued).toHaveLength(1);
    const third = await live.call("POST", path, {}, { "Idempotency-Key": "and again" });
    expect(third.body.data).not.toEqual(first.body.data);
  });

  it("says so when nobody takes it", async ({ expect }) => {
    const [owner, stranger] = [await makeMerchant(), await makeMerchant()];
    const event = make();
    await record(owner.live, event);
    const path = `/v1/events/${event.id}/redeliver`;
    expect(codeOf(await owner.live.call("POST", path))).toBe("INVALID_STATE");
    const foreign = await addEndpoint(stranger.live, ["*"]);
    expect(codeOf(await owner.live.call("POST", path, { endpoint: foreign }))).toBe("NOT_FOUND");
    const off = await addEndpoint(owner.live, ["*"]);
    await owner.live.call("PATCH", `/v1/webhook-endpoints/${off}`, { status: "disabled" });
    expect(codeOf(await owner.live.call("POST", path, { endpoint: off }))).toBe("INVALID_STATE");
    expect(codeOf(await owner.live.call("POST", path))).toBe("INVALID_STATE");
    expect(codeOf(await stranger.live.call("POST", path))).toBe("NOT_FOUND");
    expect((await owner.live.call("POST", path, { to: off })).status).toBe(400);
    expect(owner.live.queued).toHaveLength(0);
  });
});

describe("the check of a channel account", () => {
  /** A merchant whose published events are kept instead of sent. */
  async function watched() {
    const raised: { type: string; payload: string }[] = [];
    const send = async ({ events }: PublishedEvents) => {
      raised.push(...events);
      return METADATA;
    };
    const merchant = await makeMerchant({ EVENTS: { send } as unknown as Queue });
    return { merchant, raised };
  }

  const keys = async (publicKey?: string) => ({
    app_id: `2021${String(Date.now()).slice(-12).padStart(12, "0")}`,
    private_key: toPem("PRIVATE KEY", (await generateRsaPair()).privateKey),
    alipay_public_key: publicKey ?? toPem("PUBLIC KEY", (await generateRsaPair()).publicKey),
  });

  async function verify(client: Client, mode: string, credentials: object) {
    const account = { channel: "alipay", mode, display_name: "Shop", credentials };
    const saved = await client.call("POST", "/v1/channel-accounts", account);
    const id = String(saved.body["id"]);
    return { id, reply: await client.call("POST", `/v1/channel-accounts/${id}/verify`) };
  }

  it("raises channel_account.verified with the account", async ({ expect }) => {
    const { merchant, raised } = await watched();
    const sandbox = await merchant.test.call("GET", "/sandbox/channels/alipay/keys");
    const { id, reply } = await verify(
      merchant.test,
      "direct",
      await keys(String(sandbox.body["public_key"])),
    );
    expect(reply.status).toBe(200);
    expect(raised.map(({ type }) => type)).toEqual(["channel_account.verified"]);
    const shown = await merchant.test.call("GET", `/v1/channel-accounts/${id}`);
    expect(JSON.parse(raised[0]?.payload ?? "")).toMatchObject({
      type: "channel_account.verified",
      livemode: false,
      data: shown.body,
    });
  });

  it("raises channel_account.unhealthy when the channel refuses", async ({ expect }) => {
    const { merchant, raised } = await watched();
    // Nobody has authorised the service provider.
    const { id, reply } = await verify(merchant.test, "isv", await keys());
    expect([reply.status, codeOf(reply)]).toEqual([422, "CHANNEL_NOT_CONFIGURED"]);
    expect(raised.map(({ type }) => type)).toEqual(["channel_account.unhealthy"]);
    expect(JSON.parse(raised[0]?.payload ?? "")).toMatchObject({
      data: { id, object: "channel_account", last_error: { code: "CHANNEL_NOT_CONFIGURED" } },
    });
    expect(raised[0]?.payload).not.toMatch(/PRIVATE|PUBLIC KEY/);
  });

  it("raises nothing when the channel cannot be reached", async ({ expect }) => {
    const { merchant, raised } = await watched();
    const { reply } = await verify(merchant.live, "direct", await keys());
    expect(reply.status).toBeGreaterThanOrEqual(500);
    expect(raised).toEqual([]);
  });
});

describe("the types of events", () => {
  /** What API section 6 names for parts of the platform that are not there yet. */
  const LATER = /^install\./;

  it("are all described that can happen", ({ expect }) => {
    const now = EVENT_TYPES.filter((type) => !LATER.test(type));
    expect(Object.keys(EVENT_NOTES).toSorted()).toEqual([...now, TEST_EVENT_TYPE].toSorted());
  });
});

describe("who may", () => {
  it("reads with payments:read and sends again with webhooks:write", async ({ expect }) => {
    const merchant = await makeMerchant();
    const event = make();
    await record(merchant.live, event);
    const reader = await merchant.withScopes("payments:read");
    const writer = await merchant.withScopes("webhooks:write");
    const path = `/v1/events/${event.id}`;
    expect((await reader.call("GET", "/v1/events")).status).toBe(200);
    expect((await reader.call("GET", path)).status).toBe(200);
    expect(codeOf(await reader.call("POST", `${path}/redeliver`))).toBe("SCOPE_MISSING");
    expect(codeOf(await writer.call("GET", "/v1/events"))).toBe("SCOPE_MISSING");
    expect(codeOf(await writer.call("GET", path))).toBe("SCOPE_MISSING");
    expect(codeOf(await writer.call("POST", `${path}/redeliver`))).toBe("INVALID_STATE");
  });
});
