/** Settings and operators' pages in a real browser. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";

import type { Merchant } from "../e2e/kit/client.ts";
import { type Receiver, startReceiver } from "../e2e/kit/receiver.ts";
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
let receiver: Receiver;

/** Signs in as people do, and ends on the page that was asked for. */
async function signedIn(path: string, secret: string, options: OpenOptions = {}): Promise<Page> {
  const page = await kit.open(path, options);
  await page.getByLabel("API key or admin token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === new URL(path, kit.origin).pathname);
  return page;
}

const asMerchant = <T>(method: string, path: string, body?: unknown) =>
  kit.gateway.client.call<T>(method, path, {
    key: merchant.keys.test,
    ...(body === undefined ? {} : { body }),
  });

describe.skipIf(noBrowser)("settings", () => {
  beforeAll(async () => {
    kit = await startBrowser();
    merchant = await kit.gateway.merchant("Lantern Tea House");
    receiver = await startReceiver();
  });
  afterEach(() => kit.closePages());
  afterAll(async () => {
    await receiver?.close();
    await kit?.close();
  });

  it("looks", async ({ expect }) => {
    const hook = await asMerchant<{ id: string }>("POST", "/v1/webhook-endpoints", {
      url: receiver.url,
      enabled_events: ["*"],
      description: "Till",
    });
    receiver.answerNext({ status: 500 });
    const paid = await asMerchant<{ id: string }>("POST", "/v1/payment-intents", {
      amount: { currency: "CNY", value: 12_900 },
      channel: "wechat",
    });
    await kit.gateway.client.buyer(paid.body.id, "pay");
    const accounts = await asMerchant<{ data: { id: string; channel: string }[] }>("GET", "/v1/channel-accounts");
    const service = await asMerchant<{ id: string }>("POST", "/v1/services", {
      name: "AI summary",
      description: "Sums up a text of up to 100 pages.\nIn nine languages.",
      provider: { display_name: "Lantern Tea House" },
      payment_methods: { one_time: true },
      pricing: { one_time: [{ id: "per-call", label: "One text", amount: { currency: "CNY", value: 699 } }] },
      accepted_channels: ["wechat", "alipay"],
      settlement_currency: "CNY",
      endpoint: "https://api.lantern.example/summary",
      tags: ["text", "summary"],
      version: "1.0.0",
    });
    await asMerchant("PATCH", `/v1/services/${service.body.id}/activate`, {});
    await new Promise((r) => setTimeout(r, 2000));
    const paths = [
      "/accounts",
      "/accounts/new",
      "/accounts/new?channel=wechat&mode=direct",
      "/accounts/new?channel=promptpay",
      `/accounts/${accounts.body.data[0]?.id}`,
      "/endpoints",
      "/endpoints/new",
      `/endpoints/${hook.body.id}`,
      `/endpoints/${hook.body.id}/rotate`,
      "/keys",
      "/keys/new",
      "/services",
      "/services/new",
      `/services/${service.body.id}`,
      "/events",
      "/exceptions",
      "/audit",
      "/pricing",
      "/profile",
    ];
    const operators = ["/merchants", `/merchants/${merchant.id}`, "/fee-plans", "/fee-plans/new", "/health?livemode=false", "/dead-letters", "/sweeper", "/republish", "/audit"];
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 320]) {
        for (const [who, all, secret] of [["m", paths, merchant.keys.test], ["o", operators, SECRETS.ADMIN_TOKEN]] as const) {
          const page = await signedIn(`/console${all[0]}`, secret, { colorScheme, width });
          for (const path of all) {
            await page.goto(`${kit.origin}/console${path}`);
            await shoot(page, `x-${who}${path.replaceAll(/[^a-z]+/g, "-").slice(0, 40)}-${colorScheme}-${width}`);
            const found = [path, await axe(page), cspViolations(page), scriptErrors(page), await scrollsSideways(page)];
            if (JSON.stringify(found) !== JSON.stringify([path, [], [], [], false])) console.log(colorScheme, width, JSON.stringify(found, null, 1));
            await requests(page);
          }
        }
      }
    }
  });
});
