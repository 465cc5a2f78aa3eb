/** The pages of the books in a real browser: each is sound, and people get their day done. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, it } from "vitest";

import { entryOf } from "../../src/settlement/ledger.ts";
import type { Merchant } from "../e2e/kit/client.ts";
import {
  browserOfFile,
  cspViolations,
  flawsOf,
  noBrowser,
  type OpenOptions,
  type Page,
  requests,
  SECRETS,
  shoot,
  until,
} from "./kit.ts";

const DAY_MS = 86_400_000;

const kit = browserOfFile();
let merchant: Merchant;
let folder: string;
/** Ids of what the pages are about. */
let made: Readonly<Record<"account" | "run" | "exception" | "settlement" | "invoice", string>>;

/** The channel's today. */
const today = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);

/** The month before this one, by China's clock. */
const lastMonth = (): string => {
  const [year = 0, month = 1] = today().split("-").map(Number);
  return new Date(Date.UTC(year, month - 2, 1)).toISOString().slice(0, 7);
};

/** Signs in as people do, and ends on the page that was asked for. */
async function signedIn(address: string, secret: string, options: OpenOptions = {}): Promise<Page> {
  const page = await kit.open(address, options);
  await page.getByLabel("API key or admin token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === new URL(address, kit.origin).pathname);
  return page;
}

const call = <T>(method: string, address: string, key: string, body?: unknown) =>
  kit.gateway.client.call<T>(method, address, { key, ...(body === undefined ? {} : { body }) });

const asMerchant = <T = { id: string }>(method: string, address: string, body?: unknown) =>
  call<T>(method, address, merchant.keys.test, body);

interface Run {
  readonly id: string;
  readonly state: string;
}

const compared = (id: string) =>
  until("the run has ended", async () => {
    const { body } = await asMerchant<Run>("GET", `/v1/reconciliation/runs/${id}`);
    return body.state === "completed" || body.state === "failed" ? body.state : null;
  });

/** Entries of earlier days, so that reports and balances have something to show. */
async function seedLedger(channelAccount: string): Promise<void> {
  const owner = { merchantId: merchant.id, livemode: false, channelAccount, currency: "CNY" };
  const month = Date.parse(`${lastMonth()}-12T04:00:00Z`);
  const days = Array.from({ length: 6 }, (_, ago) => Date.now() - (ago + 1) * DAY_MS);
  const entries = [...days, month].flatMap((at, index) => {
    const value = 180_000 + 40_000 * Math.round(3 * Math.sin(index));
    const cause = `pi_seed${String(index).padStart(22, "0")}`;
    const postings = [
      { kind: "gross", value, cause },
      { kind: "fee", value: Math.round(value * 0.005), cause },
      { kind: "channel_fee", value: Math.round(value * 0.006), cause: `st_seed${index}` },
      { kind: "refund", value: 4_000 * (index + 1), cause: `re_seed${index}` },
    ] as const;
    return postings.map((posting) => entryOf({ ...owner, ...posting, at }, at));
  });
  for (const entry of entries) {
    // oxlint-disable-next-line no-await-in-loop -- a local database
    await kit.gateway.inD1(
      "INSERT INTO ledger_entries VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
      entry.id,
      entry.merchant_id,
      entry.at,
      entry.currency,
      entry.value,
      entry.kind,
      entry.debit,
      entry.credit,
      entry.cause,
      entry.recorded_at,
    );
  }
}

/** A payment of today that the buyer has paid. */
async function sell(value: number): Promise<{ id: string; channel_account: string }> {
  const { body } = await asMerchant<{ id: string; channel_account: string }>(
    "POST",
    "/v1/payment-intents",
    { amount: { currency: "CNY", value }, channel: "wechat", description: "Tea" },
  );
  await kit.gateway.client.buyer(body.id, "pay");
  return body;
}

const recordsOf = (sales: readonly (readonly [string, number])[]): string =>
  ["payment_intent,currency,amount", ...sales.map(([id, value]) => `${id},CNY,${value}`), ""].join(
    "\r\n",
  );

/** A day of three payments, one of which the merchant has with another amount. */
async function seed(): Promise<typeof made> {
  const [first, second, third] = [await sell(12_900), await sell(4_500), await sell(699)];
  await asMerchant("POST", "/v1/refunds", {
    payment_intent: first.id,
    amount: { currency: "CNY", value: 2_000 },
  });
  const account = first.channel_account;
  await until("the books have them", async () => {
    const { body } = await asMerchant<{ data: unknown[] }>("GET", "/v1/ledger-entries");
    return body.data.length >= 7 ? true : null;
  });
  const sales = [
    [first.id, 12_900],
    [second.id, 5_400],
    [third.id, 699],
  ] as const;
  await writeFile(path.join(folder, "own-records.csv"), recordsOf(sales));
  const query = `channel_account=${account}&date=${today()}&file_name=own-records.csv`;
  const sent = await fetch(`${kit.origin}/v1/reconciliation/merchant-records?${query}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${merchant.keys.test}`, "Content-Type": "text/csv" },
    body: recordsOf(sales),
  });
  const { run } = (await sent.json()) as { run: Run };
  await compared(run.id);
  await seedLedger(account);
  const found = await asMerchant<{ data: { id: string; kind: string }[] }>(
    "GET",
    `/v1/reconciliation/exceptions?run=${run.id}&kind=amount_mismatch`,
  );
  const settlements = await asMerchant<{ data: { id: string }[] }>("GET", "/v1/settlements");
  await call("POST", "/v1/admin/invoices", SECRETS.ADMIN_TOKEN, {
    month: lastMonth(),
    merchant_id: merchant.id,
  });
  const invoices = await asMerchant<{ data: { id: string }[] }>("GET", "/v1/invoices");
  for (const [quote, rate] of [
    ["USD", "0.1384"],
    ["HKD", "1.0812"],
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await call("PUT", "/v1/admin/fx-rates", SECRETS.ADMIN_TOKEN, {
      base: "CNY",
      quote,
      rate,
      source: "PBOC central parity",
    });
  }
  const [exception, settlement, invoice] = [found, settlements, invoices].map(
    ({ body }) => body.data[0]?.id ?? "",
  );
  return {
    account,
    run: run.id,
    exception: exception ?? "",
    settlement: settlement ?? "",
    invoice: invoice ?? "",
  };
}

