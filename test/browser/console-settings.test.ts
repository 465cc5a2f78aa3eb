/** Settings and operators' pages in a real browser: every page is sound, and people get things done. */
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
  requests,
  SECRETS,
  shoot,
  until,
} from "./kit.ts";

const kit = browserOfFile();
let merchant: Merchant;
let receiver: Receiver;
/** Ids of what the pages are about. */
let made: Readonly<Record<"account" | "endpoint" | "service" | "event" | "payment", string>>;

/** Signs in as people do, and ends on the page that was asked for. */
async function signedIn(path: string, secret: string, options: OpenOptions = {}): Promise<Page> {
  const page = await kit.open(path, options);
  await page.getByLabel("API key or admin token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === new URL(path, kit.origin).pathname);
  return page;
}

const asMerchant = <T = { id: string }>(method: string, path: string, body?: unknown) =>
  kit.gateway.client.call<T>(method, path, {
    key: merchant.keys.test,
    ...(body === undefined ? {} : { body }),
  });

const SERVICE = {
  name: "Summaries of long texts",
  description: "Sums up a text of up to 100 pages, in nine languages.",
  provider: { display_name: "Lantern Tea House" },
  payment_methods: { one_time: true },
  pricing: {
    one_time: [
      { id: "per-text", label: "One text", amount: { currency: "CNY", value: 699 } },
      { id: "tip", label: "As you like", max: { currency: "CNY", value: 10_000 } },
    ],
  },
  accepted_channels: ["wechat", "alipay"],
  settlement_currency: "CNY",
  endpoint: "https://api.lantern.example/summary",
  tags: ["text", "summary"],
  version: "1.0.0",
};

/** A day of orders, so that lines have something to draw. */
async function seedHealth(): Promise<void> {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const rows = Array.from({ length: 24 }, (_, ago) => {
    const orders = 20 + Math.round(15 * Math.sin(ago / 3)) + (ago % 5);
    return [
      [1, "wechat", hour - ago * 3_600_000, orders, 1, 0, orders * (180 + 9 * ago), 900],
      [1, "alipay", hour - ago * 3_600_000, orders + 4, 0, ago < 2 ? 6 : 0, orders * 310, 4_100],
    ] as const;
  }).flat();
  for (const row of rows) {
    // oxlint-disable-next-line no-await-in-loop -- a local database
    await kit.gateway.inD1("INSERT INTO channel_hours VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ...row);
  }
}

/** How often an event of this type has come to the receiver; null: not yet. */
const arrived = (type: string, times = 1): number | null => {
  const count = receiver.deliveries.filter((delivery) => delivery.type === type).length;
  return count >= times ? count : null;
};

async function seed(): Promise<typeof made> {
  const endpoint = await asMerchant("POST", "/v1/webhook-endpoints", {
    url: receiver.url,
    enabled_events: ["*"],
    description: "The shop's till",
  });
  receiver.answerNext({ status: 500 });
  const payment = await asMerchant("POST", "/v1/payment-intents", {
    amount: { currency: "CNY", value: 12_900 },
    channel: "wechat",
  });
  await kit.gateway.client.buyer(payment.body.id, "pay");
  const service = await asMerchant("POST", "/v1/services", SERVICE);
  await asMerchant("PATCH", `/v1/services/${service.body.id}/activate`, {});
  const account = await asMerchant("POST", "/v1/channel-accounts", {
    channel: "fps",
    display_name: "Lantern in Kowloon",
    credentials: {
      fps_id: "7654321",
      bank: { profile: "generic_hmac", secret: "a-long-enough-secret-of-the-bank" },
    },
  });
  await until("the webhooks have come", () => arrived("payment_intent.succeeded"));
  const events = await asMerchant<{ data: { id: string }[] }>("GET", "/v1/events");
  await seedHealth();
  return {
    endpoint: endpoint.body.id,
    payment: payment.body.id,
    service: service.body.id,
    account: account.body.id,
    event: events.body.data[0]?.id ?? "",
  };
}

/** Those that are also shown narrow and dark. */
const AT_NIGHT = new Set(["endpoint", "account-new", "audit", "health", "service"]);

/** Address of each page, and the name of its picture when it has one. */
const ofMerchants = (): readonly (readonly [string, string | null])[] => [
  ["/accounts", "accounts"],
  ["/accounts/new", "account-channels"],
  ["/accounts/new?channel=wechat&mode=direct", "account-new"],
  ["/accounts/new?channel=promptpay", null],
  [`/accounts/${made.account}`, "account"],
  [`/accounts/${made.account}/credentials?profile=generic_hmac`, null],
  [`/accounts/${made.account}/disable`, null],
  ["/endpoints", null],
  ["/endpoints/new", null],
  [`/endpoints/${made.endpoint}`, "endpoint"],
  [`/endpoints/${made.endpoint}/rotate`, "endpoint-secret"],
  ["/keys", "keys"],
  ["/keys/new", "key-new"],
  ["/services", "services"],
  ["/services/new", "service-new"],
  ["/services/new?as=json", null],
  [`/services/${made.service}`, "service"],
  [`/services/${made.service}/edit`, null],
  ["/events", "events"],
  [`/events/${made.event}`, null],
  ["/exceptions", null],
  ["/audit", "audit"],
  ["/pricing", "pricing"],
  ["/profile", "profile"],
];

const ofOperators = (): readonly (readonly [string, string | null])[] => [
  ["/merchants", "merchants"],
  ["/merchants/new", null],
  [`/merchants/${merchant.id}`, "merchant"],
  [`/merchants/${merchant.id}/suspend`, "merchant-suspend"],
  ["/fee-plans", null],
  ["/fee-plans/new", "fee-plan"],
  ["/health", "health"],
  ["/dead-letters", null],
  ["/sweeper", "sweeper"],
  ["/republish", null],
  ["/audit", null],
];

describe.skipIf(noBrowser)("settings", () => {
  beforeAll(async () => {
    receiver = await startReceiver();
    merchant = await kit.gateway.merchant("Lantern Tea House");
    made = await seed();
  });
  afterAll(() => receiver.close());

  it.for([
    { who: "merchants", pages: ofMerchants, secret: () => merchant.keys.test },
    { who: "operators", pages: ofOperators, secret: () => SECRETS.ADMIN_TOKEN },
  ])(
    "every page of $who is sound, wide and light, narrow and dark",
    { timeout: 240_000 },
    async ({ pages, secret }, { expect }) => {
      const page = await signedIn("/console", secret());
      for (const [path, picture] of pages()) {
        // oxlint-disable no-await-in-loop -- one page, one look after the other
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.emulateMedia({ colorScheme: "light" });
        await page.goto(`${kit.origin}/console${path}`);
        expect([path, await flawsOf(page)]).toEqual([path, []]);
        if (picture !== null) await shoot(page, `console-${picture}`);
        await page.setViewportSize({ width: 320, height: 640 });
        await page.emulateMedia({ colorScheme: "dark" });
        expect([path, "dark", await flawsOf(page)]).toEqual([path, "dark", []]);
        if (AT_NIGHT.has(picture ?? "")) await shoot(page, `console-${picture}-phone-dark`);
        // oxlint-enable no-await-in-loop
      }
    },
  );

  it("a merchant replays what an endpoint missed, and sees it come", async ({ expect }) => {
    const before = arrived("payment_intent.succeeded") ?? 0;
    const page = await signedIn(`/console/endpoints/${made.endpoint}`, merchant.keys.test);
    await page.getByLabel("From (UTC)").fill("2026-01-01T00:00");
    await page.getByText("Only some types").click();
    const replay = page.getByRole("form", { name: "Replay" });
    await replay.getByLabel("payment_intent.succeeded").check();
    await replay.getByRole("button", { name: "Replay" }).click();
    await page.waitForURL(/\/console\/jobs\/job_/);
    // The page turns by itself: nobody reloads it.
    const asked = (await requests(page)).filter(({ type }) => type === "document").length;
    await page
      .getByText("Done: what the endpoint takes of them is on its way.")
      .waitFor({ timeout: 20_000 });
    const again = (await requests(page)).filter(({ type }) => type === "document").length;
    expect(again).toBe(asked);
    expect(await flawsOf(page)).toEqual([]);
    await shoot(page, "console-replay");
    await until("it came again", () => arrived("payment_intent.succeeded", before + 1));
    expect(arrived("payment_intent.created")).toBe(2);
    await page.getByRole("link", { name: "See the deliveries" }).click();
    await page.getByRole("heading", { name: "Earlier replays" }).waitFor();
  });

  it("replays without JavaScript too: the page loads itself again", async ({ expect }) => {
    const page = await signedIn(`/console/endpoints/${made.endpoint}`, merchant.keys.test, {
      javaScript: false,
    });
    await page.getByLabel("From (UTC)").fill("2026-01-01T00:00");
    await page.getByRole("button", { name: "Replay" }).click();
    await page.waitForURL(/\/console\/jobs\/job_/);
    await page.getByText("Done: what the endpoint takes").waitFor({ timeout: 20_000 });
    expect(await page.getByRole("progressbar").getAttribute("value")).toMatch(/^[1-9]\d*$/);
  });

  it("a key is made by keyboard alone, and shown once", async ({ expect }) => {
    const page = await signedIn("/console/keys/new", merchant.keys.test);
    const press = async (...keys: string[]) => {
      // oxlint-disable-next-line no-await-in-loop -- a hand presses one key after the other
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () => page.evaluate<string>("document.activeElement.name ?? ''");
    await press("Tab");
    await press("Enter");
    await focusOn(page, "main");
    for (let tries = 0; (await focused()) !== "label"; tries += 1) {
      if (tries > 10) throw new Error("the first field is far from the content's beginning");
      // oxlint-disable-next-line no-await-in-loop
      await press("Tab");
    }
    await page.keyboard.type("Night shift");
    // Nothing is chosen yet: the page comes back, says so, and its link leads to the field.
    await press("Enter");
    await page.getByRole("alert").waitFor();
    expect(await page.getByLabel("Label").inputValue()).toBe("Night shift");
    await page.getByRole("link", { name: /^scopes/ }).focus();
    await press("Enter");
    await page.waitForURL(/#/);
    const value = () => page.evaluate<string>("document.activeElement.value ?? ''");
    for (let tries = 0; (await value()) !== "payments:read"; tries += 1) {
      if (tries > 10) throw new Error("the link does not lead to the scopes");
      // oxlint-disable-next-line no-await-in-loop
      await press("Tab");
    }
    await press("Space");
    expect(await page.getByLabel(/payments:read/).isChecked()).toBe(true);
    await page.getByRole("button", { name: "Create the key" }).focus();
    await press("Enter");
    const shown = page.getByRole("region", { name: "The new key" });
    await shown.waitFor();
    const key = (await shown.locator("code").textContent()) ?? "";
    expect(key).toMatch(/^sk_test_/);
    expect(await flawsOf(page)).toEqual([]);
    await page.reload();
    await page.getByText("This form was sent before").waitFor();
    expect(await page.content()).not.toContain(key);
  });

  it("a service is registered, checked and activated", async ({ expect }) => {
    const page = await signedIn("/console/services/new", merchant.keys.test);
    await page.getByLabel("Name", { exact: true }).fill("Tea by the cup");
    await page.getByLabel("Description").fill("A cup of tea.");
    await page.getByLabel("Offered by").fill("Lantern");
    const price = page.getByRole("group", { name: "Price 1" });
    await price.getByLabel("Id").fill("cup");
    await price.getByLabel("Currency").selectOption("CNY");
    await price.getByLabel("Fixed price").fill("6.999");
    await page.getByLabel("WeChat Pay (CNY)").check();
    await page.getByLabel("Settled in").selectOption("CNY");
    await page.getByLabel("Endpoint").fill("https://tea.example/cup");
    await page.getByRole("button", { name: "Save as a draft" }).click();
    await page.getByRole("alert").getByRole("link").click();
    expect(await page.evaluate("document.activeElement.name")).toBe("pricing.one_time.0.amount");
    expect(await flawsOf(page)).toEqual([]);
    await page.evaluate("scrollTo(0, 0)");
    await shoot(page, "console-service-refused");
    await page.getByLabel("Fixed price").first().fill("6.99");
    await page.getByRole("button", { name: "Save as a draft" }).click();
    await page.getByText("The service is a draft.").waitFor();
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByRole("heading", { name: "The service can be active" }).waitFor();
    await page.getByRole("button", { name: "Activate" }).click();
    await page.getByText("The service is active").waitFor();
    await page.getByRole("cell", { name: "CNY 6.99" }).waitFor();
  });

  it("an operator makes a merchant, and suspends it after a question", async ({ expect }) => {
    const page = await signedIn("/console/merchants/new", SECRETS.ADMIN_TOKEN);
    await page.getByLabel("Name").fill("Passing <em>trade</em>");
    await page.getByRole("button", { name: "Create the merchant" }).click();
    const key = await page.getByRole("region", { name: "Test key" }).locator("code").textContent();
    const call = () =>
      kit.gateway.client
        .call("GET", "/v1/merchant", { key: key ?? "" })
        .then(({ status }) => status);
    expect(await call()).toBe(200);
    await page.getByRole("link", { name: "Open the merchant" }).click();
    await page.getByRole("heading", { name: "Passing <em>trade</em>" }).waitFor();
    await page.getByRole("link", { name: "Suspend" }).click();
    expect(await call()).toBe(200);
    await page.getByRole("button", { name: "Suspend" }).click();
    await page.getByText("The merchant is suspended").waitFor();
    expect(await call()).toBe(403);
  });
});
