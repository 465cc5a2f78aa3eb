import { describe, it } from "vitest";

import { api, newMerchant } from "../intent/kit.ts";
import { paymentOf, plant } from "../store/payments.ts";

const HOUR = 3_600_000;
const PATH = "/v1/overview";

const read = (key: string, query = "") => api("GET", `${PATH}${query}`, { key });

/** A key whose overviews nobody has asked for yet, and its merchant. */
async function shop() {
  const { id, test, live } = await newMerchant();
  const now = Date.now();
  const pay = (hoursAgo: number, changes = {}) =>
    paymentOf(id, { created_at: now - hoursAgo * HOUR, livemode: false, ...changes });
  return { id, test, live, pay, now };
}

describe("GET /v1/overview", () => {
  it("is the last 24 hours by the hour, the running one last", async ({ expect }) => {
    const { test, live, pay, now } = await shop();
    await plant([
      pay(0, { value: 1_000, fee: 5 }),
      pay(3, { status: "expired", fee: 0 }),
      pay(25),
      pay(0, { livemode: true, currency: "HKD", value: 9 }),
    ]);
    const { status, body } = await read(test);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: "overview",
      livemode: false,
      hours: 24,
      bucket_hours: 1,
      tz_offset_minutes: 0,
      totals: {
        created: 2,
        succeeded: 1,
        expired: 1,
        success_rate: 0.5,
        amounts: [{ currency: "CNY", volume: 1_000, refunded: 0, fee: 5 }],
      },
    });
    expect(body.buckets).toHaveLength(24);
    const [from, to] = [Date.parse(body.from), Date.parse(body.to)];
    expect(to - from).toBe(24 * HOUR);
    expect(to % HOUR).toBe(0);
    expect(to).toBeGreaterThan(now);
    expect(to - HOUR).toBeLessThanOrEqual(Date.parse(body.counted_at));
    expect(body.buckets[0].start).toBe(body.from);
    // The hour may have ended since the payments were planted.
    const [running] = body.buckets.filter(
      ({ start }: { start: string }) => now - Date.parse(start) < HOUR && now >= Date.parse(start),
    );
    expect(running).toMatchObject({ created: 1, succeeded: 1, success_rate: 1 });

    const other = await read(live);
    expect(other.body).toMatchObject({
      livemode: true,
      totals: { created: 1, amounts: [{ currency: "HKD", volume: 9 }] },
    });
  });

  it("is a week in quarters of a day", async ({ expect }) => {
    const { test, pay } = await shop();
    await plant([pay(0), pay(25), pay(7 * 24 - 7), pay(7 * 24 + 7)]);
    const { body } = await read(test, "?hours=168");
    expect(body).toMatchObject({ hours: 168, bucket_hours: 6, totals: { created: 3 } });
    expect(body.buckets).toHaveLength(28);
    const starts = body.buckets.map(({ start }: { start: string }) => Date.parse(start));
    expect(starts.every((start: number) => start % (6 * HOUR) === 0)).toBe(true);
  });

  it("begins its buckets on the asker's clock", async ({ expect }) => {
    const { test } = await shop();
    const startAt = async (query: string) => Date.parse((await read(test, query)).body.from);
    expect((await startAt("?tz_offset_minutes=330")) % HOUR).toBe(HOUR / 2);
    expect((await startAt("?tz_offset_minutes=-210")) % HOUR).toBe(HOUR / 2);
    // Six hours of a day in China: midnight there is 16:00 UTC.
    const china = await startAt("?hours=168&tz_offset_minutes=480");
    expect((china + 8 * HOUR) % (6 * HOUR)).toBe(0);
    const east = await read(test, "?tz_offset_minutes=840");
    const west = await read(test, "?tz_offset_minutes=-720");
    expect([east.status, west.status]).toEqual([200, 200]);
  });

  it("is remembered for a moment, apart for each merchant, mode and question", async ({
    expect,
  }) => {
    const { id, test, live, pay } = await shop();
    const other = await newMerchant();
    const created = async (key: string, query = "") => (await read(key, query)).body.totals.created;
    expect(await created(test)).toBe(0);
    await plant([pay(0), pay(0, { livemode: true }), paymentOf(id, { created_at: Date.now() })]);
    expect(await created(test)).toBe(0);
    expect(await created(live)).toBe(2);
    expect(await created(other.test)).toBe(0);
    expect(await created(test, "?hours=168")).toBe(1);
    expect(await created(test, "?tz_offset_minutes=60")).toBe(1);
  });

  it("needs reports:read, and nothing more", async ({ expect }) => {
    const { test } = await newMerchant();
    const keyWith = async (scope: string): Promise<string> =>
      (await api("POST", "/v1/api-keys", { key: test, body: { scopes: [scope] } })).body.key;
    expect((await read(await keyWith("reports:read"))).status).toBe(200);
    const refused = await read(await keyWith("payments:read"));
    expect([refused.status, refused.body.error.code]).toEqual([403, "SCOPE_MISSING"]);
  });

  it.for([
    "hours=0",
    "hours=25",
    "hours=24.0",
    "hours=",
    "hours=24&hours=168",
    "tz_offset_minutes=7",
    "tz_offset_minutes=855",
    "tz_offset_minutes=-735",
    "tz_offset_minutes=1e2",
    "tz_offset_minutes=0x10",
    "tz_offset_minutes=",
    "tz_offset_minutes=60.5",
    "merchant_id=m_1",
  ])("refuses ?%s", async (query, { expect }) => {
    const { test } = await newMerchant();
    const { status, body } = await read(test, `?${query}`);
    expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
  });
});
