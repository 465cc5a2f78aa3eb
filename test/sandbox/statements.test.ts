/**
 * The simulated channels' books, and statements through the whole gateway: every payment and refund
 * is booked once, whatever dies in between, and what users plant is found in the file.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeAll, beforeEach, describe, it, vi } from "vitest";

import { accountRow } from "../../src/channels/accounts.ts";
import { connect } from "../../src/channels/connect.ts";
import { systemClock } from "../../src/clock.ts";
import worker from "../../src/index.ts";
import { createLogger } from "../../src/log.ts";
import { SandboxBook } from "../../src/sandbox/book.ts";
import { gbk } from "../../src/sandbox/gbk.ts";
import type { NewOrder } from "../../src/sandbox/order.ts";
import type { FaultScript } from "../../src/sandbox/simulator.ts";
import { bookingDay, DAY_FAULTS } from "../../src/sandbox/statement.ts";
import { bookOf } from "../../src/sandbox/transport.ts";
import { bytesOf, fileOf, linesIn } from "../channels/bill-kit.ts";
import { api, type Merchant, newMerchant, wechatPayment } from "../intent/kit.ts";

let serial = 0;

async function ordered(script: FaultScript | null = null, change: Partial<NewOrder> = {}) {
  serial += 1;
  const order: NewOrder = {
    channel: "wechat",
    merchant: `19000${String(serial).padStart(5, "0")}`,
    orderNumber: `pi_booked_${serial}`,
    parameters: '{"mchid":"1900000001"}',
    currency: "CNY",
    value: 699,
    notifyUrl: "https://pay.example/v1/callbacks/wechat/ca_1",
    expiresAt: null,
    ...change,
  };
  const { channel, merchant } = order;
  const stub = env.SANDBOX_ORDERS.getByName(`${channel}:${merchant}:${order.orderNumber}`);
  await stub.create(order, script);
  return {
    order,
    stub,
    booked: (day = bookingDay(Date.now())) => bookOf(env, channel, merchant, day).bookings(),
    refund: (refundNumber: string, value = 100) =>
      stub.refund({
        refundNumber,
        parameters: "{}",
        value,
        notifyUrl: null,
        settles: "later",
      }),
  };
}

/** What an object has not told the book yet. */
const untold = (stub: Awaited<ReturnType<typeof ordered>>["stub"]) =>
  runInDurableObject(
    stub,
    (_, { storage }) => storage.sql.exec("SELECT id FROM bookings").toArray().length,
  );

