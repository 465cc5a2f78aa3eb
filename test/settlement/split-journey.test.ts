/**
 * The platform's fee taken at the channel, from the operator's setting to the ledger: the whole
 * gateway against the simulated WeChat Pay and Alipay, with everything that can go wrong between the
 * request and its reply.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, it, vi } from "vitest";

import { refundIdOf } from "../../src/ids.ts";
import { releaseIdOf, splitIdOf } from "../../src/settlement/splits.ts";
import { type SplitContext, workSplit } from "../../src/settlement/split-desk.ts";
import type { Database } from "../../src/store/db.ts";
import {
  api,
  type Bank,
  gate,
  type Merchant,
  newMerchant,
  openBank,
  wechatPayment,
} from "../intent/kit.ts";
import { db } from "../store/payments.ts";

const ADMIN = { Authorization: "Bearer admin-token-for-tests" };
const RECEIVER = { type: "MERCHANT_ID", account: "1900000999" };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const setSplit = (account: string, receiver: unknown) =>
  api("PUT", `/v1/admin/channel-accounts/${account}/split`, {
    headers: ADMIN,
    body: { receiver },
  });

/** A worker some time after now. */
const worker = (after: number, database: Database = db): SplitContext => ({
  env,
  db: database,
  log: () => {},
  now: () => Date.now() + after,
});

const rowOf = (id: string) => db.query.splits.findFirst({ where: (row, { eq }) => eq(row.id, id) });

/** News reaches D1 by a queue. */
const WAIT = { timeout: 10_000, interval: 20 };

const rowCame = (id: string) =>
  vi.waitFor(async () => {
    if ((await rowOf(id)) === undefined) throw new Error("not yet");
  }, WAIT);

/** Waits until the copy in D1 says that the payment, or the refund, has succeeded. */
const succeeded = (table: "payment_intents" | "refunds", id: string) =>
  vi.waitFor(async () => {
    const row = await env.DB.prepare(`SELECT status FROM ${table} WHERE id = ?`).bind(id).first();
    if (row?.["status"] !== "succeeded") throw new Error("not yet");
  }, WAIT);

const entriesOf = async (cause: string) =>
  (await db.query.ledgerEntries.findMany({ where: (row, { eq }) => eq(row.cause, cause) })).map(
    ({ kind, value, debit, credit }) => ({ kind, value, debit, credit }),
  );

let merchant: Merchant;
let bank: Bank;

beforeAll(async () => {
  merchant = await newMerchant();
  bank = await openBank(merchant);
  const saved = await setSplit(bank.account, RECEIVER);
  if (saved.status !== 200) throw new Error(JSON.stringify(saved.body));
});

afterEach(() => bank.detour(null));

/** A live payment of CNY 100.00, paid; its fee is CNY 0.50. */
async function paid(): Promise<{ id: string; split: string }> {
  bank.open();
  const amount = { currency: "CNY", value: 10_000 };
  const body = wechatPayment({ amount });
  const { body: payment } = await api("POST", "/v1/payment-intents", { key: merchant.live, body });
  bank.pay(payment.id);
  await bank.callback(payment.id);
  const split = splitIdOf(payment.id);
  await rowCame(split);
  return { id: payment.id, split };
}

/** A refund of a part, done and in D1. */
async function refunded(id: string, value: number, nth = 1): Promise<string> {
  const { body } = await api("POST", "/v1/refunds", {
    key: merchant.live,
    body: { payment_intent: id, amount: { currency: "CNY", value } },
    headers: { "Idempotency-Key": `${id}-${nth}` },
  });
  await bank.refundCallback(id);
  const split = splitIdOf(refundIdOf(id, nth));
  await succeeded("refunds", body.id);
  return split;
}

const shareRequests = () =>
  bank.seen.filter(({ path }) => path === "/v3/profitsharing/orders").length;

/** Requests for shares that reached the bank while something was done. */
async function counted(work: () => Promise<unknown>): Promise<number> {
  const before = shareRequests();
  await work();
  return shareRequests() - before;
}

