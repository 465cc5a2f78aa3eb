/** A shop with a day of payments in D1, and the files that a channel and a merchant have of it. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";

import { chinaClock } from "../../src/sandbox/china-time.ts";
import { randomId } from "../../src/ids.ts";
import { toDecimal } from "../../src/money.ts";
import type { PublishedEvents, WorkMessage } from "../../src/messages.ts";
import {
  type ReconciliationContext,
  reconciliationContext,
} from "../../src/reconciliation/context.ts";
import { beginRun, workOnDay } from "../../src/reconciliation/run.ts";
import { type RunView, runView } from "../../src/reconciliation/view.ts";
import type { ChannelAccountRow } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { daysOf, findRun } from "../../src/store/reconciliation-runs.ts";
import { channelAccounts, exceptions, merchants } from "../../src/store/schema.ts";
import { addStatement } from "../../src/store/statements.ts";

export const DAY = "2026-11-20";

/** Noon in China. */
export const NOON = Date.parse("2026-11-20T04:00:00Z");

const MCHID = "1900000109";

/** A payment as both sides should have it. */
export interface Sale {
  id: string;
  transaction: string;
  value: number;
  currency: string;
  at: number;
  status: string;
  refunded: number;
}

export interface GivenBack {
  id: string;
  sale: Sale;
  transaction: string;
  value: number;
  at: number;
  status: string;
}

export interface Shop {
  readonly merchantId: string;
  readonly account: ChannelAccountRow;
}

const sqlDb = database(env.DB);

export async function openShop(changes: Partial<ChannelAccountRow> = {}): Promise<Shop> {
  const merchantId = randomId("merchant");
  const now = NOON;
  await sqlDb.insert(merchants).values({
    id: merchantId,
    name: "Corner Shop",
    email: null,
    settlement_currency: null,
    status: "active",
    created_at: now,
    updated_at: now,
  });
  const account: ChannelAccountRow = {
    id: randomId("channelAccount"),
    merchant_id: merchantId,
    livemode: false,
    channel: "wechat",
    mode: "direct",
    display_name: "WeChat Pay",
    region: null,
    late_payment: "accept",
    status: "active",
    credentials: null,
    merchant_account: MCHID,
    verified_at: null,
    channel_fee: null,
    split: null,
    statement_profile: null,
    authorization_expires_at: null,
    created_at: now,
    updated_at: now,
    ...changes,
  };
  await sqlDb.insert(channelAccounts).values(account);
  return { merchantId, account };
}

let count = 0;

/** A number that no other test has. */
const nextNumber = (): string => String((count += 1)).padStart(12, "0");

export function sell(changes: Partial<Sale> = {}): Sale {
  return {
    id: randomId("paymentIntent"),
    transaction: `4200000000${nextNumber()}`,
    value: 699,
    currency: "CNY",
    at: NOON,
    status: "succeeded",
    refunded: 0,
    ...changes,
  };
}

export const giveBack = (sale: Sale, changes: Partial<GivenBack> = {}): GivenBack => ({
  id: `re_${sale.id.slice(3)}01`,
  sale,
  transaction: `5030000000${nextNumber()}`,
  value: sale.value,
  at: sale.at + 60_000,
  status: "succeeded",
  ...changes,
});

const ROWS = 400;

/** Puts payments into D1 as their objects would have published them. */
export async function book(
  { merchantId, account }: Shop,
  sales: readonly Sale[],
  refunds: readonly GivenBack[] = [],
): Promise<void> {
  for (let at = 0; at < sales.length; at += ROWS) {
    const rows = sales
      .slice(at, at + ROWS)
      .map((sale) => [
        sale.id,
        sale.status,
        sale.transaction,
        sale.currency,
        sale.value,
        sale.refunded,
        sale.status === "succeeded" ? sale.at : null,
        sale.at - 60_000,
      ]);
    await sqlDb.run(sql`INSERT INTO payment_intents
      SELECT value ->> 0, ${merchantId}, ${Number(account.livemode)}, 3, value ->> 1,
        ${account.channel}, ${account.id}, 'qr', 'order ' || (value ->> 0), value ->> 2,
        value ->> 3, value ->> 4, value ->> 5, 0, 40, value ->> 6, value ->> 7, NULL, '{}'
      FROM json_each(${JSON.stringify(rows)})`);
  }
  for (let at = 0; at < refunds.length; at += ROWS) {
    const rows = refunds
      .slice(at, at + ROWS)
      .map(({ id, sale, transaction, value, at: when, status }) => [
        id,
        sale.id,
        status,
        transaction,
        sale.currency,
        value,
        status === "succeeded" ? when : null,
        when,
      ]);
    await sqlDb.run(sql`INSERT INTO refunds
      SELECT value ->> 0, ${merchantId}, ${Number(account.livemode)}, value ->> 1, 4,
        value ->> 2, ${account.id}, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
        value ->> 7, '{}'
      FROM json_each(${JSON.stringify(rows)})`);
  }
}

