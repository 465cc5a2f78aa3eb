/** Invoices as operators close and merchants read them, and the page that is printed. */
import { env, exports } from "cloudflare:workers";
import { describe, it } from "vitest";

import { toBase64 } from "../../src/crypto/encoding.ts";
import { sha256 } from "../../src/crypto/digest.ts";
import { randomId } from "../../src/ids.ts";
import { startOfMonth } from "../../src/settlement/months.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";
import { book, invoiced } from "../settlement/kit.ts";

const ADMIN = { Authorization: "Bearer admin-token-for-tests" };
const PATH = "/v1/admin/invoices";
const PAID = { paid_at: "2026-11-09T06:40:00.000Z", payment_reference: "FT26313 0815" };

const closing = (body: unknown, headers = {}) =>
  api("POST", PATH, { headers: { ...ADMIN, ...headers }, body });
const paying = (id: string, body: unknown = PAID) =>
  api("POST", `${PATH}/${id}/pay`, { headers: ADMIN, body });

/** A merchant with an open live invoice of October 2026 over CNY 0.88, and one of September. */
async function billed(name?: string): Promise<Merchant & { readonly invoice: string }> {
  const merchant = await newMerchant(name);
  const invoice = await invoiced({ merchantId: merchant.id, livemode: true });
  return { ...merchant, invoice };
}

const listed = async (key: string, query = "") =>
  (await api("GET", `/v1/invoices?${query}`, { key })).body.data;

describe("POST /v1/admin/invoices", () => {
  it("closes a month of one merchant in both modes, once", async ({ expect }) => {
    const { id, live, test } = await newMerchant();
    const fee = { kind: "fee", at: startOfMonth("2026-10"), value: 70 } as const;
    await book({ merchantId: id, livemode: true }, [fee]);
    await book({ merchantId: id, livemode: false }, [{ ...fee, value: 8 }]);
    const { status, body } = await closing({ month: "2026-10", merchant_id: id });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      object: "invoice_closing",
      month: "2026-10",
      merchant_id: id,
      state: "completed",
      invoices: [
        { livemode: true, merchant_id: id, total: { currency: "CNY", value: 70 }, state: "open" },
        { livemode: false, total: { currency: "CNY", value: 8 } },
      ],
    });
    const again = await closing({ month: "2026-10", merchant_id: id });
    expect(again.body).toEqual(body);
    expect(await listed(live)).toEqual([body.invoices[0]]);
    expect(await listed(test)).toEqual([body.invoices[1]]);
  });

  it("puts everybody's months into the queue", async ({ expect }) => {
    const { status, body } = await closing({ month: "2026-10" });
    expect([status, body]).toEqual([
      202,
      {
        object: "invoice_closing",
        month: "2026-10",
        merchant_id: null,
        state: "queued",
        invoices: [],
      },
    ]);
  });

  it("never closes a month that runs, or none", async ({ expect }) => {
    const { id } = await newMerchant();
    const running = await closing({ month: "2099-01", merchant_id: id });
    expect([running.status, running.body.error.code]).toEqual([409, "INVALID_STATE"]);
    for (const month of ["2026-13", "2026-1", "october", "2026-10-01", 202_610]) {
      const { status, body } = await closing({ month, merchant_id: id });
      expect([status, body.error.code]).toEqual([400, "INVALID_REQUEST"]);
    }
    const nobody = await closing({ month: "2026-10", merchant_id: randomId("merchant") });
    expect([nobody.status, nobody.body.error.code]).toEqual([404, "NOT_FOUND"]);
  });
});

describe("POST /v1/admin/invoices/{id}/pay", () => {
  it("marks it as paid, once, and writes down who said so", async ({ expect }) => {
    const { id, live, invoice } = await billed();
    const { status, body } = await paying(invoice);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: invoice, state: "paid", ...PAID });
    const again = await paying(invoice);
    expect([again.status, again.body]).toEqual([200, body]);
    for (const change of [{ payment_reference: "other" }, { paid_at: "2026-11-08T00:00:00Z" }]) {
      const other = await paying(invoice, { ...PAID, ...change });
      expect([other.status, other.body.error.code]).toEqual([409, "INVALID_STATE"]);
    }
    const { results } = await env.DB.prepare(
      "SELECT kind, debit, credit, value FROM ledger_entries WHERE merchant_id = ? AND cause = ?",
    )
      .bind(id, invoice)
      .all();
    expect(results).toEqual([
      { kind: "invoice_payment", debit: "platform", credit: "bank", value: 88 },
    ]);
    const { body: log } = await api("GET", `/v1/audit-log?target=${invoice}`, { key: live });
    expect(log.data).toMatchObject([
      {
        action: "invoice.paid",
        actor: { type: "operator", id: null },
        merchant_id: id,
        before: { state: "open", paid_at: null, payment_reference: null },
        after: { state: "paid", ...PAID },
      },
    ]);
    const { body: events } = await api("GET", "/v1/events?type=invoice.paid", { key: live });
    expect(events.data).toMatchObject([{ data: { ...body } }]);
  });

  it("leaves one payment, one entry and one note where two come at once", async ({ expect }) => {
    const { live, invoice } = await billed();
    const references = ["A", "B", "C"];
    const replies = await Promise.all(
      references.map((payment_reference) => paying(invoice, { ...PAID, payment_reference })),
    );
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    const { body: log } = await api("GET", `/v1/audit-log?target=${invoice}`, { key: live });
    expect(log.data).toHaveLength(1);
    const winner = replies.find(({ status }) => status === 200);
    expect(log.data[0].after.payment_reference).toBe(winner?.body.payment_reference);
  });

  it("refuses what cannot be", async ({ expect }) => {
    const { invoice } = await billed();
    const future = await paying(invoice, { ...PAID, paid_at: "2199-01-01T00:00:00Z" });
    expect(future.status).toBe(400);
    const nameless = await paying(invoice, { paid_at: PAID.paid_at });
    expect(nameless.status).toBe(400);
    expect((await paying(randomId("invoice"))).status).toBe(404);
  });
});

