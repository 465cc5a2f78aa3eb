/** Invoices by the ledger: whatever is written down when, they sum to what is owed. */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { closeLastMonth } from "../../src/cron/invoices.ts";
import { closeStep } from "../../src/settlement/closing.ts";
import { randomId } from "../../src/ids.ts";
import { type DeliveryMessage, WorkMessage } from "../../src/messages.ts";
import { closeMonth, noteInvoicePayment } from "../../src/settlement/invoicing.ts";
import { draftInvoice, type OwedSum, signedAmount } from "../../src/settlement/invoices.ts";
import {
  isMonth,
  monthAt,
  monthBefore,
  monthsBetween,
  nextMonth,
  startOfMonth,
} from "../../src/settlement/months.ts";
import type { Database } from "../../src/store/db.ts";
import { type InvoiceRow, listAllInvoices } from "../../src/store/invoices.ts";
import { insertMerchant } from "../../src/store/merchants.ts";
import type { Recorder } from "../../src/webhooks/record.ts";
import { atEveryStep, book, type Booking, db, type Owner } from "./kit.ts";

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };

const recorderOn = (base: Database) => {
  const queued: DeliveryMessage[] = [];
  const sendBatch = async (batch: Iterable<MessageSendRequest<DeliveryMessage>>) => {
    for (const { body } of batch) queued.push(body);
    return METADATA;
  };
  const recorder: Recorder = {
    db: base,
    deliveries: { sendBatch, send: async () => METADATA },
  };
  return { recorder, queued };
};

const { recorder } = recorderOn(db);

async function newOwner(id = randomId("merchant")): Promise<Owner> {
  const merchant = {
    id,
    name: "Shop",
    email: null,
    settlement_currency: null,
    status: "active" as const,
    created_at: 1,
    updated_at: 1,
  };
  await insertMerchant(db, merchant, []);
  return { merchantId: id, livemode: true };
}

const at = (month: string, day = 10) => startOfMonth(month) + day * 86_400_000;
const NOW = Date.parse("2026-12-31T00:00:00Z");
const close = (owner: Owner, month: string, by: Recorder = recorder) =>
  closeMonth(by, owner, month, NOW);

const allOf = ({ merchantId }: Owner): Promise<InvoiceRow[]> =>
  listAllInvoices(db, merchantId, {}, { limit: 100, before: null });

const totalOf = (rows: readonly InvoiceRow[]) => rows.reduce((sum, { total }) => sum + total, 0);

interface StoredEvent {
  readonly type: string;
  readonly payload: string;
}

const eventsOf = async ({ merchantId }: Owner): Promise<StoredEvent[]> => {
  const read = env.DB.prepare(
    "SELECT type, payload FROM events WHERE merchant_id = ? ORDER BY livemode, position",
  );
  return (await read.bind(merchantId).all<StoredEvent>()).results;
};

describe("months", () => {
  it("begin at midnight in China", ({ expect }) => {
    expect(new Date(startOfMonth("2026-11")).toISOString()).toBe("2026-10-31T16:00:00.000Z");
    expect(monthAt(Date.parse("2026-10-31T15:59:59.999Z"))).toBe("2026-10");
    expect(monthAt(Date.parse("2026-10-31T16:00:00Z"))).toBe("2026-11");
  });

  it("follow each other over years and leap days", ({ expect }) => {
    expect([nextMonth("2026-12"), nextMonth("2028-01"), nextMonth("2028-02")]).toEqual([
      "2027-01",
      "2028-02",
      "2028-03",
    ]);
    expect([monthBefore("2027-01"), monthBefore("2028-03")]).toEqual(["2026-12", "2028-02"]);
    const first = startOfMonth("2026-11");
    expect(monthsBetween(first, "2027-01")).toEqual(["2026-11", "2026-12", "2027-01"]);
    expect(monthsBetween(first, "2026-10")).toEqual([]);
  });

  it.for(["2026-13", "2026-00", "2026-1", "26-01", "2026-10-01", "2026-10 ", "", "２０２６-10"])(
    "%j is none",
    (text, { expect }) => {
      expect(isMonth(text)).toBe(false);
    },
  );
});