/** A row of WeChat Pay's bill; what a test spoils it spoils here. */
export interface BillRow {
  time: number;
  mchid: string;
  transaction: string;
  order: string;
  state: string;
  currency: string;
  /** Minor units. */
  value: number;
  refund: string;
  refundNumber: string;
  refundValue: number;
  refundState: string;
  /** Minor units; negative: given back. */
  fee: number;
}

const HEADER =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
  "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包," +
  "手续费,费率,订单金额,申请退款金额,费率备注";
const SUMMARY =
  "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

export const feeOf = (value: number): number => Math.floor((value * 60 + 5_000) / 10_000);

export const saleRow = (sale: Sale): BillRow => ({
  time: sale.at,
  mchid: MCHID,
  transaction: sale.transaction,
  order: sale.id,
  state: "SUCCESS",
  currency: sale.currency,
  value: sale.value,
  refund: "0",
  refundNumber: "0",
  refundValue: 0,
  refundState: "",
  fee: feeOf(sale.value),
});

export const refundRow = (refund: GivenBack): BillRow => ({
  ...saleRow(refund.sale),
  time: refund.at,
  state: "REFUND",
  value: 0,
  refund: refund.transaction,
  refundNumber: refund.id,
  refundValue: refund.value,
  refundState: "SUCCESS",
  fee: 0,
});

const yuan = (value: number): string =>
  value < 0 ? `-${toDecimal(-value, 2)}` : toDecimal(value, 2);

const sum = (rows: readonly BillRow[], of: (row: BillRow) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

/** The file as WeChat Pay writes it. */
export function billOf(rows: readonly BillRow[]): string {
  const lines = rows.map((row) =>
    [
      chinaClock(row.time).replace("T", " "),
      "wx1",
      row.mchid,
      "0",
      "",
      row.transaction,
      row.order,
      "openid",
      "NATIVE",
      row.state,
      "OTHERS",
      row.currency,
      yuan(row.value),
      "0.00",
      row.refund,
      row.refundNumber,
      yuan(row.refundValue),
      "0.00",
      row.state === "REFUND" ? "ORIGINAL" : "",
      row.refundState,
      "tea, green",
      "",
      `${yuan(row.fee)}000`,
      "0.60%",
      yuan(row.value),
      yuan(row.refundValue),
      "",
    ]
      .map((cell) => `\`${cell}`)
      .join(","),
  );
  const values = yuan(sum(rows, ({ value }) => value));
  const refunded = yuan(sum(rows, ({ refundValue }) => refundValue));
  const fees = `${yuan(sum(rows, ({ fee }) => fee))}000`;
  const totals = [`${rows.length}.0`, values, refunded, "0.00", fees, values, refunded];
  const text = [HEADER, ...lines, SUMMARY, totals.map((cell) => `\`${cell}`).join(",")];
  return `\uFEFF${text.join("\r\n")}\r\n`;
}

/** What a merchant's own books say, as CSV. */
export interface RecordRow {
  payment: string;
  refund: string;
  currency: string;
  value: number;
  status: string;
}

export const recordOfSale = (sale: Sale): RecordRow => ({
  payment: sale.id,
  refund: "",
  currency: sale.currency,
  value: sale.value,
  status: sale.status,
});

export const recordOfRefund = (refund: GivenBack): RecordRow => ({
  payment: refund.sale.id,
  refund: refund.id,
  currency: refund.sale.currency,
  value: refund.value,
  status: refund.status,
});

export const recordsOf = (rows: readonly RecordRow[]): string =>
  [
    "payment_intent,kind,refund,currency,amount,status",
    ...rows.map(({ payment, refund, currency, value, status }) =>
      [payment, refund === "" ? "payment" : "refund", refund, currency, value, status].join(","),
    ),
  ].join("\n") + "\n";

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };

