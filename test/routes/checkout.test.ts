/** The buyer's page: what it shows, in which words, to whom, and what it asks for. */
import { describe, it } from "vitest";

import { sha256 } from "../../src/crypto/digest.ts";
import { toBase64 } from "../../src/crypto/encoding.ts";
import { randomId } from "../../src/ids.ts";
import type { BuyerView } from "../../src/intent/buyer-view.ts";
import { channelFailure } from "../../src/payments/payment.ts";
import { showMoney } from "../../src/routes/checkout/amount.ts";
import { acceptedLanguage } from "../../src/routes/checkout/language.ts";
import { type Language, LANGUAGES, TEXTS } from "../../src/routes/checkout/texts/index.ts";
import { pageToken } from "../../src/routes/checkout/token.ts";
import { env } from "cloudflare:workers";
import { aggregateView, buyerView, type Change, CODES, makeDesk, ORIGIN } from "../checkout/kit.ts";

const desk = makeDesk();

async function html(view: BuyerView, init: Parameters<typeof desk.ask>[1] = {}, query = "") {
  const response = await desk.ask(`/pay/${desk.put(view)}${query}`, init);
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.text();
}

const dataset = (page: string, name: string): string | undefined =>
  new RegExp(`<main[^>]* data-${name}="([^"]*)"`).exec(page)?.[1];

const stageOf = (page: string) => dataset(page, "stage");

/** What people see: no tags, no style sheet, entities as characters. */
const visible = (page: string): string =>
  page
    .replaceAll(/<style>.*?<\/style>/gs, "")
    .replaceAll(/<[^>]+>/g, "\n")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");

const redirect = (url: string, scheme?: string): Change => ({
  code: null,
  channel: "alipay",
  intent: {
    method: "wap",
    next_action: { type: "redirect", url, ...(scheme === undefined ? {} : { scheme_url: scheme }) },
  },
});

const invoking = (sdk: string, channel: string, params: Record<string, string>): Change => ({
  code: null,
  channel,
  intent: { method: "jsapi", next_action: { type: "invoke_sdk", sdk, params } },
});

const ended = (status: BuyerView["intent"]["status"], refunded = 0): Change => ({
  intent: {
    status,
    next_action: null,
    amount_refunded: { currency: "CNY", value: refunded },
    succeeded_at: status === "succeeded" ? new Date().toISOString() : null,
  },
  buyer: { return_url: "https://shop.example/done" },
});

