/** WeChat Pay Global's row of the channel matrix. */
import type { ChannelInfo } from "../adapter.ts";
import { LIFETIME_SECONDS } from "../wechat/charge.ts";
import { WECHAT_METHODS } from "../wechat/dialect.ts";

export const WECHAT_GLOBAL_INFO: ChannelInfo = {
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
