/** The simulated `alipay.trade.refund` and `alipay.trade.fastpay.refund.query`. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { fromDecimal, toDecimal } from "../../../money.ts";
import type { RefundAnswer } from "../../../sandbox/simulator.ts";
import { buyerIdOf } from "./identity.ts";
import { invalidField, yuan } from "./order.ts";
import { businessFailure, success, type Node } from "./reply.ts";
import { givenBack } from "./state.ts";
import { writeTime } from "./time.ts";
import { find, type Handler, numbered } from "./trades.ts";

const CHANNEL = "alipay";

const requestNumber = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/);

const refundFields = z.looseObject({
  refund_amount: yuan,
  out_request_no: requestNumber.optional(),
  refund_reason: z.string().max(256).optional(),
});

const REFUSED: Readonly<Record<Exclude<RefundAnswer["kind"], "created" | "same">, () => Node>> = {
  no_order: () => businessFailure("ACQ.TRADE_NOT_EXIST", "交易不存在"),
  not_paid: () => businessFailure("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
  exceeds: () => businessFailure("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
  conflict: () => businessFailure("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"),
};

/** Money moves at once or not at all; a repeat of a number moves none. */
export const refund: Handler = async (content, caller, world) => {
  const parsed = refundFields.safeParse(content);
  if (!parsed.success) return invalidField(String(parsed.error.issues[0]?.path[0]));
  const found = await find(content, caller, world);
  if ("refused" in found) return found.refused;
  const { order } = found;
  const value = fromDecimal(parsed.data.refund_amount, 2);
  if (value === null || value === 0) return invalidField("refund_amount");
  const answer = await world.orders.refund(CHANNEL, order.merchant, order.orderNumber, {
    // Without a number of its own the refund is the whole order's, and there can be only one.
    refundNumber: parsed.data.out_request_no ?? order.orderNumber,
    parameters: canonicalJson(content),
    value,
    notifyUrl: order.notifyUrl,
    settles: "now",
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind]();
  const before = answer.order.refunds.filter(
    (it) => it.refundNumber !== answer.refund.refundNumber,
  );
  const moved = answer.kind === "created" && answer.refund.state === "succeeded";
  const total = toDecimal(givenBack([...before, answer.refund]), 2);
  return success({
    ...numbered(order),
    out_trade_no: order.orderNumber,
    buyer_logon_id: "san***@sandbox.example",
    buyer_user_id: buyerIdOf(order.orderNumber),
    fund_change: moved ? "Y" : "N",
    refund_fee: total,
    send_back_fee: moved ? toDecimal(value, 2) : "0.00",
  });
};

const queryFields = z.looseObject({
  out_request_no: requestNumber,
  query_options: z.array(z.string()).default([]),
});

/** A number that is not there gets a bare success; one that failed is named without a status. */
export const refundQuery: Handler = async (content, caller, world) => {
  const parsed = queryFields.safeParse(content);
  if (!parsed.success) return invalidField(String(parsed.error.issues[0]?.path[0]));
  const found = await find(content, caller, world);
  if ("refused" in found) return found.refused;
  const { order } = found;
  const { out_request_no, query_options } = parsed.data;
  const known = order.refunds.find(({ refundNumber }) => refundNumber === out_request_no);
  if (known === undefined) return success({});
  const wantsTime = query_options.includes("gmt_refund_pay");
  return success({
    ...numbered(order),
    out_trade_no: order.orderNumber,
    out_request_no,
    refund_amount: toDecimal(known.value, 2),
    total_amount: toDecimal(order.value, 2),
    ...(known.state === "succeeded" ? { refund_status: "REFUND_SUCCESS" } : {}),
    ...(wantsTime && known.refundedAt !== null
      ? { gmt_refund_pay: writeTime(known.refundedAt) }
      : {}),
  });
};
