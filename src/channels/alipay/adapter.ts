/**
 * Alipay through its OpenAPI gateway (gateway.do): `alipay.trade.*` and its notifications.
 * Not the Antom / Alipay+ protocol, and no agreements. An application of the merchant's own (mode
 * `direct`) or a service provider's that the merchant has authorised (mode `isv`), each in
 * public-key and in certificate mode.
 */
import { base32Id } from "../../ids.ts";
import type { ChannelAdapter } from "../adapter.ts";
import { authorization } from "./authorization.ts";
import { fetchTradeBill } from "./bills.ts";
import { CREATE } from "./charge.ts";
import { directMode, isvMode } from "./examine.ts";
import { ALIPAY_ERRORS } from "./error-table.ts";
import { ALIPAY_INFO } from "./info.ts";
import { keysOf } from "./keys.ts";
import { readNotification } from "./notify.ts";
import { end, probe, query } from "./operations.ts";
import { orderContent } from "./order.ts";
import { createRefund, queryRefund, refundContent } from "./refunds.ts";
import { splits } from "./splits.ts";
import { alipayStatement } from "./statement.ts";
import { termsOf } from "./terms.ts";
import { refuseUnauthorized } from "./terms.ts";

/** Production. The sandbox host has applications and keys of its own. */
export const ALIPAY_ENDPOINTS: readonly string[] = ["https://openapi.alipay.com/gateway.do"];

export const alipay: ChannelAdapter = {
  info: ALIPAY_INFO,
  modes: { direct: directMode, isv: isvMode },
  errors: ALIPAY_ERRORS,

  prepareCharge: (order, account) => orderContent(order, account),

  async createCharge(payload, order, account, io) {
    return CREATE[order.method](payload, order, await keysOf(account), io);
  },

  async queryPayment({ paymentId }, account, io) {
    return query(paymentId, await keysOf(account), io);
  },

  async closePayment(order, account, io) {
    return end(order, await keysOf(account), io);
  },

  refunds: {
    windowDays: (account) => termsOf(account).refund_window_days,
    prepare: (order, account) => refundContent(order, account),

    async create(payload, order, account, io) {
      return createRefund(payload, order, await keysOf(account), io);
    },

    async query(order, account, io) {
      return queryRefund(order, await keysOf(account), io);
    },
  },

  authorization,
  splits,
  statements: { format: alipayStatement, fetch: fetchTradeBill },

  async verifyCallback(callback, account) {
    return readNotification(callback, await keysOf(account));
  },

  acknowledge: {
    // Exactly these seven characters; anything else, and Alipay sends again.
    accepted: () => ({ status: 200, body: "success", contentType: "text/plain" }),
    // The reason stays in our log: it would tell a forger how far he came.
    refused: () => ({ status: 400, body: "fail", contentType: "text/plain" }),
  },

  async selfCheck(account, io) {
    const missing = refuseUnauthorized(account, io.now());
    if (missing !== null) {
      const { code, message } = missing;
      const error = { code, channelCode: "not_authorized", message, retryable: false };
      return { kind: "rejected", error };
    }
    return probe(`selfcheck_${base32Id(io.random(17))}`, await keysOf(account), io);
  },
};