describe("invoices", () => {
  it("are listed for their merchant and mode alone, and for the operator all", async ({
    expect,
  }) => {
    const [shop, other] = [await billed(), await billed()];
    await paying(shop.invoice);
    const months = async (query: string) =>
      (await listed(shop.live, query)).map(({ month }: { month: string }) => month).toSorted();
    expect(await months("")).toEqual(["2026-09", "2026-10"]);
    expect(await months("state=paid")).toEqual(["2026-10"]);
    expect(await months("state=open&month=2026-09")).toEqual(["2026-09"]);
    expect(await listed(shop.test)).toEqual([]);
    for (const key of [shop.test, other.live]) {
      const reply = await api("GET", `/v1/invoices/${shop.invoice}`, { key });
      expect([reply.status, reply.body.error.code]).toEqual([404, "NOT_FOUND"]);
      const page = await api("GET", `/v1/invoices/${shop.invoice}/page`, { key });
      expect([page.status, page.body.error.code]).toEqual([404, "NOT_FOUND"]);
    }
    const all = async (query: string) =>
      (await api("GET", `${PATH}?${query}`, { headers: ADMIN })).body.data;
    expect(await all(`merchant_id=${shop.id}`)).toHaveLength(2);
    expect(await all(`merchant_id=${shop.id}&state=paid`)).toMatchObject([{ id: shop.invoice }]);
    const everybodys = (await all("limit=100")).map(({ id }: { id: string }) => id);
    expect(everybodys).toEqual(expect.arrayContaining([shop.invoice, other.invoice]));
  });

  it("lead from page to page", async ({ expect }) => {
    const { live: key } = await billed();
    const { body: first } = await api("GET", "/v1/invoices?limit=1", { key });
    const { body: second } = await api("GET", `/v1/invoices?limit=1&cursor=${first.next_cursor}`, {
      key,
    });
    expect([first.has_more, second.has_more]).toEqual([true, false]);
    expect(second.data[0].id).not.toBe(first.data[0].id);
  });
});

describe("the page", () => {
  const open = (id: string, key: string) =>
    exports.default.fetch(`http://gateway.test/v1/invoices/${id}/page`, {
      headers: { Authorization: `Bearer ${key}` },
    });

  it("says who is to pay what, and shows names as texts", async ({ expect }) => {
    const evil = `<script>alert(1)</script>"><img src=x onerror=alert(1)>`;
    const { live, invoice } = await billed(evil);
    const { body } = await api("GET", `/v1/invoices/${invoice}`, { key: live });
    const html = await (await open(invoice, live)).text();
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    expect(html).toContain(`<title>Invoice ${body.number}</title>`);
    expect(html).toContain("CNY 0.88");
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toMatch(/<script|<img|<iframe|<link|\sstyle=|\son\w+=(?!alert)/i);
    expect(html).not.toContain("Paid on");
    expect(html).not.toContain("Test mode");
    await paying(invoice);
    const paid = await (await open(invoice, live)).text();
    expect(paid).toContain("Paid on 2026-11-09 · FT26313 0815");
  });

  it("says that a test is one", async ({ expect }) => {
    const merchant = await newMerchant();
    const id = await invoiced({ merchantId: merchant.id, livemode: false });
    const html = await (await open(id, merchant.test)).text();
    expect(html).toContain("Test mode: nothing is to be paid");
  });

  it("may load and run nothing, and nobody may frame or keep it", async ({ expect }) => {
    const { live, invoice } = await billed();
    const response = await open(invoice, live);
    const html = await response.text();
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text]) => text ?? "");
    expect(styles).toHaveLength(1);
    const hash = toBase64(await sha256(styles[0] ?? ""));
    expect(response.headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; ` +
        "frame-ancestors 'none'",
    );
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
    expect((await open(invoice, "")).status).toBe(401);
  });
});
