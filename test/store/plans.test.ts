/** The indexes that the queries of lists and crons stand on: without one, each is a full scan. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { database, type Database } from "../../src/store/db.ts";
import { listPayments, overduePayments } from "../../src/store/payment-intents.ts";
import { claimDue, listDeliveries } from "../../src/store/webhook-deliveries.ts";

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The steps of the plan of the one statement that `run` sends. */
async function planOf(run: (db: Database) => Promise<unknown>): Promise<string[]> {
  const sent: Statement[] = [];
  const spied = (text: string, statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === "bind") {
          return (...values: unknown[]) => {
            sent.push({ text, values });
            return target.bind(...values);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
  const binding = new Proxy(env.DB, {
    get: (target, name) =>
      name === "prepare"
        ? (text: string) => spied(text, target.prepare(text))
        : Reflect.get(target, name),
  });
  await run(database(binding));
  const [only, ...rest] = sent;
  if (only === undefined || rest.length > 0) throw new Error(`${sent.length} statements`);
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${only.text}`)
    .bind(...only.values)
    .all();
  return results.map(({ detail }) => String(detail));
}

const first = { limit: 21, before: null };
const second = { limit: 21, before: { createdAt: 5, id: "x" } };

describe("query plans", () => {
  it.for<[string, (db: Database) => Promise<unknown>, string]>([
    [
      "a merchant's payments",
      (db) => listPayments(db, "m", true, {}, first),
      "payment_intents_by_merchant (merchant_id=? AND livemode=?)",
    ],
    [
      "a merchant's payments, the next page",
      (db) => listPayments(db, "m", true, {}, second),
      "payment_intents_by_merchant (merchant_id=? AND livemode=?)",
    ],
    [
      "a merchant's payments of some days",
      (db) => listPayments(db, "m", true, { createdFrom: 1, createdBefore: 9 }, first),
      "payment_intents_by_merchant (merchant_id=? AND livemode=? AND created_at>? AND created_at<?)",
    ],
    [
      "a merchant's payments in a state",
      (db) => listPayments(db, "m", true, { status: "failed", channel: "wechat" }, second),
      "payment_intents_by_merchant (merchant_id=? AND livemode=?)",
    ],
    [
      "the payments of an order",
      (db) => listPayments(db, "m", true, { merchantOrderId: "A-1" }, first),
      "payment_intents_by_order (merchant_id=? AND livemode=? AND merchant_order_id=?)",
    ],
    [
      "the payments of an order, the next page",
      (db) => listPayments(db, "m", true, { merchantOrderId: "A-1" }, second),
      "payment_intents_by_order (merchant_id=? AND livemode=? AND merchant_order_id=?)",
    ],
    [
      "payments past their deadline",
      (db) => overduePayments(db, 5, 200),
      "payment_intents_overdue (deadline<?)",
    ],
    [
      "deliveries that are due",
      (db) => claimDue(db, 5, 6, 500),
      "webhook_deliveries_due (feed_at<?)",
    ],
    [
      "an endpoint's deliveries",
      (db) => listDeliveries(db, "we", first),
      "webhook_deliveries_by_endpoint (endpoint_id=?)",
    ],
    [
      "an endpoint's deliveries, the next page",
      (db) => listDeliveries(db, "we", second),
      "webhook_deliveries_by_endpoint (endpoint_id=?)",
    ],
  ])("%s: found and ordered by an index", async ([, run, index], { expect }) => {
    const plan = await planOf(run);
    expect(plan).toContainEqual(expect.stringContaining(`INDEX ${index}`));
    expect(plan.join("; ")).not.toMatch(/\bSCAN\b|TEMP B-TREE/);
  });
});
