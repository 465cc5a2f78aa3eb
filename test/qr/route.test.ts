import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { OpenAPIHono } from "@hono/zod-openapi";
import { describe, it } from "vitest";

import { sha256Hex } from "../../src/crypto/digest.ts";
import { ApiError, ERRORS, errorBody } from "../../src/errors.ts";
import { randomId } from "../../src/ids.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import { renderQr } from "../../src/qr/render.ts";
import type { App, AppEnv } from "../../src/routes/http.ts";
import { registerQr } from "../../src/routes/qr.ts";
import { envWith, testView } from "../sandbox/view.ts";

const NOW = Date.parse("2026-11-01T08:00:00.000Z");

const app: App = new OpenAPIHono<AppEnv>();
app.use(async (c, next) => {
  c.set("now", NOW);
  await next();
});
app.onError((error, c) => {
  if (!(error instanceof ApiError)) throw error;
  const { status } = ERRORS[error.failure.code];
  return c.json(errorBody(error.failure, "req_test"), status, { ...error.headers });
});
registerQr(app);

const intents = new Map<string, PaymentIntentView>();
const { env, asked } = envWith(intents);

async function get(path: string, headers: Record<string, string> = {}) {
  const ctx = createExecutionContext();
  const request = new Request(`https://pay.example${path}`, { headers });
  const response = await app.fetch(request, env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const expiresIn = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();

/** A payment whose object answers with this code and state. */
function aPayment(
  data: string | null,
  change: { status?: PaymentIntentView["status"]; seconds?: number } = {},
) {
  const id = randomId("paymentIntent");
  const view = testView({ id, data, status: change.status ?? "qr_generated" });
  const qr = view.qr === null ? null : { ...view.qr, expires_at: expiresIn(change.seconds ?? 600) };
  intents.set(id, { ...view, qr });
  return { id, path: `/v1/qr/${id}.svg` };
}

describe("GET /v1/qr/{payment_intent}.svg", () => {
  it("draws the live code, public for the seconds it has left", async ({ expect }) => {
    const data = "weixin://wxpay/bizpayurl?pr=route1";
    const response = await get(aPayment(data).path);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(renderQr(data));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/svg+xml; charset=utf-8",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'",
      "cache-control": "public, max-age=600",
      etag: expect.stringMatching(/^"[0-9a-f]{32}-256-4"$/),
    });
  });

  it("takes size and margin", async ({ expect }) => {
    const data = "weixin://wxpay/bizpayurl?pr=route2";
    const { path } = aPayment(data);
    const response = await get(`${path}?size=512&margin=0`);
    expect(await response.text()).toBe(renderQr(data, { size: 512, margin: 0 }));
    const plain = await get(path);
    expect(plain.headers.get("ETag")).not.toBe(response.headers.get("ETag"));
    expect(await plain.text()).toBe(renderQr(data));
  });

  it.for([
    "size=63",
    "size=2049",
    "size=1.5",
    "size=secret",
    "margin=-1",
    "margin=17",
    "colour=secret",
  ])("refuses ?%s without echoing it", async (query, { expect }) => {
    const response = await get(`${aPayment("weixin://x").path}?${query}`);
    expect(response.status).toBe(400);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ error: { code: "INVALID_REQUEST" } });
    expect(body).not.toMatch(/secret/);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it("answers 304 to whoever has the drawing", async ({ expect }) => {
    const { path } = aPayment("weixin://wxpay/bizpayurl?pr=route3");
    const etag = (await get(path)).headers.get("ETag") ?? "";
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await get(path, { "If-None-Match": header });
      expect(response.status).toBe(304);
      expect(await response.text()).toBe("");
      expect(response.headers.get("ETag")).toBe(etag);
      expect(response.headers.get("Cache-Control")).toBe("public, max-age=600");
    }
    expect((await get(path, { "If-None-Match": '"other"' })).status).toBe(200);
    expect((await get(`${path}?size=300`, { "If-None-Match": etag })).status).toBe(200);
  });

  it("keeps the drawing at the edge, and still asks the payment each time", async ({ expect }) => {
    const data = "weixin://wxpay/bizpayurl?pr=route4";
    const { id, path } = aPayment(data);
    await get(path);
    const key = `https://pay.example/v1/qr/drawings/${await sha256Hex(data)}/256/4`;
    const kept = await caches.default.match(key);
    expect(await kept?.text()).toBe(renderQr(data));
    // A mark in the kept drawing shows that it is what is served.
    const headers = { "Cache-Control": "public, max-age=600" };
    await caches.default.put(key, new Response("<svg><!--kept--></svg>", { headers }));
    expect(await (await get(path)).text()).toContain("kept");
    expect(asked.filter((each) => each === id)).toHaveLength(2);
    intents.set(id, testView({ id, data, status: "succeeded" }));
    expect((await get(path)).status).toBe(410);
  });

  it.for([
    ["succeeded", "Already paid"],
    ["expired", "Code expired"],
    ["cancelled", "Payment cancelled"],
    ["failed", "Payment failed"],
  ] as const)("%s: 410 with a picture that says so", async ([status, title], { expect }) => {
    const { path, id } = aPayment("weixin://wxpay/bizpayurl?pr=route5", { status });
    const response = await get(`${path}?size=128`);
    expect(response.status).toBe(410);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Content-Type")).toContain("image/svg+xml");
    expect(response.headers.get("ETag")).toBeNull();
    const svg = await response.text();
    expect(svg).toContain(`<title>${title}</title>`);
    expect(svg).toContain(id);
    expect(svg).toContain('width="128"');
  });

  it("a code that has run out is not drawn, whatever the payment says", async ({ expect }) => {
    const { path } = aPayment("weixin://wxpay/bizpayurl?pr=route6", { seconds: 0 });
    const response = await get(path, { "If-None-Match": "*" });
    expect(response.status).toBe(410);
    expect(await response.text()).toContain("<title>Code expired</title>");
  });

  it("says when there is no code (yet), and when it cannot be drawn", async ({ expect }) => {
    const none = await get(aPayment(null, { status: "pending" }).path);
    expect(none.status).toBe(409);
    expect(none.headers.get("Retry-After")).toBeNull();
    expect(await none.json()).toMatchObject({
      error: { code: "INVALID_STATE", retryable: false, message: expect.stringContaining("qr") },
    });
    const foreign = await get(aPayment("微信支付").path);
    expect(foreign.status).toBe(409);
    expect(foreign.headers.get("Cache-Control")).toBe("no-store");
  });

  it.for(["", ".svg", "pi_unknown.svg", "drawings", "%E0%A4%A.svg", "x.svg.svg"])(
    "knows no %o",
    async (file, { expect }) => {
      aPayment("weixin://x");
      const response = await get(`/v1/qr/${file}`);
      expect(response.status).toBe(404);
      expect(response.headers.get("Content-Type") ?? "").not.toContain("svg");
    },
  );

  it("without the suffix it is not found: one name for one picture", async ({ expect }) => {
    const { path } = aPayment("weixin://x");
    expect((await get(path.replace(".svg", ""))).status).toBe(404);
    expect((await get(path.replace(".svg", ".png"))).status).toBe(404);
  });

  it("is in the OpenAPI document", ({ expect }) => {
    const document = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "t", version: "1" },
    });
    expect(document.paths?.["/v1/qr/{payment_intent}.svg"]?.get?.responses).toHaveProperty("410");
  });
});
