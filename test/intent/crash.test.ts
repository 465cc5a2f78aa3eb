/**
 * The process dies at every single step of a payment's life, once each: before and after every
 * storage, queue, D1 and network call. Then it starts again, the merchant repeats the request, the
 * alarm runs, and everything that DESIGN promises must hold.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, type ExpectStatic, it, vi } from "vitest";

import type { PaymentReport } from "../../src/channels/adapter.ts";
import { randomId } from "../../src/ids.ts";
import { PaymentLife } from "../../src/intent/life.ts";
import type { CreateRequest } from "../../src/intent/reserve.ts";
import { type ChannelAccountRow, findChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { Crash, Mortal, mortalLife } from "./crash.ts";
import {
  type Bank,
  creates,
  feedOf,
  intentStub,
  type Merchant,
  newMerchant,
  openBank,
  refundRequests,
  liveTerms,
  TRACE,
} from "./kit.ts";

interface Stage {
  readonly merchant: Merchant;
  readonly bank: Bank;
  readonly account: ChannelAccountRow;
}

async function setStage(): Promise<Stage> {
  const merchant = await newMerchant();
  const bank = await openBank(merchant);
  const account = await findChannelAccount(database(env.DB), bank.account);
  if (account === null) throw new Error("no account");
  return { merchant, bank, account };
}

const requestFor = ({ merchant, account }: Stage): CreateRequest => ({
  terms: liveTerms(merchant, account),
  amount: { currency: "CNY", value: 699 },
  method: "qr",
  expiresIn: 900,
  fingerprint: "f",
  orderKeeper: randomId("paymentIntent"),
  trace: TRACE,
});

const paid = (id: string): PaymentReport => ({
  paymentId: id,
  state: "paid",
  amount: { currency: "CNY", value: 699 },
  channelTransactionId: "4200000000202611210000000002",
  paidAt: 1_795_219_200_000,
  channelStatus: "SUCCESS",
});

type Ending = "paid" | "cancelled" | "expired" | "refunded";

const REFUND = { requestKey: "refund", amount: null, reason: null, revoke: null };

/** One whole life, as far as the process lives. */
async function live(
  stage: Stage,
  request: CreateRequest,
  ending: Ending,
  storage: DurableObjectStorage,
  mortal: Mortal,
): Promise<void> {
  const { life, settled } = mortalLife(storage, env, mortal);
  const { id, merchantId } = request.terms;
  await life.create(request, [stage.account]);
  await settled();
  if (ending === "paid" || ending === "refunded") {
    if (stage.bank.orders.find(id)?.state === "open") stage.bank.pay(id);
    await life.report(stage.account.id, paid(id), TRACE);
    await settled();
    if (ending === "refunded") {
      await life.refund({ merchantId, livemode: true }, REFUND, TRACE);
    }
  } else if (ending === "cancelled") {
    await life.cancel(
      { merchantId, livemode: true },
      { request: "cancel", fingerprint: "f" },
      TRACE,
    );
  } else {
    storage.sql.exec("UPDATE intent SET expires_at = 1, ask_at = 1");
    await life.wake();
  }
  await settled();
}

/** What must be true of storage at every instant, also of a dead process. */
function checkStored(
  expect: ExpectStatic,
  storage: DurableObjectStorage,
  alarm: number | null,
  step: number,
): void {
  const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'intent'").toArray();
  const row =
    tables.length === 0 ? undefined : storage.sql.exec("SELECT * FROM intent").toArray()[0];
  if (row === undefined) return;
  const changes = storage.sql.exec("SELECT * FROM change ORDER BY sequence").toArray();
  expect(
    changes.map(({ sequence }) => sequence),
    `gapless after ${step}`,
  ).toEqual(Array.from({ length: Number(row["sequence"]) }, (_, index) => index + 1));
  const last = JSON.parse(String(changes.at(-1)?.["snapshot"]));
  expect(last.status, `row and log agree after ${step}`).toBe(row["status"]);
  const ended = ["succeeded", "failed", "expired", "cancelled"].includes(String(row["status"]));
  const published = Number(row["published"]) === Number(row["sequence"]);
  // Whatever is not finished has an alarm: nothing is forgotten.
  const refunding = Number(row["refunding"]) > 0;
  if (!ended || !published || refunding) expect(alarm, `an alarm after ${step}`).not.toBeNull();
}

const ENDINGS: readonly Ending[] = ["paid", "cancelled", "expired", "refunded"];

describe.each(ENDINGS)("a life that ends %s", (ending) => {
  it("survives a death at every step", { timeout: 240_000 }, async ({ expect }) => {
    const stage = await setStage();
    const counting = new Mortal(Infinity);
    await dieAndRecover(stage, ending, counting, byRepeat, expect, 0);
    expect(counting.steps).toBeGreaterThan(30);
    for (let step = 1; step <= counting.steps; step += 1) {
      await dieAndRecover(stage, ending, new Mortal(step), byRepeat, expect, step);
      await dieAndRecover(stage, ending, new Mortal(step), byAlarm, expect, step);
    }
  });
});

interface Recovery {
  /** Lets the new process do what it must; answers what the payment should have become. */
  run(
    stage: Stage,
    request: CreateRequest,
    ending: Ending,
    storage: DurableObjectStorage,
  ): Promise<string>;
}

