/** What the tests of payments share: a merchant, a live channel double that counts, and crashes. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { vi } from "vitest";

import type { PaymentReport } from "../../src/channels/adapter.ts";
import { randomId, secureRandom } from "../../src/ids.ts";
import type { SandboxWorld } from "../../src/sandbox/simulator.ts";
import { wechatSandbox } from "../../src/channels/wechat/sandbox/channel.ts";
import { memoryOrders } from "../channels/kit.ts";
import { makeKeyring } from "../../src/sandbox/keyring.ts";
import type { Choice, CreateRequest } from "../../src/intent/reserve.ts";

const BASE = "http://gateway.test";
const ADMIN = { Authorization: "Bearer admin-token-for-tests" };

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of many shapes, checked by expect
  readonly body: any;
}

/** Calls the API as a merchant's server does. */
export async function api(
  method: string,
  path: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { key, body, headers } = options;
  const response = await exports.default.fetch(`${BASE}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("application/json") === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

export interface Merchant {
  readonly id: string;
  readonly test: string;
  readonly live: string;
}

export async function newMerchant(name = "Corner Shop"): Promise<Merchant> {
  const { status, body } = await api("POST", "/v1/admin/merchants", {
    headers: ADMIN,
    body: { name },
  });
  if (status !== 201) throw new Error(`no merchant: ${JSON.stringify(body)}`);
  return { id: body.id, test: body.keys.test, live: body.keys.live };
}

export const wechatPayment = (changes: Record<string, unknown> = {}) => ({
  amount: { currency: "CNY", value: 699 },
  channel: "wechat",
  description: "AI summary",
  ...changes,
});

/** What happens to a request on its way to the bank or back. */
export type Road = (request: Request, bank: () => Promise<Response>) => Promise<Response>;

export interface Bank {
  readonly orders: ReturnType<typeof memoryOrders>;
  readonly account: string;
  /** Path and body of every request that reached the bank, in order. */
  readonly seen: { path: string; body: string }[];
  /** Stands behind `fetch` again, after the spies of a test were taken down. */
  open(): void;
  /** Replaces the road to the bank until the next call. */
  detour(road: Road | null): void;
  /** The buyer pays; nobody is told. */
  pay(id: string): void;
  /** The channel's callback about an order, delivered to the gateway. */
  callback(
    id: string,
    changes?: { value?: number; transactionId?: string; flaw?: "wrong_signature" },
  ): Promise<Response>;
  /** The channel's callback about a refund, as the order's last one stands. */
  refundCallback(id: string): Promise<Response>;
}

/**
 * A live WeChat Pay: the simulator behind `fetch`, with keys of its own and orders in memory, and
 * the merchant's live account that talks to it.
 */
export async function openBank(
  merchant: Merchant,
  settings: Record<string, unknown> = {},
): Promise<Bank> {
  const keys = await makeKeyring();
  const orders = memoryOrders(() => Date.now());
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: () => Promise.resolve(null),
    orders: orders.orders,
    script: null,
    now: Date.now(),
    random: secureRandom,
    publicBase: BASE,
  });
  const seen: Bank["seen"] = [];
  let road: Road | null = null;

  const open = () => {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      const arrive = () => {
        seen.push({ path: pathname + search, body });
        return wechatSandbox.handle(request, world());
      };
      return road === null ? arrive() : road(request, arrive);
    });
  };
  open();

  const credentials = wechatSandbox.credentials(keys, randomId("channelAccount"));
  const saved = await api("POST", "/v1/channel-accounts", {
    key: merchant.live,
    body: { channel: "wechat", mode: "direct", display_name: "Live", credentials, ...settings },
  });
  if (saved.status !== 201) throw new Error(`no account: ${JSON.stringify(saved.body)}`);

  return {
    orders,
    account: saved.body.id,
    seen,
    open,
    detour: (next) => {
      road = next;
    },
    pay: (id) => void orders.become(id, "paid"),
    async callback(id, changes = {}) {
      const order = orders.find(id);
      if (order === undefined) throw new Error("the bank has no such order");
      const { value = order.value, transactionId = order.transactionId } = changes;
      const told = { ...order, value, transactionId };
      const request = await wechatSandbox.callback(told, changes.flaw ?? null, world());
      if (request === null) throw new Error("WeChat Pay tells of every payment");
      return exports.default.fetch(request);
    },
    async refundCallback(id) {
      const order = orders.find(id);
      const refund = order?.refunds.at(-1);
      if (order === undefined || refund === undefined) throw new Error("the bank has no refund");
      const request = await wechatSandbox.refundCallback?.(order, refund, world());
      if (request == null) throw new Error("WeChat Pay tells of every refund");
      return exports.default.fetch(request);
    },
  };
}

export const creates = (bank: Bank) =>
  bank.seen.filter(({ path }) => path === "/v3/pay/transactions/native");

/** What reached the bank about one payment: alarms of others may ask at any time. */
export const seenOf = (bank: Bank, id: string) =>
  bank.seen.filter(({ path, body }) => path.includes(id) || body.includes(id));

export const refundRequests = (bank: Bank) =>
  bank.seen.filter(({ path }) => path === "/v3/refund/domestic/refunds");

export const intentStub = (id: string) => env.INTENTS.getByName(id);

/** The event types in the object's own log, in order. */
export const eventsOf = (id: string): Promise<string[]> =>
  runInDurableObject(intentStub(id), (_, state) =>
    state.storage.sql
      .exec<{ type: string | null }>("SELECT type FROM change ORDER BY sequence")
      .toArray()
      .flatMap(({ type }) => (type === null ? [] : [type])),
  );

/** Waits until the copy of a payment in D1 has reached a sequence. */
export const projected = (id: string, sequence: number) =>
  vi.waitFor(
    async () => {
      const row = await env.DB.prepare("SELECT * FROM payment_intents WHERE id = ?")
        .bind(id)
        .first();
      if (row === null || Number(row["sequence"]) < sequence) throw new Error("not yet");
      return row;
    },
    { timeout: 10_000, interval: 20 },
  );

/** Events of a payment and its refunds in the feed, in order. */
export async function feedOf(
  id: string,
): Promise<{ type: string; sequence: number; id: string }[]> {
  const { results } = await env.DB.prepare(
    `SELECT payload FROM events
     WHERE ? IN (json_extract(payload, '$.data.id'), json_extract(payload, '$.data.payment_intent'))
       AND type <> 'reconciliation.exception'
     ORDER BY position`,
  )
    .bind(id)
    .all();
  return results.map(({ payload }) => JSON.parse(String(payload)));
}

/** Holds every request until it is let go. */
export function gate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const road: Road = async (_, bank) => {
    reached.resolve();
    await opened.promise;
    return bank();
  };
  return { road, reached: reached.promise, open: () => opened.resolve() };
}

export interface Shop {
  readonly merchant: Merchant;
  readonly bank: Bank;
}

export async function openShop(settings: Record<string, unknown> = {}): Promise<Shop> {
  const merchant = await newMerchant();
  return { merchant, bank: await openBank(merchant, settings) };
}

/** A trace for calls that come from no request. */
export const TRACE = { requestId: "req_1", traceparent: "" };

/** The terms of a live WeChat payment, as the route would hand them to the object. */
export const liveTerms = (
  merchant: Merchant,
  account: { readonly id: string; readonly merchant_account: string },
): CreateRequest["terms"] => ({
  id: randomId("paymentIntent"),
  merchantId: merchant.id,
  merchantName: "Corner Shop",
  livemode: true,
  options: [
    {
      channel: "wechat",
      accountId: account.id,
      merchantAccount: account.merchant_account,
      notifyUrl: `http://gateway.test/v1/callbacks/wechat/${account.id}`,
      latePayment: "accept",
      fee: { kind: "domestic", basis_points: 50, fixed: 0 },
    },
  ],
  description: "AI summary",
  merchantOrderId: null,
  serviceId: null,
  settlementCurrency: null,
  payer: null,
  osType: null,
  paymentMethodType: null,
  profitSharing: false,
  returnUrl: null,
  metadata: {},
  publicBase: "http://gateway.test",
});

