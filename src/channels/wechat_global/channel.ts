/** WeChat Pay's global API as the registry holds it. */
import type { Channel } from "../adapter.ts";
import { WECHAT_GLOBAL_ENDPOINTS, wechatGlobal as adapter } from "./adapter.ts";
import { wechatGlobalSandbox } from "./sandbox/channel.ts";

export const wechatGlobal: Channel = {
  adapter,
  endpoints: WECHAT_GLOBAL_ENDPOINTS,
  sandbox: wechatGlobalSandbox,
};