describe("GET /pay/{id}", () => {
  it("asks the payment's object once and D1 nothing", async ({ expect }) => {
    const cold = makeDesk();
    const id = cold.put(buyerView());
    expect((await cold.ask(`/pay/${id}`)).status).toBe(200);
    expect([cold.asked, cold.statements]).toEqual([[id], []]);
    await cold.ask(`/pay/${id}/status`);
    expect([cold.asked, cold.statements]).toEqual([[id, id], []]);
    await cold.ask("/pay/pi_nothing-like-it");
    expect(cold.asked).toHaveLength(2);
  });

  it("shows merchant, amount, purpose, code, time and number", async ({ expect }) => {
    const view = buyerView({ intent: { merchant_order_id: "A-17" } });
    const page = await html(view);
    const text = visible(page);
    for (const part of ["Corner Shop", "CN¥6.99", "CNY", "Green tea", "A-17", view.intent.id]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/Time left\n+\s*(15:00|14:5\d)/);
    expect(page).toContain('role="img" aria-label="QR code: pay with WeChat Pay"');
    expect(page).toMatch(/<svg [^>]*viewBox="0 0 \d+ \d+"/);
    expect(text).toContain(CODES.wechat);
    expect(page).toContain(`data-until="${Date.parse(view.intent.expires_at)}"`);
    expect(page).toMatch(/^<!DOCTYPE html><html lang="en">/i);
  });

  it.for<[string, string, Change, string]>([
    ["a code", "code", {}, "Scan with WeChat"],
    [
      "a scanned code",
      "code",
      { intent: { status: "scanning" } },
      "Scanned. Confirm on your phone.",
    ],
    ["an order under way", "wait", { code: null }, "Your payment is being prepared."],
    ["an authorised payment", "wait", { intent: { status: "authorized" } }, "being confirmed"],
    ["a captured payment", "wait", { intent: { status: "captured" } }, "don’t pay again"],
    ["a code that has run out", "wait", { endsIn: -1 }, "checking whether you have paid"],
    ["a link", "redirect", redirect("https://w.example/x"), "Continue to Alipay"],
    [
      "an app's SDK",
      "elsewhere",
      invoking("wechat_app", "wechat", {}),
      "in the app of Corner Shop",
    ],
    ["WeChat's page", "elsewhere", invoking("wechat_jsapi", "wechat", {}), "page in WeChat to pay"],
    ["success", "paid", ended("succeeded"), "You paid CN¥6.99 to Corner Shop."],
    ["a refund of a part", "part_refunded", ended("succeeded", 200), "CN¥2.00 of it"],
    ["a refund of all", "refunded", ended("succeeded", 699), "Payment refunded"],
    ["a payment too late", "expired", ended("expired"), "Payment expired"],
    ["failure", "failed", ended("failed"), "Payment failed"],
    ["a cancelled payment", "cancelled", ended("cancelled"), "Payment cancelled"],
  ])("shows %s", async ([, stage, change, words], { expect }) => {
    const page = await html(buyerView(change));
    expect(stageOf(page)).toBe(stage);
    expect(visible(page)).toContain(words);
    const over = page.includes('id="return"');
    expect(over).toBe(
      ["paid", "part_refunded", "refunded", "expired", "failed", "cancelled"].includes(stage),
    );
    // Only what can still change is followed.
    expect(dataset(page, "stream-url") === undefined).toBe(over);
    expect(page.includes('http-equiv="refresh"')).toBe(!over);
    expect(page.includes("data-until=")).toBe(!over && stage !== "wait");
    // A code is never left on the page of a payment that must not be paid again.
    expect(page.includes("<svg xmlns")).toBe(stage === "code");
    expect(dataset(page, "late") === "true").toBe(
      ["expired", "failed", "cancelled"].includes(stage),
    );
  });

  it("goes back by itself only from a payment that was paid just now", async ({ expect }) => {
    const returns = async (change: Change) =>
      (await html(buyerView(change))).includes("data-return=");
    expect(await returns(ended("succeeded"))).toBe(true);
    const old = ended("succeeded");
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    expect(await returns({ ...old, intent: { ...old.intent, succeeded_at: hourAgo } })).toBe(false);
    expect(await returns({ ...old, buyer: { return_url: null } })).toBe(false);
    expect(await returns(ended("succeeded", 699))).toBe(false);
    expect(await returns(ended("failed"))).toBe(false);
  });

  it("tells the shop what it showed, behind what the shop wrote itself", async ({ expect }) => {
    const hrefFor = async (return_url: string) => {
      const view = buyerView({ ...ended("expired"), buyer: { return_url } });
      const page = await html(view);
      const href = /id="return" href="([^"]*)"/.exec(page)?.[1]?.replaceAll("&amp;", "&");
      return href?.replace(view.intent.id, "ID");
    };
    const told = "payment_intent=ID&status=expired";
    expect(await hrefFor("https://shop.example/done")).toBe(`https://shop.example/done?${told}`);
    expect(await hrefFor("https://shop.example/d?a=1+2&sig=%2B#top")).toBe(
      `https://shop.example/d?a=1+2&sig=%2B&${told}#top`,
    );
    expect(await hrefFor("http://localhost:8080/")).toBe(`http://localhost:8080/?${told}`);
    for (const hostile of ["javascript:alert(1)", "data:text/html,x", "not a url", "//x"]) {
      expect(await hrefFor(hostile)).toBe(undefined);
    }
  });

  it("has a sandbox wallet for test payments alone", async ({ expect }) => {
    const test = buyerView();
    const page = await html(test);
    expect(page).toContain("Test payment");
    expect(page).toContain(
      `href="/sandbox/wallet/${test.intent.id}" target="_blank" rel="noopener"`,
    );
    const live = await html(buyerView({ intent: { livemode: true } }));
    expect(live).not.toContain("Test payment");
    expect(live).not.toContain("/sandbox/");
    const second = buyerView();
    const number = `${second.intent.id}1`;
    expect(await html({ ...second, order_number: number })).toContain(`/sandbox/wallet/${number}"`);
  });

  it("is a page too where there is no such payment, the same for every address", async ({
    expect,
  }) => {
    const unknown = randomId("paymentIntent");
    const pages = await Promise.all(
      [unknown, "pi_nope", "x", "%3Cimg%20src=x%3E", `${unknown}0`, "..%2f..%2fadmin"].map(
        async (id) => {
          const response = await desk.ask(`/pay/${id}`, { headers: { "Accept-Language": "th" } });
          expect(response.status).toBe(404);
          expect(response.headers.get("Content-Type")).toContain("text/html");
          expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
          expect(response.headers.get("Cache-Control")).toBe("no-store");
          return response.text();
        },
      ),
    );
    expect(new Set(pages).size).toBe(1);
    expect(pages[0]).toContain(TEXTS.th.notFoundTitle);
    expect(pages[0]).not.toContain("<img");
  });

  it("is a page too when something breaks, and says nothing of it", async ({ expect }) => {
    const broken = makeDesk({
      INTENTS: {
        getByName: () => ({ buyer: () => Promise.reject(new Error("secret detail")) }),
      } as never,
    });
    const id = randomId("paymentIntent");
    const response = await broken.ask(`/pay/${id}?lang=ja`);
    const page = await response.text();
    expect(response.status).toBe(500);
    expect(page).toContain(TEXTS.ja.broken);
    expect(page).toContain(`href="/pay/${id}?lang=ja"`);
    expect(page).not.toContain("secret detail");
  });
});

