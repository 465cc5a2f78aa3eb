/** The price list as operators keep it and as merchants see it. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { CHANNEL_SLUGS } from "../../src/channels/registry.ts";
import { randomId } from "../../src/ids.ts";
import { database } from "../../src/store/db.ts";
import { deleteFeePlan, findFeePlan, putFeePlan } from "../../src/store/fee-plans.ts";
import { api, newMerchant, type Reply } from "../intent/kit.ts";

const headers = { Authorization: "Bearer admin-token-for-tests" };
const PATH = "/v1/admin/fee-plans";

const put = (body: unknown) => api("PUT", PATH, { headers, body });
const query = (fields: Record<string, string>) =>
  `${PATH}?${new URLSearchParams(fields).toString()}`;
const read = (fields: Record<string, string> = {}) => api("GET", query(fields), { headers });
const remove = (fields: Record<string, string>) => api("DELETE", query(fields), { headers });

const issuesOf = ({ body }: Reply): string[] =>
  body.error.details.issues.map(({ path }: { path: string }) => path);

const ratesOf = async (key: string): Promise<Record<string, Record<string, unknown>>> => {
  const { body } = await api("GET", "/v1/pricing", { key });
  return Object.fromEntries(body.data.map((row: { channel: string }) => [row.channel, row]));
};

const auditOf = async (target: string) => {
  const { results } = await env.DB.prepare(
    "SELECT merchant_id, livemode, actor_type, action, before, after FROM audit_log WHERE target = ? ORDER BY rowid",
  )
    .bind(target)
    .all();
  return results;
};

describe("GET /v1/pricing", () => {
  it("tells both rates of every channel; without a price list the default ones", async ({
    expect,
  }) => {
    const { test } = await newMerchant();
    const { status, body } = await api("GET", "/v1/pricing", { key: test });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: "list", has_more: false, next_cursor: null });
    expect(body.data).toEqual(
      CHANNEL_SLUGS.map((channel) => ({
        object: "channel_pricing",
        channel,
        domestic: { basis_points: 50, fixed: {}, source: "default" },
        cross_border: { basis_points: 80, fixed: {}, source: "default" },
      })),
    );
  });

  it("takes the most specific row and says which; a change is felt at once here", async ({
    expect,
  }) => {
    const [{ id, live }, other] = [await newMerchant(), await newMerchant()];
    // Asked before: the answer must not come from what the isolate remembers.
    expect((await ratesOf(live))["paynow"]).toMatchObject({ domestic: { source: "default" } });
    const rate = (basis_points: number, rest: Record<string, unknown>) =>
      put({ kind: "domestic", basis_points, ...rest });
    await rate(70, { channel: "paynow", fixed: { SGD: 5, CNY: 7 } });
    await rate(40, { merchant_id: id });
    const seen = async (key: string) => (await ratesOf(key))["paynow"]?.["domestic"];
    expect(await seen(live)).toEqual({ basis_points: 40, fixed: {}, source: "merchant" });
    // Only in currencies that the channel takes.
    expect(await seen(other.live)).toEqual({
      basis_points: 70,
      fixed: { SGD: 5 },
      source: "channel",
    });
    await rate(0, { merchant_id: id, channel: "paynow", fixed: { SGD: 12 } });
    expect(await seen(live)).toEqual({
      basis_points: 0,
      fixed: { SGD: 12 },
      source: "merchant_channel",
    });
    expect((await ratesOf(live))["paynow"]).toMatchObject({ cross_border: { source: "default" } });
    expect((await ratesOf(live))["wechat"]).toMatchObject({ domestic: { source: "merchant" } });

    await remove({ merchant_id: id, channel: "paynow", kind: "domestic" });
    await remove({ merchant_id: id, kind: "domestic" });
    expect(await seen(live)).toMatchObject({ basis_points: 70, source: "channel" });
    await remove({ channel: "paynow", kind: "domestic" });
    expect(await seen(live)).toMatchObject({ basis_points: 50, source: "default" });
  });

  it("is for any key, also one that may do nothing else", async ({ expect }) => {
    const { test } = await newMerchant();
    const { body } = await api("POST", "/v1/api-keys", {
      key: test,
      body: { scopes: ["services:write"] },
    });
    expect((await api("GET", "/v1/pricing", { key: body.key })).status).toBe(200);
  });
});

describe("the price list", () => {
  it("is set, replaced, read and removed by its key; each change is in the audit log", async ({
    expect,
  }) => {
    const { id } = await newMerchant();
    const key = { merchant_id: id, channel: "wechat", kind: "cross_border" };
    const made = await put({ ...key, basis_points: 75 });
    expect([made.status, made.body]).toEqual([
      200,
      {
        object: "fee_plan",
        ...key,
        basis_points: 75,
        fixed: {},
        updated_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    const changed = await put({ ...key, basis_points: 75, fixed: { CNY: 3, JPY: 0 } });
    expect(changed.body).toMatchObject({ basis_points: 75, fixed: { CNY: 3, JPY: 0 } });
    expect(Date.parse(changed.body.updated_at)).toBeGreaterThan(Date.parse(made.body.updated_at));
    expect((await read({ merchant_id: id })).body.data).toEqual([changed.body]);
    // The same once more: nothing to write down.
    const again = await put({ ...key, basis_points: 75, fixed: { CNY: 3, JPY: 0 } });
    expect(again.status).toBe(200);

    const gone = await remove(key);
    expect([gone.status, gone.body]).toEqual([200, again.body]);
    expect((await read({ merchant_id: id })).body.data).toEqual([]);
    const twice = await remove(key);
    expect([twice.status, twice.body.error.code]).toEqual([404, "NOT_FOUND"]);

    const entries = await auditOf(`${id}/wechat/cross_border`);
    const by = { merchant_id: id, livemode: null, actor_type: "operator" };
    expect(entries).toEqual([
      { ...by, action: "fee_plan.created", before: null, after: expect.any(String) },
      {
        ...by,
        action: "fee_plan.updated",
        before: JSON.stringify({ fixed: {} }),
        after: JSON.stringify({ fixed: { CNY: 3, JPY: 0 } }),
      },
      { ...by, action: "fee_plan.deleted", before: expect.any(String), after: null },
    ]);
    expect(JSON.parse(String(entries[0]?.["after"]))).toMatchObject({ ...key, basis_points: 75 });
  });

  it("null and left out are the same row: everybody's", async ({ expect }) => {
    const rows = [
      { merchant_id: null, channel: null, kind: "crypto", basis_points: 31 },
      { kind: "crypto", basis_points: 32 },
    ];
    for (const row of rows) expect((await put(row)).status).toBe(200);
    const all = (await read({ limit: "100" })).body.data;
    const crypto = all.filter(({ kind }: { kind: string }) => kind === "crypto");
    expect(crypto).toMatchObject([{ merchant_id: null, channel: null, basis_points: 32 }]);
    expect(await auditOf("*/*/crypto")).toMatchObject([
      { merchant_id: null, action: "fee_plan.created" },
      { merchant_id: null, action: "fee_plan.updated" },
    ]);
    expect((await remove({ kind: "crypto" })).status).toBe(200);
  });

  it("comes in pages, in the order of its keys", async ({ expect }) => {
    const { id } = await newMerchant();
    const channels = ["alipay", "duitnow", "paynow", "wechat"];
    for (const channel of channels.toReversed()) {
      for (const kind of ["domestic", "cross_border"]) {
        await put({ merchant_id: id, channel, kind, basis_points: 1 });
      }
    }
    await put({ merchant_id: id, kind: "domestic", basis_points: 2 });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Reply = await read({
        merchant_id: id,
        limit: "2",
        ...(cursor === null ? {} : { cursor }),
      });
      for (const { channel, kind } of page.body.data) seen.push(`${channel} ${kind}`);
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([
      "null domestic",
      ...channels.flatMap((channel) => [`${channel} cross_border`, `${channel} domestic`]),
    ]);
    const wechat = await read({ merchant_id: id, channel: "wechat" });
    expect(wechat.body.data).toHaveLength(2);
  });

  it("refuses what it does not know, and changes nothing", async ({ expect }) => {
    const { id } = await newMerchant();
    const good = { merchant_id: id, channel: "wechat", kind: "domestic", basis_points: 50 };
    const stranger = randomId("merchant");
    const bad: [Record<string, unknown>, string][] = [
      [{ merchant_id: stranger }, "merchant_id"],
      [{ merchant_id: "" }, "merchant_id"],
      [{ merchant_id: `${id}'--` }, "merchant_id"],
      [{ merchant_id: 7 }, "merchant_id"],
      [{ channel: "paypal" }, "channel"],
      [{ channel: "" }, "channel"],
      [{ kind: "foreign" }, "kind"],
      [{ kind: undefined }, "kind"],
      [{ basis_points: -1 }, "basis_points"],
      [{ basis_points: 10_001 }, "basis_points"],
      [{ basis_points: 0.5 }, "basis_points"],
      [{ basis_points: "50" }, "basis_points"],
      [{ basis_points: undefined }, "basis_points"],
      [{ fixed: { XXX: 1 } }, "fixed.XXX"],
      [{ fixed: { cny: 1 } }, "fixed.cny"],
      [{ fixed: { constructor: 1 } }, "fixed.constructor"],
      [{ fixed: { CNY: -1 } }, "fixed.CNY"],
      [{ fixed: { CNY: 0.01 } }, "fixed.CNY"],
      [{ fixed: { CNY: 2 ** 53 } }, "fixed.CNY"],
      [{ fixed: [1] }, "fixed"],
      [{ note: "x" }, "note"],
    ];
    for (const [change, path] of bad) {
      const reply = await put({ ...good, ...change });
      expect([change, reply.status]).toEqual([change, 400]);
      expect(issuesOf(reply)).toContain(path);
      // Never what was sent.
      if (change["merchant_id"] === stranger) {
        expect(JSON.stringify(reply.body)).not.toContain(stranger);
      }
    }
    for (const fields of [
      { merchant_id: stranger },
      { merchant_id: "" },
      { channel: "paypal" },
      { kind: "domestic" },
      { limit: "0" },
    ]) {
      expect([fields, (await read(fields as Record<string, string>)).status]).toEqual([
        fields,
        400,
      ]);
    }
    for (const fields of [
      {},
      { kind: "x" },
      { kind: "domestic", channel: "" },
      { merchant_id: id },
    ]) {
      expect([fields, (await remove(fields as Record<string, string>)).status]).toEqual([
        fields,
        400,
      ]);
    }
    expect((await read({ merchant_id: id })).body.data).toEqual([]);
    expect(await auditOf(`${id}/wechat/domestic`)).toEqual([]);
  });

  it("refuses a cursor of another list, and one that was written by hand", async ({ expect }) => {
    const forge = (parts: unknown[]) => btoa(JSON.stringify(parts)).replaceAll("=", "");
    for (const cursor of [
      forge(["merchants", "admin", 0, "//domestic"]),
      forge(["fee_plans", "admin", 0, "//dearest"]),
      forge(["fee_plans", "admin", 0, "m_1/wechat/domestic"]),
      "nonsense",
    ]) {
      const { status, body } = await read({ cursor });
      expect([cursor, status, body.error.code]).toEqual([cursor, 400, "INVALID_CURSOR"]);
    }
    const good = forge(["fee_plans", "admin", 0, "//domestic"]);
    expect((await read({ cursor: good })).status).toBe(200);
  });

  it("is not a merchant's to touch", async ({ expect }) => {
    const { id, live } = await newMerchant();
    const body = { merchant_id: id, kind: "domestic", basis_points: 0 };
    const replies = [
      await api("PUT", PATH, { key: live, body }),
      await api("DELETE", query({ merchant_id: id, kind: "domestic" }), { key: live }),
      await api("GET", PATH, { key: live }),
      await api("PUT", PATH, { body }),
    ];
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect((await ratesOf(live))["wechat"]).toMatchObject({ domestic: { source: "default" } });
  });
});

describe("two operators at once", () => {
  const db = database(env.DB);

  it("the second finds the row changed, and nothing is overwritten unseen", async ({ expect }) => {
    const key = { merchant_id: randomId("merchant"), channel: "", kind: "domestic" } as const;
    const first = await putFeePlan(db, null, { ...key, basis_points: 1, fixed: {} }, 5, []);
    expect(first).toMatchObject({ basis_points: 1, updated_at: 5 });
    // Both read nothing there, or both read the same row.
    expect(await putFeePlan(db, null, { ...key, basis_points: 2, fixed: {} }, 5, [])).toBeNull();
    const second = await putFeePlan(db, first, { ...key, basis_points: 3, fixed: {} }, 5, []);
    expect(second?.updated_at).toBe(6);
    expect(await putFeePlan(db, first, { ...key, basis_points: 4, fixed: {} }, 9, [])).toBeNull();
    if (first === null) throw new Error("not written");
    expect(await deleteFeePlan(db, first, [])).toBe(false);
    expect(await findFeePlan(db, key)).toEqual(second);
  });
});
