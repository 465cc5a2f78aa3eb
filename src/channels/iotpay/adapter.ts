/**
 * IOTPay through its general order API (v1): one integration for WeChat Pay, Alipay and UnionPay in
 * Canada and the United States. Not here: cards (API v3), contracts for automatic debits, and the
 * terminal's CC_PAX.
 */
import { base32Id } from "../../ids.ts";
import type { ChannelAdapter } from "../adapter.ts";
import { accountOf } from "./account.ts";
import { createOrder } from "./charge.ts";
import { IOTPAY_ERRORS } from "./error-table.ts";
import { directMode } from "./examine.ts";
import { IOTPAY_INFO } from "./info.ts";
import { readNotification } from "./notify.ts";
import { probe, queryOrder } from "./operations.ts";
import { prepareOrder } from "./order.ts";
import { createRefund, prepareRefund, queryRefund } from "./refunds.ts";
import { iotpayStatement } from "./statement.ts";

/** Production. IOTPay's samples name a second host for development without saying who may use it. */
export const IOTPAY_ENDPOINTS: readonly string[] = ["https://api.iotpaycloud.com/v1"];

export const iotpay: ChannelAdapter = {
  info: IOTPAY_INFO,
  modes: { direct: directMode },
  errors: IOTPAY_ERRORS,

  prepareCharge: (order, account) => prepareOrder(order, accountOf(account)),

  createCharge: (payload, order, account, io) =>
    createOrder(payload, order, accountOf(account), io),

  queryPayment: (order, account, io) => queryOrder(order, accountOf(account), io),

  // IOTPay closes nothing: asking is all there is, and the deadline ends an unpaid order.
  closePayment: (order, account, io) => queryOrder(order, accountOf(account), io),

  refunds: {
    prepare: (order, account) => prepareRefund(order, accountOf(account)),
    create: (payload, order, account, io) => createRefund(payload, order, accountOf(account), io),
    query: (order, account, io) => queryRefund(order, accountOf(account), io),
  },

  statements: { format: iotpayStatement },

  verifyCallback: (callback, account) => readNotification(callback, accountOf(account)),

  acknowledge: {
    accepted: () => ({ status: 200, body: "success", contentType: "text/plain" }),
    // The reason stays in our log: it would tell a forger how far he came.
    refused: () => ({ status: 400, body: "fail", contentType: "text/plain" }),
  },

  selfCheck: (account, io) =>
    probe(`selfcheck${base32Id(io.random(17)).slice(0, 20)}`, accountOf(account), io),
};
