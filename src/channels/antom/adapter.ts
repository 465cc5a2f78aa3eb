/**
 * Antom (Alipay+): one API in front of the wallets of Asia. Not the mainland Alipay gateway.
 * In scope: payments that the buyer scans, opens or shows a code for, their end, and refunds, in
 * the four integration modes. Not in scope: agreements (auto-debit), captures, cards by themselves.
 * https://docs.antom.com/ac/ams/api
 */
import { base32Id } from "../../ids.ts";
import type { ChannelAdapter } from "../adapter.ts";
import { pay } from "./charge.ts";
import { ANTOM_ERRORS } from "./error-table.ts";
import { ANTOM_MODES } from "./examine.ts";
import { ANTOM_INFO } from "./info.ts";
import { keysOf, versionsOf } from "./keys.ts";
import { acknowledge, readNotice } from "./notify.ts";
import { payBody } from "./order.ts";
import { antomRefunds } from "./refunds.ts";
import { cancel, inquire, probe } from "./operations.ts";
import { antomStatement } from "./statement.ts";

/**
 * Asia. Contracts for North America (open-na-global) and Europe (open-de-global) set theirs in
 * CHANNEL_ENDPOINTS. One host only: regions do not know each other's payments, so a retry that went
 * to another would make a second payment.
 */
export const ANTOM_ENDPOINTS: readonly string[] = ["https://open-sea-global.alipay.com"];

export const antom: ChannelAdapter = {
  info: ANTOM_INFO,
  modes: ANTOM_MODES,
  errors: ANTOM_ERRORS,

  prepareCharge: (order, account) => payBody(order, versionsOf(account)[0]),

  async createCharge(payload, order, account, io) {
    return pay(payload, order, await keysOf(account), io);
  },

  async queryPayment(order, account, io) {
    return inquire(order, await keysOf(account), io);
  },

  async closePayment(order, account, io) {
    return cancel(order, await keysOf(account), io);
  },

  refunds: antomRefunds,

  statements: { format: antomStatement },

  async verifyCallback(callback, account, io) {
    return readNotice(callback, await keysOf(account), io);
  },

  acknowledge,

  async selfCheck(account, io) {
    return probe(`selfcheck_${base32Id(io.random(17))}`, await keysOf(account), io);
  },
};
