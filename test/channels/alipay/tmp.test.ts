import { exports } from "cloudflare:workers";
import { describe, it } from "vitest";
import { api, newMerchant } from "../../intent/kit.ts";
describe("tmp", () => {
  it("through the worker", async ({ expect }) => {
    const m = await newMerchant();
    for (const method of ["web", "wap", "app", "jsapi", "barcode", "qr"]) {
      const made = await api("POST", "/v1/payment-intents", { key: m.test, body: {
        amount: { currency: "CNY", value: 699 }, channel: "alipay", method, description: "x",
        ...(method === "jsapi" ? { payer: { openid: "2088000000000001" } } : {}),
        ...(method === "barcode" ? { payer: { auth_code: "286800000000000011" } } : {}),
      }});
      console.log(method, made.status, JSON.stringify(made.body.next_action ?? made.body).slice(0, 200), made.body.status);
      if (made.body.next_action?.type === "redirect") {
        const r = await exports.default.fetch(made.body.next_action.url, { redirect: "manual" });
        console.log(r.status, r.headers.get("location"));
      }
      const paid = await api("POST", `/sandbox/payments/${made.body.id}/pay`, {});
      console.log(paid.status, JSON.stringify(paid.body).slice(0, 300));
      const after = await api("GET", `/v1/payment-intents/${made.body.id}`, { key: m.test });
      console.log(after.body.status);
      const refund = await api("POST", `/v1/payment-intents/${made.body.id}/refunds`, { key: m.test, body: { amount: { currency: "CNY", value: 699 } } });
      console.log(refund.status, JSON.stringify(refund.body).slice(0, 400));
      const fin = await api("GET", `/v1/payment-intents/${made.body.id}`, { key: m.test });
      console.log(fin.body.status, JSON.stringify(fin.body.amount_refunded), JSON.stringify(fin.body.last_error));
    }
    expect(1).toBe(1);
  });
});
