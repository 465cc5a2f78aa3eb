/** How a buyer can pay with a channel in the browser that shows the page. Pure. */
import type { ChannelInfo, Method, Requirement } from "../../channels/adapter.ts";

/** Where the page is shown. A tablet counts as a phone: the wallet may be on it. */
export interface Agent {
  readonly browser: "wechat" | "alipay" | "phone" | "desktop";
  readonly os: "ios" | "android" | null;
}

/** Decides by the User-Agent, which is the buyer's own: a false one only spoils his own page. */
export function agentOf(userAgent: string): Agent {
  const os = /iPhone|iPad|iPod/.test(userAgent)
    ? "ios"
    : // HarmonyOS runs the wallets' Android pages.
      /Android|HarmonyOS|OpenHarmony/.test(userAgent)
      ? "android"
      : null;
  if (/MicroMessenger\//i.test(userAgent)) return { browser: "wechat", os };
  if (/AlipayClient\//i.test(userAgent)) return { browser: "alipay", os };
  const phone = os !== null || /\bMobile\b/.test(userAgent);
  return { browser: phone ? "phone" : "desktop", os };
}

/** What is known of the buyer beside the browser. */
export interface BuyerFacts {
  /** The merchant named the payer's openid at the wallet. */
  readonly openidKnown: boolean;
  /** The buyer's address is known. */
  readonly addressKnown: boolean;
}

/** Methods from best to worst. Inside a wallet its own way; a phone cannot scan its own screen. */
const PREFERENCES: Readonly<Record<Agent["browser"], readonly Method[]>> = {
  wechat: ["jsapi", "qr"],
  alipay: ["wap", "qr"],
  phone: ["wap", "qr"],
  desktop: ["qr", "web"],
};

/** Wallets' browsers open no other wallet, and no bank's app. */
const CHANNELS_OF: Readonly<Partial<Record<Agent["browser"], readonly string[]>>> = {
  wechat: ["wechat", "wechat_global"],
  alipay: ["alipay"],
};

/** Whether this browser belongs to the channel's own wallet. */
export const isOwnWallet = ({ browser }: Agent, channel: string): boolean =>
  CHANNELS_OF[browser]?.includes(channel) === true;

/** Whether a channel's codes, links and apps can be of use in this browser. */
export const isUsable = (agent: Agent, channel: string): boolean =>
  CHANNELS_OF[agent.browser] === undefined || isOwnWallet(agent, channel);

function isMet(requirement: Requirement, agent: Agent, facts: BuyerFacts): boolean {
  switch (requirement) {
    case "payer.openid":
      return facts.openidKnown;
    case "payer.client_ip":
      return facts.addressKnown;
    case "os_type":
      return agent.os !== null;
    case "return_url":
      return true; // the checkout page itself
    case "payer.auth_code":
      return false;
  }
}

/** The method to order; null: not possible in this browser. */
export function wayFor(
  agent: Agent,
  info: Pick<ChannelInfo, "slug" | "methods" | "requires">,
  facts: BuyerFacts,
): Method | null {
  if (!isUsable(agent, info.slug)) return null;
  return (
    PREFERENCES[agent.browser].find(
      (method) =>
        info.methods.includes(method) &&
        (info.requires[method] ?? []).every((requirement) => isMet(requirement, agent, facts)),
    ) ?? null
  );
}