describe("on a phone", () => {
  it.for([
    [
      "iphone",
      CODES.alipay,
      "alipay",
      "alipays://platformapi/startapp?saId=10000007&amp;qrcode=https%3A%2F%2Fqr.alipay.com%2Fbax03431ljhokirwl38f00a7",
    ],
    ["alipayIphone", CODES.alipay, "alipay", CODES.alipay],
    ["android", CODES.url, "antom", CODES.url],
    ["wechatAndroid", CODES.url, "antom", CODES.url],
  ] as const)("%s opens %s", async ([agent, code, channel, href], { expect }) => {
    const page = await html(buyerView({ code, channel }), { agent });
    expect(page).toMatch(/<a class="button main" id="open-(app|link)"/);
    expect(page).toContain(`href="${href}"`);
  });

  it("cannot open WeChat's code, and says what to do", async ({ expect }) => {
    const page = await html(buyerView(), { agent: "iphone" });
    expect(visible(page)).toContain("WeChat reads this code with the camera only.");
    expect(page).not.toContain('href="weixin:');
    // Neither saved nor pressed: WeChat takes such codes from the camera alone.
    expect(page).not.toContain("data-save");
  });

  it("is not what a wallet's browser on a desktop is", async ({ expect }) => {
    const page = await html(buyerView(), { agent: "wechatWindows" });
    expect(visible(page)).toContain("Scan with WeChat");
  });

  it("saves a bank's code", async ({ expect }) => {
    const view = buyerView({ code: CODES.emvco, channel: "promptpay" });
    const page = await html(view, { agent: "android", headers: { "Accept-Language": "th-TH" } });
    const { id } = view.intent;
    expect(page).toContain(
      `href="/v1/qr/${id}.svg?size=1024" download="${id}.svg" data-save="${id}"`,
    );
    expect(visible(page)).toContain("พร้อมเพย์");
    expect(visible(page)).toContain(CODES.emvco);
    const inWechat = await html(view, { agent: "wechatIphone" });
    expect(inWechat).not.toContain("data-save");
    expect(visible(inWechat)).toContain("Open in browser");
  });

  it("calls the wallet's own bridge, inside the wallet only", async ({ expect }) => {
    const params = { appId: "wx1", package: 'prepay_id="><script>', paySign: "s" };
    const view = buyerView(invoking("wechat_jsapi", "wechat", params));
    const page = await html(view, { agent: "wechatIphone" });
    expect(stageOf(page)).toBe("invoke");
    const json = /data-params="([^"]*)"/.exec(page)?.[1] ?? "";
    expect(
      JSON.parse(
        json
          .replaceAll("&quot;", '"')
          .replaceAll("&lt;", "<")
          .replaceAll("&gt;", ">")
          .replaceAll("&amp;", "&"),
      ),
    ).toEqual(params);
    expect(page).not.toContain('"><script>');
    expect(stageOf(await html(view, { agent: "alipayIphone" }))).toBe("elsewhere");
    const alipay = buyerView(invoking("alipay_jsapi", "alipay", { tradeNO: "2026" }));
    expect(stageOf(await html(alipay, { agent: "alipayAndroid" }))).toBe("invoke");
    expect(stageOf(await html(alipay, { agent: "iphone" }))).toBe("elsewhere");
  });

  it("follows links to wallets, and none that would run here", async ({ expect }) => {
    const view = buyerView(redirect("https://w.example/pay?a=1&b=2", "gcash://pay?x=1"));
    const page = await html(view, { agent: "iphone" }, "?go=1");
    expect(page).toContain('id="go" href="https://w.example/pay?a=1&amp;b=2" data-go=""');
    expect(page).toContain('href="gcash://pay?x=1"');
    expect(page).toContain('content="0;url=https://w.example/pay?a=1&amp;b=2"');
    const later = await html(view, { agent: "iphone" });
    expect(later).not.toContain("data-go");
    expect(later).not.toContain('content="0;');
    for (const url of [
      "javascript:alert(1)",
      " javascript:alert(1)",
      "java\tscript:alert(1)",
      "JavaScript://%0aalert(1)",
      "data:text/html,<script>",
      "vbscript:x",
      "blob:https://x/y",
      "no url",
    ]) {
      const hostile = await html(buyerView(redirect(url, url)), { agent: "iphone" }, "?go=1");
      expect(hostile).not.toMatch(/href="\s*(java|data|vb|blob|no url)/i);
      expect(hostile).not.toContain("alert(1)");
      expect(stageOf(hostile)).toBe("elsewhere");
    }
  });
});

