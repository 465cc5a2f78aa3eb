/**
 * WeChat Pay's global API (Hong Kong and abroad), for merchants of their own and for sub-merchants of
 * an institution. Another system than the mainland's, with other accounts, keys and certificates.
 * https://pay.weixin.qq.com/doc/global/v3/en/4012356478
 */
import type { ChannelAdapter, ChannelInfo } from "../adapter.ts";
import { acknowledge, verifyCallback } from "../wechat/callback.ts";
import { createCharge, LIFETIME_SECONDS } from "../wechat/charge.ts";
import { WECHAT_METHODS } from "../wechat/dialect.ts";
import { GLOBAL_REFUND_ERRORS, WECHAT_ERRORS } from "../wechat/error-table.ts";
import { closePayment, queryPayment } from "../wechat/operations.ts";
import { prepareOrder } from "../wechat/order.ts";
import { refundDesk } from "../wechat/refunds.ts";
import { GLOBAL } from "./dialect.ts";
import { globalDirect, globalPartner } from "./modes.ts";
import { selfCheck } from "./self-check.ts";

/** Other regions have hosts of their own, which `CHANNEL_ENDPOINTS` can name. */
export const WECHAT_GLOBAL_ENDPOINTS: readonly string[] = ["https://apihk.mch.weixin.qq.com"];

const info: ChannelInfo = {
  slug: "wechat_global",
  name: "WeChat Pay Global",
  region: "HK",
  // An account takes its contract's currency, and CNY where that was agreed; WeChat Pay refuses the
  // others.
  currencies: [
    "HKD",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "AUD",
    "CAD",
    "NZD",
    "SGD",
    "KRW",
    "THB",
    "CHF",
    "CNY",
  ],
  methods: WECHAT_METHODS,
  requires: { jsapi: ["payer.openid"], wap: ["payer.client_ip"] },
  options: [],
  qrStandard: "WeChat Pay code URL",
  qrLifetimeSeconds: LIFETIME_SECONDS.qr,
  // The upper limit is ours: real ones depend on the contract and on the buyer.
  limits: { min: 1, max: 100_000_000 },
  refunds: { partial: true, maxPartials: 50, windowDays: 365, spacingSeconds: 60 },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [80, 300],
  status: "beta",
};

export const wechatGlobal: ChannelAdapter = {
  info,
  modes: { direct: globalDirect, service_provider: globalPartner },
  errors: [...WECHAT_ERRORS, ...GLOBAL_REFUND_ERRORS],
  prepareCharge: (order, account) => prepareOrder(order, account, GLOBAL),
  createCharge: (payload, order, account, io) => createCharge(payload, order, account, io, GLOBAL),
  queryPayment: (order, account, io) => queryPayment(order, account, io, GLOBAL),
  closePayment: (order, account, io) => closePayment(order, account, io, GLOBAL),
  refunds: refundDesk(GLOBAL),
  verifyCallback: (callback, account, io) => verifyCallback(callback, account, io, GLOBAL),
  acknowledge,
  selfCheck,
};