describe("a draft", () => {
  const credits = ["fee_refund", "split", "share_under_way"] as const;
  const kinds = ["fee", "split_return", "return_under_way", ...credits] as const;
  const sum: fc.Arbitrary<OwedSum> = fc.record({
    currency: fc.constantFrom("CNY", "USD"),
    kind: fc.constantFrom(...kinds),
    account: fc.constantFrom("ca_1", "ca_2", null),
    count: fc.integer({ min: 1, max: 1_000 }),
    value: fc.integer({ min: 1, max: 1_000_000_000 }),
  });

  it("has lines that sum to its total, which is what is not invoiced yet", ({ expect }) => {
    const amount = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
    fc.assert(
      fc.property(fc.array(sum, { maxLength: 12 }), amount, amount, (month, before, invoiced) => {
        const accounting = { currency: "CNY", month, before, invoiced };
        const draft = draftInvoice(accounting, (id) => id ?? "other");
        const own = month.filter(({ currency }) => currency === "CNY");
        const isCredit = ({ kind }: OwedSum) => credits.some((credit) => credit === kind);
        const change = own.map((each) => (isCredit(each) ? -each.value : each.value));
        const owed = change.reduce((all, value) => all + value, before - invoiced);
        expect(draft?.total ?? null).toBe(owed > 0 ? owed : null);
        const lines = draft?.lines.reduce((all, { value }) => all + value, 0);
        expect(lines ?? null).toBe(draft?.total ?? null);
      }),
    );
  });

  it("refuses sums that a number does not hold exactly", ({ expect }) => {
    const fee = { currency: "CNY", kind: "fee", account: null, count: 1 } as const;
    const month = [
      { ...fee, value: Number.MAX_SAFE_INTEGER },
      { ...fee, value: 1 },
    ];
    const accounting = { currency: "CNY", month, before: 0, invoiced: 0 };
    expect(() => draftInvoice(accounting, String)).toThrow(RangeError);
  });

  it.for<[number, string, string]>([
    [0, "CNY", "0.00"],
    [5, "CNY", "0.05"],
    [-5, "CNY", "−0.05"],
    [123_456_789, "CNY", "1,234,567.89"],
    [-100_000, "USD", "−1,000.00"],
    [1_234_567, "JPY", "1,234,567"],
    [999, "KRW", "999"],
  ])("writes %d %s as %s", ([value, currency, text], { expect }) => {
    expect(signedAmount(value, currency)).toBe(text);
  });
});

