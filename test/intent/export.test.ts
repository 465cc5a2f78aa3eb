/** `GET /v1/payment-intents.csv`: the merchant's own payments, whole, and nobody's formulas. */
import { env, exports } from "cloudflare:workers";
import { describe, it } from "vitest";

import { api, newMerchant, projected, wechatPayment } from "./kit.ts";

const file = async (key: string | null, query = "") =>
  exports.default.fetch(`http://gateway.test/v1/payment-intents.csv${query}`, {
    headers: key === null ? {} : { Authorization: `Bearer ${key}` },
  });

const create = async (key: string, changes: Record<string, unknown> = {}) => {
  const { status, body } = await api("POST", "/v1/payment-intents", {
    key,
    body: wechatPayment(changes),
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  await projected(body.id, body.sequence);
  return body;
};

describe("the export", () => {
  it("has the merchant's own payments of this mode, as texts", async ({ expect }) => {
    const merchant = await newMerchant();
    const other = await newMerchant();
    const foreign = await create(other.test);
    const one = await create(merchant.test, { description: '=1+1,"x"', merchant_order_id: "-1" });
    const two = await create(merchant.test, {
      amount: { currency: "CNY", value: 5 },
      channel: undefined,
      channels: ["wechat", "alipay"],
    });
    const reply = await file(merchant.test);
    expect(reply.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
    const text = await reply.text();
    expect(text.split("\r\n").slice(-2)).toEqual(["# 2 rows", ""]);
    expect(text).toContain(`,'-1,wechat,qr,,CNY,6.99,0.00,0.03,0.00,,"'=1+1,""x"""`);
    expect(text).toContain(`${two.id},`);
    expect(text).toContain(",qr_generated,,,,,CNY,0.05,0.00,,,,AI summary\r\n");
    expect(text).not.toContain(foreign.id);
    expect(await (await file(merchant.live)).text()).toContain("# 0 rows");
    const found = await (await file(merchant.test, `?q=${one.id}`)).text();
    expect(found).toContain("# 1 rows");
  });

  it.for([
    "?q=%27%20OR%201%3D1--",
    "?q=%25",
    "?q=_",
    "?q=*",
    "?q=%F4%8F%BF%BF",
    "?q=pi_%25%25%25%25%25",
    "?q=%00",
    "?q=%22%3B",
  ])("finds nothing by %s", async (query, { expect }) => {
    const { test } = await newMerchant();
    await create(test, { merchant_order_id: "order-1" });
    const text = await (await file(test, query)).text();
    expect(text).toMatch(/# 0 rows\r\n$/);
  });

  it("is longer than one page of the database, each payment once", async ({ expect }) => {
    const { id, test } = await newMerchant();
    const { id: first } = await create(test);
    // Copies of the one there is, many of them of the same moment.
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1101)
       INSERT INTO payment_intents
         (id, merchant_id, livemode, sequence, status, currency, value, refunded, fee, created_at, snapshot)
       SELECT 'pi_' || printf('%026d', i), ?1, livemode, 1, status, currency, value, 0, 0,
              created_at - i / 300, replace(snapshot, ?2, 'pi_' || printf('%026d', i))
       FROM payment_intents, n WHERE id = ?2`,
    )
      .bind(id, first)
      .run();
    const lines = (await (await file(test)).text()).split("\r\n");
    expect(lines.at(-2)).toBe("# 1102 rows");
    const ids = new Set(lines.slice(1, -2).map((line) => line.split(",")[0]));
    expect(ids.size).toBe(1_102);
  });

  it("is for keys that may read payments, and narrow filters only", async ({ expect }) => {
    const { test } = await newMerchant();
    expect((await file(null)).status).toBe(401);
    const made = await api("POST", "/v1/api-keys", {
      key: test,
      body: { label: "hooks", scopes: ["webhooks:write"] },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    expect((await file(made.body.key)).status).toBe(403);
    expect((await file(test, `?q=${"x".repeat(65)}`)).status).toBe(400);
    expect((await file(test, "?merchant_id=m_1")).status).toBe(400);
  });
});
