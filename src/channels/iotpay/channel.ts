/** IOTPay as the registry holds it. */
import type { Channel } from "../adapter.ts";
import { IOTPAY_ENDPOINTS, iotpay as adapter } from "./adapter.ts";
import { iotpaySandbox } from "./sandbox/channel.ts";

export const iotpay: Channel = {
  adapter,
  endpoints: IOTPAY_ENDPOINTS,
  sandbox: iotpaySandbox,
};