describe("closing a month", () => {
  it("asks for the fees less what was given back and taken at the channel", async ({ expect }) => {
    const owner = await newOwner();
    const account = randomId("channelAccount");
    await env.DB.prepare(
      `INSERT INTO channel_accounts (id, merchant_id, livemode, channel, mode, display_name,
        late_payment, status, merchant_account, created_at, updated_at)
        VALUES (?, ?, 1, 'wechat', 'direct', 'Shop 1', 'accept', 'active', '1', 1, 1)`,
    )
      .bind(account, owner.merchantId)
      .run();
    const october = { at: at("2026-10"), account };
    await book(owner, [
      { ...october, kind: "fee", value: 300 },
      { ...october, kind: "fee", value: 250 },
      { ...october, kind: "fee_refund", value: 50 },
      { ...october, kind: "split", value: 120 },
      { ...october, kind: "split_return", value: 20 },
      { ...october, kind: "channel_fee", value: 999 },
      { at: at("2026-10"), kind: "fee", value: 7, account: "ca_gone" },
      { at: at("2026-10"), kind: "fee", value: 11, currency: "USD", account },
      { at: at("2026-11"), kind: "fee", value: 5_000, account },
    ]);
    const [cny, usd, ...rest] = await close(owner, "2026-10");
    expect(rest).toEqual([]);
    expect(cny).toMatchObject({
      currency: "CNY",
      total: 300 + 250 - 50 - 120 + 20 + 7,
      state: "open",
      month: "2026-10",
      due_at: NOW + 14 * 86_400_000,
    });
    expect(new Set(cny?.lines)).toEqual(
      new Set([
        { text: "Fees for payments: Shop 1 (wechat)", quantity: 2, value: 550 },
        { text: "Given back with refunds: Shop 1 (wechat)", quantity: 1, value: -50 },
        { text: "Already taken at the channel: Shop 1 (wechat)", quantity: 1, value: -120 },
        { text: "Returned at the channel with refunds: Shop 1 (wechat)", quantity: 1, value: 20 },
        { text: "Fees for payments: ca_gone", quantity: 1, value: 7 },
      ]),
    );
    expect(cny?.number).toMatch(/^ITP-2026-10-\d{6}$/);
    expect(usd).toMatchObject({ currency: "USD", total: 11 });
  });

  it("takes by China's clock what is in the month", async ({ expect }) => {
    const owner = await newOwner();
    await book(owner, [
      { kind: "fee", at: startOfMonth("2026-10") - 1, value: 1 },
      { kind: "fee", at: startOfMonth("2026-10"), value: 10 },
      { kind: "fee", at: startOfMonth("2026-11") - 1, value: 100 },
      { kind: "fee", at: startOfMonth("2026-11"), value: 1_000 },
    ]);
    expect(await close(owner, "2026-09")).toMatchObject([{ total: 1 }]);
    expect(await close(owner, "2026-10")).toMatchObject([{ total: 110 }]);
  });

  it("brings what was written down late on the next invoice", async ({ expect }) => {
    const owner = await newOwner();
    await book(owner, [{ kind: "fee", at: at("2026-09"), value: 100 }]);
    await close(owner, "2026-09");
    await book(owner, [
      { kind: "fee", at: at("2026-09", 20), value: 30 },
      { kind: "fee_refund", at: at("2026-09", 21), value: 10 },
      { kind: "fee", at: at("2026-10"), value: 5 },
    ]);
    expect(await close(owner, "2026-09")).toMatchObject([{ total: 100 }]);
    const [october] = await close(owner, "2026-10");
    expect(october).toMatchObject({ total: 25 });
    expect(october?.lines.at(-1)).toEqual({
      text: "Carried over from earlier months",
      quantity: 1,
      value: 20,
    });
  });

  it("asks for nothing where nothing is owed, and carries a credit on", async ({ expect }) => {
    const owner = await newOwner();
    await book(owner, [
      { kind: "fee", at: at("2026-08"), value: 100 },
      { kind: "split", at: at("2026-08"), value: 100 },
      { kind: "fee_refund", at: at("2026-09"), value: 40 },
      { kind: "fee", at: at("2026-10"), value: 50 },
    ]);
    expect(await close(owner, "2026-08")).toEqual([]);
    expect(await close(owner, "2026-09")).toEqual([]);
    expect(await close(owner, "2026-10")).toMatchObject([{ total: 10 }]);
    expect(await eventsOf(owner)).toHaveLength(1);
    expect(await close(await newOwner(), "2026-10")).toEqual([]);
  });

  it("is done once, and never behind a later month", async ({ expect }) => {
    const owner = await newOwner();
    await book(owner, [
      { kind: "fee", at: at("2026-09"), value: 100 },
      { kind: "fee_refund", at: at("2026-10"), value: 60 },
    ]);
    // The later month asked for less than the earlier one would.
    const [october] = await close(owner, "2026-10");
    expect(october).toMatchObject({ total: 40 });
    expect(await close(owner, "2026-09")).toEqual([]);
    await book(owner, [{ kind: "fee", at: at("2026-10"), value: 1_000 }]);
    expect(await close(owner, "2026-10")).toEqual([october]);
    expect(await allOf(owner)).toEqual([october]);
  });

  it("waits for the month's end", async ({ expect }) => {
    const owner = await newOwner();
    const end = startOfMonth("2026-12");
    await expect(closeMonth(recorder, owner, "2026-11", end - 1)).rejects.toThrow("has not ended");
    await expect(closeMonth(recorder, owner, "2026-11", end)).resolves.toEqual([]);
  });

  it("keeps modes and merchants apart", async ({ expect }) => {
    const [live, other] = [await newOwner(), await newOwner()];
    const test = { ...live, livemode: false };
    const fee = { kind: "fee", at: at("2026-10") } as const;
    await book(live, [{ ...fee, value: 1 }]);
    await book(test, [{ ...fee, value: 20 }]);
    await book(other, [{ ...fee, value: 300 }]);
    expect(await close(test, "2026-10")).toMatchObject([
      { total: 20, livemode: false, number: expect.stringMatching(/^TEST-2026-10-\d{6}$/) },
    ]);
    expect(await close(live, "2026-10")).toMatchObject([{ total: 1, livemode: true }]);
    expect(await close(other, "2026-10")).toMatchObject([{ total: 300 }]);
  });

  it("raises its event with the number, in the same transaction", async ({ expect }) => {
    const owner = await newOwner();
    const endpoint = randomId("webhookEndpoint");
    await env.DB.prepare(
      `INSERT INTO webhook_endpoints (id, merchant_id, livemode, url, enabled_events, status,
        secrets, created_at, updated_at)
        VALUES (?, ?, 1, 'https://shop.example/h', '["invoice.created"]', 'enabled', '[]', 1, 1)`,
    )
      .bind(endpoint, owner.merchantId)
      .run();
    await book(owner, [{ kind: "fee", at: at("2026-10"), value: 7 }]);
    const { recorder: mine, queued } = recorderOn(db);
    const [invoice] = await close(owner, "2026-10", mine);
    const [event, ...others] = await eventsOf(owner);
    expect(others).toEqual([]);
    const { data, ...envelope } = JSON.parse(event?.payload ?? "");
    expect(envelope).toMatchObject({ type: "invoice.created", livemode: true, object: "event" });
    expect(data).toMatchObject({
      id: invoice?.id,
      object: "invoice",
      number: invoice?.number,
      total: { currency: "CNY", value: 7 },
      state: "open",
    });
    expect(queued).toHaveLength(1);
    await close(owner, "2026-10", mine);
    expect(queued).toHaveLength(1);
  });
});

