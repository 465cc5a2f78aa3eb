/** What the page has to show at this moment. Pure: a payment, a browser and a time decide. */
import type { BuyerView } from "../../intent/buyer-view.ts";
import { isTerminal } from "../../payments/states.ts";
import type { QrType } from "../../qr/classify.ts";
import { type Agent, isUsable } from "./ways.ts";

/** How the code on the screen is paid on the device that shows it. */
export type PhoneHelp =
  /** The wallet's app opens it. */
  | { readonly kind: "open_app"; readonly url: string }
  /** The code is a link. */
  | { readonly kind: "open_link"; readonly url: string }
  /** Saved as a picture, and read from the album. */
  | { readonly kind: "save" }
  /** WeChat takes its codes from the camera only: neither from the album nor by a long press. */
  | { readonly kind: "other_device" }
  /** This app's browser can do none of that. */
  | { readonly kind: "open_in_browser" };

export type Stage =
  | { readonly kind: "choose"; readonly chosen: string | null }
  | {
      readonly kind: "code";
      readonly channel: string;
      readonly data: string;
      readonly type: QrType;
      /** Null: scanned from another device's screen. */
      readonly help: PhoneHelp | null;
    }
  | {
      readonly kind: "redirect";
      readonly channel: string;
      readonly url: string;
      readonly appUrl: string | null;
    }
  | {
      readonly kind: "invoke";
      readonly channel: string;
      readonly sdk: "wechat_jsapi" | "alipay_jsapi";
      readonly params: Readonly<Record<string, string>>;
    }
  /** Only the merchant's own app, or the wallet's browser, can go on from here. */
  | { readonly kind: "elsewhere"; readonly channel: string; readonly app: boolean }
  | { readonly kind: "wait"; readonly why: "ordering" | "confirming" | "time_is_up" }
  | { readonly kind: "ended"; readonly ending: Ending };

export type Ending = "paid" | "part_refunded" | "refunded" | "expired" | "failed" | "cancelled";

export interface Onlooker {
  readonly agent: Agent;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The buyer asked for the list again. */
  readonly changing: boolean;
}

const APP_OF_ALIPAY = "alipays://platformapi/startapp?saId=10000007&qrcode=";

/** Addresses of these kinds would run here instead of leading to a wallet. */
const RUNS_HERE = ["javascript:", "data:", "vbscript:", "blob:", "filesystem:", "about:", "file:"];

/** An address that may stand in a link; null: it must not (script in a channel's reply). */
function safeUrl(text: string): string | null {
  const url = URL.parse(text);
  return url === null || RUNS_HERE.includes(url.protocol) ? null : url.href;
}

/** When the buyer's time is over: the code's end, or the payment's. Milliseconds since 1970. */
export function deadlineOf({ intent }: BuyerView): number {
  const end = Date.parse(intent.expires_at);
  return intent.qr === null ? end : Math.min(end, Date.parse(intent.qr.expires_at));
}

/** What is paid, by a phone that cannot scan its own screen. */
function helpFor(agent: Agent, data: string, type: QrType): PhoneHelp | null {
  // The wallets' browsers are also on desktops, whose screens a phone can scan.
  if (agent.os === null && agent.browser !== "phone") return null;
  const inWallet = agent.browser !== "phone";
  switch (type) {
    case "wechat_url":
      return { kind: "other_device" };
    case "alipay_url":
      if (agent.browser === "alipay") return { kind: "open_link", url: data };
      return inWallet
        ? { kind: "open_in_browser" }
        : { kind: "open_app", url: APP_OF_ALIPAY + encodeURIComponent(data) };
    case "url":
      return { kind: "open_link", url: data };
    case "emvco_tlv":
      return inWallet ? { kind: "open_in_browser" } : { kind: "save" };
    case "opaque":
      return { kind: "other_device" };
  }
}

function endingOf({ intent }: BuyerView): Ending | null {
  const { status } = intent;
  if (status === "succeeded") {
    const returned = intent.amount_refunded.value;
    if (returned === 0) return "paid";
    return returned < intent.amount.value ? "part_refunded" : "refunded";
  }
  return status === "expired" || status === "failed" || status === "cancelled" ? status : null;
}

const isAggregate = ({ options }: BuyerView): boolean => options.length > 1;

/** The list comes back when it is asked for, or when this browser cannot use what was chosen. */
function showsList(view: BuyerView, { agent, changing }: Onlooker): boolean {
  if (!isAggregate(view)) return false;
  const { channel } = view.intent;
  if (channel === null || view.order_number === null || changing) return true;
  return (
    !isUsable(agent, channel) && view.options.some((option) => isUsable(agent, option.channel))
  );
}

function invokes(channel: string, sdk: string, params: Record<string, string>, agent: Agent) {
  const inWallet =
    (sdk === "wechat_jsapi" && agent.browser === "wechat") ||
    (sdk === "alipay_jsapi" && agent.browser === "alipay");
  return inWallet
    ? ({ kind: "invoke", channel, sdk, params } as const)
    : ({ kind: "elsewhere", channel, app: !sdk.endsWith("_jsapi") } as const);
}

/** What the buyer can do with the order that is open at the channel. */
function openOrder(view: BuyerView, agent: Agent): Stage {
  const { next_action: next, channel } = view.intent;
  if (next === null || next.type === "wait" || channel === null) {
    return { kind: "wait", why: "ordering" };
  }
  switch (next.type) {
    case "show_qr": {
      if (next.qr === null) return { kind: "wait", why: "ordering" };
      const { data, type } = next.qr;
      return { kind: "code", channel, data, type, help: helpFor(agent, data, type) };
    }
    case "redirect": {
      const url = safeUrl(next.url);
      const appUrl = next.scheme_url === undefined ? null : safeUrl(next.scheme_url);
      if (url === null) return { kind: "elsewhere", channel, app: true };
      return { kind: "redirect", channel, url, appUrl: appUrl === url ? null : appUrl };
    }
    case "invoke_sdk":
      return invokes(channel, next.sdk, next.params, agent);
  }
}

export function stageOf(view: BuyerView, onlooker: Onlooker): Stage {
  const ending = endingOf(view);
  if (ending !== null) return { kind: "ended", ending };
  if (view.intent.status === "authorized" || view.intent.status === "captured") {
    return { kind: "wait", why: "confirming" };
  }
  const isOver = onlooker.now >= Date.parse(view.intent.expires_at);
  const codeIsOver = onlooker.now >= deadlineOf(view);
  // A code may end long before the payment does: the buyer can have another.
  if (!isOver && (showsList(view, onlooker) || (isAggregate(view) && codeIsOver))) {
    return { kind: "choose", chosen: view.order_number === null ? null : view.intent.channel };
  }
  if (codeIsOver) return { kind: "wait", why: "time_is_up" };
  return openOrder(view, onlooker.agent);
}

/** Whether nothing more will come of the payment but refunds, or money that arrives late. */
export const hasEnded = ({ intent }: BuyerView): boolean => isTerminal(intent.status);

/**
 * Where the buyer goes after the end. The two parameters say what the page showed; they prove
 * nothing, and a shop that trusts them gives its goods away: its server asks the API.
 */
export function wayBack({ return_url: text, intent }: BuyerView): string | null {
  const url = text === null ? null : URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return null;
  const told = `payment_intent=${intent.id}&status=${intent.status}`;
  // Appended as text: the merchant may have signed its own query byte for byte.
  url.search = url.search === "" ? told : `${url.search}&${told}`;
  return url.href;
}