describe("a share at WeChat Pay", () => {
  it("is ordered with profit sharing, waits, is processing, and is booked when it is done", async ({
    expect,
  }) => {
    const { id, split } = await paid();
    const order = bank.orders.find(id);
    expect(JSON.parse(order?.parameters ?? "{}")).toMatchObject({
      settle_info: { profit_sharing: true },
    });
    expect(await rowOf(split)).toMatchObject({ state: "due", value: 50 });
    expect(await workSplit(split, worker(0))).toBe(false);
    expect(await counted(() => workSplit(split, worker(2 * MINUTE)))).toBe(1);
    expect(await rowOf(split)).toMatchObject({ state: "processing", attempts: 1 });
    expect(await entriesOf(split)).toEqual([]);
    expect(await counted(() => workSplit(split, worker(HOUR)))).toBe(0);
    expect(await entriesOf(split)).toEqual([
      { kind: "split", value: 50, debit: "platform", credit: `channel:${bank.account}` },
    ]);
    expect(await workSplit(split, worker(2 * HOUR))).toBe(false);

    const key = merchant.live;
    const shown = await api("GET", `/v1/splits/${split}`, { key });
    expect(shown.body).toMatchObject({
      object: "split",
      kind: "split",
      payment_intent: id,
      amount: { currency: "CNY", value: 50 },
      state: "succeeded",
      channel_split_id: expect.any(String),
      error: null,
    });
    expect(JSON.stringify(shown.body)).not.toContain(RECEIVER.account);
    const list = await api("GET", `/v1/splits?payment_intent=${id}&state=succeeded`, { key });
    expect(list.body.data).toEqual([shown.body]);
  });

  it("is not asked for where the fee is invoiced", async ({ expect }) => {
    const other = await newMerchant();
    const theirs = await openBank(other);
    const body = wechatPayment();
    const { body: payment } = await api("POST", "/v1/payment-intents", { key: other.live, body });
    expect(theirs.orders.find(payment.id)?.parameters).not.toContain("profit_sharing");
    theirs.pay(payment.id);
    await theirs.callback(payment.id);
    await succeeded("payment_intents", payment.id);
    expect(await rowOf(splitIdOf(payment.id))).toBeUndefined();
  });

  it("of a payment that was ordered before the setting, or after it, goes by the order", async ({
    expect,
  }) => {
    const other = await newMerchant();
    const theirs = await openBank(other);
    const body = wechatPayment();
    const order = async () =>
      (await api("POST", "/v1/payment-intents", { key: other.live, body })).body.id;
    const before = await order();
    await setSplit(theirs.account, RECEIVER);
    const between = await order();
    await setSplit(theirs.account, null);
    const after = await order();
    for (const id of [before, between, after]) {
      theirs.pay(id);
      await theirs.callback(id);
      await succeeded("payment_intents", id);
    }
    expect(await rowOf(splitIdOf(before))).toBeUndefined();
    expect(await rowOf(splitIdOf(between))).toMatchObject({ state: "due" });
    expect(await rowOf(splitIdOf(after))).toBeUndefined();
  });
});

