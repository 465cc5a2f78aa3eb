/** WeChat Pay as the registry holds it. */
import type { Channel } from "../adapter.ts";
import { WECHAT_ENDPOINTS, wechat as adapter } from "./adapter.ts";
import { wechatSandbox } from "./sandbox/channel.ts";

export const wechat: Channel = {
  adapter,
  endpoints: WECHAT_ENDPOINTS,
  sandbox: wechatSandbox,
};
