/** Reports against days and months whose numbers are known, and the books as a file. */
import { exports } from "cloudflare:workers";
import { describe, it } from "vitest";

import { randomId, refundIdOf } from "../../src/ids.ts";
import { type EntryKind, entryOf } from "../../src/settlement/ledger.ts";
import { addEntries } from "../../src/store/ledger.ts";
import { channelAccounts, exceptions, settlements } from "../../src/store/schema.ts";
import { api, newMerchant } from "../intent/kit.ts";
import { db, paymentOf, plant } from "../store/payments.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 2026-03-01, by China's clock. */
const DAY = Date.UTC(2026, 1, 28, 16);

interface Posted {
  readonly kind: EntryKind;
  readonly value: number;
  readonly at: number;
  readonly cause?: string;
  readonly currency?: string;
  readonly account?: string;
}

/** A merchant with two accounts, and books that are written as a test wants them. */
async function shop() {
  const { id, test, live } = await newMerchant();
  const accountOf = async (channel: string) => {
    const account = randomId("channelAccount");
    await db.insert(channelAccounts).values({
      id: account,
      merchant_id: id,
      livemode: true,
      channel,
      mode: "direct",
      display_name: channel,
      region: null,
      late_payment: "accept",
      status: "disabled",
      credentials: null,
      merchant_account: "1",
      created_at: 1,
      updated_at: 1,
    });
    return account;
  };
  const [wechat, alipay] = [await accountOf("wechat"), await accountOf("alipay")];
  const book = async (list: readonly Posted[], livemode = true) => {
    const entries = list.map(({ account, ...posting }) =>
      entryOf(
        {
          merchantId: id,
          livemode,
          currency: "CNY",
          cause: randomId("paymentIntent"),
          channelAccount: account ?? wechat,
          ...posting,
        },
        1,
      ),
    );
    const [statement] = addEntries(db, entries);
    if (statement !== undefined) await db.batch([statement]);
  };
  return { id, test, live, wechat, alipay, book };
}

const read = (key: string, path: string) => api("GET", `/v1/reports/${path}`, { key });

const NO_LINE = {
  created: 0,
  succeeded: 0,
  failed: 0,
  expired: 0,
  cancelled: 0,
  success_rate: null,
  payments: 0,
  volume: 0,
  refunds: 0,
  refunded: 0,
  platform_fee: 0,
  channel_fee: 0,
  split: 0,
  paid_out: 0,
  settlements: 0,
  settled: 0,
  settled_paid: 0,
};