describe("when the channel does not answer", () => {
  it.for<[string, Parameters<Bank["detour"]>[0], number]>([
    ["the request is lost", () => Promise.reject(new Error("lost")), 1],
    [
      "the reply is lost",
      async (_, arrive) => {
        await arrive();
        throw new Error("lost");
      },
      0,
    ],
    ["a page comes back", async () => new Response("<html></html>"), 1],
    ["nothing works", async () => new Response("{}", { status: 500 }), 1],
  ])("%s: asks, and sends again only what is not there", async ([, road, sends], { expect }) => {
    const { split } = await paid();
    bank.detour(road);
    await workSplit(split, worker(2 * MINUTE));
    expect(await rowOf(split)).toMatchObject({ state: "requested", error: expect.any(Object) });
    bank.detour(null);
    expect(await counted(() => workSplit(split, worker(HOUR)))).toBe(sends);
    await workSplit(split, worker(3 * HOUR));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", error: null });
    expect(await entriesOf(split)).toHaveLength(1);
  });

  it("a worker that dies before it has written the end is followed by one that asks", async ({
    expect,
  }) => {
    const { split } = await paid();
    const dying = Object.assign(Object.create(db), {
      batch: () => Promise.reject(new Error("dead")),
    });
    await workSplit(split, worker(2 * MINUTE));
    await workSplit(split, worker(HOUR, dying)).catch(() => null);
    expect(await rowOf(split)).toMatchObject({ state: "processing", attempts: 2 });
    expect(await entriesOf(split)).toEqual([]);
    // Its lease holds for a while.
    expect(await workSplit(split, worker(HOUR + MINUTE))).toBe(false);
    expect(await counted(() => workSplit(split, worker(HOUR + 3 * MINUTE)))).toBe(0);
    expect(await rowOf(split)).toMatchObject({ state: "succeeded" });
    expect(await entriesOf(split)).toHaveLength(1);
  });

  it("two workers at once are one, and one that was overtaken books nothing twice", async ({
    expect,
  }) => {
    const { split } = await paid();
    const { road, reached, open } = gate();
    bank.detour(road);
    const first = workSplit(split, worker(2 * MINUTE));
    await reached;
    expect(await workSplit(split, worker(2 * MINUTE))).toBe(false);
    bank.detour(null);
    // The second one asks, finds nothing, and sends the same number.
    await workSplit(split, worker(5 * MINUTE));
    await workSplit(split, worker(HOUR));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", attempts: 3 });
    open();
    await first;
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", attempts: 3 });
    expect(await entriesOf(split)).toHaveLength(1);
  });

  it("one that may no longer be asked about has not failed: it may have been taken", async ({
    expect,
  }) => {
    const { id, split } = await paid();
    await workSplit(split, worker(2 * MINUTE));
    bank.detour(async () => Response.json({ code: "NO_AUTH", message: "" }, { status: 403 }));
    await workSplit(split, worker(HOUR));
    expect(await rowOf(split)).toMatchObject({
      state: "processing",
      error: { message: expect.stringContaining("NO_AUTH") },
    });
    expect(await rowOf(releaseIdOf(id))).toBeUndefined();
    bank.detour(null);
    await workSplit(split, worker(3 * HOUR));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", error: null });
    expect(await entriesOf(split)).toHaveLength(1);
  });

  it("gives up after 30 days, and says so", async ({ expect }) => {
    const { split } = await paid();
    bank.detour(() => Promise.reject(new Error("lost")));
    await workSplit(split, worker(31 * 24 * HOUR));
    expect(await rowOf(split)).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("30 days") },
    });
  });
});

describe("when the channel says no", () => {
  it("the share failed, its fee stays owed, and the rest is released", async ({ expect }) => {
    const { id, split } = await paid();
    bank.detour(async () => Response.json({ code: "NO_AUTH", message: "无权限" }, { status: 403 }));
    await workSplit(split, worker(2 * MINUTE));
    bank.detour(null);
    const release = releaseIdOf(id);
    expect(await rowOf(split)).toMatchObject({
      state: "failed",
      next_at: null,
      error: { code: "CHANNEL_NOT_CONFIGURED", message: expect.stringContaining("NO_AUTH") },
    });
    expect(await entriesOf(split)).toEqual([]);
    expect(await entriesOf(id)).toContainEqual(
      expect.objectContaining({ kind: "fee", value: 50, credit: "platform" }),
    );
    await workSplit(release, worker(HOUR));
    await workSplit(release, worker(2 * HOUR));
    expect(bank.seen.at(-2)?.path).toBe("/v3/profitsharing/orders/unfreeze");
    expect(await rowOf(release)).toMatchObject({ state: "succeeded", value: 0 });
    expect(await entriesOf(release)).toEqual([]);
    const failed = await api("GET", "/v1/splits?state=failed&kind=split", { key: merchant.live });
    expect(failed.body.data).toContainEqual(expect.objectContaining({ id: split }));
  });

  it("'already released' ends a release", async ({ expect }) => {
    const { id, split } = await paid();
    bank.detour(async () => Response.json({ code: "RULE_LIMIT", message: "" }, { status: 403 }));
    await workSplit(split, worker(2 * MINUTE));
    bank.detour(async () => Response.json({ code: "NOT_ENOUGH", message: "" }, { status: 403 }));
    await workSplit(releaseIdOf(id), worker(HOUR));
    expect(await rowOf(releaseIdOf(id))).toMatchObject({ state: "succeeded" });
  });

  it("'already released' fails a share at once", async ({ expect }) => {
    const { split } = await paid();
    bank.detour(async () => Response.json({ code: "NOT_ENOUGH", message: "" }, { status: 403 }));
    await workSplit(split, worker(2 * MINUTE));
    expect(await rowOf(split)).toMatchObject({ state: "failed" });
  });
});

