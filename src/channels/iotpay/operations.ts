/** What is asked of IOTPay about an order that exists. */
import type { ChannelIo, Outcome, PaymentReport, ReportedState, SentOrder } from "../adapter.ts";
import { bareReport, unknown } from "../outcomes.ts";
import type { IotpayAccount } from "./account.ts";
import {
  anotherOrder,
  askIotpay,
  incomplete,
  integerOf,
  type IotpayAnswer,
  namesOther,
  numberOf,
  refusal,
} from "./exchange.ts";

export const NOT_EXIST = "0112";

/** `status` of an order. Other words leave it as it is. */
const STATES: Readonly<Record<number, ReportedState>> = {
  0: "open",
  // The wallet knows the order; a buyer may be typing a password.
  1: "open",
  2: "paid",
  // Paid, and our acknowledgement has arrived.
  3: "paid",
  4: "closed",
  9: "closed",
  [-1]: "failed",
  [-2]: "closed",
};

export const stateOf = (status: number): ReportedState | null =>
  Object.hasOwn(STATES, status) ? (STATES[status] ?? null) : null;

const bare = (...terms: Parameters<typeof bareReport>): Outcome<PaymentReport> => ({
  kind: "ok",
  value: bareReport(...terms),
});

/** A reply about another order, or to another merchant, is never believed. */
export const isAnother = (
  { fields }: IotpayAnswer,
  paymentId: string,
  account: IotpayAccount,
): boolean =>
  namesOther(fields["mchOrderNo"], paymentId) || namesOther(fields["mchId"], account.mch_id);

/**
 * IOTPay can neither close nor cancel an order, so after the deadline an unpaid one counts as
 * closed by our clock, asked for just before. Its code may still live at the wallet: a buyer who
 * pays then is a late payment, which the account's policy accepts or gives back.
 */
export async function queryOrder(
  order: Pick<SentOrder, "paymentId" | "expiresAt">,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const { paymentId } = order;
  const asked = { mchId: account.mch_id, mchOrderNo: paymentId };
  const answer = await askIotpay("/query_order", asked, account, io);
  if (answer.kind === "unknown") return answer;
  if (isAnother(answer, paymentId, account)) return anotherOrder();
  if (!answer.success) {
    return answer.errorCode === NOT_EXIST ? bare(paymentId, "absent", NOT_EXIST) : refusal(answer);
  }
  const { fields } = answer;
  const status = integerOf(fields["status"]);
  if (status === null || fields["mchOrderNo"] !== paymentId) return incomplete();
  const state = stateOf(status);
  if (state === null) return unknown("unknown_status", "IOTPay names an unknown state.");
  const value = integerOf(fields["amount"]);
  const { currency } = fields;
  const isAmount = value !== null && value >= 0 && typeof currency === "string";
  if (state === "paid" && !isAmount) return incomplete();
  const lapsed = state === "open" && io.now() >= order.expiresAt;
  return {
    kind: "ok",
    value: {
      paymentId,
      state: lapsed ? "closed" : state,
      amount: isAmount ? { currency, value } : null,
      // Never the wallet's own number: refunds need IOTPay's.
      channelTransactionId: numberOf(fields["payOrderId"]),
      paidAt: state === "paid" ? timeOf(fields["paySuccTime"]) : null,
      channelStatus: lapsed ? `${status} (past the deadline)` : String(status),
    },
  };
}

/** Milliseconds since 1970, as IOTPay writes them. */
export function timeOf(value: unknown): number | null {
  const time = integerOf(value);
  return time !== null && time > 0 ? time : null;
}

/** Asks for a number that was never used: "no such order" proves number and key. No money moves. */
export async function probe(
  unusedNumber: string,
  account: IotpayAccount,
  io: ChannelIo,
): Promise<Outcome<{ readonly detail: string }>> {
  const asked = { mchId: account.mch_id, mchOrderNo: unusedNumber };
  const answer = await askIotpay("/query_order", asked, account, io);
  if (answer.kind === "unknown") return answer;
  if (answer.success) return anotherOrder();
  if (answer.errorCode !== NOT_EXIST) return refusal(answer);
  return { kind: "ok", value: { detail: "IOTPay accepted the merchant number and the key." } };
}
