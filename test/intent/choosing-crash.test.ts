/**
 * The buyer of an aggregate payment chooses, chooses anew and pays, while the process dies at every
 * step of it: never two orders that can be paid, never two successes.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, type ExpectStatic, it } from "vitest";

import type { BuyerView } from "../../src/intent/buyer-view.ts";
import { PaymentLife } from "../../src/intent/life.ts";
import type { CreateRequest } from "../../src/intent/reserve.ts";
import { type ChannelAccountRow, findChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import {
  aggregateRequest,
  type Bank,
  intentStub,
  type Merchant,
  openShop,
  paidReport,
  QR,
  TRACE,
  WAP,
} from "./kit.ts";
import { Crash, Mortal, mortalLife } from "./crash.ts";

interface Stage {
  readonly merchant: Merchant;
  readonly bank: Bank;
  readonly account: ChannelAccountRow;
}

let stage: Stage;

beforeAll(async () => {
  const { merchant, bank } = await openShop();
  const account = await findChannelAccount(database(env.DB), bank.account);
  if (account === null) throw new Error("no account");
  stage = { merchant, bank, account };
});

const numbersOf = (id: string): string[] => [id, `${id}1`, `${id}2`, `${id}3`];

const openAt = (bank: Bank, id: string): string[] =>
  numbersOf(id).filter((number) => bank.orders.find(number)?.state === "open");

/** One buyer's visit, as far as the process lives. */
async function visit(
  request: CreateRequest,
  storage: DurableObjectStorage,
  mortal: Mortal,
): Promise<void> {
  const { life, settled } = mortalLife(storage, env, mortal);
  await life.create(request, [stage.account]);
  await settled();
  for (const choice of [QR, WAP]) {
    const { intent } = JSON.parse(life.buyer() ?? "null") as BuyerView;
    if (intent.status === "succeeded") return;
    await life.choose(choice, TRACE);
    await settled();
  }
}

async function dieAndRecover(expect: ExpectStatic, mortal: Mortal, step: number): Promise<void> {
  const request = aggregateRequest(stage.merchant, stage.account);
  const { id } = request.terms;
  const { bank } = stage;
  bank.detour(async (_, arrive) => {
    mortal.step();
    const reply = await arrive();
    mortal.step();
    return reply;
  });
  await runInDurableObject(intentStub(id), async (_, { storage }) => {
    await visit(request, storage, mortal).catch((error: unknown) => {
      if (!(error instanceof Crash) && !mortal.dead) throw error;
    });
  });
  bank.detour(null);
  expect(openAt(bank, id).length, `one open order after ${step}`).toBeLessThanOrEqual(1);

  await runInDurableObject(intentStub(id), async (_, state) => {
    const { storage } = state;
    const waiting: Promise<unknown>[] = [];
    const waitUntil = (work: Promise<unknown>) => void waiting.push(work);
    const life = new PaymentLife({ storage, env, waitUntil });
    // The buyer, who saw nothing, does it again.
    await life.create(request, [stage.account]);
    const answer = await life.choose(WAP, TRACE);
    expect(
      answer,
      `the choice after ${step}: ${JSON.stringify(answer).slice(0, 300)}`,
    ).toMatchObject({ kind: "object" });
    expect(openAt(bank, id), `one open order after ${step} and again`).toHaveLength(1);
    const { order_number: number } = JSON.parse(life.buyer() ?? "null") as BuyerView;
    expect(openAt(bank, id)).toEqual([number]);
    bank.pay(number ?? "");
    expect(await life.report(stage.account.id, paidReport(number ?? ""), TRACE)).toMatchObject({
      ok: true,
    });
    await Promise.all(waiting);
    const { intent } = JSON.parse(life.buyer() ?? "null") as BuyerView;
    expect(intent.status).toBe("succeeded");
    const successes = storage.sql
      .exec("SELECT 1 FROM change WHERE type = 'payment_intent.succeeded'")
      .toArray();
    expect(successes, `one success after ${step}`).toHaveLength(1);
    // News of the orders that were left changes nothing any more.
    for (const left of numbersOf(id).filter((other) => other !== number)) {
      await life.report(
        stage.account.id,
        { ...paidReport(left), state: "closed", amount: null },
        TRACE,
      );
    }
    const after = JSON.parse(life.buyer() ?? "null") as BuyerView;
    expect(after.intent.status).toBe("succeeded");
  });
}

describe("a buyer who chooses twice", () => {
  it("survives a death at every step", { timeout: 240_000 }, async ({ expect }) => {
    // Spies of a hook are taken down before the test.
    stage.bank.open();
    const counting = new Mortal(Infinity);
    await dieAndRecover(expect, counting, 0);
    expect(counting.steps).toBeGreaterThan(20);
    for (let step = 1; step <= counting.steps; step += 1) {
      await dieAndRecover(expect, new Mortal(step), step);
    }
  });
});