describe("with refunds", () => {
  it("before it is asked for, the share is smaller", async ({ expect }) => {
    const { id, split } = await paid();
    await refunded(id, 4_000);
    await workSplit(split, worker(2 * MINUTE));
    await workSplit(split, worker(HOUR));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", value: 30 });
    expect(await entriesOf(split)).toMatchObject([{ kind: "split", value: 30 }]);
    expect(await rowOf(splitIdOf(refundIdOf(id, 1)))).toBeUndefined();
  });

  it("of everything, nothing is asked of the channel", async ({ expect }) => {
    const { id, split } = await paid();
    await refunded(id, 10_000);
    const before = bank.seen.length;
    await workSplit(split, worker(2 * MINUTE));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", value: 0 });
    expect(bank.seen).toHaveLength(before);
    expect(await entriesOf(split)).toEqual([]);
  });

  it("after it, the fee that they gave back comes back", async ({ expect }) => {
    const { id, split } = await paid();
    await workSplit(split, worker(2 * MINUTE));
    await workSplit(split, worker(HOUR));
    const back = await refunded(id, 4_000);
    expect(await rowOf(back)).toMatchObject({ kind: "return", state: "due", value: 20 });
    await workSplit(back, worker(2 * HOUR));
    expect(await rowOf(back)).toMatchObject({ state: "succeeded" });
    expect(await entriesOf(back)).toEqual([
      { kind: "split_return", value: 20, debit: `channel:${bank.account}`, credit: "platform" },
    ]);
    const all = await api("GET", `/v1/splits?payment_intent=${id}&kind=return`, {
      key: merchant.live,
    });
    expect(all.body.data).toMatchObject([{ refund: refundIdOf(id, 1), state: "succeeded" }]);
  });

  it("between request and reply, the return waits for the share", async ({ expect }) => {
    const { id, split } = await paid();
    const { road, reached, open } = gate();
    bank.detour(road);
    const working = workSplit(split, worker(2 * MINUTE));
    await reached;
    bank.detour(null);
    const back = await refunded(id, 4_000);
    expect(await workSplit(back, worker(HOUR))).toBe(false);
    open();
    await working;
    await workSplit(split, worker(2 * HOUR));
    expect(await rowOf(split)).toMatchObject({ state: "succeeded", value: 50 });
    expect(await workSplit(back, worker(3 * HOUR))).toBe(true);
    expect(await rowOf(back)).toMatchObject({ state: "succeeded", value: 20 });
  });

  it("and a share that failed, nothing comes back", async ({ expect }) => {
    const { id, split } = await paid();
    bank.detour(async () => Response.json({ code: "NO_AUTH", message: "" }, { status: 403 }));
    await workSplit(split, worker(2 * MINUTE));
    bank.detour(null);
    const back = await refunded(id, 4_000);
    expect(await rowOf(back)).toBeUndefined();
  });
});

