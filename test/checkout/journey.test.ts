/** The checkout over real payments: what a buyer does, from the page's own links and forms. */
import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, it, vi } from "vitest";

import { api, intentStub, type Merchant, newMerchant } from "../intent/kit.ts";
import { pageToken } from "../../src/routes/checkout/token.ts";
import { AGENTS } from "./kit.ts";

const BASE = "http://gateway.test";

let merchant: Merchant;

beforeAll(async () => {
  merchant = await newMerchant();
});

async function create(body: Record<string, unknown>): Promise<string> {
  const reply = await api("POST", "/v1/payment-intents", {
    key: merchant.test,
    body: { amount: { currency: "CNY", value: 699 }, description: "Green tea", ...body },
  });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body.id;
}

interface Buyer {
  readonly page: (query?: string) => Promise<string>;
  /** Without a token with the one in the page's form. */
  readonly choose: (channel: string, known?: string) => Promise<Response>;
  readonly act: (action: string, number?: string) => Promise<Response>;
}

function buyer(id: string, agent: keyof typeof AGENTS = "windows"): Buyer {
  const headers = { "User-Agent": AGENTS[agent], Accept: "text/html" };
  const page = async (query = "") => {
    const response = await exports.default.fetch(`${BASE}/pay/${id}${query}`, { headers });
    if (response.status !== 200) throw new Error(String(response.status));
    return response.text();
  };
  return {
    page,
    async choose(channel, known) {
      const inForm = /name="token" value="(\w+)"/;
      const token = known ?? inForm.exec(await page("?change=1"))?.[1] ?? "";
      return exports.default.fetch(`${BASE}/pay/${id}/choose`, {
        method: "POST",
        redirect: "manual",
        headers: {
          ...headers,
          Origin: BASE,
          "CF-Connecting-IP": "203.0.113.7",
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ channel, token }).toString(),
      });
    },
    act: (action, number = id) =>
      exports.default.fetch(`${BASE}/sandbox/payments/${number}/${action}`, { method: "POST" }),
  };
}

const stageOf = (page: string) => / data-stage="(\w+)"/.exec(page)?.[1];
const walletOf = (page: string) => /href="\/sandbox\/wallet\/(\w+)"/.exec(page)?.[1];

describe("an ordinary payment", () => {
  it("is paid while its page is open, and refunded afterwards", async ({ expect }) => {
    const id = await create({ channel: "wechat", return_url: "https://shop.example/" });
    const { page, act } = buyer(id);
    expect(stageOf(await page())).toBe("code");
    expect((await act("pay")).status).toBe(200);
    const paid = await page();
    expect(stageOf(paid)).toBe("paid");
    expect(paid).toContain(`payment_intent=${id}&amp;status=succeeded`);
    expect(paid).not.toContain(merchant.id);
    await api("POST", "/v1/refunds", { key: merchant.test, body: { payment_intent: id } });
    await vi.waitFor(async () => expect(stageOf(await page())).toBe("refunded"), 10_000);
  });

  it("says so when the merchant cancels", async ({ expect }) => {
    const id = await create({ channel: "wechat" });
    await api("POST", `/v1/payment-intents/${id}/cancel`, { key: merchant.test });
    expect(stageOf(await buyer(id).page())).toBe("cancelled");
  });

  it("tells nothing that is the merchant's", async ({ expect }) => {
    const id = await create({
      channel: "wechat",
      metadata: { margin: "private-note-of-the-shop" },
      payer: { human_id: "human-known-to-the-shop" },
    });
    for (const path of [`/pay/${id}`, `/pay/${id}/status`]) {
      const text = await (await exports.default.fetch(`${BASE}${path}`)).text();
      expect(text).not.toMatch(/private-note|human-known|basis_points|merchant_account/);
      expect(text).not.toContain(merchant.id);
    }
  });

  it("of a bank is paid by its code", async ({ expect }) => {
    const id = await create({ channel: "promptpay", amount: { currency: "THB", value: 12_550 } });
    const { page, act } = buyer(id, "android");
    const code = await page("?lang=th");
    expect(stageOf(code)).toBe("code");
    expect(code).toContain("data-save=");
    expect((await act("pay")).status).toBe(200);
    expect(stageOf(await page())).toBe("paid");
  });
});

describe("an aggregate payment", () => {
  it("is chosen, changed and paid once", async ({ expect }) => {
    const id = await create({ channels: ["wechat", "alipay"] });
    const { page, choose, act } = buyer(id);
    const list = await page();
    expect(stageOf(list)).toBe("choose");
    expect(list).toContain("<svg xmlns");

    const first = await choose("wechat");
    expect([first.status, first.headers.get("Location")]).toEqual([303, `/pay/${id}`]);
    const wechat = await page();
    expect(stageOf(wechat)).toBe("code");
    expect(wechat).toContain("weixin://");
    const firstOrder = walletOf(wechat);

    expect((await choose("alipay")).status).toBe(303);
    const alipay = await page();
    expect(alipay).toContain("https://qr.alipay.com/");
    expect(alipay).not.toContain("weixin://");
    const secondOrder = walletOf(alipay);
    expect(secondOrder).not.toBe(firstOrder);
    expect(secondOrder).toContain(id);

    const wallet = await exports.default.fetch(`${BASE}/sandbox/wallet/${secondOrder}`);
    expect(wallet.status).toBe(200);
    expect((await act("pay", secondOrder)).status).toBe(200);
    expect(stageOf(await page("?change=1"))).toBe("paid");
    // Whoever still has the list open is told how it ended, and nothing is ordered.
    const late = await choose("wechat", await pageToken(env, "choose", id));
    expect([late.status, stageOf(await late.text())]).toEqual([409, "paid"]);
    expect(walletOf(await page())).toBe(undefined);
  });

  it("sends a phone to the wallet's page, and shows it again there", async ({ expect }) => {
    const id = await create({ channels: ["wechat", "alipay"] });
    const phone = buyer(id, "iphone");
    const sent = await phone.choose("alipay");
    expect(sent.headers.get("Location")).toBe(`/pay/${id}?go=1`);
    const page = await phone.page("?go=1");
    expect(stageOf(page)).toBe("redirect");
    const href = /id="go" href="([^"]*)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const opened = await exports.default.fetch(href, { redirect: "manual" });
    expect(opened.status).toBe(303);
    expect(opened.headers.get("Location")).toContain(`/sandbox/wallet/${id}`);
    expect((await phone.act("pay")).status).toBe(200);
    expect(stageOf(await phone.page())).toBe("paid");
  });

  it("keeps the earlier code while its channel does not confirm the closing", async ({
    expect,
  }) => {
    const id = await create({ channels: ["wechat", "alipay"] });
    const { page, choose } = buyer(id);
    await choose("wechat");
    const before = walletOf(await page());
    // As after a choice too many: the object says no, and nothing has changed.
    await runInDurableObject(intentStub(id), (_, state) => {
      state.storage.sql.exec("UPDATE intent SET orders = 32");
    });
    const refused = await choose("alipay");
    expect(refused.status).toBe(429);
    const text = await refused.text();
    expect(stageOf(text)).toBe("code");
    expect(text).toContain('role="alert"');
    expect(walletOf(text)).toBe(before);
  });
});
