/**
 * Alipay through its OpenAPI gateway (gateway.do): `alipay.trade.*` and its notifications.
 * Not the Antom / Alipay+ protocol. In scope: an application of its own (mode `direct`), codes that
 * the buyer scans (`alipay.trade.precreate`), in public-key and in certificate mode.
 */
import { base32Id } from "../../ids.ts";
import type { ChannelAdapter } from "../adapter.ts";
import { directMode } from "./credentials.ts";
import { ALIPAY_ERRORS } from "./error-table.ts";
import { keysOf } from "./keys.ts";
import { ALIPAY_INFO, precreateContent } from "./mapping.ts";
import { readNotification } from "./notify.ts";
import { close, precreate, probe, query } from "./operations.ts";

/** Production. The sandbox host has applications and keys of its own. */
export const ALIPAY_ENDPOINTS: readonly string[] = ["https://openapi.alipay.com/gateway.do"];

export const alipay: ChannelAdapter = {
  info: ALIPAY_INFO,
  modes: { direct: directMode },
  errors: ALIPAY_ERRORS,

  prepareCharge: (order) => precreateContent(order),

  async createCharge(payload, order, account, io) {
    return precreate(payload, order, await keysOf(account), io);
  },

  async queryPayment({ paymentId }, account, io) {
    return query(paymentId, await keysOf(account), io);
  },

  async closePayment({ paymentId }, account, io) {
    return close(paymentId, await keysOf(account), io);
  },

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
    return probe(`selfcheck_${base32Id(io.random(17))}`, await keysOf(account), io);
  },
};
