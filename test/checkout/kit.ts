/** Payments as their buyers see them, browsers, and the app with objects that answer with them. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";

import { createApp } from "../../src/app.ts";
import { randomId } from "../../src/ids.ts";
import type { Answer } from "../../src/intent/answers.ts";
import type { BuyerView } from "../../src/intent/buyer-view.ts";
import type { Choice } from "../../src/intent/choosing.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import { testBuyer, testView } from "../sandbox/view.ts";

const WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const IPHONE = `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${WEBKIT}`;
const ANDROID =
  "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0";
const WINDOWS =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

export const AGENTS = {
  wechatIphone: `${IPHONE} Mobile/15E148 MicroMessenger/8.0.53(0x1800352e) NetType/WIFI Language/zh_CN`,
  wechatAndroid: `${ANDROID} Mobile Safari/537.36 XWEB/1300259 MMWEBSDK/20240404 MMWEBID/1 MicroMessenger/8.0.49.2600(0x2800315A) WeChat/arm64 Weixin NetType/4G`,
  wechatWindows: `${WINDOWS} NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090c11)`,
  alipayIphone: `${IPHONE} Mobile/15E148 NebulaSDK/1.8.100112 AliApp(AP/10.6.80.6000) AlipayClient/10.6.80.6000 Language/zh-Hans`,
  alipayAndroid: `${ANDROID} Mobile Safari/537.36 NebulaSDK/1.8.100112 AliApp(AP/10.6.80.8000) AlipayClient/10.6.80.8000 Language/zh-Hans`,
  iphone: `${IPHONE} Version/18.1 Mobile/15E148 Safari/604.1`,
  ipad: `Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) ${WEBKIT} Version/16.6 Mobile/15E148 Safari/604.1`,
  android: `${ANDROID} Mobile Safari/537.36`,
  harmony:
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
  firefoxMobile: "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
  kaios: "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
  windows: WINDOWS,
  mac: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.1 Safari/605.1.15`,
  linux: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
} as const;

export const ORIGIN = "https://pay.example";

/** Codes of each kind, as channels make them. */
export const CODES = {
  wechat: "weixin://wxpay/bizpayurl?pr=7meKW1lzz",
  alipay: "https://qr.alipay.com/bax03431ljhokirwl38f00a7",
  url: "https://g.alipayplus.com/qrpay/281010051zc1",
  // Of test/vectors/emvco-qr.json: promptpay-08.
  emvco: "00020101021229370016A000000677010111011300660000000005802TH530376454044.226304E469",
} as const;

export interface Change {
  readonly intent?: Partial<PaymentIntentView>;
  readonly buyer?: Partial<BuyerView>;
  /** From now. Milliseconds; 15 minutes. */
  readonly endsIn?: number;
  readonly code?: string | null;
  readonly channel?: string;
}

/** A test payment with WeChat Pay's code on the screen, unless told otherwise. */
export function buyerView(change: Change = {}): BuyerView {
  const { endsIn = 900_000, code = CODES.wechat, channel = "wechat" } = change;
  const ends = new Date(Date.now() + endsIn).toISOString();
  const view = testView({
    id: randomId("paymentIntent"),
    status: "qr_generated",
    data: code,
    channel,
    description: "Green tea",
  });
  const qr = view.qr === null ? null : { ...view.qr, expires_at: ends };
  const next = qr === null ? { type: "wait" as const } : { type: "show_qr" as const, qr };
  const intent = { ...view, qr, next_action: next, expires_at: ends, ...change.intent };
  return testBuyer(intent, change.buyer);
}

/** A payment of several channels. `chosen` is the one with an order. */
export function aggregateView(
  channels: readonly string[],
  chosen: string | null = null,
  change: Change = {},
): BuyerView {
  const view = buyerView({
    ...change,
    ...(chosen === null ? { code: `${ORIGIN}/pay/pi_x` } : { channel: chosen }),
  });
  const { id } = view.intent;
  const intent = { ...view.intent, channel: chosen, channels: [...channels], ...change.intent };
  const options = channels.map((channel) => ({ channel }));
  const order_number = chosen === null ? null : id;
  return { ...view, intent, options, order_number, ...change.buyer };
}

const app = createApp();

export interface Desk {
  readonly asked: string[];
  readonly choices: Choice[];
  /** Statements that were prepared in D1. */
  readonly statements: string[];
  put(view: BuyerView): string;
  /** What `choose` answers; it may change the payment. */
  answer(answer: (choice: Choice) => Answer): void;
  ask(path: string, init?: RequestInit & { agent?: keyof typeof AGENTS }): Promise<Response>;
  /** Asks without waiting for what the answer leaves running. */
  open(path: string, init?: RequestInit): Promise<Response>;
}

/** The app over objects that know only what was put; it counts what is asked of them and of D1. */
export function makeDesk(vars: Partial<Env> = {}): Desk {
  const views = new Map<string, BuyerView>();
  const asked: string[] = [];
  const choices: Choice[] = [];
  const statements: string[] = [];
  let decide: (choice: Choice) => Answer = () => {
    throw new Error("nobody expected a choice");
  };
  const INTENTS = {
    getByName: (id: string) => ({
      buyer: async () => {
        asked.push(id);
        const view = views.get(id);
        return view === undefined ? null : JSON.stringify(view);
      },
      choose: async (choice: Choice) => {
        asked.push(id);
        choices.push(choice);
        return decide(choice);
      },
    }),
  };
  const DB = new Proxy(env.DB, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        statements.push(`${String(name)} ${String(args[0])}`);
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  const bindings = { ...env, INTENTS: INTENTS as unknown as Env["INTENTS"], DB, ...vars };
  const send = (path: string, init: RequestInit & { agent?: keyof typeof AGENTS } = {}) => {
    const { agent, ...rest } = init;
    const headers = new Headers(rest.headers);
    if (agent !== undefined) headers.set("User-Agent", AGENTS[agent]);
    return new Request(`${ORIGIN}${path}`, { ...rest, headers, redirect: "manual" });
  };
  return {
    asked,
    choices,
    statements,
    put(view) {
      views.set(view.intent.id, view);
      return view.intent.id;
    },
    answer(next) {
      decide = next;
    },
    async ask(path, init) {
      const ctx = createExecutionContext();
      const response = await app.fetch(send(path, init), bindings, ctx);
      await waitOnExecutionContext(ctx);
      return response;
    },
    async open(path, init) {
      return app.fetch(send(path, init), bindings, createExecutionContext());
    },
  };
}
