/** The words of WeChat Pay's global API: paths, members and states of its own. */
import * as z from "zod";

import type { ReportedRefundState } from "../adapter.ts";
import { isWechatMethod, queryString, type Dialect, type WechatMethod } from "../wechat/dialect.ts";
import {
  REFUND_STATES,
  refundAmount,
  tradeFields,
  type RefundNews,
  type Trade,
} from "../wechat/mapping.ts";
import { idFields, merchantIds, orderIds } from "../wechat/party.ts";

const TRADE_TYPES: Readonly<Record<WechatMethod, string>> = {
  qr: "NATIVE",
  jsapi: "JSAPI",
  app: "APP",
  wap: "MWEB",
};

/** A transaction bears its number as `id`; newer notifications call it as in the mainland. */
const trade = z
  .looseObject({ ...tradeFields, id: z.string().optional() })
  .transform(({ id, ...rest }): Trade => ({ ...rest, transaction_id: id ?? rest.transaction_id }));

const refundFields = {
  out_refund_no: z.string(),
  success_time: z.string().optional(),
  amount: refundAmount,
};

/** The answer to a new refund says no state and no order: it was taken. */
const created = z
  .looseObject({ ...refundFields, id: z.string().min(1) })
  .transform((refund): RefundNews => ({
    ids: {},
    refundNumber: refund.out_refund_no,
    orderNumber: null,
    channelRefundId: refund.id,
    word: "PROCESSING",
    successTime: undefined,
    amount: refund.amount,
  }));

const queried = z
  .looseObject({
    ...refundFields,
    id: z.string().min(1),
    out_trade_no: z.string(),
    status: z.string(),
  })
  .transform((refund): RefundNews => ({
    ids: {},
    refundNumber: refund.out_refund_no,
    orderNumber: refund.out_trade_no,
    channelRefundId: refund.id,
    word: refund.status,
    successTime: refund.success_time,
    amount: refund.amount,
  }));

/** Like a query's answer, or with the mainland's names for the number and the state. */
const notice = z
  .looseObject({
    ...idFields,
    ...refundFields,
    out_trade_no: z.string(),
    id: z.string().min(1).optional(),
    refund_id: z.string().min(1).optional(),
    status: z.string().optional(),
    refund_status: z.string().optional(),
  })
  .transform((refund): RefundNews => ({
    ids: refund,
    refundNumber: refund.out_refund_no,
    orderNumber: refund.out_trade_no,
    channelRefundId: refund.refund_id ?? refund.id ?? "",
    word: refund.refund_status ?? refund.status ?? "",
    successTime: refund.success_time,
    amount: refund.amount,
  }))
  .refine(({ channelRefundId, word }) => channelRefundId !== "" && word !== "");

/** A closed refund has another word here. */
export const GLOBAL_REFUND_STATES: Readonly<Record<string, ReportedRefundState>> = {
  ...REFUND_STATES,
  REFUNDCLOSE: "failed",
};

const REFUNDS = "/v3/global/refunds";

export const GLOBAL: Dialect = {
  // One path for both modes: the numbers in the request tell.
  ordersPath: () => "/v3/global/transactions",
  makes: { qr: "native", jsapi: "jsapi", app: "app", wap: "mweb" },
  orderExtras: ({ method }, { categoryCode }) => ({
    trade_type: isWechatMethod(method) ? TRADE_TYPES[method] : "",
    merchant_category_code: categoryCode ?? "",
  }),
  pageInfo: () => ({}),
  homeCurrency: null,
  trade,
  refunds: {
    createPath: REFUNDS,
    queryPath: (number, party) =>
      `${REFUNDS}/out-refund-no/${encodeURIComponent(number)}${queryString(merchantIds(party))}`,
    ids: orderIds,
    created,
    queried,
    notice,
    states: GLOBAL_REFUND_STATES,
  },
};
