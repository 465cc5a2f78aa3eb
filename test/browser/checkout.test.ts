/** The checkout page in a browser: a buyer pays somewhere else, and the page turns by itself. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, it } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import {
  axe,
  browserOfFile,
  focusOn,
  cspViolations,
  noBrowser,
  type OpenOptions,
  type Page,
  requests,
  scriptErrors,
  scrollsSideways,
  shoot,
  until,
} from "./kit.ts";

const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
const WECHAT = `${IPHONE} MicroMessenger/8.0.53(0x1800352e) NetType/WIFI Language/zh_CN`;
const PHONE = { width: 390, height: 844, mobile: true, userAgent: IPHONE } as const;
const SMALL = { ...PHONE, width: 320, height: 640 } as const;
const LANGUAGES = ["en", "zh-CN", "zh-HK", "th", "ms", "id", "vi", "ja", "ko"] as const;
/** A page of our own, where the shop would be; anything else cannot be reached here. */
const SHOP = "http://localhost:1/back";

/** The longest that a page may take to hear of a change, with room for a busy machine. */
const TURNS_WITHIN = { timeout: 20_000 };

const kit = browserOfFile();
let key: string;

beforeAll(async () => {
  if (noBrowser) return;
  key = (await kit.gateway.merchant("Corner Shop")).keys.test;
  const wasm = readFileSync(
    fileURLToPath(import.meta.resolve("zxing-wasm/reader/zxing_reader.wasm")),
  );
  await prepareZXingModule({
    overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) },
    fireImmediately: true,
  });
});

interface Made {
  readonly id: string;
  readonly path: string;
}

async function create(fields: Record<string, unknown> = {}): Promise<Made> {
  const made = await kit.gateway.client.create(key, {
    amount: { currency: "CNY", value: 699 },
    description: "Jasmine tea, two cups",
    ...("channels" in fields ? {} : { channel: "wechat" }),
    ...fields,
  });
  if (made.status !== 201) throw new Error(made.text);
  return { id: made.body.id, path: `/pay/${made.body.id}` };
}

/** Writes what only a channel or much time could bring about. */
const become = (id: string, changes: string) =>
  kit.gateway.inObject(id, `UPDATE intent SET sequence = sequence + 1, ${changes}`);

const stage = (page: Page, name: string) =>
  page.locator(`main[data-stage="${name}"]`).waitFor(TURNS_WITHIN);

async function decode(image: Uint8Array): Promise<string[]> {
  const found = await readBarcodes(image, { formats: ["QRCode"], tryHarder: true });
  return found.map(({ text }) => text);
}

const clean = (page: Page) => [...cspViolations(page), ...scriptErrors(page)];

/** Every state that the page can be in, and how a payment gets there. */
const STATES: Readonly<Record<string, () => Promise<Made>>> = {
  code: () => create({ merchant_order_id: `A-${Date.now()}` }),
  scanned: async () => {
    const payment = await create();
    await become(payment.id, "status = 'scanning'");
    return payment;
  },
  bank: () => create({ channel: "promptpay", amount: { currency: "THB", value: 12_550 } }),
  wait: async () => {
    const payment = await create();
    await become(payment.id, "status = 'captured'");
    return payment;
  },
  redirect: () => create({ channel: "alipay", method: "wap" }),
  choose: () => create({ channels: ["wechat", "alipay", "antom"] }),
  paid: async () => {
    const payment = await create({ return_url: SHOP });
    await kit.gateway.client.buyer(payment.id, "pay");
    return payment;
  },
  refunded: async () => {
    const payment = await create({ return_url: SHOP });
    await kit.gateway.client.buyer(payment.id, "pay");
    await become(payment.id, "refunded = 200");
    return payment;
  },
  expired: async () => {
    const payment = await create({ return_url: SHOP });
    await become(payment.id, "status = 'expired'");
    return payment;
  },
  failed: async () => {
    const payment = await create();
    await become(payment.id, "status = 'failed'");
    return payment;
  },
  cancelled: async () => {
    const payment = await create({ return_url: SHOP });
    await kit.gateway.client.cancel(key, payment.id);
    return payment;
  },
  unknown: () => Promise.resolve({ id: "pi_nope", path: "/pay/pi_nope" }),
};