describe("the book", () => {
  beforeEach(() => {
    vi.spyOn(worker, "fetch").mockImplementation(async () => new Response(null, { status: 204 }));
  });

  it("has a payment and its refunds, once each", async ({ expect }) => {
    const { order, stub, booked, refund } = await ordered();
    expect(await booked()).toEqual([]);
    await stub.buyer("pay");
    await stub.buyer("pay");
    await refund("re_1");
    await refund("re_1");
    await refund("re_2", 50);
    const { orderNumber, value } = order;
    const [payment, ...refunds] = await booked();
    expect(payment).toMatchObject({ kind: "payment", orderNumber, value, orderValue: value });
    expect(payment?.transactionId).toMatch(/^\d{28}$/);
    expect(refunds).toMatchObject([
      { kind: "refund", orderNumber, refundNumber: "re_1", value: 100, orderValue: 699 },
      { kind: "refund", orderNumber, refundNumber: "re_2", value: 50 },
    ]);
    expect(refunds.map(({ transactionId }) => transactionId)).toEqual([
      payment?.transactionId,
      payment?.transactionId,
    ]);
    expect(await untold(stub)).toBe(0);
  });

  it("has refunds with their order's number, or one that they share", async ({ expect }) => {
    const first = await ordered();
    const second = await ordered(null, { merchant: first.order.merchant });
    for (const { stub, refund, order } of [first, second]) {
      await stub.buyer("pay");
      await refund("cancel");
      await refund(order.orderNumber, 5);
    }
    expect(await first.booked()).toHaveLength(6);
  });

  it("has nothing of what was not paid, or not given back", async ({ expect }) => {
    const { stub, booked, refund } = await ordered("refund_abnormal");
    await stub.buyer("scan");
    await stub.buyer("decline");
    await refund("re_early");
    expect(await booked()).toEqual([]);
    await stub.buyer("pay");
    await refund("re_abnormal");
    await refund("re_too_much", 10_000);
    expect(await booked()).toMatchObject([{ kind: "payment" }]);
    const closed = await ordered();
    await closed.stub.close();
    await closed.stub.buyer("pay");
    expect(await closed.booked()).toEqual([]);
  });

  it("is told again when it could not be reached, and takes it once", async ({ expect }) => {
    const note = vi.spyOn(SandboxBook.prototype, "note").mockRejectedValue(new Error("no book"));
    const { stub, booked } = await ordered();
    expect((await stub.buyer("pay")).ok, "the payment is made all the same").toBe(true);
    expect([await untold(stub), await booked()]).toEqual([1, []]);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([await untold(stub), await booked()]).toEqual([1, []]);
    note.mockRestore();
    await evictDurableObject(stub);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect([await untold(stub), (await booked()).length]).toEqual([0, 1]);
    expect(await runDurableObjectAlarm(stub), "nothing is left to do").toBe(false);
  });

  it("takes a booking once that was told and not crossed off", async ({ expect }) => {
    // oxlint-disable-next-line typescript/unbound-method -- called with its object below
    const genuine = SandboxBook.prototype.note;
    const note = vi.spyOn(SandboxBook.prototype, "note").mockImplementation(async function (
      this: SandboxBook,
      booking,
    ) {
      await genuine.call(this, booking);
      throw new Error("the answer is lost");
    });
    const { stub, booked } = await ordered();
    await stub.buyer("pay");
    expect([await untold(stub), (await booked()).length]).toEqual([1, 1]);
    note.mockRestore();
    await runDurableObjectAlarm(stub);
    expect([await untold(stub), (await booked()).length]).toEqual([0, 1]);
  });

  it("is of the channel's day, which begins at 16:00 UTC", async ({ expect }) => {
    const now = vi.spyOn(systemClock, "now");
    now.mockReturnValue(Date.parse("2026-03-01T15:59:59.999Z"));
    const { stub, booked, refund } = await ordered();
    await stub.buyer("pay");
    now.mockReturnValue(Date.parse("2026-03-01T16:00:00.000Z"));
    await refund("re_next_day");
    expect(await booked("2026-03-01")).toMatchObject([{ kind: "payment" }]);
    expect(await booked("2026-03-02")).toMatchObject([{ kind: "refund" }]);
  });

  it("leaves nothing behind on a day that was only asked for", async ({ expect }) => {
    const stub = bookOf(env, "wechat", "1900099999", "2026-03-01");
    expect(await stub.ask()).toEqual({ bookings: [], fault: null, late: false, upTo: 0 });
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'bookings'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  it("stays what it was when somebody asked", async ({ expect }) => {
    const { order, stub, booked, refund } = await ordered();
    await stub.buyer("pay");
    const book = bookOf(env, "wechat", order.merchant, bookingDay(Date.now()));
    const { upTo } = await book.ask();
    await refund("re_after");
    expect(await booked()).toHaveLength(2);
    expect(await book.bookings(upTo)).toMatchObject([{ kind: "payment" }]);
  });
});

describe("GBK", () => {
  it("is what the platform decodes", ({ expect }) => {
    const characters = "支付宝业务明细（元）：，奶茶、￥0123ABC\t\r\n丂狛";
    expect(new TextDecoder("gbk").decode(gbk(characters))).toBe(characters);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0x4e00, max: 0x9fa5 })), (codes) => {
        const text = String.fromCodePoint(...codes);
        expect(new TextDecoder("gbk").decode(gbk(text))).toBe(text);
      }),
    );
    expect(gbk("🧧ไทย")).toEqual(gbk("????"));
  });
});

