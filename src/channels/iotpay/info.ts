/** IOTPay's row of the channel matrix. Limits and fees are the contract's; it publishes neither. */
import type { ChannelInfo } from "../adapter.ts";
import { WALLETS } from "./channel-ids.ts";

export const IOTPAY_INFO: ChannelInfo = {
  slug: "iotpay",
  name: "IOTPay",
  region: "CA",
  currencies: ["CAD", "USD", "CNY"],
  methods: ["qr", "app", "wap", "web", "jsapi", "barcode"],
  requires: { barcode: ["payer.auth_code"] },
  options: ["payment_method_type"],
  paymentMethodTypes: WALLETS,
  qrStandard: "The wallet's own (WeChat Pay, Alipay, UnionPay)",
  qrLifetimeSeconds: 3_600,
  limits: { min: 1, max: 100_000_000 },
  refunds: { partial: true, maxPartials: null, windowDays: 365, spacingSeconds: 0 },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [0, 300],
  status: "beta",
};
