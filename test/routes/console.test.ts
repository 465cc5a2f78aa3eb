/** The console's door: sessions, forms of strangers, scopes and tenants. */
import { describe, it } from "vitest";
import { exports } from "cloudflare:workers";

import { newMerchant } from "../intent/kit.ts";

const BASE = "https://pay.gateway.example";
const send = (path: string, init: RequestInit = {}) =>
  exports.default.fetch(new Request(`${BASE}${path}`, { redirect: "manual", ...init }));

describe("smoke", () => {
  it("signs in", async ({ expect }) => {
    const merchant = await newMerchant();
    const page = await send("/console/sign-in");
    expect(page.status).toBe(200);
    const reply = await send("/console/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: BASE },
      body: new URLSearchParams({ secret: merchant.test }).toString(),
    });
    expect(reply.status).toBe(303);
    const cookie = reply.headers.get("Set-Cookie") ?? "";
    const home = await send("/console", { headers: { Cookie: cookie.split(";")[0] ?? "" } });
    expect(await home.text()).toBe("x");
  });
});
