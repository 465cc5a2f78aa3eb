/** What buyers call a channel: its brand, its name at home, and the app that they open for it. */
import { channelName } from "../../channels/registry.ts";
import type { Language } from "./texts/index.ts";

interface Brand {
  readonly name: string;
  /** The name at home, in that language. */
  readonly home?: { readonly language: string; readonly name: string };
  /** Names in the page's languages, where they differ from `name`. */
  readonly names?: Readonly<Partial<Record<Language, string>>>;
  /** The one app that reads its codes; absent: every bank's or wallet's. */
  readonly app?: { readonly name: string; readonly names?: Brand["names"] };
}

const WECHAT: Brand = {
  name: "WeChat Pay",
  home: { language: "zh-CN", name: "微信支付" },
  names: { "zh-CN": "微信支付", "zh-HK": "微信支付" },
  app: { name: "WeChat", names: { "zh-CN": "微信", "zh-HK": "微信" } },
};

const ALIPAY_NAMES = { "zh-CN": "支付宝", "zh-HK": "支付寶" };

const BRANDS: Readonly<Record<string, Brand>> = {
  wechat: WECHAT,
  wechat_global: WECHAT,
  alipay: {
    name: "Alipay",
    home: { language: "zh-CN", name: "支付宝" },
    names: ALIPAY_NAMES,
    app: { name: "Alipay", names: ALIPAY_NAMES },
  },
  // Buyers know the mark at the till, not the company behind it.
  antom: { name: "Alipay+" },
  promptpay: {
    name: "PromptPay",
    home: { language: "th", name: "พร้อมเพย์" },
    names: { th: "พร้อมเพย์" },
  },
  fps: {
    name: "FPS",
    home: { language: "zh-HK", name: "轉數快" },
    names: { "zh-HK": "轉數快", "zh-CN": "转数快" },
  },
  duitnow: { name: "DuitNow QR" },
};

export interface ChannelName {
  /** In the page's language. */
  readonly name: string;
  /** At home; null where it is the same. */
  readonly home: { readonly language: string; readonly name: string } | null;
  /** The app that reads its codes; null: any bank's or wallet's. */
  readonly app: string | null;
}

export function namesOf(slug: string, language: Language): ChannelName {
  const brand: Brand = BRANDS[slug] ?? { name: channelName(slug) };
  const name = brand.names?.[language] ?? brand.name;
  const { home, app } = brand;
  return {
    name,
    home: home === undefined || home.name === name ? null : home,
    app: app === undefined ? null : (app.names?.[language] ?? app.name),
  };
}