describe("GET /v1/reports/daily", () => {
  it("counts payments by their creation and money by its time, channel by channel", async ({
    expect,
  }) => {
    const { id, live, test, wechat, alipay, book } = await shop();
    await plant([
      paymentOf(id, { created_at: DAY }),
      paymentOf(id, { created_at: DAY + 23 * HOUR, call_ms: 4_000 }),
      paymentOf(id, { created_at: DAY + HOUR, status: "expired" }),
      paymentOf(id, { created_at: DAY + HOUR, status: "qr_generated", channel: null }),
      paymentOf(id, { created_at: DAY + 24 * HOUR }),
      paymentOf(id, { created_at: DAY - 1 }),
      paymentOf(id, { created_at: DAY, livemode: false }),
    ]);
    const [one, two] = [randomId("paymentIntent"), randomId("paymentIntent")];
    const refund = refundIdOf(two, 1);
    const at = DAY + 2 * HOUR;
    await book([
      { kind: "gross", value: 1_000, at, cause: one },
      { kind: "fee", value: 10, at, cause: one },
      { kind: "gross", value: 500, at, cause: two, account: alipay },
      { kind: "fee", value: 5, at, cause: two, account: alipay },
      { kind: "refund", value: 200, at: at + 1, cause: refund, account: alipay },
      { kind: "fee_refund", value: 2, at: at + 1, cause: refund, account: alipay },
      { kind: "channel_fee", value: 6, at },
      { kind: "channel_fee_return", value: 1, at },
      { kind: "split", value: 10, at },
      { kind: "split_return", value: 4, at },
      { kind: "payout", value: 700, at },
      { kind: "gross", value: 30, at, currency: "HKD" },
      // None of these is a line's: no channel took part.
      { kind: "invoice_payment", value: 99, at },
      { kind: "adjustment", value: 98, at },
      // And these are other days'.
      { kind: "gross", value: 7_777, at: DAY - 1 },
      { kind: "gross", value: 7_777, at: DAY + 24 * HOUR },
    ]);
    await book([{ kind: "gross", value: 7_777, at }], false);
    await db.insert(settlements).values({
      id: randomId("settlement"),
      merchant_id: id,
      livemode: true,
      channel_account: wechat,
      currency: "CNY",
      day: "2026-03-01",
      source: "gateway",
      payments: 1,
      gross: 1_000,
      refunds: 0,
      refunded: 0,
      channel_fee: null,
      split: 0,
      net: -250,
      state: "paid",
      expected_at: 1,
      created_at: 1,
      updated_at: 1,
    });
    const { status, body } = await read(live, "daily?date=2026-03-01");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: "report",
      period: "daily",
      livemode: true,
      tz_offset_minutes: 480,
      from: "2026-02-28T16:00:00.000Z",
      to: "2026-03-01T16:00:00.000Z",
    });
    expect(body.data).toEqual([
      {
        name: "2026-03-01",
        start: "2026-02-28T16:00:00.000Z",
        lines: [
          { ...NO_LINE, currency: "CNY", channel: null, created: 1 },
          {
            ...NO_LINE,
            currency: "CNY",
            channel: "alipay",
            payments: 1,
            volume: 500,
            refunds: 1,
            refunded: 200,
            platform_fee: 3,
          },
          {
            ...NO_LINE,
            currency: "CNY",
            channel: "wechat",
            created: 3,
            succeeded: 2,
            expired: 1,
            success_rate: 0.6667,
            payments: 1,
            volume: 1_000,
            platform_fee: 10,
            channel_fee: 5,
            split: 6,
            paid_out: 700,
            settlements: 1,
            settled: -250,
            settled_paid: -250,
          },
          { ...NO_LINE, currency: "HKD", channel: "wechat", payments: 1, volume: 30 },
        ],
        exceptions: [],
      },
    ]);
    const sandbox = (await read(test, "daily?date=2026-03-01")).body.data[0];
    expect(sandbox.lines).toHaveLength(2);
  });

  it("counts what reconciliation found", async ({ expect }) => {
    const { id, live, wechat, alipay } = await shop();
    const raise = (kind: string, state: "open" | "resolved", account: string, at: number) =>
      db.insert(exceptions).values({
        id: randomId("exception"),
        merchant_id: id,
        livemode: true,
        kind,
        state,
        channel_account: account,
        notes: [],
        due_at: 1,
        created_at: at,
        updated_at: at,
        snapshot: "{}",
      });
    await raise("amount_mismatch", "open", wechat, DAY);
    await raise("amount_mismatch", "open", wechat, DAY + 1);
    await raise("amount_mismatch", "resolved", wechat, DAY);
    await raise("duplicate", "open", alipay, DAY);
    await raise("duplicate", "open", alipay, DAY + 24 * HOUR);
    const { body } = await read(live, "daily?from=2026-03-01&to=2026-03-02");
    expect(body.data.map(({ exceptions: found }: { exceptions: unknown }) => found)).toEqual([
      [
        { channel: "alipay", kind: "duplicate", state: "open", count: 1 },
        { channel: "wechat", kind: "amount_mismatch", state: "open", count: 2 },
        { channel: "wechat", kind: "amount_mismatch", state: "resolved", count: 1 },
      ],
      [{ channel: "alipay", kind: "duplicate", state: "open", count: 1 }],
    ]);
  });

  it("begins days where you say, and shows each of several", async ({ expect }) => {
    const { live, book } = await shop();
    await book([
      { kind: "gross", value: 1, at: DAY + 8 * HOUR - 1 },
      { kind: "gross", value: 10, at: DAY + 8 * HOUR },
      { kind: "gross", value: 100, at: DAY + 32 * HOUR + 30 * MINUTE - 1 },
    ]);
    const volumes = async (query: string) => {
      const { body } = await read(live, `daily?${query}`);
      return body.data.map(({ name, lines }: { name: string; lines: { volume: number }[] }) => [
        name,
        ...lines.map(({ volume }) => volume),
      ]);
    };
    const days = "from=2026-02-28&to=2026-03-02";
    expect(await volumes(`${days}&tz_offset_minutes=0`)).toEqual([
      ["2026-02-28", 1],
      ["2026-03-01", 10],
      ["2026-03-02", 100],
    ]);
    expect(await volumes(days)).toEqual([["2026-02-28"], ["2026-03-01", 11], ["2026-03-02", 100]]);
    expect(await volumes(`${days}&tz_offset_minutes=-30`)).toEqual([
      ["2026-02-28", 11],
      ["2026-03-01", 100],
      ["2026-03-02"],
    ]);
    const whole = (await read(live, "daily?from=2026-01-01&to=2026-04-02")).body;
    expect(whole.data).toHaveLength(92);
  });

  it.for([
    "date=2026-02-30",
    "date=yesterday",
    "date=9999-12-31",
    "date=0001-01-01",
    "date=2026-03-01&from=2026-03-01",
    "from=2026-03-02&to=2026-03-01",
    "from=2026-01-01&to=2026-04-03",
    "tz_offset_minutes=481",
    "format=xlsx",
  ])("refuses %s", async (query, { expect }) => {
    const { live } = await newMerchant();
    const { status, body } = await read(live, `daily?${query}`);
    expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
  });

  it("is a file, too: decimals, and no formulas but our own minus", async ({ expect }) => {
    const { live, book } = await shop();
    await book([
      { kind: "gross", value: 123_456, at: DAY },
      { kind: "channel_fee_return", value: 5, at: DAY },
      { kind: "gross", value: 77, at: DAY, currency: "JPY" },
    ]);
    const { headers, body } = await read(live, "daily?date=2026-03-01&format=csv");
    expect(headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
    expect(headers.get("Content-Disposition")).toContain("daily-2026-03-01-2026-03-01.csv");
    const [head, ...rows] = String(body).split("\r\n");
    expect(head).toMatch(/^period,currency,channel,created,/);
    const zeros = "0,0,0,0,0";
    expect(rows).toEqual([
      `2026-03-01,CNY,wechat,${zeros},,1,1234.56,0,0.00,0.00,-0.05,0.00,0.00,0,0.00,0.00,,,`,
      `2026-03-01,JPY,wechat,${zeros},,1,77,0,0,0,0,0,0,0,0,0,,,`,
      "# 2 rows",
      "",
    ]);
  });
});

