/** What a simulated channel does with a refund. Pure. */
import { faultOf } from "./scripts.ts";
import type {
  FaultScript,
  RefundAnswer,
  SandboxOrderRecord,
  SandboxOrders,
  SandboxRefund,
} from "./simulator.ts";

export type NewRefund = Parameters<SandboxOrders["refund"]>[3];

export interface Booking {
  readonly answer: RefundAnswer;
  /** The refund as it stands a moment after the answer; null: nothing new. */
  readonly ends: SandboxRefund | null;
}

/**
 * A number that was used with the same parameters is answered as it stands; a new one is checked
 * against what is left of the payment. An abnormal refund has left the merchant, so it counts.
 */
export function book(
  order: SandboxOrderRecord,
  refund: NewRefund,
  script: FaultScript | null,
  channelRefundId: string,
  now: number,
): Booking {
  const { settles, ...terms } = refund;
  const known = order.refunds.find(({ refundNumber }) => refundNumber === refund.refundNumber);
  if (known !== undefined) {
    const same = known.parameters === refund.parameters && known.value === refund.value;
    const answer: RefundAnswer = same
      ? { kind: "same", order, refund: known }
      : { kind: "conflict", order };
    return { answer, ends: null };
  }
  if (order.state !== "paid") return { answer: { kind: "not_paid", order }, ends: null };
  const given = order.refunds.reduce((sum, { value }) => sum + value, 0);
  if (given + refund.value > order.value) return { answer: { kind: "exceeds", order }, ends: null };
  const abnormal = faultOf(script).refund === "abnormal";
  const begun = { ...terms, channelRefundId, createdAt: now };
  const ends: SandboxRefund = {
    ...begun,
    state: abnormal ? "abnormal" : "succeeded",
    refundedAt: abnormal ? null : now,
  };
  const shown: SandboxRefund =
    settles === "now" ? ends : { ...begun, state: "processing", refundedAt: null };
  return { answer: { kind: "created", order, refund: shown }, ends };
}
