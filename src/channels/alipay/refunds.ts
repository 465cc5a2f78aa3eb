/**
 * Refunds: `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`. The same
 * `out_request_no` is the same refund, however often it is sent; that the call was accepted does
 * not yet mean that money moved.
 */
import { type Failure, invalidField } from "../../errors.ts";
import { sameMoney } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import type {
  ChannelAccount,
  ChannelError,
  ChannelIo,
  Outcome,
  RefundOrder,
  RefundReport,
  ReportedRefundState,
} from "../adapter.ts";
import {
  anotherOrder,
  incomplete,
  isBusinessFailure,
  isSuccess,
  namesOther,
  NOT_EXIST,
  refuse,
  says,
} from "./answers.ts";
import { askGateway, type GatewayAnswer } from "./exchange.ts";
import type { AlipayKeys } from "./keys.ts";
import { cleanText, fromYuan, timeOrNull, toYuan } from "./mapping.ts";
import { refuseUnauthorized } from "./terms.ts";

/** Characters of `refund_reason`, counted as code points. */
const REASON_LIMIT = 256;

export function refundContent(
  order: RefundOrder,
  account: ChannelAccount,
): Result<string, Failure> {
  const { refundId, payment, amount, createdAt } = order;
  const reason = cleanText(order.reason ?? "");
  if (Array.from(reason).length > REASON_LIMIT) {
    const message = `is longer than ${REASON_LIMIT} characters, which is what Alipay takes`;
    return err(invalidField("reason", message));
  }
  const refused = refuseUnauthorized(account, createdAt);
  if (refused !== null) return err(refused);
  return ok(
    JSON.stringify({
      out_trade_no: payment.paymentId,
      refund_amount: toYuan(amount),
      ...(reason === "" ? {} : { refund_reason: reason }),
      out_request_no: refundId,
    }),
  );
}

const report = (
  { refundId }: RefundOrder,
  state: ReportedRefundState,
  channelStatus: string,
  change: Partial<RefundReport> = {},
): Outcome<RefundReport> => ({
  kind: "ok",
  value: {
    refundId,
    state,
    amount: null,
    channelRefundId: null,
    refundedAt: null,
    channelStatus,
    ...change,
  },
});

/**
 * Only `fund_change` Y proves that money moved now. It is N when an earlier call with the same
 * number moved it, and when nothing moved: then the query tells.
 */
export async function createRefund(
  payload: string,
  order: RefundOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const answer = await askGateway({ method: "alipay.trade.refund", bizContent: payload }, keys, io);
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, order.payment.paymentId)) return anotherOrder();
  if (isBusinessFailure(answer)) return confirmRefusal(answer, order, keys, io);
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  if (answer.fields["fund_change"] === "Y") return moved(answer, order);
  const found = await queryRefund(order, keys, io);
  // Accepted, and not to be found yet: it is asked about again, and sent again if it is not there.
  return found.kind === "ok" && found.value.state === "absent"
    ? report(order, "processing", "fund_change=N")
    : found;
}

/**
 * The answer does not name the refund's own number, only the trade's and the total that was given
 * back of it: that total must at least hold this refund, and at most the payment.
 */
function moved(answer: GatewayAnswer, order: RefundOrder): Outcome<RefundReport> {
  const total = fromYuan(answer.fields["refund_fee"]);
  if (answer.fields["out_trade_no"] === undefined || total === null) return incomplete();
  if (total.value < order.amount.value || total.value > order.payment.amount.value) {
    return anotherOrder();
  }
  return report(order, "succeeded", "fund_change=Y", {
    refundedAt: timeOrNull(answer.fields["gmt_refund_pay"]),
  });
}

/** Refusals that say "this trade is past that", with which a refund is over all the same. */
const PAST_REFUNDING: Readonly<Record<string, ChannelError["code"]>> = {
  "ACQ.TRADE_HAS_CLOSE": "INVALID_STATE",
  "ACQ.TRADE_HAS_FINISHED": "REFUND_WINDOW_CLOSED",
};

/**
 * A refusal frees the refund's share of the payment, so it must be true that nothing was booked: a
 * repeat may be refused because the first try, whose answer was lost, went through. Only Alipay's
 * own "no such refund" beside the refusal makes it final.
 */
async function confirmRefusal(
  answer: GatewayAnswer,
  order: RefundOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const refused = refuse(answer, "doubted");
  const past = PAST_REFUNDING[answer.subCode ?? ""];
  if (refused.kind === "unknown" && past === undefined) return refused;
  const found = await queryRefund(order, keys, io);
  if (found.kind === "ok" && found.value.state !== "absent") return found;
  if (found.kind !== "ok") return { kind: "unknown", error: refused.error };
  return { kind: "rejected", error: { ...refused.error, code: past ?? refused.error.code } };
}

/**
 * The answer about a number that Alipay does not have is a bare success. One that it has, and that
 * it does not call a success, has failed on the way to the buyer: a person must look at it.
 */
export async function queryRefund(
  order: RefundOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<RefundReport>> {
  const { refundId, payment, amount } = order;
  const answer = await askGateway(
    {
      method: "alipay.trade.fastpay.refund.query",
      bizContent: JSON.stringify({
        out_trade_no: payment.paymentId,
        out_request_no: refundId,
        query_options: ["gmt_refund_pay"],
      }),
    },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (namesOther(answer, payment.paymentId)) return anotherOrder();
  if (says(answer, NOT_EXIST)) return report(order, "absent", NOT_EXIST);
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  const { out_trade_no, out_request_no, refund_status, refund_amount, gmt_refund_pay } =
    answer.fields;
  if (out_request_no === undefined) {
    // A success that names nothing. One that does speak of money, and not of whose, is no answer.
    const isBare = refund_status === undefined && refund_amount === undefined;
    return isBare ? report(order, "absent", "no such refund") : incomplete();
  }
  if (out_request_no !== refundId || out_trade_no === undefined) return anotherOrder();
  const given = fromYuan(refund_amount);
  if (given === null) return incomplete();
  if (!sameMoney(given, amount)) return anotherOrder();
  return refund_status === "REFUND_SUCCESS"
    ? report(order, "succeeded", "REFUND_SUCCESS", {
        amount: given,
        refundedAt: timeOrNull(gmt_refund_pay),
      })
    : report(order, "processing", "abnormal: no REFUND_SUCCESS", { amount: given });
}
