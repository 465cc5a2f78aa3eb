/** Which browser pays with which channel how: real User-Agents against the real channel matrix. */
import { describe, it } from "vitest";

import { METHODS } from "../../src/channels/adapter.ts";
import { channelOf, CHANNEL_SLUGS } from "../../src/channels/registry.ts";
import {
  type Agent,
  agentOf,
  type BuyerFacts,
  isOwnWallet,
  wayFor,
} from "../../src/routes/checkout/ways.ts";
import { stageOf } from "../../src/routes/checkout/stage.ts";
import { AGENTS, aggregateView, buyerView } from "./kit.ts";

const KNOWN: BuyerFacts = { openidKnown: true, addressKnown: true };
const STRANGER: BuyerFacts = { openidKnown: false, addressKnown: true };

function way(agent: Agent, slug: string, facts = STRANGER) {
  const info = channelOf(slug)?.adapter.info;
  if (info === undefined) throw new Error(`no channel ${slug}`);
  return wayFor(agent, info, facts);
}

describe("agentOf", () => {
  it.for([
    ["wechatIphone", "wechat", "ios"],
    ["wechatAndroid", "wechat", "android"],
    ["wechatWindows", "wechat", null],
    ["alipayIphone", "alipay", "ios"],
    ["alipayAndroid", "alipay", "android"],
    ["iphone", "phone", "ios"],
    ["ipad", "phone", "ios"],
    ["android", "phone", "android"],
    ["harmony", "phone", "android"],
    ["firefoxMobile", "phone", "android"],
    ["kaios", "phone", null],
    ["windows", "desktop", null],
    ["mac", "desktop", null],
    ["linux", "desktop", null],
  ] as const)("%s", ([name, browser, os], { expect }) => {
    expect(agentOf(AGENTS[name])).toEqual({ browser, os });
  });

  it.for(["", "curl/8.0", "MicroMessenger", "AlipayClient", "x".repeat(10_000)])(
    "takes %.20s for a desktop",
    (text, { expect }) => {
      expect(agentOf(text)).toEqual({ browser: "desktop", os: null });
    },
  );
});

describe("wayFor", () => {
  it.for([
    // Inside WeChat: its own way where the payer is known, else its code for another screen.
    ["wechatIphone", "wechat", STRANGER, "qr"],
    ["wechatIphone", "wechat", KNOWN, "jsapi"],
    ["wechatAndroid", "wechat_global", KNOWN, "jsapi"],
    ["wechatWindows", "wechat", KNOWN, "jsapi"],
    ["wechatIphone", "alipay", KNOWN, null],
    ["wechatIphone", "antom", KNOWN, null],
    ["wechatIphone", "promptpay", KNOWN, null],
    // Inside Alipay.
    ["alipayAndroid", "alipay", STRANGER, "wap"],
    ["alipayIphone", "alipay", KNOWN, "wap"],
    ["alipayAndroid", "wechat", KNOWN, null],
    ["alipayAndroid", "fps", KNOWN, null],
    // A phone's browser.
    ["iphone", "wechat", STRANGER, "wap"],
    ["iphone", "wechat", { openidKnown: false, addressKnown: false }, "qr"],
    ["android", "wechat_global", STRANGER, "wap"],
    ["android", "alipay", STRANGER, "wap"],
    ["iphone", "antom", STRANGER, "wap"],
    ["kaios", "antom", STRANGER, "qr"], // wants to know the system, and there is none it knows
    ["android", "iotpay", STRANGER, "wap"],
    ["iphone", "promptpay", STRANGER, "qr"],
    ["ipad", "vietqr", STRANGER, "qr"],
    // A desktop.
    ["windows", "wechat", KNOWN, "qr"],
    ["mac", "alipay", STRANGER, "qr"],
    ["linux", "duitnow", STRANGER, "qr"],
  ] as const)("%s, %s", ([name, slug, facts, method], { expect }) => {
    expect(way(agentOf(AGENTS[name]), slug, facts)).toBe(method);
  });

  it("takes the web on a desktop where a channel has no codes", ({ expect }) => {
    const info = { slug: "later", methods: ["app", "web"], requires: {} } as const;
    expect(wayFor(agentOf(AGENTS.windows), info, STRANGER)).toBe("web");
    expect(wayFor(agentOf(AGENTS.iphone), info, STRANGER)).toBe(null);
  });

  it("offers only what the channel has and what can be given to it", ({ expect }) => {
    for (const userAgent of Object.values(AGENTS)) {
      for (const slug of CHANNEL_SLUGS) {
        for (const openidKnown of [false, true]) {
          const agent = agentOf(userAgent);
          const method = way(agent, slug, { openidKnown, addressKnown: false });
          if (method === null) continue;
          const info = channelOf(slug)?.adapter.info;
          const needs = info?.requires[method] ?? [];
          expect(METHODS).toContain(method);
          expect(info?.methods).toContain(method);
          expect(needs).not.toContain("payer.client_ip");
          expect(needs).not.toContain("payer.auth_code");
          if (!openidKnown) expect(needs).not.toContain("payer.openid");
          if (agent.os === null) expect(needs).not.toContain("os_type");
          if (agent.browser === "wechat" || agent.browser === "alipay") {
            expect(isOwnWallet(agent, slug)).toBe(true);
          }
        }
      }
    }
  });

  it("leaves nobody with a browser of his own without a way", ({ expect }) => {
    for (const name of ["iphone", "android", "windows", "kaios"] as const) {
      for (const slug of CHANNEL_SLUGS) {
        const facts = { openidKnown: false, addressKnown: false };
        expect([name, slug, way(agentOf(AGENTS[name]), slug, facts)]).not.toContain(null);
      }
    }
  });
});

describe("a code that ends before the payment does", () => {
  const AN_HOUR = 3_600_000;
  const onlooker = (now: number) => ({ agent: agentOf(AGENTS.mac), now, changing: false });
  const later = new Date(Date.now() + AN_HOUR).toISOString();
  const lasting = { intent: { expires_at: later } };

  it("gives way to the list, so that the buyer can have another", ({ expect }) => {
    const view = aggregateView(["promptpay", "antom"], "promptpay", lasting);
    expect(stageOf(view, onlooker(Date.now())).kind).toBe("code");
    const afterCode = onlooker(Date.now() + 1_000_000);
    expect(stageOf(view, afterCode)).toEqual({ kind: "choose", chosen: "promptpay" });
    const afterAll = onlooker(Date.now() + AN_HOUR + 1);
    expect(stageOf(view, afterAll)).toEqual({ kind: "wait", why: "time_is_up" });
  });

  it("is the end of a payment that has no other", ({ expect }) => {
    const after = onlooker(Date.now() + 1_000_000);
    expect(stageOf(buyerView(lasting), after)).toEqual({ kind: "wait", why: "time_is_up" });
  });
});