describe("numbers", () => {
  it("have no gap, however many are given at once", async ({ expect }) => {
    const owners = await Promise.all(Array.from({ length: 8 }, () => newOwner()));
    for (const owner of owners) {
      const fee = { kind: "fee", at: at("2026-10"), value: 10 } as const;
      await book(owner, [fee]);
      await book({ ...owner, livemode: false }, [fee]);
    }
    const both = owners.flatMap((owner) => [owner, { ...owner, livemode: false }]);
    await Promise.all([...both, ...both, ...both].map((owner) => close(owner, "2026-10")));
    const { results } = await env.DB.prepare(
      "SELECT serial, livemode, number FROM invoices ORDER BY serial",
    ).all<{ serial: number; livemode: number; number: string }>();
    for (const livemode of [1, 0]) {
      const serials = results.filter((row) => row.livemode === livemode);
      const counted = serials.map(({ serial }) => Math.abs(serial)).toSorted((a, b) => a - b);
      expect(counted).toEqual(counted.map((_, index) => index + 1));
      for (const { serial, number } of serials) {
        expect(Number(number.slice(-6))).toBe(Math.abs(serial));
      }
    }
    for (const owner of owners) expect(await allOf(owner)).toHaveLength(2);
  });
});

describe("several closings at once", () => {
  it("of one month are one; of two months sum to what is owed", async ({ expect }) => {
    for (let round = 0; round < 5; round += 1) {
      const owner = await newOwner();
      await book(owner, [
        { kind: "fee", at: at("2026-09"), value: 100 },
        { kind: "fee", at: at("2026-10"), value: 20 },
        { kind: "fee_refund", at: at("2026-10"), value: 3 },
      ]);
      const months = ["2026-10", "2026-09", "2026-10", "2026-09", "2026-10"];
      const answers = await Promise.all(months.map((month) => close(owner, month)));
      const rows = await allOf(owner);
      expect(totalOf(rows)).toBe(117);
      expect(new Set(rows.map(({ month }) => month)).size).toBe(rows.length);
      // Whoever closed October has an answer, also when September came in between.
      const october = rows.filter(({ month }) => month === "2026-10");
      expect(october).toHaveLength(1);
      for (const [index, month] of months.entries()) {
        if (month === "2026-10") expect(answers[index]).toEqual(october);
      }
      expect(await eventsOf(owner)).toHaveLength(rows.length);
    }
  });
});

describe("a crash", () => {
  it(
    "at any request of a closing leaves nothing half done",
    { timeout: 60_000 },
    async ({ expect }) => {
      const steps = await atEveryStep(async (dying) => {
        const owner = await newOwner();
        await book(owner, [
          { kind: "fee", at: at("2026-09"), value: 40 },
          { kind: "fee", at: at("2026-10"), value: 60 },
          { kind: "fee", at: at("2026-10"), value: 9, currency: "USD" },
        ]);
        let crash: unknown = null;
        try {
          await close(owner, "2026-10", { ...recorder, db: dying });
        } catch (error) {
          crash = error;
        }
        // What is there is whole: an invoice with its event.
        expect((await eventsOf(owner)).length).toBe((await allOf(owner)).length);
        expect(await close(owner, "2026-10")).toMatchObject([{ total: 100 }, { total: 9 }]);
        expect(await allOf(owner)).toHaveLength(2);
        expect(await eventsOf(owner)).toHaveLength(2);
        if (crash !== null) throw crash;
      });
      expect(steps).toBeGreaterThan(5);
    },
  );
});

