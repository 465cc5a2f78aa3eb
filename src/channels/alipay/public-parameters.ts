/** The parameters beside `biz_content` that every signed message to Alipay carries. */
import type { AlipayKeys } from "./keys.ts";
import { chinaTime, type Parameters } from "./signing.ts";

/**
 * Empty ones are left out when it is signed. In mode `isv` the merchant's token is one of them:
 * a call without it would be about the service provider's own trades.
 * @param at milliseconds since 1970
 */
export const publicParameters = (keys: AlipayKeys, method: string, at: number): Parameters => ({
  app_id: keys.appId,
  method,
  charset: "utf-8",
  sign_type: "RSA2",
  timestamp: chinaTime(at),
  version: "1.0",
  app_auth_token: keys.appAuthToken ?? "",
  app_cert_sn: keys.certificateSns?.app ?? "",
  alipay_root_cert_sn: keys.certificateSns?.root ?? "",
});
