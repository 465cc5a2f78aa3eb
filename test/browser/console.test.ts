/** The console in a real browser: a merchant finds a payment, gives half of it back and sees it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { afterAll, beforeAll, describe, it } from "vitest";

import type { Merchant } from "../e2e/kit/client.ts";
import { type Receiver, startReceiver } from "../e2e/kit/receiver.ts";
import {
  browserOfFile,
  flawsOf,
  focusOn,
  noBrowser,
  type OpenOptions,
  type Page,
  SECRETS,
  shoot,
  until,
} from "./kit.ts";

const kit = browserOfFile();
let merchant: Merchant;
let receiver: Receiver;

/** Signs in as people do, and ends on the page that was asked for. */
async function signedIn(where: string, secret: string, options: OpenOptions = {}): Promise<Page> {
  const page = await kit.open(where, options);
  await page.getByLabel("API key or admin token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${kit.origin}${where}`);
  return page;
}

async function aPayment(fields: Record<string, unknown> = {}): Promise<string> {
  const { status, body, text } = await kit.gateway.client.create(merchant.keys.test, {
    amount: { currency: "CNY", value: 12_900 },
    channel: "wechat",
    description: "Tea set, two cups",
    ...fields,
  });
  if (status !== 201) throw new Error(text);
  return body.id;
}

async function aPaidPayment(fields: Record<string, unknown> = {}): Promise<string> {
  const id = await aPayment(fields);
  await kit.gateway.client.buyer(id, "pay");
  await until("the copy is written", async () => {
    const sql = "SELECT id FROM payment_intents WHERE id = ? AND status = 'succeeded'";
    return (await kit.gateway.inD1(sql, id)).length > 0 ? true : null;
  });
  return id;
}

/** Copies of a paid payment over the last day, so that lists and charts have something to show. */
async function plant(id: string, count: number): Promise<void> {
  const columns = await kit.gateway.inD1("SELECT name FROM pragma_table_info('payment_intents')");
  const names = columns.map((column) => String((column as { name: unknown }).name));
  const computed: Record<string, string> = {
    id: "'pi_' || printf('%026d', n)",
    created_at: "made",
    status: "outcome",
    channel: "slug",
    merchant_order_id: "'ORDER-' || (20000 + n)",
    channel_transaction_id: "NULL",
    value: "price",
    refunded: "0",
    fee: "iif(outcome = 'succeeded', (price + 100) / 200, 0)",
    call_ms: "120 + (n * 37) % 400",
    deadline: "NULL",
    snapshot: `json_set(snapshot, '$.id', 'pi_' || printf('%026d', n), '$.status', outcome,
      '$.amount.value', price, '$.channel', slug, '$.merchant_order_id', 'ORDER-' || (20000 + n),
      '$.description', json_extract('["Oolong, 250 g","Tea set, two cups","Jasmine pearls","Gift box"]', '$[' || (n % 4) || ']'),
      '$.created_at', strftime('%Y-%m-%dT%H:%M:%fZ', made / 1000.0, 'unixepoch'))`,
  };
  await kit.gateway.inD1(
    `WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < ${count}),
       facts AS (SELECT n,
         created_at - 120000 - ((n * n * 977) % 82800) * 1000 AS made,
         500 + (n * 7919) % 40000 AS price,
         iif(n % 17 = 3, 'failed', iif(n % 11 = 5, 'expired', 'succeeded')) AS outcome,
         iif(n % 3 = 0, 'alipay', 'wechat') AS slug,
         p.* FROM step, payment_intents p WHERE p.id = ?)
     INSERT INTO payment_intents (${names.join()})
     SELECT ${names.map((name) => computed[name] ?? name).join()} FROM facts`,
    id,
  );
}

it("htmx is the package's, byte for byte (else: node scripts/copy-assets.mjs)", ({ expect }) => {
  const packaged = createRequire(import.meta.url).resolve("htmx.org/dist/htmx.min.js");
  const ours = path.resolve(import.meta.dirname, "../../public/assets/htmx.min.js");
  expect(readFileSync(ours).equals(readFileSync(packaged))).toBe(true);
});

describe.skipIf(noBrowser)("the console", () => {
  beforeAll(async () => {
    receiver = await startReceiver();
    merchant = await kit.gateway.merchant("Lantern Tea House");
    await kit.gateway.client.call("POST", "/v1/webhook-endpoints", {
      key: merchant.keys.test,
      body: { url: receiver.url, enabled_events: ["*"] },
    });
  });
  afterAll(() => receiver.close());

  it("a merchant signs in, finds the payment, refunds half and sees it in the timeline", async ({
    expect,
  }) => {
    const id = await aPaidPayment({ merchant_order_id: "ORDER-2026-1188" });
    await aPaidPayment({ merchant_order_id: "OTHER-1" });
    const page = await signedIn("/console/payments", merchant.keys.test);
    await page.getByLabel("Search").pressSequentially("ORDER-2026");
    // The list follows the typing; the place in the page is kept, and the address can be shared.
    await page.waitForURL(/q=ORDER-2026/);
    await until("one is left", async () =>
      (await page.locator("#results tbody tr").count()) === 1 ? true : null,
    );
    expect(await page.locator("#count").textContent()).toBe("1 payment");
    expect(await page.evaluate<string>("document.activeElement.name")).toBe("q");
    await page.getByRole("link", { name: id }).click();
    await page.waitForURL(`${kit.origin}/console/payments/${id}`);

    const amount = page.getByLabel("Amount in CNY");
    await amount.fill("64.50");
    await page.getByLabel("Reason").fill("One cup was broken");
    await page.getByRole("button", { name: "Refund" }).dblclick();
    await page.waitForURL(/done=refunded/);
    expect(await page.getByRole("status").first().textContent()).toBe("The refund is made.");
    await page.getByText("Refund of CNY 64.50 succeeded").waitFor();
    expect(await page.locator("#refund-list li").count()).toBe(1);
    expect(await amount.inputValue()).toBe("");
    await page.getByText("64.50 is all that is left.").waitFor();

    // What was said to the channel is there, and no key or signature with it.
    await page.getByText("Request and reply").first().click();
    const exchange = page.locator(".exchange").first();
    await exchange.waitFor();
    expect(await exchange.textContent()).toContain("/v3/pay/transactions/native");
    await page.getByText("Webhook delivered").first().waitFor();
    expect(await page.locator("#timeline").textContent()).toContain("One cup was broken");
    expect(await flawsOf(page)).toEqual([]);
    await shoot(page, "console-payment");
  });

  it("a payment's page turns by itself, and what is open stays open", async ({ expect }) => {
    const id = await aPayment();
    const page = await signedIn(`/console/payments/${id}`, merchant.keys.test);
    const disclosure = page.locator("#timeline details").first();
    await disclosure.locator("summary").click();
    await shoot(page, "console-payment-open");
    expect(await flawsOf(page)).toEqual([]);
    await page.evaluate("window.sameDocument = true");
    await kit.gateway.client.buyer(id, "pay");
    await page.locator("#state").getByText("succeeded").waitFor();
    await page.locator("#timeline").getByText("Callback from WeChat Pay").waitFor();
    expect(await disclosure.getAttribute("open")).not.toBeNull();
    expect(await page.evaluate("window.sameDocument")).toBe(true);
    // Nothing is left to wait for: nobody asks any more.
    await until("it is no longer refreshed", async () =>
      (await page.locator("[hx-trigger^=every]").count()) === 0 ? true : null,
    );
  });

  it("works by keyboard alone", async ({ expect }) => {
    const id = await aPaidPayment({ merchant_order_id: "KEYS-1" });
    const page = await kit.open(`/console/payments?q=KEYS-1`);
    const press = async (...keys: string[]) => {
      // oxlint-disable-next-line no-await-in-loop -- one key after another
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () =>
      page.evaluate<string>(
        "document.activeElement.innerText || document.activeElement.name || document.activeElement.id",
      );
    /** Tabs on until the focus is there; every stop on the way must be visible. */
    const tabTo = async (text: string) => {
      for (let stops = 0; stops < 40; stops += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one key after another
        await press("Tab");
        // oxlint-disable-next-line no-await-in-loop -- one key after another
        if ((await focused()).includes(text)) return;
      }
      throw new Error(`the focus never came to ${text}`);
    };
    expect(await focused()).toBe("secret");
    await page.keyboard.type(merchant.keys.test);
    await press("Enter");
    await page.waitForURL(/console\/payments\?q=KEYS-1/);
    await press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await press("Enter");
    await focusOn(page, "main");
    await press("Tab");
    expect(await focused()).toBe("q");
    await tabTo(id);
    await press("Enter");
    await page.waitForURL(`${kit.origin}/console/payments/${id}`);
    await tabTo("amount");
    await press("Control+a");
    await page.keyboard.type("1");
    await press("Tab");
    await page.keyboard.type("By keyboard");
    await press("Enter");
    await page.waitForURL(/done=refunded/);
    await page.getByText("Refund of CNY 1.00 succeeded").waitFor();
    // A mistake takes the focus to what is wrong.
    await tabTo("amount");
    await press("Control+a");
    await page.keyboard.type("12,5");
    await press("Enter");
    await focusOn(page, "[role=alert]");
    expect(await focused()).toContain("This amount cannot be refunded");
    await tabTo("amount: must be a number like 12.50");
    await press("Enter");
    await focusOn(page, "[name=amount]");
    expect(await flawsOf(page)).toEqual([]);
    await page.evaluate("scrollTo(0, 0)");
    await shoot(page, "console-refused");
  });

  it("works without JavaScript", async ({ expect }) => {
    const id = await aPaidPayment({ merchant_order_id: "NOSCRIPT-1" });
    const page = await signedIn("/console/payments", merchant.keys.test, { javaScript: false });
    await page.getByLabel("Search").fill("NOSCRIPT-1");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/q=NOSCRIPT-1/);
    expect(await page.locator("#results tbody tr").count()).toBe(1);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export as CSV" }).click();
    const file = readFileSync(await (await download).path(), "utf8");
    expect(file).toContain(id);
    await page.getByRole("link", { name: id }).click();
    await page.getByLabel("Amount in CNY").fill("2.00");
    await page.getByRole("button", { name: "Refund" }).click();
    await page.waitForURL(/done=refunded/);
    expect(await page.locator("#timeline").textContent()).toContain("Refund of CNY 2.00");
    expect(await page.getByRole("button", { name: "Copy" }).count()).toBe(0);
    const open = await aPayment();
    await page.goto(`${kit.origin}/console/payments/${open}`);
    await page.getByText("Cancel this payment").click();
    await page.getByRole("button", { name: "Cancel the payment" }).click();
    await page.waitForURL(/done=cancelled/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out.").waitFor();
  });

  it("an export says how far it is, and that it is whole", async ({ expect }) => {
    await aPaidPayment();
    const page = await signedIn("/console/payments?status=succeeded", merchant.keys.test);
    const started = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export as CSV" }).click();
    const file = readFileSync(await (await started).path(), "utf8");
    const rows = /# (\d+) rows\s*$/.exec(file)?.[1];
    expect(Number(rows)).toBeGreaterThan(0);
    await page.getByText(`Exported ${rows} payments`).waitFor();
    expect(await flawsOf(page)).toEqual([]);
  });

  it("every page is sound, in light and wide and in dark and narrow", async ({ expect }) => {
    const id = await aPaidPayment({ merchant_order_id: "SOUND-1" });
    const refund = await kit.gateway.client.call("POST", "/v1/refunds", {
      key: merchant.keys.test,
      body: { payment_intent: id, amount: { currency: "CNY", value: 900 }, reason: "x".repeat(80) },
    });
    expect(refund.status, refund.text).toBe(201);
    await plant(id, 300);
    const pages = [
      ["overview", "/console"],
      ["week", "/console?hours=168"],
      ["payments", "/console/payments"],
      ["nothing-found", "/console/payments?q=nothing-like-it"],
      ["refunds", "/console/refunds"],
      ["payment-refunded", `/console/payments/${id}`],
      ["not-found", "/console/nothing"],
    ] as const;
    const looks = [
      { width: 1280, colorScheme: "light", suffix: "" },
      { width: 320, colorScheme: "dark", suffix: "-phone" },
    ] as const;
    for (const { suffix, ...look } of looks) {
      // oxlint-disable no-await-in-loop -- one page after another
      const door = await kit.open("/console/sign-in", look);
      await door.getByLabel("API key or admin token").fill("nonsense");
      await door.getByRole("button", { name: "Sign in" }).click();
      await door.getByRole("alert").waitFor();
      expect(await flawsOf(door)).toEqual([]);
      await shoot(door, `console-sign-in${suffix}`);
      const page = await signedIn("/console", merchant.keys.test, look);
      for (const [name, where] of pages) {
        await page.goto(`${kit.origin}${where}`);
        expect([name, ...(await flawsOf(page))]).toEqual([name]);
        await shoot(page, `console-${name}${suffix}`);
      }
      const operator = await signedIn("/console", SECRETS.ADMIN_TOKEN, look);
      expect(await flawsOf(operator)).toEqual([]);
      await shoot(operator, `console-operator${suffix}`);
      // oxlint-enable no-await-in-loop
    }
    const dark = await signedIn("/console", merchant.keys.test, { colorScheme: "dark" });
    await shoot(dark, "console-overview-dark");
  }, 180_000);
});
