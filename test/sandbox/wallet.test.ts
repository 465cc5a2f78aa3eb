import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { OpenAPIHono } from "@hono/zod-openapi";
import { beforeEach, describe, it, vi } from "vitest";

import { ApiError, ERRORS, errorBody } from "../../src/errors.ts";
import { orderNumberOf, randomId } from "../../src/ids.ts";
import worker from "../../src/index.ts";
import type { BuyerView } from "../../src/intent/buyer-view.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import type { App, AppEnv } from "../../src/routes/http.ts";
import { registerSandbox } from "../../src/routes/sandbox/index.tsx";
import type { FaultScript } from "../../src/sandbox/simulator.ts";
import { envWith, testView, type ViewChoice } from "./view.ts";

const app: App = new OpenAPIHono<AppEnv>({
  defaultHook: (result, c) =>
    result.success ? undefined : c.json({ error: { code: "INVALID_REQUEST" } }, 400),
});
app.onError((error, c) => {
  if (!(error instanceof ApiError)) throw error;
  const { status } = ERRORS[error.failure.code];
  return c.json(errorBody(error.failure, "req_test"), status, { ...error.headers });
});
registerSandbox(app);

const intents = new Map<string, PaymentIntentView>();
const buyers = new Map<string, Partial<BuyerView>>();
const { env } = envWith(intents, buyers);

async function ask(method: string, path: string, accept = "application/json") {
  const ctx = createExecutionContext();
  const request = new Request(`https://pay.example${path}`, {
    method,
    headers: { Accept: accept },
  });
  const response = await app.fetch(request, env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";

beforeEach(() => {
  vi.spyOn(worker, "fetch").mockImplementation(async () => new Response("success"));
});

/** A test payment, ordered at the channel unless told otherwise. */
async function aPayment(
  change: Partial<ViewChoice> & {
    ordered?: boolean;
    script?: FaultScript;
    /** Which of the payment's orders this is; 1. */
    nth?: number;
    returnUrl?: string;
  } = {},
) {
  const { ordered = true, script, nth = 1, returnUrl = null, ...choice } = change;
  const id = randomId("paymentIntent");
  const view = testView({
    id,
    data: "weixin://x",
    status: "qr_generated",
    metadata: script === undefined ? {} : { sandbox: script },
    ...choice,
  });
  intents.set(id, view);
  const number = orderNumberOf(id, nth);
  buyers.set(id, { order_number: number, return_url: returnUrl });
  const stub = env.SANDBOX_ORDERS.getByName(`wechat:1900000001:${number}`);
  if (ordered) {
    await stub.create(
      {
        channel: "wechat",
        merchant: "1900000001",
        orderNumber: number,
        parameters: "{}",
        currency: "CNY",
        value: 699,
        notifyUrl: "https://pay.example/v1/callbacks/wechat/ca_1",
        expiresAt: null,
      },
      script ?? null,
    );
  }
  const page = async (query = "") =>
    (await ask("GET", `/sandbox/wallet/${id}${query}`, HTML)).text();
  return {
    id,
    number,
    stub,
    page,
    act: (action: string, accept?: string) =>
      ask("POST", `/sandbox/payments/${id}/${action}`, accept),
  };
}

describe("POST /sandbox/payments/{payment_intent}/{action}", () => {
  it("pay: answers JSON after the callback was handled", async ({ expect }) => {
    const { id, act } = await aPayment();
    const response = await act("pay");
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      object: "sandbox_payment",
      payment_intent: id,
      channel: "wechat",
      state: "paid",
      declined: false,
      channel_transaction_id: expect.stringMatching(/^\d{28}$/),
      paid_at: expect.stringMatching(/^\d{4}-.*Z$/),
      callbacks: [{ kind: "proper", attempts: 1, status: 200, acknowledged: true }],
    });
  });

  it.for([
    ["scan", { state: "scanned", declined: false, paid_at: null }],
    ["decline", { state: "scanned", declined: true, paid_at: null }],
    ["close", { state: "closed", declined: false, paid_at: null }],
  ] as const)("%s: shows what became of it", async ([action, shown], { expect }) => {
    const { act } = await aPayment();
    expect(await (await act(action)).json()).toMatchObject({ ...shown, callbacks: [] });
  });

  it("an order that the channel does not know is 409, and says so", async ({ expect }) => {
    const { act } = await aPayment({ ordered: false });
    const response = await act("pay");
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      error: { code: "INVALID_STATE", message: expect.stringContaining("does not know") },
    });
  });

  it("a closed order is 409, but can be paid late under late_callback", async ({ expect }) => {
    const closed = await aPayment();
    await closed.act("close");
    expect((await closed.act("pay")).status).toBe(409);
    const late = await aPayment({ script: "late_callback" });
    await late.act("close");
    expect(await (await late.act("pay")).json()).toMatchObject({ state: "paid" });
  });

  it("a hidden late payment is paid to the buyer", async ({ expect }) => {
    const { act, stub } = await aPayment({ script: "late_callback" });
    expect(await (await act("pay")).json()).toMatchObject({
      state: "paid",
      paid_at: expect.any(String),
    });
    expect(await stub.find()).toMatchObject({ state: "scanned", paidAt: null });
  });

  it("live payments and strangers are not found", async ({ expect }) => {
    const { act, stub, id } = await aPayment({ livemode: true });
    for (const action of ["pay", "decline", "close", "scan"]) {
      const response = await act(action);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "PAYMENT_INTENT_NOT_FOUND" } });
    }
    expect(await stub.find()).toMatchObject({ state: "open" });
    expect((await ask("GET", `/sandbox/wallet/${id}`)).status).toBe(404);
    expect((await ask("POST", "/sandbox/payments/pi_nobody/pay")).status).toBe(404);
  });

  it("knows no other action and no other method", async ({ expect }) => {
    const { act, id, stub } = await aPayment();
    expect((await act("refund")).status).toBe(400);
    expect((await act("constructor")).status).toBe(400);
    expect((await ask("GET", `/sandbox/payments/${id}/pay`)).status).toBe(404);
    expect(await stub.find()).toMatchObject({ state: "open" });
  });

  it("sends browsers back to the page, also with bad news", async ({ expect }) => {
    const { act, id } = await aPayment();
    const paid = await act("pay", HTML);
    expect([paid.status, paid.headers.get("Location")]).toEqual([303, `/sandbox/wallet/${id}`]);
    const refused = await act("decline", HTML);
    expect([refused.status, refused.headers.get("Location")]).toEqual([
      303,
      `/sandbox/wallet/${id}?refused=1`,
    ]);
  });
});

