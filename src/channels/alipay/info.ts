/** Alipay's row of the channel matrix. */
import type { ChannelInfo } from "../adapter.ts";

/** A code that nobody has scanned dies after this, whatever was asked. Milliseconds. */
export const CODE_LIFETIME_MS = 120 * 60_000;

/** Three months, unless the merchant's contract says otherwise; twelve months at most. */
export const REFUND_WINDOW_DAYS = 90;

export const ALIPAY_INFO: ChannelInfo = {
  slug: "alipay",
  name: "Alipay",
  region: "CN",
  currencies: ["CNY"],
  methods: ["qr", "app", "wap", "web", "jsapi", "barcode"],
  requires: { jsapi: ["payer.openid"], barcode: ["payer.auth_code"] },
  options: ["profit_sharing"],
  qrStandard: "Alipay (https://qr.alipay.com)",
  qrLifetimeSeconds: CODE_LIFETIME_MS / 1000,
  // 0.01 to 100 000 000 yuan.
  limits: { min: 1, max: 10_000_000_000 },
  refunds: {
    partial: true,
    maxPartials: null,
    windowDays: REFUND_WINDOW_DAYS,
    spacingSeconds: 3,
  },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [38, 100],
  status: "beta",
};