const made = new Map<string, Promise<Made>>();

/** One payment for each state: looking at it does not change it. */
function inState(state: string): Promise<Made> {
  const known = made.get(state) ?? STATES[state]?.();
  if (known === undefined) throw new Error(`no state ${state}`);
  made.set(state, known);
  return known;
}

/** States whose pictures are kept in both looks; of the others one tells enough. */
const SHOWN = ["code", "bank", "choose", "paid"];

/** Each state in both layouts, each with other colours: what one look shows the others need not. */
const LOOKS = Object.keys(STATES).flatMap((state) => [
  { state, name: "1280-light", look: { colorScheme: "light" } satisfies OpenOptions },
  { state, name: "320-dark", look: { ...SMALL, colorScheme: "dark" } satisfies OpenOptions },
]);

it("the script's address changes with its content", ({ expect }) => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, file));
  const hash = createHash("sha256").update(read("../../public/assets/checkout.js")).digest("hex");
  const page = read("../../src/routes/checkout/page.tsx").toString("utf8");
  expect(page).toContain(`"/assets/checkout.js?v=${hash.slice(0, 8)}"`);
});

describe.skipIf(noBrowser)("a buyer", () => {
  it("pays in the wallet, and the page turns by itself", async ({ expect }) => {
    const { path } = await create({ return_url: SHOP });
    const page = await kit.open(path);
    const opening = page.context().waitForEvent("page");
    await page.getByRole("link", { name: "Open the sandbox wallet" }).click();
    const wallet = await opening;
    await wallet.getByRole("button", { name: "Pay", exact: true }).click();
    await wallet.getByText("Paid", { exact: true }).waitFor();
    expect(await wallet.getByRole("link", { name: "Back to the shop" }).getAttribute("href")).toBe(
      `${SHOP}?payment_intent=${path.slice(5)}&status=succeeded`,
    );
    await stage(page, "paid");
    expect(await page.getByRole("heading", { level: 2 }).textContent()).toBe("Payment complete");
    expect(await page.getByRole("status").textContent()).toBe("Payment complete");
    expect(await page.title()).toBe("Pay Corner Shop");
    const sent = await requests(page);
    // One document: the page was not loaded anew.
    expect(sent.filter(({ type }) => type === "document")).toHaveLength(1);
    expect(sent.some(({ type }) => type === "eventsource")).toBe(true);
    expect(clean(page)).toEqual([]);
  });

  it("is told by questions where streams do not get through", async ({ expect }) => {
    const { id, path } = await create();
    const page = await kit.open("about:blank");
    await page.route("**/stream?*", (route) => route.abort());
    await page.goto(kit.origin + path);
    await kit.gateway.client.buyer(id, "pay");
    await stage(page, "paid");
    expect((await requests(page)).some(({ url }) => url.endsWith(`${path}/status`))).toBe(true);
  });

  it("sees money that arrives after the end", async ({ expect }) => {
    const { id, path } = await create({ metadata: { sandbox: "late_callback" } });
    const page = await kit.open("about:blank");
    await page.clock.install();
    await page.goto(kit.origin + path);
    await kit.gateway.client.cancel(key, id);
    await stage(page, "cancelled");
    await kit.gateway.client.buyer(id, "pay");
    await until("the money is here", async () => {
      const { body } = await kit.gateway.client.read(key, id);
      return body.status === "succeeded" ? true : null;
    });
    // A page that has ended still asks, every fifteen seconds.
    await page.clock.runFor(15_000);
    await stage(page, "paid");
    expect(scriptErrors(page)).toEqual([]);
  });

  it("pays with the keyboard alone", async ({ expect }) => {
    const { id, path } = await create({ channels: ["wechat", "alipay"] });
    const page = await kit.open(path);
    const focused = () =>
      page.evaluate<string>("document.activeElement?.id || document.activeElement?.textContent");
    const tabTo = async (what: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press("Tab");
        if ((await focused()).trim().startsWith(what)) return;
      }
      throw new Error(`the keyboard does not reach ${what}`);
    };
    await tabTo("way-alipay");
    await page.keyboard.press("Enter");
    await stage(page, "code");
    await tabTo("Pay another way");
    await page.keyboard.press("Enter");
    await stage(page, "choose");
    await tabTo("way-wechat");
    await page.keyboard.press("Enter");
    await stage(page, "code");
    await tabTo("Code as text");
    await page.keyboard.press("Enter");
    await tabTo("copy-code-text");
    // What has the focus goes; the heading of what came instead has it then.
    await kit.gateway.client.buyer(id, "pay");
    await stage(page, "paid");
    await focusOn(page, "#stage");
    expect(await focused()).toBe("stage");
  });

  it("keeps focus and opened parts while the page is drawn anew", async ({ expect }) => {
    const { id, path } = await create();
    const page = await kit.open(path);
    await page.getByText("Code as text").click();
    await page.locator("#copy-code-text").focus();
    await become(id, "status = 'scanning'");
    await page.getByText("Scanned. Confirm on your phone.").first().waitFor(TURNS_WITHIN);
    expect(await page.evaluate("document.activeElement.id")).toBe("copy-code-text");
    expect(await page.locator("#code-text").isVisible()).toBe(true);
    expect(await page.getByRole("status").textContent()).toBe("Scanned. Confirm on your phone.");
  });

  it("goes back to the shop by himself, or stays", async ({ expect }) => {
    const { id, path } = await create({ return_url: SHOP });
    await kit.gateway.client.buyer(id, "pay");
    const shopAddress = `${SHOP}?payment_intent=${id}&status=succeeded`;
    const asked: string[] = [];
    const opened = async () => {
      const page = await kit.open("about:blank");
      await page.route(`${SHOP}**`, async (route) => {
        asked.push(route.request().url());
        await route.fulfill({ body: "the shop" });
      });
      await page.clock.install();
      await page.goto(kit.origin + path);
      return page;
    };
    const stays = await opened();
    await stays.getByRole("button", { name: "Stay here" }).click();
    await stays.clock.runFor(30_000);
    expect(asked).toEqual([]);
    const goes = await opened();
    await goes.clock.runFor(3_000);
    expect(await goes.getByText(/Taking you back in [45] s/).isVisible()).toBe(true);
    await goes.clock.runFor(6_000);
    await goes.waitForURL(`${SHOP}**`);
    expect(asked).toEqual([shopAddress]);
    // Who comes back with the browser's button is not thrown out again.
    await goes.goBack();
    await stage(goes, "paid");
    await goes.clock.runFor(30_000);
    expect(asked).toEqual([shopAddress]);
  });

  it("has the server's time, whatever his own clock says", async ({ expect }) => {
    const { path } = await create();
    const page = await kit.open("about:blank");
    await page.addInitScript("const real = Date.now; Date.now = () => real() + 7200000;");
    await page.goto(kit.origin + path);
    const shown = page.locator("[data-until] strong");
    await until("a second passes", async () =>
      /^14:[0-5]\d$/.test((await shown.textContent()) ?? "") ? true : null,
    );
    expect(await page.locator("main").getAttribute("data-stage")).toBe("code");
  });

  it("is led on when the time is up", async ({ expect }) => {
    const { id, path } = await create();
    const soon = Date.now() + 4_000;
    await become(id, `expires_at = ${soon}, action_expires_at = ${soon}`);
    const page = await kit.open(path);
    await stage(page, "wait");
    const words = "Time is up. We are checking whether you have paid.";
    expect(await page.locator("main [data-announce]").textContent()).toBe(words);
    expect(await page.locator("svg").count()).toBe(0);
  });

  it("copies the numbers", async ({ expect }) => {
    const { id, path } = await create();
    const page = await kit.open(path);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy: Payment number" }).click();
    await page.getByText("Copied").first().waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(id);
  });
});

