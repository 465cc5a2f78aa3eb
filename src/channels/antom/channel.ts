/** Antom as the registry holds it. */
import type { Channel } from "../adapter.ts";
import { ANTOM_ENDPOINTS, antom as adapter } from "./adapter.ts";
import { antomSandbox } from "./sandbox/channel.ts";

export const antom: Channel = {
  adapter,
  endpoints: ANTOM_ENDPOINTS,
  sandbox: antomSandbox,
};
