/** The console in a real browser: a merchant finds a payment, gives half of it back and sees it. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";

import type { Merchant } from "../e2e/kit/client.ts";
import { startReceiver } from "../e2e/kit/receiver.ts";
import {
  axe,
  type BrowserKit,
  cspViolations,
  noBrowser,
  type OpenOptions,
  type Page,
  requests,
  scriptErrors,
  scrollsSideways,
  SECRETS,
  shoot,
  startBrowser,
} from "./kit.ts";

let kit: BrowserKit;
let merchant: Merchant;

/** Signs in as people do, and ends on the page that was asked for. */
async function signedIn(path: string, secret: string, options: OpenOptions = {}): Promise<Page> {
  const page = await kit.open(path, options);
  await page.getByLabel("API key or admin token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === new URL(path, kit.origin).pathname);
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
  return id;
}

/** Nothing serious for axe, nothing against the policy, nothing sideways, no error, no stranger. */
async function isSound(page: Page, expect: Chai.ExpectStatic | typeof import("vitest").expect) {
  expect(await axe(page)).toEqual([]);
  expect(cspViolations(page)).toEqual([]);
  expect(scriptErrors(page)).toEqual([]);
  expect(await scrollsSideways(page)).toBe(false);
  await requests(page);
}

describe.skipIf(noBrowser)("the console", () => {
  beforeAll(async () => {
    kit = await startBrowser();
    merchant = await kit.gateway.merchant("Lantern Tea House");
  });
  afterEach(() => kit.closePages());
  afterAll(() => kit.close());

  it("looks", async ({ expect }) => {
    const receiver = await startReceiver();
    await kit.gateway.client.call("POST", "/v1/webhook-endpoints", { key: merchant.keys.test, body: { url: receiver.url, enabled_events: ["*"] } });
    receiver.answerNext({ status: 500 });
    const paid = await aPaidPayment({ merchant_order_id: "ORDER-2026-1188" });
    const open = await aPayment({ channel: "alipay" });
    await kit.gateway.client.call("POST", "/v1/refunds", { key: merchant.keys.test, body: { payment_intent: paid, amount: { currency: "CNY", value: 3000 }, reason: "One cup broken" } });
    await new Promise((r) => setTimeout(r, 3000));
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 320]) {
        const page = await signedIn("/console", merchant.keys.test, { colorScheme, width });
        await shoot(page, `console-overview-${colorScheme}-${width}`);
        await page.goto(`${kit.origin}/console/payments`);
        await shoot(page, `console-payments-${colorScheme}-${width}`);
        await isSound(page, expect);
        await page.goto(`${kit.origin}/console/payments/${paid}`);
        await shoot(page, `console-payment-${colorScheme}-${width}`);
        await isSound(page, expect);
        await page.goto(`${kit.origin}/console/payments/${open}`);
        await shoot(page, `console-payment-open-${colorScheme}-${width}`);
        await isSound(page, expect);
      }
    }
    await receiver.close();
  });
});