describe("GET /v1/reports/monthly", () => {
  it("is a month as one, to its last millisecond, also in February", async ({ expect }) => {
    const { live, book } = await shop();
    const [start, end] = [Date.UTC(2026, 0, 31, 16), DAY];
    await book([
      { kind: "gross", value: 1, at: start },
      { kind: "gross", value: 20, at: end - 1 },
      { kind: "gross", value: 300, at: start - 1 },
      { kind: "gross", value: 300, at: end },
    ]);
    const { body } = await read(live, "monthly?month=2026-02");
    expect(body).toMatchObject({
      period: "monthly",
      from: "2026-01-31T16:00:00.000Z",
      to: "2026-02-28T16:00:00.000Z",
      data: [{ name: "2026-02", lines: [{ payments: 2, volume: 21 }] }],
    });
    const file = await read(live, "monthly?month=2026-02&format=csv");
    expect(file.body).toContain("2026-02,CNY,wechat,");
    for (const month of ["2026-13", "2026-2", "9999-12", "2026-02-01"]) {
      const refused = await read(live, `monthly?month=${month}`);
      expect(refused.body.error.code).toBe("INVALID_REQUEST");
    }
    expect((await read(live, "monthly")).body.data).toHaveLength(1);
  });
});

describe("GET /v1/reports/ledger.csv", () => {
  const file = async (key: string, query: string): Promise<string[]> => {
    const reply = await exports.default.fetch(
      `http://gateway.test/v1/reports/ledger.csv?${query}`,
      { headers: { Authorization: `Bearer ${key}` } },
    );
    return (await reply.text()).split("\r\n");
  };

  it("has every entry of the days, over several pages, and nobody else's", async ({ expect }) => {
    const { live, test, book } = await shop();
    const many = Array.from({ length: 1_203 }, (_, number) => ({
      kind: "gross" as const,
      value: number + 1,
      // Many at the same millisecond: pages must not lose or double one.
      at: DAY + Math.floor(number / 400),
    }));
    await book(many);
    await book([{ kind: "gross", value: 5, at: DAY + 24 * HOUR }]);
    const lines = await file(live, "from=2026-03-01&to=2026-03-01");
    expect(lines.slice(-2)).toEqual(["# 1203 rows", ""]);
    const ids = lines.slice(1, -2).map((line) => line.split(",")[0]);
    expect(new Set(ids).size).toBe(1_203);
    expect(lines[1]).toMatch(
      /^le_1[0-9a-z]{26},2026-02-28T16:00:00\.003Z,gross,CNY,\d+\.\d\d,channel:ca_[0-9a-z]{26},sales,pi_/,
    );
    expect((await file(test, "from=2026-03-01")).at(-2)).toBe("# 0 rows");
    const other = await newMerchant();
    expect((await file(other.live, "from=2026-03-01")).at(-2)).toBe("# 0 rows");
  });

  it("makes no formula of what people wrote", async ({ expect }) => {
    const { id, live } = await shop();
    const entry = entryOf(
      {
        kind: "adjustment",
        merchantId: id,
        livemode: true,
        channelAccount: "ca_1",
        at: DAY,
        currency: "CNY",
        value: 1,
        cause: randomId("exception"),
        memo: "=cmd|' /C calc'!A0",
      },
      1,
    );
    const [statement] = addEntries(db, [entry]);
    if (statement !== undefined) await db.batch([statement]);
    expect((await file(live, "from=2026-03-01"))[1]).toContain(",'=cmd|' /C calc'!A0,");
  });
});