/** The merchant repeats what it asked for, as a client does that got no answer. */
const byRepeat: Recovery = {
  async run(stage, request, ending, storage) {
    await live(stage, request, ending, storage, new Mortal(Infinity));
    for (let round = 0; round < 2; round += 1) {
      storage.sql.exec(REFUNDS_ARE_DUE);
      if (ending === "refunded") storage.sql.exec("UPDATE refund SET ask_at = 1");
      await wakeUp(storage);
    }
    return ending === "paid" || ending === "refunded" ? "succeeded" : ending;
  },
};

/** Nobody asks again: only the alarm is left, and the channel that knows the truth. */
const byAlarm: Recovery = {
  async run(stage, request, _, storage) {
    const before = readStatus(storage);
    if (before === null) return "absent";
    for (let round = 0; round < 3; round += 1) {
      storage.sql.exec("UPDATE intent SET ask_at = 1, publish_at = 1");
      storage.sql.exec(REFUNDS_ARE_DUE);
      if (hasTable(storage, "refund")) storage.sql.exec("UPDATE refund SET ask_at = 1");
      await wakeUp(storage);
    }
    const order = stage.bank.orders.find(request.terms.id);
    if (order?.state === "paid") return "succeeded";
    if (order?.state === "closed") return before.expired ? "expired" : "cancelled";
    return "qr_generated";
  },
};

async function wakeUp(storage: DurableObjectStorage): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void waiting.push(work);
  await new PaymentLife({ storage, env, waitUntil }).alarm();
  await Promise.all(waiting);
}

const REFUNDS_ARE_DUE = "UPDATE intent SET afterwork_at = 1 WHERE afterwork_at IS NOT NULL";

const hasTable = (storage: DurableObjectStorage, name: string): boolean =>
  storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;

function readStatus(storage: DurableObjectStorage): { expired: boolean } | null {
  const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'intent'").toArray();
  const row =
    tables.length === 0 ? undefined : storage.sql.exec("SELECT * FROM intent").toArray()[0];
  return row === undefined ? null : { expired: row["expires_at"] === 1 };
}

async function dieAndRecover(
  stage: Stage,
  ending: Ending,
  mortal: Mortal,
  recovery: Recovery,
  expect: ExpectStatic,
  step: number,
): Promise<void> {
  const request = requestFor(stage);
  const { id } = request.terms;
  const { bank } = stage;
  bank.seen.length = 0;
  bank.detour(async (_, arrive) => {
    mortal.step();
    const reply = await arrive();
    mortal.step();
    return reply;
  });

  await runInDurableObject(intentStub(id), async (_, state) => {
    await live(stage, request, ending, state.storage, mortal).catch((error: unknown) => {
      if (!(error instanceof Crash) && !mortal.dead) throw error;
    });
    checkStored(expect, state.storage, await state.storage.getAlarm(), step);
  });

  bank.detour(null);
  const end = await runInDurableObject(intentStub(id), async (_, state) => {
    const { storage } = state;
    const expected = await recovery.run(stage, request, ending, storage);
    if (expected === "absent") return { view: null, sequences: [] };
    checkStored(expect, storage, await storage.getAlarm(), step);
    const life = new PaymentLife({ storage, env, waitUntil: () => undefined });
    const view = JSON.parse(life.get() ?? "null");
    expect(view.status, `the end after a death at step ${step}`).toBe(expected);
    const changes = storage.sql
      .exec("SELECT sequence, type FROM change ORDER BY sequence")
      .toArray();
    const successes = changes.filter(({ type }) => type === "payment_intent.succeeded");
    expect(successes.length, `one success per payment (step ${step})`).toBe(
      Number(expected === "succeeded"),
    );
    const given = bank.orders.find(id)?.refunds ?? [];
    expect(given.length, `one refund at the bank (step ${step})`).toBeLessThanOrEqual(1);
    expect(view.amount_refunded.value, `the refund is known (step ${step})`).toBe(
      given[0]?.value ?? 0,
    );
    if (recovery === byRepeat && ending === "refunded") expect(given).toHaveLength(1);
    return { view, sequences: changes.map(({ sequence }) => Number(sequence)) };
  });

  const refunds = new Set(refundRequests(bank).map(({ body }) => body));
  expect(refunds.size, `never a second refund (step ${step})`).toBeLessThanOrEqual(1);
  const bodies = new Set(creates(bank).map(({ body }) => body));
  expect(bodies.size, `never a second order (step ${step})`).toBeLessThanOrEqual(1);
  await vi.waitFor(
    async () => {
      const seen = (await feedOf(id)).map(({ sequence }) => sequence).toSorted((a, b) => a - b);
      expect(seen, `every event once (step ${step})`).toEqual(end.sequences);
      const query = env.DB.prepare("SELECT snapshot FROM payment_intents WHERE id = ?").bind(id);
      const snapshot = await query.first<string>("snapshot");
      expect(JSON.parse(snapshot ?? "null"), `D1 is the object (step ${step})`).toEqual(end.view);
    },
    { timeout: 10_000, interval: 20 },
  );
}