describe("GET /sandbox/wallet/{payment_intent}", () => {
  it("shows amount, merchant and the two buttons, marked as a sandbox", async ({ expect }) => {
    const { id, page } = await aPayment({ description: "Green tea" });
    const html = await page();
    for (const text of ["Sandbox", "CNY 6.99", "Green tea", "1900000001", ">Pay<", ">Decline<"]) {
      expect(html).toContain(text);
    }
    expect(html).toContain(`<form method="post" action="/sandbox/payments/${id}/pay">`);
    expect(html).toContain(`<form method="post" action="/sandbox/payments/${id}/decline">`);
    expect(html).toMatch(/^<!DOCTYPE html><html lang="en">/i);
  });

  it("may load and run nothing, be framed by nobody, and is not kept", async ({ expect }) => {
    const { id } = await aPayment();
    const response = await ask("GET", `/sandbox/wallet/${id}`, HTML);
    const html = await response.text();
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).not.toContain("unsafe");
    expect(html).toContain(`<style nonce="${nonce}">`);
    expect(html).not.toMatch(/<script|style="|\son\w+=|https?:\/\//);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
    const again = await ask("GET", `/sandbox/wallet/${id}`, HTML);
    expect(again.headers.get("Content-Security-Policy")).not.toBe(policy);
  });

  it("is a page too where there is no such test payment", async ({ expect }) => {
    const live = await aPayment({ livemode: true });
    for (const id of [live.id, "pi_nobody", "<img src=x>"]) {
      const path = `/sandbox/wallet/${encodeURIComponent(id)}`;
      const response = await ask("GET", path, HTML);
      const html = await response.text();
      expect(response.status).toBe(404);
      expect(response.headers.get("Content-Type")).toContain("text/html");
      expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(html).toContain("No such test payment");
      expect(html).not.toContain("<img");
      expect(html).not.toContain("<form");
      expect(html).not.toContain(live.id);
      const script = await ask("GET", path);
      expect(script.status).toBe(404);
      expect(await script.json()).toMatchObject({ error: { code: "PAYMENT_INTENT_NOT_FOUND" } });
    }
  });

  it("escapes what merchants write", async ({ expect }) => {
    const hostile = `</dd><script>alert("x")</script><img src=x onerror='y'>`;
    const { page } = await aPayment({ description: hostile, merchantAccount: hostile });
    const html = await page();
    expect(html).not.toMatch(/<script|<img/);
    expect(html).toContain("&lt;script&gt;");
  });

  it("ignores any text in its query", async ({ expect }) => {
    const { page } = await aPayment();
    expect(await page("?refused=%3Cb%3Ehello")).not.toContain("hello");
    expect(await page("?refused=1")).toContain("not possible now");
  });

  it("follows the state: declined, paid, closed, unknown", async ({ expect }) => {
    const declined = await aPayment();
    await declined.act("decline");
    expect(await declined.page()).toMatch(/Declined\..*>Pay</s);
    await declined.act("pay");
    const paid = await declined.page();
    expect(paid).toContain("<strong>Paid</strong>");
    expect(paid).not.toContain("<button");

    const closed = await aPayment();
    await closed.act("close");
    const over = await closed.page();
    expect(over).toContain("No longer payable");
    expect(over).not.toContain("<button");

    const unknown = await (await aPayment({ ordered: false })).page();
    expect(unknown).toContain("Not ordered yet");
    expect(unknown).not.toContain("<button");
  });

  it("names the script, and offers the late payment where there is one", async ({ expect }) => {
    const { act, page } = await aPayment({ script: "late_callback" });
    expect(await page()).toContain("late_callback: The buyer pays");
    await act("close");
    const html = await page();
    expect(html).toContain("Pay all the same");
    expect(html).not.toContain(">Decline<");
  });

  it("leads back when it is done, and not before", async ({ expect }) => {
    const { act, id, page } = await aPayment();
    expect(await page()).not.toContain('class="back"');
    await act("decline");
    expect(await page()).toContain(`<a class="back" href="/pay/${id}">Back to the payment</a>`);
    await act("pay");
    expect(await page()).toContain(`href="/pay/${id}"`);

    const shop = await aPayment({ returnUrl: "https://shop.example/done?order=7#top" });
    await shop.act("pay");
    // The double's payment does not change; what it says of itself is what is passed on.
    const told = `payment_intent=${shop.id}&amp;status=qr_generated`;
    expect(await shop.page()).toContain(
      `<a class="back" href="https://shop.example/done?order=7&amp;${told}#top">Back to the shop</a>`,
    );
  });

  it("opens the order that the buyer chose last, by its number or by the payment's id", async ({
    expect,
  }) => {
    const { act, id, number, stub } = await aPayment({ nth: 3 });
    expect(number).toBe(`${id}2`);
    for (const path of [id, number]) {
      const html = await (await ask("GET", `/sandbox/wallet/${path}`, HTML)).text();
      expect(html).toContain(`action="/sandbox/payments/${number}/pay"`);
    }
    expect((await ask("GET", `/sandbox/wallet/${id}1`, HTML)).status).toBe(404);
    expect((await ask("POST", `/sandbox/payments/${id}1/pay`)).status).toBe(404);
    expect(await stub.find()).toMatchObject({ state: "open" });
    const paid = await act("pay");
    expect(await paid.json()).toMatchObject({ payment_intent: id, state: "paid" });
  });

  it("waits for the choice of an aggregate payment", async ({ expect }) => {
    const { act, id, page } = await aPayment({ ordered: false });
    buyers.set(id, { order_number: null, options: [{ channel: "wechat" }, { channel: "alipay" }] });
    const html = await page();
    expect(html).toContain("Nothing chosen yet");
    expect(html).toContain(`href="/pay/${id}"`);
    expect(html).not.toContain("<button");
    const refused = await act("pay");
    expect([
      refused.status,
      (await refused.json<{ error: { code: string } }>()).error.code,
    ]).toEqual([409, "INVALID_STATE"]);
  });

  it("reading the page changes nothing", async ({ expect }) => {
    const { page, stub } = await aPayment();
    const before = await stub.wallet();
    await page();
    await page();
    expect(await stub.wallet()).toEqual(before);
  });

  it("is in the OpenAPI document with the actions", ({ expect }) => {
    const { paths } = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "t", version: "1" },
    });
    expect(Object.keys(paths ?? {}).toSorted()).toEqual([
      "/sandbox/channels/{channel}/keys",
      "/sandbox/pages/{channel}",
      "/sandbox/payments/{payment_intent}/{action}",
      "/sandbox/wallet/{payment_intent}",
    ]);
  });
});
