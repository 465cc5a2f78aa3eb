/** Files over HTTP: any type, any size, streamed; and what is refused before anything is kept. */
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import { daysBetween } from "../../src/days.ts";
import { database } from "../../src/store/db.ts";
import { addRuns } from "../../src/store/reconciliation-runs.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";

const BASE = "http://gateway.test";

let merchant: Merchant;
let account: string;

beforeAll(async () => {
  merchant = await newMerchant();
  const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: merchant.test });
  account = body.data.find(({ channel }: { channel: string }) => channel === "wechat").id;
});

const send = async (query: string, body: BodyInit | null, headers: Record<string, string> = {}) => {
  const response = await exports.default.fetch(`${BASE}/v1/reconciliation/statements?${query}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${merchant.test}`, ...headers },
    body,
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes, checked by expect
  return { status: response.status, body: (await response.json()) as any };
};

const place = (date = "2026-11-01") => `channel_account=${account}&date=${date}`;

describe("a file", () => {
  it("is taken whatever its type says, kept byte for byte, and found by its hash", async ({
    expect,
  }) => {
    const bytes = new Uint8Array([0x1f, 0x8b, 8, 0, 0xff, 0xfe, 0, 1, 2, 3]);
    const types = ["application/gzip", "text/csv", "application/json", "application/octet-stream"];
    const ids = new Set<string>();
    for (const type of types) {
      const { status, body } = await send(place(), bytes, { "Content-Type": type });
      expect([status, body.run.trigger]).toEqual([202, "upload"]);
      expect(body.statement.bytes).toBe(10);
      ids.add(body.statement.id);
    }
    expect(ids.size).toBe(1);
    const [id = ""] = ids;
    const response = await exports.default.fetch(
      `${BASE}/v1/reconciliation/statements/${id}/file`,
      { headers: { Authorization: `Bearer ${merchant.test}` } },
    );
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(response.headers.get("Content-Disposition")).toContain("attachment");
  });

  it("of more than one part is kept whole", async ({ expect }) => {
    const big = new Uint8Array(9 * 1_048_576).fill(65);
    const { status, body } = await send(place("2026-11-02"), big);
    expect([status, body.statement.bytes]).toEqual([202, big.byteLength]);
    const kept = await env.ARCHIVE.head(`statements/${body.statement.id}/file`);
    expect(kept?.size).toBe(big.byteLength);
  });

  it("is refused where it says too little, and nothing is kept", async ({ expect }) => {
    const before = await env.ARCHIVE.list();
    const form = new FormData();
    form.set("file", new Blob(["a,b"]));
    const asForm = await send(place(), form);
    expect([asForm.status, asForm.body.error.message]).toEqual([
      400,
      expect.stringContaining("--data-binary"),
    ]);
    const refusals: readonly (readonly [string, BodyInit | null, number])[] = [
      ["", "x", 400],
      [`channel_account=${account}`, "x", 400],
      [place("2026-02-30"), "x", 400],
      [place("2099-01-01"), "x", 400],
      [`${place()}&file_name=${encodeURIComponent("../../etc")}`, "x", 400],
      [`${place()}&surprise=1`, "x", 400],
      [place(), "", 400],
      ["channel_account=ca_00000000000000000000000000&date=2026-11-01", "x", 404],
    ];
    for (const [query, body, status] of refusals) {
      expect([query, (await send(query, body)).status]).toEqual([query, status]);
    }
    const signed = await send(place(), "x", {
      Authorization: `ItPay ${merchant.test.slice(0, 20)}:00`,
    });
    expect([signed.status, signed.body.error.message]).toEqual([
      401,
      expect.stringContaining("Files"),
    ]);
    expect((await env.ARCHIVE.list()).objects).toHaveLength(before.objects.length);
  });
});