/** Those that are also shown narrow and dark. */
const AT_NIGHT = new Set(["run", "exception", "reports", "settlements", "payout-new"]);

/** Address of each page, and the name of its picture when it has one. */
const ofMerchants = (): readonly (readonly [string, string | null])[] => [
  ["/reconciliation", "reconciliation"],
  ["/reconciliation/new", "compare"],
  [`/reconciliation/runs/${made.run}`, "run"],
  ["/reconciliation/statements", "statements"],
  ["/reconciliation/upload", "upload"],
  ["/exceptions", "exceptions"],
  [`/exceptions/${made.exception}`, "exception"],
  [`/exceptions/${made.exception}/ask_channel`, null],
  [`/exceptions/${made.exception}/refund`, null],
  [`/exceptions/${made.exception}/adjust`, "exception-adjust"],
  ["/ledger", "ledger"],
  ["/ledger/entries", "ledger-entries"],
  ["/settlements", "settlements"],
  [`/settlements/${made.settlement}`, "settlement"],
  ["/settlements/payouts", null],
  [
    `/settlements/payouts/new?channel_account=${made.account}&settlement=${made.settlement}`,
    "payout-new",
  ],
  ["/settlements/payouts/new", null],
  ["/settlements/shares", null],
  ["/settlements/invoices", null],
  [`/settlements/invoices/${made.invoice}`, "invoice"],
  ["/reports", "reports"],
  [`/reports?month=${lastMonth()}`, null],
  [`/accounts/${made.account}`, null],
  [`/accounts/${made.account}/statement-profile`, "statement-profile"],
];

const ofOperators = (): readonly (readonly [string, string | null])[] => [
  ["/fx-rates", "fx-rates"],
  ["/fx-rates/new", null],
  ["/invoices", "operator-invoices"],
  ["/invoices/new", null],
  [`/invoices/${made.invoice}/pay?merchant_id=${merchant.id}&month=${lastMonth()}`, null],
  ["/receivers", null],
  [`/receivers?channel_account=${made.account}`, "receivers"],
];

