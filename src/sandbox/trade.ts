/**
 * A simulated order as facts with times; the state that the channel shows is derived from them.
 * Pure: what the buyer may do, and what a query shows, also while a late payment is still hidden.
 */
import { err, ok, type Result } from "../result.ts";
import type {
  CreateAnswer,
  SandboxOrderRecord,
  SandboxOrders,
  SandboxRefund,
} from "./simulator.ts";

export type BuyerAction = "pay" | "decline" | "close" | "scan";

/** How long queries hide a payment that the buyer has made. */
export type Hiding =
  | "never"
  /** Until the order is closed; it can also be paid after that. */
  | "until_closed"
  /** Until it has stood in a statement. */
  | "until_statement";

/** Times in ms since 1970; null: has not happened. */
export interface Trade extends Omit<SandboxOrderRecord, "state" | "refunds"> {
  readonly scannedAt: number | null;
  readonly declinedAt: number | null;
  readonly closedAt: number | null;
  /** Since when queries show the payment; later than `paidAt` where it was hidden. */
  readonly shownAt: number | null;
}

/** A new order, as the channel makes it. */
export const openTrade = (order: Parameters<SandboxOrders["create"]>[0], now: number): Trade => ({
  ...order,
  transactionId: null,
  createdAt: now,
  scannedAt: null,
  declinedAt: null,
  closedAt: null,
  paidAt: null,
  shownAt: null,
});

export type TradeState = SandboxOrderRecord["state"];

/** Whether the channel no longer lets the buyer pay: closed by anybody, or run out. */
const isShut = (trade: Trade, now: number): boolean =>
  trade.closedAt !== null || (trade.expiresAt !== null && now >= trade.expiresAt);

function stateWhen(paid: boolean, trade: Trade, now: number): TradeState {
  if (paid) return "paid";
  if (isShut(trade, now)) return "closed";
  return trade.scannedAt === null ? "open" : "scanned";
}

/** The truth, as the buyer's wallet shows it. */
export const buyerState = (trade: Trade, now: number): TradeState =>
  stateWhen(trade.paidAt !== null, trade, now);

/** What the channel tells a merchant who asks. */
export function shownRecord(
  trade: Trade,
  refunds: readonly SandboxRefund[],
  now: number,
): SandboxOrderRecord {
  const { scannedAt: _s, declinedAt: _d, closedAt: _c, shownAt, ...order } = trade;
  const shown = shownAt !== null;
  return {
    ...order,
    refunds,
    state: stateWhen(shown, trade, now),
    paidAt: shown ? trade.paidAt : null,
  };
}

/** What the channel answers when the number of an existing order is used again. */
export function repeatAnswer(
  trade: Trade,
  refunds: readonly SandboxRefund[],
  parameters: string,
  now: number,
): CreateAnswer {
  const order = shownRecord(trade, refunds, now);
  if (order.state === "paid") return { kind: "already_paid", order };
  if (order.state === "closed") return { kind: "already_closed", order };
  return { kind: trade.parameters === parameters ? "same" : "conflict", order };
}

export const NO_ORDER = "The channel does not know this order yet: nothing can be scanned or paid.";

/**
 * The trade after something the buyer did.
 *
 * A declined payment stays payable, as with the real wallets: they tell the merchant nothing, and
 * the buyer may change their mind until the code runs out. `close` is the way to end it.
 * @returns the trade, or why the wallet refuses, fit for people
 * @param hides how long queries hide a payment
 * @param transactionId used if the trade has none yet
 */
export function act(
  trade: Trade,
  action: BuyerAction,
  now: number,
  hides: Hiding,
  transactionId: string,
): Result<Trade, string> {
  const state = buyerState(trade, now);
  const scanned: Trade = {
    ...trade,
    scannedAt: trade.scannedAt ?? now,
    transactionId: trade.transactionId ?? transactionId,
  };
  if (action === "close") {
    if (trade.shownAt !== null) return err("The order is paid; it can no longer be closed.");
    return ok({ ...trade, closedAt: trade.closedAt ?? now });
  }
  if (state === "paid") {
    return action === "pay" ? ok(trade) : err("The order is paid already.");
  }
  if (state === "closed" && !(action === "pay" && hides === "until_closed")) {
    return err("The order is closed or has expired; the buyer can no longer use it.");
  }
  if (action === "scan") return ok(scanned);
  if (action === "decline") return ok({ ...scanned, declinedAt: now });
  const shownAt = hides !== "never" && state !== "closed" ? null : now;
  return ok({ ...scanned, paidAt: now, shownAt });
}

/** The merchant closes the order. A payment that queries show stays paid. */
export const closedByMerchant = (trade: Trade, now: number): Trade =>
  trade.shownAt === null && trade.closedAt === null ? { ...trade, closedAt: now } : trade;