describe("all invoices together", () => {
  const MONTHS = ["2026-07", "2026-08", "2026-09", "2026-10"] as const;
  const booking = fc.record({
    kind: fc.constantFrom("fee", "fee", "fee", "fee_refund", "split", "split_return"),
    month: fc.constantFrom(...MONTHS),
    day: fc.integer({ min: 0, max: 27 }),
    value: fc.integer({ min: 1, max: 10_000_000 }),
    account: fc.constantFrom("ca_1", "ca_2"),
  });
  // What is written down before each month is closed; any of it may belong to any month.
  const history = fc.array(fc.array(booking, { maxLength: 6 }), { minLength: 4, maxLength: 4 });

  it(
    "are the fees less what was given back and split off, in any order of bookings",
    {
      timeout: 120_000,
    },
    async ({ expect }) => {
      const owes = { fee: 1, fee_refund: -1, split: -1, split_return: 1 } as const;
      await fc.assert(
        fc.asyncProperty(history, async (batches) => {
          const owner = await newOwner();
          const written: { month: string; change: number }[] = [];
          let invoiced = 0;
          for (const [index, month] of MONTHS.entries()) {
            const rows = batches[index] ?? [];
            await book(
              owner,
              rows.map(({ kind, value, account, ...when }): Booking => {
                return { kind, value, account, at: at(when.month, when.day) };
              }),
            );
            const changes = rows.map((row) => ({
              month: row.month,
              change: owes[row.kind] * row.value,
            }));
            written.push(...changes);
            const due = written.filter((row) => row.month <= month);
            const owed = due.reduce((sum, { change }) => sum + change, 0);
            await close(owner, month);
            // Never less than before, and never more than is owed.
            invoiced = Math.max(invoiced, owed);
            expect(totalOf(await allOf(owner))).toBe(invoiced);
          }
          // Enough that a credit is used up: then the sums are equal to the minor unit.
          await book(owner, [{ kind: "fee", at: at("2026-11"), value: 1_000_000_000 }]);
          await close(owner, "2026-11");
          const all = written.reduce((sum, { change }) => sum + change, 1_000_000_000);
          const rows = await allOf(owner);
          expect(totalOf(rows)).toBe(all);
          for (const { lines, total } of rows) {
            expect(lines.reduce((sum, { value }) => sum + value, 0)).toBe(total);
          }
        }),
        { numRuns: 25 },
      );
    },
  );
});

describe("a payment of an invoice", () => {
  const paidAt = NOW - 1_000;
  const meta = { now: NOW, requestId: "req_1" };

  const open = async () => {
    const owner = await newOwner();
    await book(owner, [{ kind: "fee", at: at("2026-10"), value: 88 }]);
    const [invoice] = await close(owner, "2026-10");
    if (invoice === undefined) throw new Error("no invoice");
    return { owner, invoice };
  };

  const ledgerOf = async (cause: string) =>
    (
      await env.DB.prepare("SELECT kind, debit, credit, value FROM ledger_entries WHERE cause = ?")
        .bind(cause)
        .all()
    ).results;

  it("is booked, told and remembered once", async ({ expect }) => {
    const { owner, invoice } = await open();
    const times: Record<string, number> = { A: paidAt, B: paidAt - 1 };
    const pay = (reference: string) =>
      noteInvoicePayment(
        recorder,
        invoice,
        { paidAt: times[reference] ?? 0, reference },
        () => [],
        meta,
      );
    const answers = await Promise.all(["A", "B", "A", "B"].map(pay));
    const [winner] = await allOf(owner);
    expect(winner).toMatchObject({
      state: "paid",
      paid_at: times[winner?.payment_reference ?? ""],
    });
    expect(answers).toEqual([winner, winner, winner, winner]);
    expect(await ledgerOf(invoice.id)).toEqual([
      { kind: "invoice_payment", debit: "platform", credit: "bank", value: 88 },
    ]);
    const [, event, ...others] = await eventsOf(owner);
    expect(others).toEqual([]);
    expect(JSON.parse(event?.payload ?? "")).toMatchObject({
      type: "invoice.paid",
      request_id: "req_1",
      data: { state: "paid", payment_reference: winner?.payment_reference },
    });
  });

  it("is whole or not there after a crash", async ({ expect }) => {
    const steps = await atEveryStep(async (dying) => {
      const { owner, invoice } = await open();
      const payment = { paidAt, reference: "A" };
      let crash: unknown = null;
      try {
        await noteInvoicePayment({ ...recorder, db: dying }, invoice, payment, () => [], meta);
      } catch (error) {
        crash = error;
      }
      const [row] = await allOf(owner);
      const isPaid = row?.state === "paid";
      expect(await ledgerOf(invoice.id)).toHaveLength(isPaid ? 1 : 0);
      expect(await eventsOf(owner)).toHaveLength(isPaid ? 2 : 1);
      await noteInvoicePayment(recorder, invoice, payment, () => [], meta);
      expect(await ledgerOf(invoice.id)).toHaveLength(1);
      expect(await eventsOf(owner)).toHaveLength(2);
      if (crash !== null) throw crash;
    });
    expect(steps).toBe(2);
  });
});

