/**
 * Whether payments, their copies in D1 and their events say the same. A payment's object is the
 * truth and publishes by itself; what was lost on the way all the same is published again.
 */
import { channelOf } from "../channels/registry.ts";
import { intentObject } from "../intent/client.ts";
import type { Timeline } from "../intent/timeline.ts";
import { describeError, type Logger } from "../log.ts";
import { isTerminal, STATUSES } from "../payments/states.ts";
import { type Database, database } from "../store/db.ts";
import {
  lastPaymentPlace,
  missingEvents,
  paymentsAt,
  paymentsDueWithin,
  refundSequences,
  type WatchedPayment,
} from "../store/watch.ts";
import { eachOf, PER_RUN, type Round, RUN_EVERY_MS, SETTLED_AFTER_MS } from "./watch-pace.ts";

const MINUTE_MS = 60_000;

/**
 * How long before its deadline (and the sweeper's grace) a waiting payment is looked at. One that
 * lives for the usual 15 minutes is looked at once, 10 to 15 minutes after it was made, and longer
 * ones about every half hour: each run takes a slice as wide as the time between two runs.
 */
const LOOKS_AHEAD_MS = [10, 40, 70, 100].map((minutes) => minutes * MINUTE_MS);

/** Of the payments that were made last, this many one by one… */
const NEWEST = 50;
/** …and as many of the thousands before, others in each run. */
const SPREAD_OVER = 10_000;

/** What a payment's own object says, without the weight of its journal. */
interface Facts {
  readonly row: WatchedPayment;
  readonly sequence: number;
  /** What has been out for long enough to have arrived. */
  readonly eventIds: readonly string[];
  readonly refunds: readonly { readonly id: string; readonly sequence: number }[];
  readonly isSettled: boolean;
  /** It was paid, and no callback ever said so. */
  readonly isSilent: boolean;
  readonly isPaid: boolean;
}

const isOpen = ({ status }: WatchedPayment): boolean => {
  const known = STATUSES.find((name) => name === status);
  return known !== undefined && !isTerminal(known);
};

/** The same payment only once. */
const distinct = (rows: readonly WatchedPayment[]): WatchedPayment[] => [
  ...new Map(rows.map((row) => [row.id, row])).values(),
];

/** The places that a run looks at, the newest closely, those before as a comb that moves on. */
export function placesOf(last: number, now: number): number[] {
  const stride = Math.ceil(SPREAD_OVER / (PER_RUN - NEWEST));
  const phase = Math.floor(now / RUN_EVERY_MS) % stride;
  const newest = Array.from({ length: NEWEST }, (_, at) => last - at);
  const spread = Array.from(
    { length: PER_RUN - NEWEST },
    (_, at) => last - NEWEST - phase - at * stride,
  );
  return [...newest, ...spread].filter((place) => place > 0);
}

/** Payments to look at in this run. */
export async function payments(db: Database, now: number): Promise<WatchedPayment[]> {
  const waiting = await Promise.all(
    LOOKS_AHEAD_MS.map((ahead) =>
      paymentsDueWithin(db, now + ahead - RUN_EVERY_MS, now + ahead, PER_RUN),
    ),
  );
  const last = await lastPaymentPlace(db);
  return distinct([...waiting.flat(), ...(await paymentsAt(db, placesOf(last, now)))]);
}

/** Pokes one that waits, so that what is due happens although its alarm was lost, and listens. */
async function factsOf(env: Env, row: WatchedPayment, now: number): Promise<Facts | null> {
  const object = intentObject(env, row.id);
  if (isOpen(row)) await object.wake();
  const json = await object.timeline({ merchantId: row.merchant_id, livemode: row.livemode });
  if (json === null) return null;
  const { payment, refunds, entries } = JSON.parse(json) as Timeline;
  const isOld = (at: string) => Date.parse(at) <= now - SETTLED_AFTER_MS;
  const changes = entries.filter((entry) => entry.type === "change");
  return {
    row,
    sequence: payment.sequence,
    eventIds: changes.flatMap(({ event_id: id, at }) => (id !== null && isOld(at) ? [id] : [])),
    refunds: refunds
      .filter(({ updated_at: at }) => isOld(at))
      .map(({ id, sequence }) => ({ id, sequence })),
    isSettled: isOld(payment.updated_at),
    isPaid: payment.status === "succeeded" && payment.method !== "barcode",
    isSilent: entries.every(({ type }) => type !== "callback"),
  };
}

/** Whose copies or events are not what they should be by now. */
async function behind(db: Database, facts: readonly Facts[]): Promise<Facts[]> {
  const [missing, copies] = await Promise.all([
    missingEvents(
      db,
      facts.flatMap(({ eventIds }) => eventIds),
    ),
    refundSequences(
      db,
      facts.flatMap(({ refunds }) => refunds.map(({ id }) => id)),
    ),
  ]);
  const lost = new Set(missing);
  const reached = new Map(copies.map(({ id, sequence }) => [id, sequence]));
  return facts.filter(
    ({ row, sequence, isSettled, eventIds, refunds }) =>
      (isSettled && row.sequence < sequence) ||
      eventIds.some((id) => lost.has(id)) ||
      refunds.some((refund) => (reached.get(refund.id) ?? 0) < refund.sequence),
  );
}

/** Publishes payments again, each once in a round. @returns how many went out */
export async function publishAgain(
  { env, log, published }: Round,
  ids: readonly string[],
): Promise<number> {
  let repaired = 0;
  await eachOf(ids, async (intent) => {
    if (published.has(intent)) return;
    published.add(intent);
    try {
      const isOut = await intentObject(env, intent).republish();
      if (isOut) repaired += 1;
      log(isOut ? "warn" : "error", isOut ? "watch.republished" : "watch.unrepaired", { intent });
    } catch (error) {
      log("error", "watch.unrepaired", { intent, error: describeError(error) });
    }
  });
  return repaired;
}

/** Enough payments of one account to say that its callbacks do not arrive. */
const ENOUGH = 3;

/**
 * Accounts whose payments are all found by asking: their channel cannot reach us, or calls another
 * address. Payments are still found, only later than they could be.
 */
function tellOfSilence(facts: readonly Facts[], log: Logger): void {
  const paid = facts.filter(({ row, isPaid }) => {
    const info = channelOf(row.channel ?? "")?.adapter.info;
    return row.livemode && isPaid && info !== undefined && info.confirmedBy !== "channel_query";
  });
  for (const [account, of] of Map.groupBy(paid, ({ row }) => row.channel_account)) {
    if (of.length < ENOUGH || !of.every(({ isSilent }) => isSilent)) continue;
    log("warn", "watch.no_callbacks", { account, payments: of.length });
  }
}

/** @returns how many payments were behind and are out again */
export async function watchPayments(round: Round): Promise<number> {
  const { env, now, log } = round;
  const db = database(env.DB);
  const facts: Facts[] = [];
  await eachOf(await payments(db, now), async (row) => {
    try {
      const found = await factsOf(env, row, now);
      if (found !== null) facts.push(found);
    } catch (error) {
      log("error", "watch.failed", { intent: row.id, error: describeError(error) });
    }
  });
  tellOfSilence(facts, log);
  const late = await behind(db, facts);
  return publishAgain(
    round,
    late.map(({ row }) => row.id),
  );
}
