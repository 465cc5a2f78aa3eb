/**
 * One look at a share of a payment: take it, ask the channel, write down what came of it. Between
 * the two transactions anything may happen (a refund, a crash, a second worker), so nothing is
 * decided on what was read before the call: the try's number says whether it still counts.
 */
import { accountRow } from "../channels/accounts.ts";
import type { Outcome, SplitOrder, SplitReport } from "../channels/adapter.ts";
import { connect } from "../channels/connect.ts";
import { unknown } from "../channels/outcomes.ts";
import { describeError, type Logger } from "../log.ts";
import type { Database } from "../store/db.ts";
import { paymentOfSplit, reserveSplit, settleSplit, type SplitRow } from "../store/splits.ts";
import { entryOf } from "./ledger.ts";
import { afterAnswer, LEASE_MS, splitIdOf } from "./splits.ts";

export interface SplitContext {
  readonly env: Env;
  readonly db: Database;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const DESCRIPTIONS: Readonly<Record<SplitRow["kind"], string>> = {
  split: "Platform fee",
  return: "Platform fee returned",
};

/** A share as its channel gets it, the same on every try. */
const orderOf = (row: SplitRow): SplitOrder => ({
  splitNumber: row.id,
  kind: row.kind,
  original: row.kind === "return" ? splitIdOf(row.payment_intent) : null,
  transactionId: row.channel_transaction_id,
  paymentId: row.payment_intent,
  amount: { currency: row.currency, value: row.value },
  receiver: row.receiver,
  description: DESCRIPTIONS[row.kind],
});

const NOTHING_LEFT: Outcome<SplitReport> = {
  kind: "ok",
  value: { state: "succeeded", amount: null, channelSplitId: null, channelStatus: "nothing left" },
};

/** The first try sends; later ones ask first, and send the same again only where nothing is there. */
async function ask(row: SplitRow, { env, db, log }: SplitContext): Promise<Outcome<SplitReport>> {
  const [account, payment] = await Promise.all([
    accountRow(env, row.channel_account),
    paymentOfSplit(db, row),
  ]);
  if (account === null) return unknown("no_account", "The channel account is not there.");
  // A payment that was given back whole leaves nothing frozen.
  if (row.value === 0 && payment !== null && payment.refunded >= payment.value) return NOTHING_LEFT;
  const connection = await connect(account, { env, log, script: null, publicBase: "" });
  const desk = connection.adapter.splits;
  if (desk === undefined) return unknown("no_splits", "The channel has no shares.");
  const order = orderOf(row);
  const io = connection.io(row.attempts - 1);
  if (row.attempts > 1) {
    const found = await desk.query(order, connection.account, io);
    // Who may not ask has not been told that nothing was moved.
    if (found.kind !== "ok") return { kind: "unknown", error: found.error };
    if (found.value.state !== "absent") return found;
  }
  return desk.create(order, connection.account, io);
}

/**
 * Money that has moved, for the ledger; a share of nothing only freed the rest.
 * @param now when it moved (ms since 1970), as far as anybody knows
 */
export const entryFor = (row: SplitRow, now: number) =>
  row.value === 0
    ? null
    : entryOf(
        {
          kind: row.kind === "split" ? "split" : "split_return",
          merchantId: row.merchant_id,
          livemode: row.livemode,
          channelAccount: row.channel_account,
          at: now,
          currency: row.currency,
          value: row.value,
          cause: row.id,
        },
        now,
      );

/**
 * Looks at one share, if it is due and nobody else does. False: there was nothing to do. What goes
 * wrong on the way to the channel is not known to have failed, so it is asked about later.
 */
export async function workSplit(id: string, context: SplitContext): Promise<boolean> {
  const { db, log, now } = context;
  const taken = now();
  const row = await reserveSplit(db, id, taken, taken + LEASE_MS);
  if (row === null) return false;
  const outcome = await ask(row, context).catch((error: unknown) => {
    log("error", "split.not_asked", { split: id, error: describeError(error) });
    return unknown("not_asked", "The channel could not be asked.");
  });
  const settled = now();
  const change = afterAnswer(row, outcome, settled);
  const entry = change.state === "succeeded" ? entryFor(row, settled) : null;
  await settleSplit(db, row, change, entry, settled);
  if (change.state === "failed") {
    log("warn", "split.failed", {
      split: id,
      payment: row.payment_intent,
      code: change.error?.code,
      reason: change.error?.message,
    });
  }
  return true;
}