describe("the list of an aggregate payment", () => {
  const three = ["wechat", "alipay", "promptpay"] as const;

  const listed = (page: string) =>
    [...page.matchAll(/name="channel" value="(\w+)"/g)].map(([, channel]) => channel);

  it("is there until something is chosen, with a code for every wallet", async ({ expect }) => {
    const page = await html(aggregateView(three));
    expect(stageOf(page)).toBe("choose");
    expect(listed(page)).toEqual([...three]);
    expect(visible(page)).toMatch(/WeChat Pay\s+微信支付/);
    expect(page).toContain('<span class="home" lang="zh-CN">微信支付</span>');
    expect(visible(page)).toContain("Or scan with your phone");
    expect(page).toContain("<svg xmlns");
    expect(page).not.toContain("/sandbox/");
    // Nobody's list is reloaded under his fingers.
    expect(page).not.toContain('http-equiv="refresh"');
  });

  it("is without that code where the device would have to scan itself", async ({ expect }) => {
    expect(await html(aggregateView(three), { agent: "iphone" })).not.toContain("<svg xmlns");
  });

  it("comes back when it is asked for, and the code stays meanwhile", async ({ expect }) => {
    const view = aggregateView(three, "alipay", { code: CODES.alipay });
    const page = await html(view);
    expect(stageOf(page)).toBe("code");
    expect(page).toContain(`href="/pay/${view.intent.id}?change=1"`);
    const list = await html(view, {}, "?change=1&lang=en");
    expect(stageOf(list)).toBe("choose");
    expect(list).toMatch(/value="alipay"[^>]* aria-current="true"/);
    expect(visible(list)).toContain("stays valid");
    expect(list).toContain(`href="/pay/${view.intent.id}?lang=en"`);
    // An ordinary payment has none to come back to.
    const ordinary = await html(buyerView(), {}, "?change=1");
    expect(stageOf(ordinary)).toBe("code");
    expect(ordinary).not.toContain("change=1");
  });

  it.for([
    ["wechatIphone", "wechat"],
    ["alipayAndroid", "alipay"],
  ] as const)("in %s is one tap", async ([agent, channel], { expect }) => {
    const page = await html(aggregateView(three), { agent });
    expect(listed(page)).toEqual([channel]);
    expect(page).toMatch(/<form [^>]*method="post"[^>]* data-auto=""/);
    expect(visible(page)).toContain("For other ways to pay");
    // Chosen on another screen: that order may be open, so nothing is switched by itself.
    const elsewhere = await html(aggregateView(three, "promptpay", { code: CODES.emvco }), {
      agent,
    });
    expect(listed(elsewhere)).toEqual([channel]);
    expect(elsewhere).not.toContain("data-auto");
    // What was chosen here is shown, not asked again.
    const here = await html(aggregateView(three, channel), { agent });
    expect(stageOf(here)).toBe("code");
  });

  it("sends a wallet's buyer to a browser where no channel is that wallet's", async ({
    expect,
  }) => {
    const page = await html(aggregateView(["alipay", "promptpay"]), { agent: "wechatIphone" });
    expect(listed(page)).toEqual([]);
    expect(page).not.toContain("<form");
    expect(visible(page)).toContain("You can’t pay from inside this app");
  });

  it("keeps a code that this wallet cannot use when there is nothing else", async ({ expect }) => {
    const view = aggregateView(["alipay", "promptpay"], "alipay", { code: CODES.alipay });
    expect(stageOf(await html(view, { agent: "wechatIphone" }))).toBe("code");
  });
});

