/** The channel matrix. Adding a channel is its folder and one line here. */
import type { ChannelAdapter } from "./adapter.ts";
import { ALIPAY_ENDPOINTS, alipay } from "./alipay/adapter.ts";
import { WECHAT_ENDPOINTS, wechat } from "./wechat/adapter.ts";

interface Registered {
  readonly adapter: ChannelAdapter;
  /** The official hosts, the main one first. */
  readonly endpoints: readonly string[];
}

export const CHANNELS: Readonly<Record<string, Registered>> = {
  wechat: { adapter: wechat, endpoints: WECHAT_ENDPOINTS },
  alipay: { adapter: alipay, endpoints: ALIPAY_ENDPOINTS },
};

export const CHANNEL_SLUGS = Object.keys(CHANNELS) as [string, ...string[]];

/** Null: no such channel. */
export const channelOf = (slug: string): Registered | null =>
  Object.hasOwn(CHANNELS, slug) ? (CHANNELS[slug] ?? null) : null;
