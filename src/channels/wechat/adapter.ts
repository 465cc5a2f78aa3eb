/**
 * WeChat Pay APIv3 (mainland, CNY), for merchants of their own and for sub-merchants of a service
 * provider: codes, pages and mini programs inside WeChat, apps, and pages outside WeChat.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
import type { ChannelAdapter } from "../adapter.ts";
import { fetchTradeBill } from "./bills.ts";
import { acknowledge, verifyCallback } from "./callback.ts";
import { createCharge } from "./charge.ts";
import { MAINLAND } from "./dialect.ts";
import { WECHAT_ERRORS } from "./error-table.ts";
import { directMode, partnerMode } from "./examine.ts";
import { WECHAT_INFO } from "./info.ts";
import { onboarding } from "./onboarding.ts";
import { closePayment, queryPayment } from "./operations.ts";
import { prepareOrder } from "./order.ts";
import { refundDesk } from "./refunds.ts";
import { selfCheck } from "./self-check.ts";
import { splits } from "./splits.ts";
import { wechatStatement } from "./statement.ts";

/** The main host and the backup in another region. There is no test environment. */
export const WECHAT_ENDPOINTS: readonly string[] = [
  "https://api.mch.weixin.qq.com",
  "https://api2.mch.weixin.qq.com",
];

export const wechat: ChannelAdapter = {
  info: WECHAT_INFO,
  modes: { direct: directMode, service_provider: partnerMode },
  errors: WECHAT_ERRORS,
  prepareCharge: (order, account) => prepareOrder(order, account, MAINLAND),
  createCharge: (payload, order, account, io) =>
    createCharge(payload, order, account, io, MAINLAND),
  queryPayment: (order, account, io) => queryPayment(order, account, io, MAINLAND),
  closePayment: (order, account, io) => closePayment(order, account, io, MAINLAND),
  refunds: refundDesk(MAINLAND),
  onboarding,
  splits,
  statements: { format: wechatStatement, fetch: fetchTradeBill },
  verifyCallback: (callback, account, io) => verifyCallback(callback, account, io, MAINLAND),
  acknowledge,
  selfCheck,
};
