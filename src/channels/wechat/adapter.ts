/**
 * WeChat Pay APIv3 (mainland, CNY), for merchants of their own and for sub-merchants of a service
 * provider: codes, pages and mini programs inside WeChat, apps, and pages outside WeChat.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
import type { ChannelAdapter, ChannelInfo } from "../adapter.ts";
import { acknowledge, verifyCallback } from "./callback.ts";
import { createCharge, LIFETIME_SECONDS } from "./charge.ts";
import { MAINLAND, WECHAT_METHODS } from "./dialect.ts";
import { WECHAT_ERRORS } from "./error-table.ts";
import { directMode, partnerMode } from "./examine.ts";
import { onboarding } from "./onboarding.ts";
import { closePayment, queryPayment } from "./operations.ts";
import { prepareOrder } from "./order.ts";
import { refundDesk } from "./refunds.ts";
import { selfCheck } from "./self-check.ts";

/** The main host and the backup in another region. There is no test environment. */
export const WECHAT_ENDPOINTS: readonly string[] = [
  "https://api.mch.weixin.qq.com",
  "https://api2.mch.weixin.qq.com",
];

const info: ChannelInfo = {
  slug: "wechat",
  name: "WeChat Pay",
  region: "CN",
  currencies: ["CNY"],
  methods: WECHAT_METHODS,
  requires: { jsapi: ["payer.openid"], wap: ["payer.client_ip"] },
  options: ["profit_sharing"],
  qrStandard: "WeChat Pay code URL",
  qrLifetimeSeconds: LIFETIME_SECONDS.qr,
  // The upper limit is ours (CNY 1,000,000): real ones depend on the merchant, the buyer and the
  // bank, and WeChat Pay does not publish them.
  limits: { min: 1, max: 100_000_000 },
  refunds: { partial: true, maxPartials: 50, windowDays: 365, spacingSeconds: 60 },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [20, 60],
  status: "beta",
};

export const wechat: ChannelAdapter = {
  info,
  modes: { direct: directMode, service_provider: partnerMode },
  errors: WECHAT_ERRORS,
  prepareCharge: (order, account) => prepareOrder(order, account, MAINLAND),
  createCharge: (payload, order, account, io) =>
    createCharge(payload, order, account, io, MAINLAND),
  queryPayment: (order, account, io) => queryPayment(order, account, io, MAINLAND),
  closePayment: (order, account, io) => closePayment(order, account, io, MAINLAND),
  refunds: refundDesk(MAINLAND),
  onboarding,
  verifyCallback: (callback, account, io) => verifyCallback(callback, account, io, MAINLAND),
  acknowledge,
  selfCheck,
};
