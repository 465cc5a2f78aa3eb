/** Ten thousand lines with forty planted defects of every kind: forty are found, and nothing else. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { database } from "../../src/store/db.ts";

import {
  billOf,
  book,
  compare,
  findingsOf,
  giveBack,
  makeWorld,
  NOON,
  openShop,
  recordOfRefund,
  recordOfSale,
  recordsOf,
  refundRow,
  saleRow,
  sell,
} from "./kit.ts";

describe("a day of 10,000 lines", () => {
  it("shows 40 planted defects and nothing else", async ({ expect }) => {
    const shop = await openShop({ channel_fee: 60 });
    let statements = 0;
    const counting = new Proxy(env.DB, {
      get(target, name) {
        if (name === "prepare") statements += 1;
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const world = makeWorld({ db: database(counting) });
    const sales = Array.from({ length: 9_000 }, (_, at) =>
      sell({ value: 100 + ((at * 7_919) % 50_000), at: NOON - 6 * 3_600_000 + at * 1_000 }),
    );
    const refunds = sales
      .filter((_, at) => at % 9 === 0)
      .map((sale) => giveBack(sale, { value: Math.floor(sale.value / 2) }));
    await book(shop, sales, refunds);
    const rows = [...sales.map(saleRow), ...refunds.map(refundRow)];
    const records = [...sales.map(recordOfSale), ...refunds.map(recordOfRefund)];
    const planted: string[] = [];
    let at = 0;
    const plant = (times: number, kind: string, spoil: (place: number) => string) => {
      for (let time = 0; time < times; time += 1) {
        // Spread over the day, and never the same one twice.
        at += 211;
        planted.push(`${spoil(at)} ${kind} open`);
      }
    };
    const rowOf = (place: number) => {
      const row = rows[place];
      if (row === undefined) throw new Error("no such row");
      return row;
    };
    const saleAt = (place: number) => {
      const sale = sales[place];
      if (sale === undefined) throw new Error("no such sale");
      return sale;
    };
    plant(6, "amount_mismatch", (place) => {
      rowOf(place).value += 1;
      rowOf(place).fee = 0;
      return saleAt(place).id;
    });
    plant(2, "currency_mismatch", (place) => {
      rowOf(place).currency = "HKD";
      return saleAt(place).id;
    });
    plant(2, "status_mismatch", (place) => {
      rowOf(place).state = "REVOKED";
      return saleAt(place).id;
    });
    plant(5, "fee_mismatch", (place) => {
      rowOf(place).fee += 1;
      return saleAt(place).id;
    });
    plant(4, "duplicate", (place) => {
      rows.push({ ...rowOf(place), transaction: `${rowOf(place).transaction}9` });
      return saleAt(place).id;
    });
    const left = new Set<number>();
    plant(5, "missing_at_channel", (place) => {
      left.add(place);
      return saleAt(place).id;
    });
    plant(5, "missing_at_gateway", (place) => {
      const foreign = sell({ at: NOON + place });
      rows.push(saleRow(foreign));
      return foreign.id;
    });
    const forgotten = new Set<number>();
    plant(4, "missing_at_merchant", (place) => {
      forgotten.add(place);
      return saleAt(place).id;
    });
    plant(1, "amount_mismatch", (place) => {
      const record = records[place];
      if (record !== undefined) record.value -= 5;
      return saleAt(place).id;
    });
    // Of the refunds: they stand behind the sales.
    const spoilRefund = (kind: string, place: number, spoil: (row: number) => void) => {
      spoil(9_000 + place);
      planted.push(`${refunds[place]?.id} ${kind} open`);
    };
    for (const place of [10, 20]) {
      spoilRefund("amount_mismatch", place, (row) => {
        rowOf(row).refundValue += 1;
      });
    }
    for (const place of [30, 40]) {
      spoilRefund("status_mismatch", place, (row) => {
        rowOf(row).refundState = "FAIL";
      });
    }
    spoilRefund("missing_at_channel", 50, (row) => void left.add(row));
    spoilRefund("missing_at_merchant", 60, (row) => void forgotten.add(row));
    expect(planted).toHaveLength(40);

    const bill = billOf(rows.filter((_, place) => !left.has(place)));
    const own = recordsOf(records.filter((_, place) => !forgotten.has(place)));
    const run = await compare(shop, world, bill, own);

    expect(run.state, JSON.stringify(run.days[0]?.error)).toBe("completed");
    expect(await findingsOf(shop)).toEqual(planted.toSorted());
    const { matched = 0, ...kinds } = run.counts;
    expect(Object.values(kinds).reduce((total, number) => total + number, 0)).toBe(40);
    expect(matched + 40 - 6 - 5).toBe(rows.length - 6);
    const told = world.sent.flatMap(({ events }) => events.map(({ type }) => type));
    expect(told.filter((type) => type === "reconciliation.exception")).toHaveLength(40);
    expect(told.filter((type) => type === "reconciliation.completed")).toHaveLength(1);
    expect(world.told).toEqual([]);
    // At most two statements for 50 lines; with the merchant's own records there are twice as many.
    expect(statements).toBeLessThan((run.progress.total / 50) * 2);
  });
});
