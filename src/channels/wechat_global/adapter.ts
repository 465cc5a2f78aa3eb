/**
 * WeChat Pay's global API (Hong Kong and abroad), for merchants of their own and for sub-merchants of
 * an institution. Another system than the mainland's, with other accounts, keys and certificates.
 * https://pay.weixin.qq.com/doc/global/v3/en/4012356478
 */
import type { ChannelAdapter } from "../adapter.ts";
import { acknowledge, verifyCallback } from "../wechat/callback.ts";
import { createCharge } from "../wechat/charge.ts";
import { GLOBAL_REFUND_ERRORS, WECHAT_ERRORS } from "../wechat/error-table.ts";
import { closePayment, queryPayment } from "../wechat/operations.ts";
import { prepareOrder } from "../wechat/order.ts";
import { refundDesk } from "../wechat/refunds.ts";
import { GLOBAL } from "./dialect.ts";
import { WECHAT_GLOBAL_INFO } from "./info.ts";
import { globalDirect, globalPartner } from "./modes.ts";
import { selfCheck } from "./self-check.ts";

/** Other regions have hosts of their own, which `CHANNEL_ENDPOINTS` can name. */
export const WECHAT_GLOBAL_ENDPOINTS: readonly string[] = ["https://apihk.mch.weixin.qq.com"];

export const wechatGlobal: ChannelAdapter = {
  info: WECHAT_GLOBAL_INFO,
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
