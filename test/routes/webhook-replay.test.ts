/** Asking for a replay, and following it. What it sends: test/webhooks/replay.test.ts. */
import { describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import type { EventRecord } from "../../src/messages.ts";
import { beginStep, endStep, findJob } from "../../src/store/jobs.ts";
import { recordEvents } from "../../src/webhooks/record.ts";
import { makeEvent } from "../webhooks/support.ts";
import { type Client, db, makeMerchant, type Reply } from "./merchant.ts";

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
const silent = { send: async () => METADATA, sendBatch: async () => METADATA };

const codeOf = (reply: Reply) => (reply.body["error"] as { code?: string } | undefined)?.code;
const issuesOf = (reply: Reply) =>
  (reply.body["error"] as { details: { issues?: { path: string }[] } }).details.issues?.map(
    ({ path }) => path,
  );

async function addEndpoint(client: Client, enabled_events: string[] = ["*"]): Promise<string> {
  const reply = await client.call("POST", "/v1/webhook-endpoints", {
    url: "https://shop.example/hooks",
    enabled_events,
  });
  return String(reply.body["id"]);
}

async function history(client: Client, count: number): Promise<EventRecord[]> {
  const events = Array.from({ length: count }, () =>
    makeEvent("payment_intent.created", { livemode: client.livemode }),
  );
  const { merchantId: merchant_id, livemode } = client;
  const published = [{ merchant_id, livemode, events }];
  await recordEvents({ db, deliveries: silent }, published, Date.now());
  return events;
}

const replay = (client: Client, endpoint: string, body: unknown, headers = {}) =>
  client.call("POST", `/v1/webhook-endpoints/${endpoint}/replay`, body, headers);

/** As the queue's consumer does. */
async function end(client: Client, id: string, state: "completed" | "failed"): Promise<void> {
  const job = await beginStep(db, id, Date.now(), 0);
  if (job === null) throw new Error("no job");
  const error = state === "failed" ? "The endpoint was deleted." : null;
  await endStep(db, job, { state, done: job.total, cursor: job.cursor, error }, Date.now());
  if ((await findJob(db, client.merchantId, client.livemode, id))?.state !== state) {
    throw new Error("not ended");
  }
}

describe("POST /v1/webhook-endpoints/{id}/replay", () => {
  it("answers with a job, whose first step goes to the queue", async ({ expect }) => {
    const { live } = await makeMerchant();
    const events = await history(live, 7);
    const endpoint = await addEndpoint(live);
    const [after, before] = [events[1]?.id, events[5]?.id];
    const types = ["payment_intent.created"];
    const reply = await replay(live, endpoint, {
      after,
      before,
      types,
      created_gte: "2026-11-01T08:00:00+08:00",
      created_lt: "2026-11-02T00:00:00Z",
    });
    expect([reply.status, reply.body]).toEqual([
      202,
      {
        id: expect.stringMatching(/^job_[0-9a-hjkmnp-tv-z]{26}$/),
        object: "job",
        livemode: true,
        kind: "webhook_replay",
        target: endpoint,
        parameters: {
          after,
          before,
          types,
          created_gte: "2026-11-01T00:00:00.000Z",
          created_lt: "2026-11-02T00:00:00.000Z",
        },
        state: "queued",
        progress: { done: 0, total: 3 },
        error: null,
        created_at: expect.stringMatching(/Z$/),
        updated_at: reply.body["created_at"],
      },
    ]);
    expect(live.steps).toEqual([{ replay: reply.body["id"] }]);
    const again = await live.call("GET", `/v1/jobs/${String(reply.body["id"])}`);
    expect(again.body).toEqual(reply.body);
  });

  it("begins at the oldest event or behind a place of the feed, and ends at the newest", async ({
    expect,
  }) => {
    const { live } = await makeMerchant();
    await history(live, 7);
    const total = async (body: object) => {
      const reply = await replay(live, await addEndpoint(live), body);
      return (reply.body["progress"] as { total: number }).total;
    };
    expect(await total({ after: "" })).toBe(7);
    expect(await total({ created_gte: "2026-01-01T00:00:00Z" })).toBe(7);
    const page = await live.call("GET", "/v1/events?after=&limit=4");
    expect(await total({ after: page.body["next_cursor"] })).toBe(3);
  });

  it("is one job for one Idempotency-Key", async ({ expect }) => {
    const { live } = await makeMerchant();
    await history(live, 2);
    const endpoint = await addEndpoint(live);
    const key = { "Idempotency-Key": "once" };
    const first = await replay(live, endpoint, { after: "" }, key);
    expect((await replay(live, endpoint, { after: "" }, key)).body).toEqual(first.body);
    expect(live.steps).toHaveLength(1);
  });

  it("is one at a time for an endpoint", async ({ expect }) => {
    const { live } = await makeMerchant();
    await history(live, 2);
    const [endpoint, other] = [await addEndpoint(live), await addEndpoint(live)];
    const first = await replay(live, endpoint, { after: "" });
    const second = await replay(live, endpoint, { after: "" });
    expect([second.status, codeOf(second)]).toEqual([409, "INVALID_STATE"]);
    expect(second.body).toMatchObject({ error: { details: { job: first.body["id"] } } });
    expect((await replay(live, other, { after: "" })).status).toBe(202);
    await end(live, String(first.body["id"]), "completed");
    expect((await replay(live, endpoint, { after: "" })).status).toBe(202);
  });

  it("stands in the database when the queue does not take it", async ({ expect }) => {
    const refuse = () => Promise.reject(new Error("queue is down"));
    const down = { send: refuse, sendBatch: refuse } as unknown as Queue;
    const { live } = await makeMerchant({ DELIVERIES: down });
    const reply = await replay(live, await addEndpoint(live), { after: "" });
    expect(reply.status).toBe(202);
    // Where the cron finds it.
    const listed = await live.call("GET", "/v1/jobs");
    expect(listed.body.data).toMatchObject([{ id: reply.body["id"], state: "queued" }]);
  });

  it("needs a beginning, and an end that comes later", async ({ expect }) => {
    const { live, test } = await makeMerchant();
    const stranger = await makeMerchant();
    const events = await history(live, 4);
    const [sandbox] = await history(test, 1);
    const [foreign] = await history(stranger.live, 1);
    const endpoint = await addEndpoint(live, ["payment_intent.created"]);
    const [first, third] = [events[0]?.id, events[2]?.id];
    const refused: [object, string][] = [
      [{}, "after"],
      [{ before: third }, "after"],
      [{ created_lt: "2026-11-01T00:00:00Z" }, "after"],
      [{ types: ["payment_intent.created"] }, "after"],
      [{ after: "nonsense" }, "after"],
      [{ after: randomId("event") }, "after"],
      [{ after: sandbox?.id }, "after"],
      [{ after: foreign?.id }, "after"],
      [{ after: "", before: foreign?.id }, "before"],
      [{ after: "", before: "" }, "before"],
      [{ after: third, before: first }, "before"],
      [{ after: third, before: third }, "before"],
      [{ created_gte: "yesterday" }, "created_gte"],
      [{ created_gte: "2026-11-02T00:00:00Z", created_lt: "2026-11-02T00:00:00Z" }, "created_lt"],
      [{ after: "", types: [] }, "types"],
      [{ after: "", types: ["refund.failed"] }, "types"],
      [{ after: "", types: ["refund.lost"] }, "types.0"],
      [{ after: "", types: ["webhook_endpoint.test"] }, "types.0"],
      [{ after: "", endpoint }, "endpoint"],
    ];
    for (const [body, path] of refused) {
      const reply = await replay(live, endpoint, body);
      expect([body, reply.status, codeOf(reply)]).toEqual([body, 400, "INVALID_REQUEST"]);
      expect(issuesOf(reply), JSON.stringify(body)).toContain(path);
    }
    expect(live.steps).toEqual([]);
    expect((await live.call("GET", "/v1/jobs")).body.data).toEqual([]);
    // Nothing between two neighbours is no mistake.
    const empty = await replay(live, endpoint, { after: first, before: events[1]?.id });
    expect(empty.body).toMatchObject({ progress: { done: 0, total: 0 } });
  });

  it("is refused for endpoints that are off, and unknown for those of others", async ({
    expect,
  }) => {
    const [owner, stranger] = [await makeMerchant(), await makeMerchant()];
    const endpoint = await addEndpoint(owner.live);
    for (const client of [stranger.live, owner.test]) {
      const reply = await replay(client, endpoint, { after: "" });
      expect([reply.status, codeOf(reply)]).toEqual([404, "NOT_FOUND"]);
    }
    await owner.live.call("PATCH", `/v1/webhook-endpoints/${endpoint}`, { status: "disabled" });
    const reply = await replay(owner.live, endpoint, { after: "" });
    expect([reply.status, codeOf(reply)]).toEqual([409, "INVALID_STATE"]);
    expect(owner.live.steps).toEqual([]);
  });

  it("asks for webhooks:write; its job is read with payments:read", async ({ expect }) => {
    const merchant = await makeMerchant();
    const endpoint = await addEndpoint(merchant.live);
    const reader = await merchant.withScopes("payments:read");
    const writer = await merchant.withScopes("webhooks:write");
    expect(codeOf(await replay(reader, endpoint, { after: "" }))).toBe("SCOPE_MISSING");
    const { body } = await replay(writer, endpoint, { after: "" });
    const path = `/v1/jobs/${String(body["id"])}`;
    expect((await reader.call("GET", path)).status).toBe(200);
    expect(codeOf(await writer.call("GET", path))).toBe("SCOPE_MISSING");
  });
});

describe("GET /v1/jobs", () => {
  it("lists newest first, page by page, and those of one endpoint", async ({ expect }) => {
    const { live } = await makeMerchant();
    const endpoints: string[] = [];
    const ids: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      const endpoint = await addEndpoint(live);
      endpoints.push(endpoint);
      ids.unshift((await replay(live, endpoint, { after: "" })).body["id"]);
    }
    const seen = (reply: Reply) => (reply.body.data as { id: string }[]).map(({ id }) => id);
    const first = await live.call("GET", "/v1/jobs?limit=2");
    const next = String(first.body["next_cursor"]);
    const second = await live.call("GET", `/v1/jobs?limit=2&cursor=${next}`);
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
    expect(new Set([...seen(first), ...seen(second)])).toEqual(new Set(ids));
    const one = await live.call("GET", `/v1/jobs?target=${endpoints[0] ?? ""}`);
    expect(seen(one)).toEqual([ids[2]]);
  });

  it("shows how it goes and how it ended", async ({ expect }) => {
    const { live } = await makeMerchant();
    await history(live, 4);
    const { body } = await replay(live, await addEndpoint(live), { after: "" });
    const id = String(body["id"]);
    const shown = async () => (await live.call("GET", `/v1/jobs/${id}`)).body;
    const job = await beginStep(db, id, Date.now(), 0);
    if (job === null) throw new Error("no job");
    expect(await shown()).toMatchObject({ state: "running", progress: { done: 0, total: 4 } });
    await endStep(db, job, { state: "queued", done: 2, cursor: 2, error: null }, Date.now());
    // Between two steps it waits in the queue; to its merchant it runs.
    expect(await shown()).toMatchObject({ state: "running", progress: { done: 2, total: 4 } });
    await end(live, id, "failed");
    expect(await shown()).toMatchObject({ state: "failed", error: "The endpoint was deleted." });
  });

  it("keeps merchants and modes apart", async ({ expect }) => {
    const [owner, stranger] = [await makeMerchant(), await makeMerchant()];
    const { body } = await replay(owner.live, await addEndpoint(owner.live), { after: "" });
    for (const client of [stranger.live, owner.test]) {
      expect((await client.call("GET", "/v1/jobs")).body.data).toEqual([]);
      const reply = await client.call("GET", `/v1/jobs/${String(body["id"])}`);
      expect([reply.status, codeOf(reply)]).toEqual([404, "NOT_FOUND"]);
    }
    await replay(owner.live, await addEndpoint(owner.live), { after: "" });
    const page = await owner.live.call("GET", "/v1/jobs?limit=1");
    const cursor = String(page.body["next_cursor"]);
    expect(codeOf(await stranger.live.call("GET", `/v1/jobs?cursor=${cursor}`))).toBe(
      "INVALID_CURSOR",
    );
  });
});
