/**
 * Random histories against the real object, a real bank double and real storage: what merchants,
 * buyers, channels, clocks and a lossy network do, in any order, with the object's memory lost in
 * between. After every step the object must be a state that a simple model allows.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, type ExpectStatic, it, vi } from "vitest";

import { isTerminal, mayGo, type PaymentStatus } from "../../src/payments/states.ts";
import {
  api,
  type Bank,
  creates,
  eventsOf,
  feedOf,
  intentStub,
  type Merchant,
  newMerchant,
  openBank,
  type Road,
  wechatPayment,
} from "./kit.ts";

const ACTIONS = [
  "repeat",
  "pay",
  "callback",
  "wrong callback",
  "sync",
  "cancel",
  "expire",
  "alarm",
  "refund half",
  "refund all",
  "refund callback",
  "two minutes",
  "evict",
  "network down",
  "replies lost",
  "network up",
] as const;

type Action = (typeof ACTIONS)[number];

const down: Road = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

const lost: Road = async (_, bank) => {
  await bank();
  throw new DOMException("timed out", "TimeoutError");
};

interface Run {
  readonly merchant: Merchant;
  readonly bank: Bank;
  readonly key: string;
  readonly id: string;
}

const due = (id: string, change: string) =>
  runInDurableObject(intentStub(id), (_, state) => {
    state.storage.sql.exec(`UPDATE intent SET ${change}`);
  });

const PERFORM: Readonly<Record<Action, (run: Run) => Promise<unknown>>> = {
  repeat: ({ merchant, key }) =>
    api("POST", "/v1/payment-intents", {
      key: merchant.live,
      body: wechatPayment(),
      headers: { "Idempotency-Key": key },
    }),
  pay: async ({ bank, id }) => bank.orders.find(id)?.state === "open" && bank.pay(id),
  callback: async ({ bank, id }) =>
    bank.orders.find(id)?.state === "paid" && (await bank.callback(id)).body?.cancel(),
  "wrong callback": async ({ bank, id }) =>
    bank.orders.find(id)?.state === "paid" &&
    (await bank.callback(id, { value: 1 })).body?.cancel(),
  sync: ({ merchant, id }) => api("POST", `/v1/payment-intents/${id}/sync`, { key: merchant.live }),
  cancel: ({ merchant, id }) =>
    api("POST", `/v1/payment-intents/${id}/cancel`, { key: merchant.live }),
  expire: ({ id }) => due(id, "expires_at = 1"),
  alarm: async ({ id }) => {
    await due(id, "ask_at = 1");
    await runDurableObjectAlarm(intentStub(id));
  },
  "refund half": ({ merchant, id }) =>
    api("POST", "/v1/refunds", {
      key: merchant.live,
      body: { payment_intent: id, amount: { currency: "CNY", value: 350 } },
    }),
  "refund all": ({ merchant, id }) =>
    api("POST", "/v1/refunds", { key: merchant.live, body: { payment_intent: id } }),
  "refund callback": async ({ bank, id }) =>
    (bank.orders.find(id)?.refunds.length ?? 0) > 0 &&
    (await bank.refundCallback(id)).body?.cancel(),
  "two minutes": ({ bank, id }) => twoMinutes(bank, id),
  evict: ({ id }) => evictDurableObject(intentStub(id)),
  "network down": async ({ bank }) => bank.detour(down),
  "replies lost": async ({ bank }) => bank.detour(lost),
  "network up": async ({ bank }) => bank.detour(null),
};

const statusOf = async (id: string): Promise<PaymentStatus> =>
  JSON.parse((await intentStub(id).get()) ?? "null").status;

describe("any history", () => {
  it(
    "keeps every promise and ends where the bank says",
    { timeout: 240_000 },
    async ({ expect }) => {
      const merchant = await newMerchant();
      const bank = await openBank(merchant);
      let runs = 0;
      const history = fc.array(fc.constantFrom(...ACTIONS), { minLength: 3, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(history, fc.boolean(), async (actions, lossy) => {
          runs += 1;
          const key = `history-${runs}`;
          bank.seen.length = 0;
          bank.detour(lossy ? lost : null);
          const { body } = await api("POST", "/v1/payment-intents", {
            key: merchant.live,
            body: wechatPayment(),
            headers: { "Idempotency-Key": key },
          });
          const run: Run = { merchant, bank, key, id: body.id };
          let status: PaymentStatus = body.status;
          for (const action of actions) {
            await PERFORM[action](run);
            const next = await statusOf(run.id);
            if (next !== status) expect(mayGo(status, next), `${status} -> ${next}`).toBe(true);
            // Nothing but the bank makes it paid.
            if (next === "succeeded") expect(bank.orders.find(run.id)?.state).toBe("paid");
            status = next;
            await checkShares(run, expect);
          }
          await settle(run);
          const end = await statusOf(run.id);
          const truth = bank.orders.find(run.id)?.state;
          if (truth === "paid") expect(end).toBe("succeeded");
          else expect(isTerminal(end)).toBe(true);
          // What the bank gave back, and nothing else, is what we say was given back.
          const given = bank.orders.find(run.id)?.refunds ?? [];
          const sum = given.reduce((total, { value }) => total + value, 0);
          expect(await checkShares(run, expect)).toEqual({ refunded: sum, refunding: 0 });
          const events = await eventsOf(run.id);
          expect(events.filter((type) => type === "payment_intent.succeeded")).toHaveLength(
            Number(truth === "paid"),
          );
          expect(new Set(creates(bank).map((seen) => seen.body)).size).toBe(1);
          await vi.waitFor(
            async () => {
              expect((await feedOf(run.id)).map(({ type }) => type)).toEqual(events);
            },
            { timeout: 10_000 },
          );
        }),
        { numRuns: 25 },
      );
    },
  );
});

/** Two minutes go by at the bank and here: spacing is over, what is open is due. */
async function twoMinutes(bank: Bank, id: string): Promise<void> {
  for (const refund of bank.orders.find(id)?.refunds ?? []) {
    bank.orders.putRefund(id, { ...refund, createdAt: refund.createdAt - 120_000 });
  }
  await runInDurableObject(intentStub(id), (_, { storage: { sql } }) => {
    const tables = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'refund'").toArray();
    if (tables.length === 0) return;
    sql.exec("UPDATE refund SET created_at = created_at - 120000, ask_at = 1");
    sql.exec("UPDATE intent SET afterwork_at = 1 WHERE afterwork_at IS NOT NULL");
  });
}

/** What is open and given back never exceeds the payment, nor falls short of what the bank did. */
async function checkShares({ bank, id }: Run, expect: ExpectStatic) {
  const shares = await runInDurableObject(intentStub(id), (_, { storage }) =>
    storage.sql
      .exec<{ refunded: number; refunding: number }>("SELECT refunded, refunding FROM intent")
      .one(),
  );
  const given = bank.orders.find(id)?.refunds ?? [];
  const sum = given.reduce((total, { value }) => total + value, 0);
  expect(shares.refunded + shares.refunding).toBeLessThanOrEqual(699);
  expect(shares.refunded + shares.refunding).toBeGreaterThanOrEqual(sum);
  return shares;
}

/** The network comes back, time passes, and the channel's news arrives at last. */
async function settle(run: Run): Promise<void> {
  run.bank.detour(null);
  await PERFORM.expire(run);
  for (let round = 0; round < 3; round += 1) {
    await twoMinutes(run.bank, run.id);
    await PERFORM.alarm(run);
  }
  await PERFORM.callback(run);
  await intentStub(run.id).wake();
}
