/** Alipay as the registry holds it. */
import type { Channel } from "../adapter.ts";
import { ALIPAY_ENDPOINTS, alipay as adapter } from "./adapter.ts";
import { alipaySandbox } from "./sandbox/channel.ts";

export const alipay: Channel = {
  adapter,
  endpoints: ALIPAY_ENDPOINTS,
  sandbox: alipaySandbox,
};