describe("how much may be asked for", () => {
  it("is so many days in an hour and so many bytes in a day, of each merchant", async ({
    expect,
  }) => {
    const greedy = await newMerchant();
    const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: greedy.test });
    const mine = body.data.find(({ channel }: { channel: string }) => channel === "wechat").id;
    const now = Date.now();
    const run = {
      id: randomId("run"),
      merchant_id: greedy.id,
      livemode: false,
      channel_account: mine,
      trigger: "request" as const,
      from_day: "2025-01-01",
      to_day: "2026-02-04",
      created_at: now - 3_500_000,
    };
    const days = daysBetween(run.from_day, run.to_day).map((day) => ({
      run_id: run.id,
      day,
      state: "completed" as const,
      step: "done",
      cursor: "0",
      statement_id: null,
      merchant_statement_id: null,
      lines: 0,
      done: 0,
      counts: {},
      attempts: 1,
      next_attempt_at: null,
      error: null,
      created_at: now,
      updated_at: now,
    }));
    expect(days).toHaveLength(400);
    const db = database(env.DB);
    const ask = (date = "2026-11-01") =>
      api("POST", "/v1/reconciliation/runs", {
        key: greedy.test,
        body: { channel_account: mine, date },
      });
    await addRuns(db, [{ ...run, trigger: "nightly" }], days);
    expect((await ask()).status).toBe(202);
    await addRuns(
      db,
      [{ ...run, id: "rr_more" }],
      days.slice(1).map((day) => ({ ...day, run_id: "rr_more" })),
    );
    const full = await ask();
    expect([full.status, full.body.error.code]).toEqual([429, "RATE_LIMITED"]);
    await env.DB.prepare("DELETE FROM reconciliation_days WHERE run_id = 'rr_more'").run();
    // The night's own are not counted, nor what was begun before the hour.
    expect((await ask()).status).toBe(202);
    const sent = `channel_account=${mine}&date=2026-11-01`;
    const upload = () =>
      exports.default.fetch(`${BASE}/v1/reconciliation/merchant-records?${sent}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${greedy.test}` },
        body: "payment_intent,currency,amount\n",
      });
    expect((await upload()).status).toBe(202);
    await env.DB.prepare("UPDATE statements SET bytes = ? WHERE merchant_id = ?")
      .bind(8 * 1024 ** 3, greedy.id)
      .run();
    const before = await env.ARCHIVE.list();
    expect((await upload()).status).toBe(429);
    expect((await env.ARCHIVE.list()).objects).toHaveLength(before.objects.length);
  });
});

describe("a run", () => {
  const begin = (body: unknown, key = merchant.test) =>
    api("POST", "/v1/reconciliation/runs", { key, body });

  it("is asked for by a day or by a range, and not for days to come", async ({ expect }) => {
    const range = { channel_account: account, from: "2026-10-30", to: "2026-11-01" };
    const { status, body } = await begin(range);
    expect([status, body.from, body.to]).toEqual([202, "2026-10-30", "2026-11-01"]);
    expect(body.days.map(({ day }: { day: string }) => day)).toEqual([
      "2026-10-30",
      "2026-10-31",
      "2026-11-01",
    ]);
    const wrong: readonly (readonly [object, string])[] = [
      [{ channel_account: account }, "date"],
      [{ channel_account: account, date: "2026-11-01", from: "2026-11-01" }, "date"],
      [{ ...range, from: "2026-11-02" }, "to"],
      [{ ...range, from: "2026-09-01" }, "to"],
      [{ channel_account: account, date: "2099-01-01" }, "date"],
      [{ channel_account: account, date: "yesterday" }, "date"],
      // Attack: days that nobody could count, before the first or after the last.
      [{ ...range, from: "0001-01-01" }, "from"],
      [{ channel_account: account, date: "9999-12-31" }, "date"],
    ];
    for (const [request, field] of wrong) {
      const reply = await begin(request);
      expect([field, reply.status]).toEqual([field, 400]);
      expect(JSON.stringify(reply.body.error.details.issues)).toContain(`"path":"${field}"`);
    }
  });

  it("is followed to its end by a stream", async ({ expect }) => {
    const { body: run } = await begin({ channel_account: account, date: "2026-11-03" });
    const response = await exports.default.fetch(
      `${BASE}/v1/reconciliation/runs/${run.id}/stream`,
      { headers: { Authorization: `Bearer ${merchant.test}` } },
    );
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    const text = await response.text();
    expect(text).toMatch(/^event: run\n/);
    expect(text).toMatch(/event: end\ndata: {"reason":"ended"}\n\n$/);
    const { body } = await api("GET", `/v1/reconciliation/runs/${run.id}`, { key: merchant.test });
    // The simulated channel booked nothing on that day.
    expect([body.state, body.counts]).toEqual(["completed", {}]);
  });
});
