/** A channel's day as a file: every line beside our books and the merchant's, and what has none. */
import { exports } from "cloudflare:workers";
import { describe, it } from "vitest";

import { newMerchant } from "../intent/kit.ts";
import {
  begin,
  billOf,
  book,
  DAY,
  drain,
  giveBack,
  makeWorld,
  openShop as openAccount,
  recordOfSale,
  recordsOf,
  refundRow,
  saleRow,
  sell,
  upload,
} from "./kit.ts";

async function openShop() {
  const { id, live, test } = await newMerchant();
  const { account } = await openAccount({ merchant_id: id, livemode: true });
  return { merchantId: id, account, live, test };
}

async function fetchFile(key: string, account: string, day = DAY) {
  const query = `channel_account=${account}&date=${day}`;
  const reply = await exports.default.fetch(
    `http://gateway.test/v1/reports/statement-lines.csv?${query}`,
    { headers: { Authorization: `Bearer ${key}` } },
  );
  return { status: reply.status, text: await reply.text() };
}

/** The file's rows by its columns. No cell of these tests holds a comma. */
async function fileOf(key: string, account: string): Promise<Record<string, string>[]> {
  const { text } = await fetchFile(key, account);
  const [head = "", ...rows] = text.trimEnd().split("\r\n");
  const tail = rows.pop();
  if (tail !== `# ${rows.length} rows`) throw new Error(`cut off: ${tail}`);
  const names = head.split(",");
  return rows.map((row) => {
    const cells = row.split(",");
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
}

const outcomes = (rows: readonly Record<string, string>[]) =>
  rows.map(({ kind, reference, outcome }) => [kind, reference, outcome]);

describe("GET /v1/reports/statement-lines.csv", () => {
  it("has the channel's lines in their order, then what none of them names", async ({ expect }) => {
    const [shop, world] = [await openShop(), makeWorld()];
    const [same, dearer, unknown, missed] = [sell(), sell(), sell(), sell({ value: 1_234 })];
    const back = giveBack(same, { value: 200 });
    const lost = giveBack(dearer, { value: 5 });
    await book(shop, [same, dearer, missed], [back, lost]);
    const bill = billOf([
      saleRow(same),
      { ...saleRow(dearer), value: 700 },
      saleRow(unknown),
      refundRow(back),
      { ...saleRow(same), transaction: "42999" },
    ]);
    await upload(shop, world, "merchant", recordsOf([recordOfSale(same), recordOfSale(missed)]));
    await begin(shop, world, await upload(shop, world, "channel", bill));
    await drain(world);
    const rows = await fileOf(shop.live, shop.account.id);
    expect(outcomes(rows)).toEqual([
      ["payment", same.id, "matched"],
      ["payment", dearer.id, "amount_mismatch"],
      ["payment", unknown.id, "missing_at_gateway"],
      ["refund", back.id, "matched"],
      ["payment", same.id, "duplicate"],
      ["payment", missed.id, "missing_at_channel"],
      ["refund", lost.id, "missing_at_channel"],
    ]);
    expect(rows[0]).toMatchObject({
      channel_amount: "6.99",
      channel_status: "succeeded",
      channel_fee: "0.04",
      channel_transaction_id: same.transaction,
      gateway_amount: "6.99",
      gateway_status: "succeeded",
      payment_intent: same.id,
      merchant_amount: "6.99",
      merchant_line: "2",
    });
    expect(rows[1]).toMatchObject({ channel_amount: "7.00", gateway_amount: "6.99" });
    expect(rows[3]).toMatchObject({ channel_amount: "2.00", payment_intent: same.id });
    expect(rows[5]).toMatchObject({
      channel_amount: "",
      gateway_amount: "12.34",
      merchant_amount: "12.34",
    });
  });

  it("says so where nothing was compared", async ({ expect }) => {
    const [shop, world] = [await openShop(), makeWorld()];
    const sale = sell();
    await book(shop, [sale]);
    expect(outcomes(await fileOf(shop.live, shop.account.id))).toEqual([
      ["payment", sale.id, "not_compared"],
    ]);
    // A file that is not believed is no file.
    const broken = billOf([saleRow(sale)]).slice(0, -40);
    await begin(shop, world, await upload(shop, world, "channel", broken));
    await drain(world);
    expect(outcomes(await fileOf(shop.live, shop.account.id))).toEqual([
      ["payment", sale.id, "not_compared"],
    ]);
  });

  it("tells nothing of another merchant's payment that a file names", async ({ expect }) => {
    const [shop, other, world] = [await openShop(), await openShop(), makeWorld()];
    const theirs = sell({ value: 4_321 });
    await book(other, [theirs]);
    const bill = billOf([{ ...saleRow(theirs), value: 1 }]);
    await begin(shop, world, await upload(shop, world, "channel", bill));
    await drain(world);
    const [row] = await fileOf(shop.live, shop.account.id);
    expect(row).toMatchObject({
      outcome: "missing_at_gateway",
      gateway_amount: "",
      gateway_status: "",
      payment_intent: "",
    });
  });

  it("is the account's own merchant's, in its own mode", async ({ expect }) => {
    const [shop, other] = [await openShop(), await openShop()];
    for (const key of [other.live, other.test, shop.test]) {
      const { status, text } = await fetchFile(key, shop.account.id);
      expect([status, JSON.parse(text).error.code]).toEqual([404, "CHANNEL_ACCOUNT_NOT_FOUND"]);
    }
    const { status } = await fetchFile(shop.live, shop.account.id, "2026-02-30");
    expect(status).toBe(400);
  });
});