describe.skipIf(noBrowser)("on a phone", () => {
  it("a bank's code is saved as a picture that scans", async ({ expect }) => {
    const { path } = await create({
      channel: "promptpay",
      amount: { currency: "THB", value: 12_550 },
    });
    const page = await kit.open(path, PHONE);
    const code = await page.locator("#code-text").textContent();
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "Save the code" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(`${path.slice(5)}.png`);
    expect(await decode(readFileSync(await download.path()))).toEqual([code]);
    expect(clean(page)).toEqual([]);
  });

  it("a choice leads to the wallet's page, and back shows the payment", async ({ expect }) => {
    const { path } = await create({ channels: ["wechat", "alipay"] });
    const page = await kit.open(`${path}?lang=en`, PHONE);
    await page.getByRole("button", { name: /Alipay/ }).click();
    await page.waitForURL("**/sandbox/wallet/**");
    // Chromium applies form-action to redirects; the wallet is reached without one.
    expect(cspViolations(page)).toEqual([]);
    await page.goBack();
    await stage(page, "redirect");
    expect(new URL(page.url()).search).toBe("?lang=en");
    await page.goForward();
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("link", { name: "Back to the payment" }).click();
    await stage(page, "paid");
  });

  it("WeChat's own browser pays at once, and only once by itself", async ({ expect }) => {
    const { id, path } = await create({ channels: ["alipay", "wechat"] });
    const page = await kit.open("about:blank", { ...PHONE, userAgent: WECHAT });
    let chosen = 0;
    page.on("request", (request) => {
      if (request.method() === "POST") chosen += 1;
    });
    await page.goto(kit.origin + path);
    await stage(page, "code");
    await page.getByText("WeChat reads this code with the camera only").waitFor();
    expect(await page.evaluate("location.pathname + location.search")).toBe(path);
    await page.goto(`${kit.origin}${path}?change=1`);
    await page.getByRole("button", { name: "Pay with WeChat Pay" }).waitFor();
    expect(chosen).toBe(1);
    await kit.gateway.client.buyer(id, "pay");
    await stage(page, "paid");
  });

  it("WeChat's bridge is called with the order's parameters", async ({ expect }) => {
    const { path } = await create({ channel: "wechat", method: "jsapi", payer: { openid: "o_1" } });
    const page = await kit.open("about:blank", { ...PHONE, userAgent: WECHAT });
    await page.addInitScript(
      "window.WeixinJSBridge = { invoke: (name, params) => { window.called = { name, params }; } };",
    );
    await page.goto(kit.origin + path);
    await page.getByRole("button", { name: "Pay with WeChat Pay" }).click();
    expect(await page.evaluate("window.called")).toMatchObject({
      name: "getBrandWCPayRequest",
      params: { signType: "RSA", package: expect.stringMatching(/^prepay_id=/) },
    });
  });
});