/** What the outside of a run did and heard. */
export interface World {
  context: ReconciliationContext;
  readonly queued: WorkMessage[];
  readonly sent: PublishedEvents[];
  /** References that the payments were told of. */
  readonly told: string[];
  now: number;
}

export function makeWorld(changes: Partial<ReconciliationContext> = {}): World {
  const queued: WorkMessage[] = [];
  const sent: PublishedEvents[] = [];
  const told: string[] = [];
  const real = reconciliationContext(env);
  const world: World = {
    queued,
    sent,
    told,
    now: NOON + 86_400_000,
    context: {
      ...real,
      now: () => world.now,
      work: {
        send: async (message) => {
          queued.push(message);
          return METADATA;
        },
        sendBatch: async (messages) => {
          for (const { body } of messages) queued.push(body);
          return METADATA;
        },
      },
      events: { send: async (message) => void sent.push(message) },
      payments: {
        report: async (id) => {
          told.push(id);
          return { ok: true, value: "changed" };
        },
        reportRefund: async (_, __, { refundId }) => {
          told.push(refundId);
          return { ok: true, value: "changed" };
        },
      },
      ...changes,
    },
  };
  return world;
}

const streamOf = (content: string | Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> =>
  new Blob([content]).stream();

/** Keeps a file: the channel's as a download would, the merchant's as an upload. */
export async function upload(
  { account }: Shop,
  { context }: World,
  side: "channel" | "merchant",
  content: string | Uint8Array<ArrayBuffer>,
  day = DAY,
  origin: "download" | "upload" = side === "channel" ? "download" : "upload",
): Promise<string> {
  const id = randomId("statement");
  const stored = await context.archive.keep(id, streamOf(content));
  if (stored === null) throw new Error("too large");
  const row = await addStatement(context.db, {
    id,
    merchant_id: account.merchant_id,
    livemode: account.livemode,
    channel_account: account.id,
    side,
    origin,
    day,
    format: "test",
    file_name: side === "channel" ? "bill.csv" : "records.csv",
    ...stored,
    sha1: null,
    state: "received",
    lines: 0,
    totals: [],
    error: null,
    created_at: context.now(),
    updated_at: context.now(),
  });
  return row.id;
}

/** Begins a run of one day over a file. */
export async function begin(
  { account }: Shop,
  { context }: World,
  statementId: string | null,
  day = DAY,
): Promise<string> {
  const id = randomId("run");
  await beginRun(
    context,
    { id, account, trigger: "upload", from: day, to: day, statementId },
    context.now(),
  );
  return id;
}

/** Handles what is queued until nothing is. */
export async function drain(world: World): Promise<void> {
  for (let message = world.queued.shift(); message; message = world.queued.shift()) {
    if ("run" in message) await workOnDay(world.context, message);
  }
}

export async function viewOf(runId: string): Promise<RunView> {
  const run = await findRun(sqlDb, runId);
  if (run === null) throw new Error("no run");
  return runView(run, await daysOf(sqlDb, [runId]));
}

/** Uploads, runs and looks. */
export async function compare(shop: Shop, world: World, bill: string, records?: string) {
  if (records !== undefined) await upload(shop, world, "merchant", records);
  const run = await begin(shop, world, await upload(shop, world, "channel", bill));
  await drain(world);
  return viewOf(run);
}

/** What is written down for an account, as `reference kind`. */
export async function findingsOf({ account }: Shop): Promise<string[]> {
  const rows = await sqlDb
    .select({ kind: exceptions.kind, reference: exceptions.reference, state: exceptions.state })
    .from(exceptions)
    .where(sql`${exceptions.channel_account} = ${account.id}`);
  return rows.map(({ kind, reference, state }) => `${reference} ${kind} ${state}`).toSorted();
}