describe("the job of the month", () => {
  const context = (base: Database = db) => {
    const sent: WorkMessage[] = [];
    const logged: unknown[] = [];
    const send = async (body: WorkMessage) => {
      sent.push(WorkMessage.parse(body));
      return METADATA;
    };
    return {
      ...recorder,
      db: base,
      work: { send, sendBatch: async () => METADATA },
      log: (...line: unknown[]) => void logged.push(line),
      sent,
      logged,
    };
  };

  it("asks for last month, by China's clock", async ({ expect }) => {
    const { work, sent } = context();
    await closeLastMonth(work, Date.parse("2026-12-01T03:15:00Z"));
    await closeLastMonth(work, Date.parse("2026-12-31T17:00:00Z"));
    expect(sent).toEqual([
      { month: "2026-11", after: "" },
      { month: "2026-12", after: "" },
    ]);
  });

  it("closes for everybody in steps, each of which sends the next", async ({ expect }) => {
    const owners = await Promise.all(Array.from({ length: 23 }, () => newOwner()));
    for (const owner of owners) await book(owner, [{ kind: "fee", at: at("2026-06"), value: 5 }]);
    const { sent, ...step } = context();
    sent.push({ month: "2026-06", after: "" });
    for (const message of sent) if ("month" in message) await closeStep(step, message, NOW);
    expect(sent.length).toBeGreaterThan(1);
    for (const owner of owners) expect(await allOf(owner)).toMatchObject([{ month: "2026-06" }]);
    expect(step.logged).toEqual([]);
  });

  it("goes on behind a merchant whose books cannot be read", async ({ expect }) => {
    // One behind the other in the order of ids.
    const before = randomId("merchant").slice(0, -1);
    const [first, second] = [await newOwner(`${before}0`), await newOwner(`${before}1`)];
    const huge = Number.MAX_SAFE_INTEGER;
    const fee = { kind: "gross", at: at("2026-10") } as const;
    await env.DB.prepare(
      `INSERT INTO ledger_entries (id, merchant_id, livemode, at, currency, value, kind, debit,
        credit, cause, recorded_at)
        VALUES ('le_2a', ?1, 1, ?2, 'CNY', ?3, 'fee', 'platform_fees', 'platform', 'pi_a', 1),
          ('le_2b', ?1, 1, ?2, 'CNY', ?3, 'fee', 'platform_fees', 'platform', 'pi_b', 1)`,
    )
      .bind(first.merchantId, fee.at, huge)
      .run();
    await book(second, [{ kind: "fee", at: at("2026-10"), value: 5 }]);
    const { sent: _sent, logged, ...step } = context();
    await closeStep(step, { month: "2026-10", after: before }, NOW);
    expect(logged).toContainEqual([
      "error",
      "invoices.not_closed",
      expect.objectContaining({ merchant: first.merchantId, month: "2026-10" }),
    ]);
    expect(await allOf(first)).toEqual([]);
    expect(await allOf(second)).toMatchObject([{ total: 5 }]);
  });
});
