/**
 * Where an IOTPay channel id leads here, as data. The wallet's own channel comes first; the
 * merchant's IOTPay account takes what that channel cannot, such as dollars.
 */
import type { Method } from "../../channels/adapter.ts";
import { channelOf } from "../../channels/registry.ts";

export interface Target {
  readonly channel: string;
  readonly method: Method;
  /** The wallet, at a channel that has several. */
  readonly wallet?: string;
}

/** The member of the reply that carries what the buyer gets. */
export type Carrier = "codeUrl" | "qr_code" | "retParams" | "unionpayUrl" | "payParams" | "nothing";

interface Row {
  readonly carrier: Carrier;
  readonly targets: readonly [Target, ...Target[]];
}

const row = (carrier: Carrier, method: Method, wallet: string, own?: string): Row => {
  const through: Target = { channel: "iotpay", method, wallet };
  return {
    carrier,
    targets: own === undefined ? [through] : [{ channel: own, method }, through],
  };
};

const ROWS: Readonly<Record<string, Row>> = {
  WX_NATIVE: row("codeUrl", "qr", "WECHAT", "wechat"),
  WX_JSAPI: row("payParams", "jsapi", "WECHAT", "wechat"),
  WX_APP: row("payParams", "app", "WECHAT", "wechat"),
  WX_MICROPAY: row("nothing", "barcode", "WECHAT", "wechat"),
  ALIPAY_QR: row("qr_code", "qr", "ALIPAY", "alipay"),
  ALIPAY_MOBILE: row("retParams", "app", "ALIPAY", "alipay"),
  ALIPAY_WAP: row("retParams", "wap", "ALIPAY", "alipay"),
  ALIPAY_PC: row("retParams", "web", "ALIPAY", "alipay"),
  ALIPAY_MICROPAY: row("nothing", "barcode", "ALIPAY", "alipay"),
  UPI_QR: row("qr_code", "qr", "UNIONPAY"),
  UPI_APP: row("payParams", "app", "UNIONPAY"),
  UPI_SEQ: row("unionpayUrl", "web", "UNIONPAY"),
  UPI_MICROPAY: row("nothing", "barcode", "UNIONPAY"),
};

export const DOOR_CHANNEL_IDS = Object.keys(ROWS);

/** Null: no such channel id. */
export const carrierOf = (channelId: string): Carrier | null =>
  Object.hasOwn(ROWS, channelId) ? (ROWS[channelId]?.carrier ?? null) : null;

/**
 * The first target that takes the currency and that the merchant can use; where there is none, the
 * first of all, whose refusal then says why.
 * @param usable whether the merchant has an account for a channel, or gets one
 */
export function targetOf(
  channelId: string,
  currency: string,
  usable: (channel: string) => boolean,
): Target | null {
  const targets = Object.hasOwn(ROWS, channelId) ? ROWS[channelId]?.targets : undefined;
  if (targets === undefined) return null;
  const fits = ({ channel, method }: Target) => {
    const info = channelOf(channel)?.adapter.info;
    return (
      info?.currencies.includes(currency) === true &&
      info.methods.includes(method) &&
      usable(channel)
    );
  };
  return targets.find(fits) ?? targets[0];
}
