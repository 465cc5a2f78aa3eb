/** WeChat Pay's row of the channel matrix. */
import type { ChannelInfo } from "../adapter.ts";
import { LIFETIME_SECONDS } from "./charge.ts";
import { WECHAT_METHODS } from "./dialect.ts";

export const WECHAT_INFO: ChannelInfo = {
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