/** Choices of the buyer of {@link aggregateRequest}. */
export const QR: Choice = { channel: "wechat", method: "qr", payer: {}, osType: null };
export const WAP: Choice = {
  channel: "wechat",
  method: "wap",
  payer: { client_ip: "203.0.113.7" },
  osType: "ios",
};

/** A live aggregate payment. Its second option is only there for the buyer not to take. */
export function aggregateRequest(
  merchant: Merchant,
  account: { readonly id: string; readonly merchant_account: string },
): CreateRequest {
  const terms = liveTerms(merchant, account);
  const [option] = terms.options;
  if (option === undefined) throw new Error("no option");
  return {
    terms: { ...terms, options: [option, { ...option, channel: "alipay" }] },
    method: null,
    amount: { currency: "CNY", value: 699 },
    expiresIn: 900,
    fingerprint: "f",
    orderKeeper: randomId("paymentIntent"),
    trace: TRACE,
  };
}

/** WeChat Pay's news that an order of 699 was paid. */
export const paidReport = (number: string): PaymentReport => ({
  paymentId: number,
  state: "paid",
  amount: { currency: "CNY", value: 699 },
  channelTransactionId: `42000000002026112100000${number.length}`,
  paidAt: 1_795_219_200_000,
  channelStatus: "SUCCESS",
});