describe.skipIf(noBrowser)("without scripts", () => {
  it("a buyer chooses, follows the link, pays and is told", async ({ expect }) => {
    const { id, path } = await create({ channels: ["wechat", "alipay"] });
    const page = await kit.open(path, { ...PHONE, javaScript: false });
    await page.getByRole("button", { name: /Alipay/ }).click();
    // The page says where to go, and the browser goes there by itself.
    await page.waitForURL("**/sandbox/wallet/**", TURNS_WITHIN);
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await page.getByRole("link", { name: "Back to the payment" }).click();
    expect(await page.locator("main").getAttribute("data-stage")).toBe("paid");
    expect(await page.getByText(id).isVisible()).toBe(true);
    expect(cspViolations(page)).toEqual([]);
  });

  it("the page looks again by itself", async ({ expect }) => {
    const { id, path } = await create();
    const page = await kit.open(path, { javaScript: false });
    // Nothing is shown that only a script could do.
    expect(await page.getByRole("button", { name: /Copy/ }).count()).toBe(0);
    await kit.gateway.client.buyer(id, "pay");
    await stage(page, "paid");
  });
});

describe.skipIf(noBrowser)("every state", () => {
  it.for(LOOKS)("$state, $name", async ({ state, name, look }, { expect }) => {
    const page = await kit.open((await inState(state)).path, look);
    if (name === "1280-light" || SHOWN.includes(state)) {
      await shoot(page, `checkout-${state}-${name}`);
    }
    // Before the page goes back to the shop.
    const stay = page.locator("#stay");
    if (await stay.isVisible()) await stay.click();
    expect(await axe(page, ["minor", "moderate", "serious", "critical"])).toEqual([]);
    expect(await scrollsSideways(page)).toBe(false);
    expect(clean(page)).toEqual([]);
    const sent = await requests(page);
    expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(20_000);
  });

  it("the code on the screen scans, also from a dark page on a small phone", async ({ expect }) => {
    for (const state of ["code", "bank"]) {
      for (const look of [{ ...SMALL, colorScheme: "dark" as const }, {}]) {
        const page = await kit.open((await inState(state)).path, look);
        const code = await page.locator("#code-text").textContent();
        expect(await decode(await page.screenshot({ fullPage: true }))).toEqual([code]);
      }
    }
  });

  it("the amount stays on one line", async ({ expect }) => {
    const amounts = [
      { channel: "promptpay", amount: { currency: "THB", value: 12_550 } },
      { channel: "wechat", amount: { currency: "CNY", value: 100_000_000 } },
      { channel: "qris", amount: { currency: "IDR", value: 1_000_000_000 } },
      { channel: "vietqr", amount: { currency: "VND", value: 12_345_678 } },
    ];
    for (const fields of amounts) {
      const { path } = await create(fields);
      for (const look of [SMALL, {}]) {
        const page = await kit.open(path, look);
        // The code beside it may go below; the number may not break.
        const lines = await page.evaluate<number>(
          `(() => {
            const range = document.createRange();
            range.selectNodeContents(document.querySelector(".amount").firstChild);
            return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
          })()`,
        );
        expect([fields.channel, look, lines]).toEqual([fields.channel, look, 1]);
      }
    }
  });

  it("the aggregate code leads to the page", async ({ expect }) => {
    const { path } = await inState("choose");
    const page = await kit.open(path);
    expect(await decode(await page.screenshot({ fullPage: true }))).toEqual([kit.origin + path]);
  });

  it.for(LANGUAGES)("%s fits 320 pixels", async (language, { expect }) => {
    const page = await kit.open("about:blank", SMALL);
    for (const state of ["bank", "choose", "expired"]) {
      await page.goto(`${kit.origin}${(await inState(state)).path}?lang=${language}`);
      expect(await page.evaluate("document.documentElement.lang")).toBe(language);
      expect([state, await scrollsSideways(page)]).toEqual([state, false]);
      if (["zh-CN", "th"].includes(language))
        await shoot(page, `checkout-${state}-${language}-320`);
    }
  });

  it("nothing that can be tapped is small, and nothing leaves the screen", async ({ expect }) => {
    for (const state of ["code", "bank", "choose", "expired"]) {
      const page = await kit.open((await inState(state)).path, SMALL);
      const small = await page.evaluate<string[]>(
        `[...document.querySelectorAll("a, button, summary")]
          .filter((element) => element.offsetParent !== null)
          .map((element) => [element.textContent.trim(), element.getBoundingClientRect()])
          .filter(([, { width, height, left, right }]) =>
            width < 24 || height < 44 || left < 0 || right > innerWidth)
          .map(([text]) => text)`,
      );
      expect([state, small]).toEqual([state, []]);
    }
  });
});