describe("languages", () => {
  it.for<[string, Language]>([
    ["", "en"],
    ["de", "en"],
    ["en-GB,en;q=0.9", "en"],
    ["zh", "zh-CN"],
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"],
    ["zh-SG", "zh-CN"],
    ["zh-Hans-HK", "zh-CN"],
    ["zh-HK,zh;q=0.9", "zh-HK"],
    ["zh-TW", "zh-HK"],
    ["zh-Hant-MY", "zh-HK"],
    ["yue-HK", "zh-HK"],
    ["th-TH", "th"],
    ["ms-MY", "ms"],
    ["id-ID", "id"],
    ["in", "id"],
    ["vi", "vi"],
    ["ja-JP", "ja"],
    ["ko", "ko"],
    ["de, fr;q=0.8, ko;q=0.5, th;q=0.6", "th"],
    ["en;q=0.1, ja", "ja"],
    ["ja;q=0, ko;q=0.1", "ko"],
    ["*", "en"],
    ["fr, *;q=0.5, th;q=0.1", "en"],
    ["th;q=nonsense, ko;q=0.2", "ko"],
    ["th;q=1.5, vi;q=0.3", "vi"],
    ["th;q=0.1234, vi;q=0.1", "vi"],
    ["TH", "th"],
    [";;;,,=", "en"],
    [`${"fr,".repeat(100)}th`, "en"],
  ])("%s is %s", ([header, language], { expect }) => {
    expect(acceptedLanguage(header)).toBe(language);
  });

  it("come from ?lang= first, which links and forms then keep", async ({ expect }) => {
    const view = aggregateView(["wechat", "alipay"], "wechat");
    const thai = { headers: { "Accept-Language": "th" } };
    const byHeader = await html(view, thai);
    expect(byHeader).toContain('<html lang="th">');
    expect(byHeader).toContain(`data-page="/pay/${view.intent.id}"`);
    const named = await html(view, thai, "?lang=ko");
    expect(named).toContain('<html lang="ko">');
    expect(named).toContain(`data-page="/pay/${view.intent.id}?lang=ko"`);
    expect(named).toContain(`href="/pay/${view.intent.id}?lang=ko&amp;change=1"`);
    expect(await html(view, thai, "?lang=zh-hk")).toContain('<html lang="zh-HK">');
    const list = await html(view, {}, "?lang=ja&change=1");
    expect(list).toContain('<input type="hidden" name="lang" value="ja"/>');
    for (const wrong of ["xx", "", "th%22%3E%3Cscript%3E", "__proto__", "constructor"]) {
      const page = await html(view, thai, `?lang=${wrong}`);
      expect(page).toContain('<html lang="th">');
      expect(page).not.toContain("<script>");
    }
  });

  it("are all there to be switched to", async ({ expect }) => {
    const view = buyerView();
    const page = await html(view, {}, "?lang=vi");
    const links = [...page.matchAll(/href="\/pay\/[^"]*\?lang=([\w-]+)" lang="([\w-]+)"/g)];
    expect(links.map(([, to]) => to)).toEqual(LANGUAGES.filter((language) => language !== "vi"));
    expect(links.every(([, to, lang]) => to === lang)).toBe(true);
    expect(page).toContain('<span aria-current="true">Tiếng Việt</span>');
  });

  it("say everything, in words of their own", ({ expect }) => {
    const { en } = TEXTS;
    for (const language of LANGUAGES) {
      const texts = TEXTS[language];
      for (const [name, text] of Object.entries(texts)) {
        const shown = typeof text === "function" ? text("‹1›", "‹2›") : text;
        expect(shown.trim(), `${language}.${name}`).toBe(shown);
        expect(shown.length, `${language}.${name}`).toBeGreaterThan(1);
        if (typeof text === "function") {
          for (let at = 1; at <= text.length; at += 1) {
            expect(shown, `${language}.${name}`).toContain(`‹${at}›`);
          }
        }
        const english = en[name as keyof typeof en];
        const same = shown === (typeof english === "function" ? english("‹1›", "‹2›") : english);
        expect(same, `${language}.${name} is English`).toBe(language === "en");
      }
    }
  });

  it.for(LANGUAGES)(
    "%s: every stage has a name and its number, and says who it is",
    async (language, { expect }) => {
      const stages = [
        buyerView(),
        buyerView({ code: null }),
        buyerView(redirect("https://w.example/")),
        buyerView(ended("succeeded")),
        buyerView(ended("expired")),
        aggregateView(["wechat", "fps"]),
      ];
      for (const view of stages) {
        const response = await desk.ask(`/pay/${desk.put(view)}?lang=${language}`);
        const page = await response.text();
        expect(response.headers.get("Content-Language")).toBe(language);
        expect(page).toContain(`<html lang="${language}">`);
        expect(page.match(/<h1>/g)).toHaveLength(1);
        expect(page).toMatch(/<h2 id="stage" tabindex="-1">\S/);
        expect(page).toContain(`<title>${TEXTS[language].title("Corner Shop")}</title>`);
        expect(page).not.toMatch(/undefined|\[object|NaN/);
      }
    },
  );

  it.for<[Language, string, number, string]>([
    ["en", "CNY", 699, "CN¥6.99"],
    ["zh-CN", "CNY", 699, "¥6.99"],
    ["zh-HK", "HKD", 1_234_567, "HK$12,345.67"],
    ["ja", "JPY", 699, "￥699"],
    ["en", "JPY", 1_000, "¥1,000"],
    ["ko", "KRW", 12_000, "₩12,000"],
    ["vi", "VND", 150_000, "150.000 ₫"],
    ["th", "THB", 5, "฿0.05"],
    ["id", "IDR", 1_000_050, "Rp 10.000,50"],
    ["ms", "MYR", 1_990, "RM 19.90"],
    ["en", "CNY", Number.MAX_SAFE_INTEGER, "CN¥90,071,992,547,409.91"],
    ["en", "JPY", Number.MAX_SAFE_INTEGER, "¥9,007,199,254,740,991"],
  ])("%s writes %s %d as %s", ([language, currency, value, text], { expect }) => {
    expect(showMoney({ currency, value }, language).replaceAll(/[\u00a0\u202f]/g, " ")).toBe(text);
  });
});

describe("what the page may do", () => {
  it("is its own style sheet, our scripts and our server", async ({ expect }) => {
    const response = await desk.ask(`/pay/${desk.put(buyerView())}`);
    const page = await response.text();
    const policy = new Map(
      (response.headers.get("Content-Security-Policy") ?? "").split("; ").map((directive) => {
        const [name = "", ...values] = directive.split(" ");
        return [name, values.join(" ")];
      }),
    );
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? "";
    expect(Object.fromEntries(policy)).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": `'sha256-${toBase64(await sha256(style))}'`,
      "img-src": "'self'",
      "connect-src": "'self'",
      "form-action": "'self'",
      "base-uri": "'none'",
      "frame-ancestors": "'none'",
    });
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "strict-origin",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex",
      "permissions-policy": expect.stringContaining("camera=()"),
      vary: "Accept-Language, User-Agent",
    });
    expect(page).not.toMatch(/\sstyle="|\son\w+="|@import|url\(/);
    const asked = [...page.matchAll(/<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"/g)];
    expect(asked.map(([, url]) => url)).toEqual([
      "/favicon.svg",
      expect.stringMatching(/^\/assets\/checkout\.js\?v=[0-9a-f]{8}$/),
    ]);
  });

  it("is not touched by what merchants and channels write", async ({ expect }) => {
    const hostile = `"'></script></style><script>alert(1)</script><img src=x onerror=alert(1)>{{x}}`;
    const view = buyerView({
      code: hostile,
      intent: { description: hostile, merchant_order_id: hostile, metadata: { sandbox: hostile } },
      buyer: { merchant_name: hostile, return_url: `https://x.example/"><script>${hostile}` },
    });
    const states = [
      view,
      {
        ...view,
        intent: {
          ...view.intent,
          status: "succeeded" as const,
          succeeded_at: view.intent.updated_at,
        },
      },
      { ...view, intent: { ...view.intent, status: "expired" as const } },
    ];
    for (const state of states) {
      for (const agent of ["windows", "iphone"] as const) {
        const page = await html(state, { agent });
        expect(page.match(/<script/g)).toEqual(["<script"]);
        expect(page).not.toMatch(/<img|<\/style>.*<\/style>/s);
        expect(page.match(/<style>/g)).toHaveLength(1);
        expect(visible(page).replaceAll("&lt;", "<").replaceAll("&gt;", ">")).toContain(
          "<img src=x onerror=alert(1)>",
        );
      }
    }
  });

  it("weighs little", async ({ expect }) => {
    const page = await html(buyerView({ code: CODES.emvco, channel: "promptpay" }), {}, "?lang=th");
    expect(new TextEncoder().encode(page).length).toBeLessThan(40_000);
  });
});

describe("GET /pay/{id}/status", () => {
  it("says whether to look again, and nothing else", async ({ expect }) => {
    const view = buyerView({ intent: { sequence: 4 } });
    const response = await desk.ask(`/pay/${desk.put(view)}/status`);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const now = Date.now();
    const body = await response.json<{ now: number }>();
    expect(body).toEqual({
      id: view.intent.id,
      status: "qr_generated",
      sequence: 4,
      ended: false,
      now: expect.any(Number),
    });
    expect(Math.abs(body.now - now)).toBeLessThan(60_000);
  });

  it("knows no other payments", async ({ expect }) => {
    for (const id of ["pi_nope", randomId("paymentIntent")]) {
      const response = await desk.ask(`/pay/${id}/status`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "PAYMENT_INTENT_NOT_FOUND" } });
    }
  });
});

