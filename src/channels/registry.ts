/** The channel matrix. Adding a channel is its folder and its line here. */
import type { Channel } from "./adapter.ts";
import { alipay } from "./alipay/channel.ts";
import { antom } from "./antom/channel.ts";
import { duitnow } from "./duitnow/channel.ts";
import { fps } from "./fps/channel.ts";
import { iotpay } from "./iotpay/channel.ts";
import { paynow } from "./paynow/channel.ts";
import { promptpay } from "./promptpay/channel.ts";
import { qris } from "./qris/channel.ts";
import { qrph } from "./qrph/channel.ts";
import { vietqr } from "./vietqr/channel.ts";
import { wechat } from "./wechat/channel.ts";
import { wechatGlobal } from "./wechat_global/channel.ts";

export const CHANNELS: Readonly<Record<string, Channel>> = {
  wechat,
  wechat_global: wechatGlobal,
  alipay,
  antom,
  iotpay,
  promptpay,
  paynow,
  duitnow,
  fps,
  qris,
  vietqr,
  qrph,
};

export const CHANNEL_SLUGS = Object.keys(CHANNELS) as [string, ...string[]];

/** Null: no such channel. */
export const channelOf = (slug: string): Channel | null =>
  Object.hasOwn(CHANNELS, slug) ? (CHANNELS[slug] ?? null) : null;

/** `WeChat Pay`; a slug that is not known stays as it is. */
export const channelName = (slug: string): string => channelOf(slug)?.adapter.info.name ?? slug;