describe.for(["wechat", "alipay"])("a statement of %s through the gateway", (channel) => {
  let merchant: Merchant;
  let account: string;
  const today = () => bookingDay(Date.now());

  beforeAll(async () => {
    merchant = await newMerchant("Statements");
    const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key: merchant.test });
    account = body.data.find((each: { channel: string }) => each.channel === channel).id;
  });

  const plant = (body: Record<string, unknown>, key = merchant.test) =>
    api("POST", "/v1/sandbox/statements", { key, body });

  const planted = async (fault: string, date = today()) => {
    const { status } = await plant({ channel_account: account, date, fault });
    if (status !== 200) throw new Error(`not planted: ${status}`);
  };

  const sold = async (script: FaultScript | null = null): Promise<string> => {
    const metadata = script === null ? {} : { sandbox: script };
    const body = wechatPayment({ channel, channel_account: account, metadata });
    const { body: made } = await api("POST", "/v1/payment-intents", { key: merchant.test, body });
    await api("POST", `/sandbox/payments/${made.id}/pay`);
    return made.id;
  };

  async function desk() {
    const row = await accountRow(env, account);
    if (row === null) throw new Error("no account");
    const {
      adapter,
      account: opened,
      io,
    } = await connect(row, {
      env,
      log: createLogger("silent"),
      script: null,
      publicBase: "http://gateway.test",
    });
    const { statements } = adapter;
    if (statements?.fetch === undefined) throw new Error("no statements");
    const expected = { merchantAccount: row.merchant_account, sha1: null };
    return {
      fetch: (day = today()) => statements.fetch?.(day, opened, io(0)) ?? Promise.reject(),
      lines: async (day = today()) => {
        const outcome = await statements.fetch?.(day, opened, io(0));
        if (outcome === undefined) throw new Error("no fetch");
        const file = fileOf(outcome);
        const bytes = await bytesOf(file.body);
        const { sha1 } = file;
        return linesIn(statements.format, file.name, bytes, { ...expected, day, sha1 });
      },
    };
  }

  it("has today's payments and refunds, and what was planted in one of them", async ({
    expect,
  }) => {
    const { lines } = await desk();
    const honest = await sold();
    const wrong = await sold("statement_wrong_amount");
    const missing = await sold("statement_missing");
    const twice = await sold("statement_duplicate");
    const unheard = await sold("statement_only");
    const refund = await api("POST", "/v1/refunds", {
      key: merchant.test,
      body: { payment_intent: honest, amount: { currency: "CNY", value: 100 } },
    });
    expect(refund.status).toBeLessThan(300);
    const read = await lines();
    const of = (id: string) => read.filter(({ reference }) => reference === id);
    expect(of(honest)).toMatchObject([{ kind: "payment", amount: { value: 699 }, fee: 4 }]);
    expect(of(wrong)).toMatchObject([{ amount: { value: 700 } }]);
    expect(of(missing)).toEqual([]);
    expect(of(twice)).toHaveLength(2);
    expect(of(unheard)).toHaveLength(1);
    expect(read.filter(({ kind }) => kind === "refund")).toMatchObject([
      { orderReference: honest, amount: { currency: "CNY", value: 100 } },
    ]);
    // From now on queries know it.
    const { body } = await api("POST", `/v1/payment-intents/${unheard}/sync`, {
      key: merchant.test,
    });
    expect(body.status).toBe("succeeded");
  });

  it("comes late twice, then it is there", async ({ expect }) => {
    const { fetch } = await desk();
    await sold();
    await planted("late");
    const kinds: string[] = [];
    for (let ask = 0; ask < 4; ask += 1) {
      const outcome = await fetch();
      kinds.push(outcome.kind === "ok" ? outcome.value.kind : outcome.kind);
    }
    expect(kinds).toEqual(["not_yet", "not_yet", "file", "file"]);
  });

  it.for(["tampered", "truncated", "wrong_day"])(
    "is refused when it is %s",
    async (fault, { expect }) => {
      const { lines } = await desk();
      await sold();
      await planted(fault);
      await expect(lines()).rejects.toMatchObject({ name: "StatementRefused" });
      await planted("none");
      expect((await lines()).length).toBeGreaterThan(0);
    },
  );

  it("has a line too many, also on a day of its own", async ({ expect }) => {
    const { lines } = await desk();
    const day = bookingDay(Date.now() - 5 * 86_400_000);
    await planted("extra_line", day);
    expect(await lines(day)).toMatchObject([{ kind: "payment", amount: { value: 100 } }]);
  });

  it("is spoiled by its owner alone, with a test key, and by a fault that exists", async ({
    expect,
  }) => {
    const date = today();
    const good = { channel_account: account, date, fault: "none" };
    expect(await plant(good)).toMatchObject({
      status: 200,
      body: { object: "sandbox_statement", ...good },
    });
    const stranger = await newMerchant("Stranger");
    for (const key of [stranger.test, stranger.live, merchant.live]) {
      expect((await plant(good, key)).body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
    }
    for (const bad of [
      { ...good, fault: "nothing" },
      { ...good, date: "2026-02-30" },
      { ...good, date: "today" },
      { ...good, channel_account: "ca_1" },
      { ...good, more: 1 },
      { channel_account: account, date },
    ]) {
      expect((await plant(bad)).status).toBe(400);
    }
  });
});

it("every fault of a day is one that the API takes", async ({ expect }) => {
  const { body } = await api("GET", "/openapi.json");
  const { fault } = body.components.schemas.PlantStatementFault.properties;
  expect(fault.enum).toEqual(["none", ...DAY_FAULTS]);
});