describe("POST /pay/{id}/choose", () => {
  const answered = (next_action: unknown) => ({
    kind: "object" as const,
    status: 200,
    body: JSON.stringify({ next_action }),
    replayed: false,
  });

  interface Attempt {
    readonly fields?: Record<string, string>;
    readonly body?: string;
    readonly headers?: Record<string, string>;
    readonly agent?: "iphone" | "wechatIphone" | "windows";
  }

  async function attempt(
    id: string,
    { fields = {}, body, headers = {}, agent = "windows" }: Attempt = {},
  ) {
    const form = { channel: "wechat", token: await pageToken(env, "choose", id), ...fields };
    return desk.ask(`/pay/${id}/choose`, {
      method: "POST",
      agent,
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        Origin: ORIGIN,
        "Sec-Fetch-Site": "same-origin",
        ...headers,
      },
      body: body ?? new URLSearchParams(form).toString(),
    });
  }

  it("passes on what the page's form says, with a method for this browser", async ({ expect }) => {
    const view = aggregateView(["wechat", "alipay"]);
    const id = desk.put(view);
    const page = await html(view);
    const token = /name="token" value="(\w+)"/.exec(page)?.[1] ?? "";
    desk.answer(() => answered({ type: "show_qr" }));
    const fields = { token, channel: "wechat", lang: "th" };
    const shown = await attempt(id, { fields, headers: { "CF-Connecting-IP": "203.0.113.9" } });
    expect([shown.status, shown.headers.get("Location")]).toEqual([303, `/pay/${id}?lang=th`]);
    desk.answer(() => answered({ type: "redirect", url: "https://wx.example/" }));
    const sent = await attempt(id, {
      agent: "iphone",
      headers: { "CF-Connecting-IP": "2001:db8::1" },
    });
    // Never straight to the wallet: Chromium holds a form's redirect against `form-action`.
    expect([sent.status, sent.headers.get("Location")]).toEqual([303, `/pay/${id}?go=1`]);
    expect(desk.choices.slice(-2)).toEqual([
      { channel: "wechat", method: "qr", payer: { client_ip: "203.0.113.9" }, osType: null },
      { channel: "wechat", method: "wap", payer: { client_ip: "2001:db8::1" }, osType: "ios" },
    ]);
  });

  it("uses WeChat's own way where the merchant named the payer", async ({ expect }) => {
    const id = desk.put(
      aggregateView(["wechat", "alipay"], null, { buyer: { openid_known: true } }),
    );
    desk.answer(() => answered({ type: "invoke_sdk", sdk: "wechat_jsapi", params: {} }));
    const response = await attempt(id, { agent: "wechatIphone" });
    expect(response.headers.get("Location")).toBe(`/pay/${id}?go=1`);
    expect(desk.choices.at(-1)).toMatchObject({ method: "jsapi", payer: {}, osType: "ios" });
  });

  it("takes an old browser that tells no origin, by the page's token", async ({ expect }) => {
    const id = desk.put(aggregateView(["wechat", "alipay"]));
    desk.answer(() => answered({ type: "show_qr" }));
    const form = new URLSearchParams({
      channel: "wechat",
      token: await pageToken(env, "choose", id),
    });
    const response = await desk.ask(`/pay/${id}/choose`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" },
      body: form.toString(),
    });
    expect(response.status).toBe(303);
  });

  it("is refused to everybody else, before the payment is asked", async ({ expect }) => {
    const id = desk.put(aggregateView(["wechat", "alipay"]));
    const other = desk.put(aggregateView(["wechat", "alipay"]));
    const good = await pageToken(env, "choose", id);
    const before = [desk.asked.length, desk.choices.length];
    const refused: [string, Attempt, number][] = [
      ["another site", { headers: { "Sec-Fetch-Site": "cross-site" } }, 403],
      ["a sister site", { headers: { "Sec-Fetch-Site": "same-site" } }, 403],
      ["an address bar", { headers: { "Sec-Fetch-Site": "none" } }, 403],
      ["another origin", { headers: { Origin: "https://evil.example" } }, 403],
      ["a hidden origin", { headers: { Origin: "null" } }, 403],
      ["no token", { body: "channel=wechat" }, 400],
      ["an empty token", { fields: { token: "" } }, 400],
      ["a wrong token", { fields: { token: "0".repeat(32) } }, 403],
      [
        "another payment's token",
        { fields: { token: await pageToken(env, "choose", other) } },
        403,
      ],
      ["the stream's token", { fields: { token: await pageToken(env, "stream", id) } }, 403],
      ["half a token", { fields: { token: good.slice(0, 16) } }, 403],
      ["a token twice", { body: `channel=wechat&token=${good}&token=${good}` }, 400],
      ["a channel twice", { body: `channel=wechat&channel=alipay&token=${good}` }, 400],
      ["a field too many", { fields: { method: "barcode" } }, 400],
      ["no channel", { body: `token=${good}` }, 400],
      ["a long channel", { fields: { channel: "x".repeat(1_000) } }, 400],
      [
        "JSON",
        {
          headers: { "Content-Type": "application/json" },
          body: `{"channel":"wechat","token":"${good}"}`,
        },
        400,
      ],
      ["plain text", { headers: { "Content-Type": "text/plain" } }, 400],
    ];
    for (const [what, how, status] of refused) {
      const response = await attempt(id, how);
      expect([what, response.status]).toEqual([what, status]);
      expect(response.headers.get("Content-Type")).toContain("text/html");
      const page = await response.text();
      expect(page).toContain(`href="/pay/${id}`);
      expect(page).not.toContain("evil.example");
    }
    expect([desk.asked.length, desk.choices.length]).toEqual(before);
  });

  it("is refused where there is nothing to choose", async ({ expect }) => {
    const aggregate = desk.put(aggregateView(["wechat", "alipay"]));
    const ordinary = desk.put(buyerView());
    const before = desk.choices.length;
    const cases: [string, string, Attempt, number][] = [
      ["another channel", aggregate, { fields: { channel: "promptpay" } }, 400],
      ["no channel at all", aggregate, { fields: { channel: "constructor" } }, 400],
      [
        "another wallet's app",
        aggregate,
        { fields: { channel: "alipay" }, agent: "wechatIphone" },
        400,
      ],
      ["an ordinary payment", ordinary, {}, 400],
      ["nobody's payment", randomId("paymentIntent"), {}, 404],
      ["no payment's id", "pi_nope", {}, 404],
    ];
    for (const [what, id, how, status] of cases) {
      expect([what, (await attempt(id, how)).status]).toEqual([what, status]);
    }
    expect(desk.choices.length).toBe(before);
  });

  it("is limited per payment", async ({ expect }) => {
    const keys: string[] = [];
    const limited = makeDesk({
      LIMITER: {
        limit: async ({ key }) => {
          keys.push(key);
          return { success: false };
        },
      },
    });
    const id = limited.put(aggregateView(["wechat", "alipay"]));
    const response = await limited.ask(`/pay/${id}/choose`, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: `channel=wechat&token=${await pageToken(env, "choose", id)}&lang=ko`,
    });
    expect(response.status).toBe(429);
    expect(await response.text()).toContain(TEXTS.ko.tooMany);
    expect([keys, limited.asked]).toEqual([[`checkout:${id}`], []]);
  });

  it("shows why not, and the earlier code that is still good", async ({ expect }) => {
    const view = aggregateView(["wechat", "alipay"], "alipay", { code: CODES.alipay });
    const id = desk.put(view);
    const said = "The channel did not confirm <b>that</b> the earlier order is closed.";
    desk.answer(() => ({
      kind: "failure",
      failure: channelFailure("alipay", {
        code: "CHANNEL_TIMEOUT",
        channelCode: "timeout",
        message: said,
        retryable: true,
      }),
      replayed: false,
    }));
    const response = await attempt(id, { fields: { lang: "th" } });
    const page = await response.text();
    expect(response.status).toBe(504);
    expect(stageOf(page)).toBe("code");
    expect(page).toContain(TEXTS.th.notPossible);
    expect(page).toContain("did not confirm &lt;b&gt;that&lt;/b&gt;");
    expect(page).toContain("<svg xmlns");
    expect(page).toContain(`data-page="/pay/${id}?lang=th"`);
    expect(page).toContain('role="alert"');
  });

  it("leads a reload back to the page", async ({ expect }) => {
    const id = randomId("paymentIntent");
    const response = await desk.ask(`/pay/${id}/choose?lang=ja`);
    expect([response.status, response.headers.get("Location")]).toEqual([
      303,
      `/pay/${id}?lang=ja`,
    ]);
    const hostile = await desk.ask("/pay/%2F%2Fevil.example/choose");
    expect(hostile.headers.get("Location")).toBe("/pay/%2F%2Fevil.example");
  });
});
