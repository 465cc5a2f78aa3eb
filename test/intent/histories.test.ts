/**
 * Random histories against the real object, a real bank double and real storage: what merchants,
 * buyers, channels, clocks and a lossy network do, in any order, with the object's memory lost in
 * between. After every step the object must be a state that a simple model allows.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { describe, it, vi } from "vitest";

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
          }
          await settle(run);
          const end = await statusOf(run.id);
          const truth = bank.orders.find(run.id)?.state;
          if (truth === "paid") expect(end).toBe("succeeded");
          else expect(isTerminal(end)).toBe(true);
          const events = await eventsOf(run.id);
          expect(events.filter((type) => type === "payment_intent.succeeded")).toHaveLength(
            Number(truth === "paid"),
          );
          expect(new Set(creates(bank).map((seen) => seen.body)).size).toBe(1);
          await vi.waitFor(async () => {
            expect((await feedOf(run.id)).map(({ type }) => type)).toEqual(events);
          });
        }),
        { numRuns: 25 },
      );
    },
  );
});

/** The network comes back, time passes, and the channel's news arrives at last. */
async function settle(run: Run): Promise<void> {
  run.bank.detour(null);
  await PERFORM.expire(run);
  for (let round = 0; round < 3; round += 1) await PERFORM.alarm(run);
  await PERFORM.callback(run);
  await intentStub(run.id).wake();
}