describe.for([
  ["wechat", RECEIVER],
  ["alipay", { type: "userId", account: "2088101126708402" }],
] as const)("the sandbox's %s", ([channel, receiver]) => {
  let test: Merchant;
  let account: string;

  beforeAll(async () => {
    test = await newMerchant();
    const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: test.test });
    account = body.data.find((row: { channel: string }) => row.channel === channel).id;
    const { status } = await setSplit(account, receiver);
    if (status !== 200) throw new Error("not set");
  });

  const paidBy = async (script?: string) => {
    const key = test.test;
    const { body } = await api("POST", "/v1/payment-intents", {
      key,
      body: {
        amount: { currency: "CNY", value: 10_000 },
        channel,
        metadata: script === undefined ? {} : { sandbox: script },
      },
    });
    const pay = await api("POST", `/sandbox/payments/${body.id}/pay`, { key });
    if (pay.status !== 200) throw new Error("not paid");
    const split = splitIdOf(body.id);
    await rowCame(split);
    return { id: String(body.id), split };
  };

  it.for<[string | undefined, string, string, number]>([
    [undefined, "processing", "succeeded", 1],
    ["split_rejected", "processing", "failed", 0],
    ["split_stuck", "processing", "processing", 0],
    ["split_timeout", "requested", "succeeded", 1],
  ])("%s", async ([script, first, last, entries], { expect }) => {
    const { id, split } = await paidBy(script);
    await workSplit(split, worker(2 * MINUTE));
    // Alipay settles at once.
    const ended = channel === "alipay" && script !== "split_timeout" ? last : first;
    expect(await rowOf(split)).toMatchObject({ state: ended, value: 50 });
    await workSplit(split, worker(HOUR));
    expect(await rowOf(split)).toMatchObject({ state: last });
    expect(await entriesOf(split)).toHaveLength(entries);
    if (last !== "failed") return;
    // What failed at the channel has freed the rest; asking once more does no harm.
    await workSplit(releaseIdOf(id), worker(2 * HOUR));
    expect(await rowOf(releaseIdOf(id))).toMatchObject({ next_at: null });
  });

  it("returns what a refund gave back", async ({ expect }) => {
    const { id, split } = await paidBy();
    await workSplit(split, worker(2 * MINUTE));
    await workSplit(split, worker(HOUR));
    await api("POST", "/v1/refunds", {
      key: test.test,
      body: { payment_intent: id, amount: { currency: "CNY", value: 5_000 } },
      headers: { "Idempotency-Key": id },
    });
    const back = splitIdOf(refundIdOf(id, 1));
    await rowCame(back);
    await workSplit(back, worker(2 * HOUR));
    expect(await rowOf(back)).toMatchObject({ state: "succeeded", value: 25 });
    expect(await entriesOf(back)).toMatchObject([{ kind: "split_return", value: 25 }]);
  });
});

describe("the operator's setting", () => {
  const key = () => merchant.live;

  it("is shown to the merchant without the receiver, and to the operator with it", async ({
    expect,
  }) => {
    const own = await api("GET", `/v1/channel-accounts/${bank.account}`, { key: key() });
    expect(own.body).toMatchObject({ settlement_method: "channel_split" });
    expect(JSON.stringify(own.body)).not.toContain(RECEIVER.account);
    const path = `/v1/admin/channel-accounts/${bank.account}/split`;
    const shown = await api("GET", path, { headers: ADMIN });
    expect(shown.body).toEqual({
      object: "channel_account_split",
      channel_account: bank.account,
      settlement_method: "channel_split",
      receiver: { ...RECEIVER, name: null },
    });
    expect((await api("GET", path, { key: key() })).status).toBe(401);
  });

  it("refuses receivers that the channel could not pay", async ({ expect }) => {
    const wrong = async (receiver: unknown, account = bank.account) => {
      const { status, body } = await setSplit(account, receiver);
      return [status, body.error?.details.issues?.[0]?.path];
    };
    expect(await wrong({ type: "PERSONAL_OPENID", account: "o1" })).toEqual([400, "receiver.type"]);
    expect(await wrong({ type: "constructor", account: "o1" })).toEqual([400, "receiver.type"]);
    expect(await wrong({ ...RECEIVER, account: "me@x.y" })).toEqual([400, "receiver.account"]);
    expect(await wrong({ ...RECEIVER, more: 1 })).toEqual([400, "receiver.more"]);
    expect((await setSplit("ca_00000000000000000000000000", null)).status).toBe(404);
    const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: merchant.test });
    const antom = body.data.find((row: { channel: string }) => row.channel === "antom").id;
    expect(await wrong(RECEIVER, antom)).toEqual([400, "receiver"]);
    expect((await setSplit(antom, null)).body).toMatchObject({ settlement_method: "invoice" });
  });
});