describe.skipIf(noBrowser)("the books", () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "books-"));
    merchant = await kit.gateway.merchant("Lantern Tea House");
    made = await seed();
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.for([
    { who: "merchants", pages: ofMerchants, secret: () => merchant.keys.test },
    { who: "operators", pages: ofOperators, secret: () => SECRETS.ADMIN_TOKEN },
  ])(
    "every page of $who is sound, wide and light, narrow and dark",
    { timeout: 240_000 },
    async ({ pages, secret }, { expect }) => {
      const page = await signedIn("/console", secret());
      for (const [address, picture] of pages()) {
        // oxlint-disable no-await-in-loop -- one page, one look after the other
        await page.setViewportSize({ width: 1280, height: 800 });
        await page.emulateMedia({ colorScheme: "light" });
        const reply = await page.goto(`${kit.origin}/console${address}`);
        expect([address, reply?.status()]).toEqual([address, 200]);
        expect([address, await flawsOf(page)]).toEqual([address, []]);
        if (picture !== null) await shoot(page, `console-${picture}`);
        await page.setViewportSize({ width: 320, height: 640 });
        await page.emulateMedia({ colorScheme: "dark" });
        expect([address, "dark", await flawsOf(page)]).toEqual([address, "dark", []]);
        if (AT_NIGHT.has(picture ?? "")) await shoot(page, `console-${picture}-phone-dark`);
        // oxlint-enable no-await-in-loop
      }
    },
  );

  it("a file is uploaded, and its run turns by itself until it says what is wrong", async ({
    expect,
  }) => {
    const page = await signedIn("/console/reconciliation/upload", merchant.keys.test);
    const file = path.join(folder, "spoiled.csv");
    await writeFile(file, "payment_intent,currency,amount\r\npi_1,CNY,many\r\n");
    await page.getByLabel("Day of the file").fill(today());
    // No account is chosen by itself.
    expect(await page.getByLabel("Account").inputValue()).toBe("");
    await page.getByLabel("Account").selectOption(made.account);
    await page.getByLabel("Whose it is").selectOption("merchant");
    // A day that cannot be: said in the page, and the chosen file stays chosen.
    await page.getByLabel("Day of the file").fill("2090-01-01");
    await page.getByLabel("File", { exact: true }).setInputFiles(file);
    await page.getByRole("button", { name: "Upload and compare" }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("problem");
    expect(await flawsOf(page)).toEqual([]);
    await page.getByLabel("Day of the file").fill(today());
    await page.getByRole("button", { name: "Upload and compare" }).click();
    await page.waitForURL(/\/console\/reconciliation\/runs\/rr_/);
    await page.getByText("spoiled.csv · line 2").waitFor({ timeout: 30_000 });
    expect(await flawsOf(page)).toEqual([]);
    await shoot(page, "console-run-failed");
    // The body was the file, and nothing else.
    const sent = (await requests(page)).filter(({ method }) => method === "POST");
    expect(sent.at(-1)?.url).toContain("file_name=spoiled.csv");
  });

  it("without JavaScript a file goes the form's own way", async ({ expect }) => {
    const page = await signedIn("/console/reconciliation/upload", merchant.keys.test, {
      javaScript: false,
    });
    await page.getByLabel("Day of the file").fill(today());
    await page.getByLabel("Account").selectOption(made.account);
    await page.getByLabel("Whose it is").selectOption("merchant");
    await page
      .getByLabel("File", { exact: true })
      .setInputFiles(path.join(folder, "own-records.csv"));
    await page.getByRole("button", { name: "Upload and compare" }).click();
    await page.waitForURL(/\/console\/reconciliation\/runs\/rr_/);
    await page.getByText("The file is kept").waitFor();
    await page.getByText("Done:").waitFor({ timeout: 30_000 });
    expect(await page.getByRole("progressbar").getAttribute("value")).toMatch(/^[1-9]\d*$/);
  });

  it("an exception is taken, corrected and closed by keyboard alone", async ({ expect }) => {
    const page = await signedIn(`/console/exceptions/${made.exception}`, merchant.keys.test);
    const press = (key: string) => page.keyboard.press(key);
    await page.getByRole("link", { name: "Correct the books" }).focus();
    await press("Enter");
    await page.waitForURL(/adjust$/);
    await page.getByLabel("What is true").focus();
    await press("ArrowDown");
    await press("Tab");
    await page.keyboard.type("0.5.0");
    await press("Tab");
    await page.keyboard.type("Typed twice at the till");
    await press("Enter");
    // The page leads to what is wrong with it before a hand can go anywhere.
    await page.waitForFunction("document.activeElement.id === 'problem'");
    await page.getByRole("alert").getByRole("link").focus();
    await press("Enter");
    await page.waitForURL(/#f-amount$/);
    expect(await page.evaluate("document.activeElement.name")).toBe("amount");
    await press("ControlOrMeta+A");
    await page.keyboard.type("0.50");
    await press("Enter");
    await page.getByText("The books are corrected.").waitFor();
    await page.getByLabel("Note", { exact: true }).fill("Closed with the shop.");
    await page.getByRole("button", { name: "Resolve" }).focus();
    await press("Enter");
    await page.getByText("Saved.").waitFor();
    await page.getByText("Closed with the shop.").waitFor();
    expect(await page.getByRole("button", { name: "Resolve" }).count()).toBe(0);
    expect(await flawsOf(page)).toEqual([]);
    await shoot(page, "console-exception-closed");
  });

  it("a payout is recorded from its settlement", async ({ expect }) => {
    const page = await signedIn(`/console/settlements/${made.settlement}`, merchant.keys.test);
    await page.getByRole("link", { name: "It has arrived" }).click();
    await page.getByLabel("Bank's reference").fill("TT 2026");
    await page.getByRole("button", { name: "Record the payout" }).click();
    await page.getByText("The payout is recorded").waitFor();
    await page.getByText("TT 2026").waitFor();
    expect(await flawsOf(page)).toEqual([]);
    await shoot(page, "console-payout");
  });

  it("an invoice is printed as a page with one style sheet and nothing else", async ({
    expect,
  }) => {
    const page = await signedIn(
      `/console/settlements/invoices/${made.invoice}`,
      merchant.keys.test,
    );
    await page.getByRole("link", { name: "Printable page" }).click();
    await page.waitForURL(/\/page$/);
    await page.getByText("Lantern Tea House").first().waitFor();
    expect(cspViolations(page)).toEqual([]);
    expect(await page.locator("script").count()).toBe(0);
    await shoot(page, "console-invoice-printed");
  });
});
