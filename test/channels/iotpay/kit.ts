/** What the IOTPay tests share: an account, an io that remembers, and a simulated channel. */
import type {
  ChannelAccount,
  ChannelIo,
  RefundOrder,
  SentOrder,
} from "../../../src/channels/adapter.ts";
import { iotpay } from "../../../src/channels/iotpay/adapter.ts";
import { iotpaySandbox, simulatedIotpay } from "../../../src/channels/iotpay/sandbox/channel.ts";
import { signed } from "../../../src/channels/iotpay/signing.ts";
import { md5Hex } from "../../../src/crypto/md5.ts";
import { secureRandom } from "../../../src/ids.ts";
import { makeKeyring } from "../../../src/sandbox/keyring.ts";
import type {
  FaultScript,
  RegisteredMerchant,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import { chargeOrder, memoryOrders, NOW, NOWHERE } from "../kit.ts";

export const KEY = "test_merchant_key_0123456789abcdef";

export const NOTIFY_URL = "https://gw.example/v1/callbacks/iotpay/ca_00000000000000000000000001";

export const credentials = {
  mch_id: "10000701",
  merchant_key: KEY,
  job_no: "merchant_login",
  wechat_app_id: "wx0123456789abcdef",
};

export const accountOf = (version: unknown = credentials, ...older: unknown[]): ChannelAccount => ({
  id: "ca_00000000000000000000000001",
  channel: "iotpay",
  mode: "direct",
  livemode: false,
  versions: [version, ...older],
});

/** CAD 28.56 by a wallet that the test names. */
export const order = (changes: Parameters<typeof chargeOrder>[0] = {}) =>
  chargeOrder({
    amount: { currency: "CAD", value: 2856 },
    notifyUrl: NOTIFY_URL,
    paymentMethodType: "WECHAT",
    ...changes,
  });

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: unknown;
}

export type TestIo = ChannelIo & { readonly lines: LogLine[] };

export function ioWith(
  fetch: (request: Request) => Promise<Response>,
  changes: Partial<ChannelIo> = {},
): TestIo {
  const lines: LogLine[] = [];
  return {
    ...NOWHERE,
    fetch,
    now: () => NOW,
    random: secureRandom,
    endpoints: ["https://iotpay.sandbox.invalid/v1"],
    attempt: 0,
    log: (level, event, fields) => lines.push({ level, event, fields }),
    lines,
    ...changes,
  };
}

/** The fields of a request, as IOTPay reads them. */
export async function paramsOf(request: Request): Promise<Record<string, unknown>> {
  const form = new URLSearchParams(await request.clone().text());
  return JSON.parse(form.get("params") ?? "{}");
}

export const json = (body: unknown, status = 200): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json;charset=UTF-8" },
  });

/** A reply with its signature. */
export const signedJson = (members: Record<string, string | number>): Response =>
  json(signed(members, KEY));

/** Answers every path with the members given for it; remembers what was asked. */
export function scripted(
  answers: Readonly<Record<string, unknown>>,
  changes: Partial<ChannelIo> = {},
) {
  const asked: { path: string; params: Record<string, unknown> }[] = [];
  const io = ioWith(async (request) => {
    const path = new URL(request.url).pathname.replace("/v1", "");
    asked.push({ path, params: await paramsOf(request) });
    const answer = answers[path];
    if (answer instanceof Response) return answer.clone();
    return answer === undefined ? json("not found", 404) : json(answer);
  }, changes);
  return { io, asked };
}

const keyring = makeKeyring();

/** A simulated IOTPay with orders in memory, the account it handed out, and an io that talks to it. */
export async function simulation(
  changes: {
    now?: () => number;
    script?: FaultScript | null;
    shape?: Parameters<typeof simulatedIotpay>[0];
    credentials?: Record<string, unknown>;
  } = {},
) {
  const { now = () => NOW, script = null } = changes;
  const keys = await keyring;
  const sandbox = changes.shape === undefined ? iotpaySandbox : simulatedIotpay(changes.shape);
  const registered = new Map<string, RegisteredMerchant>();
  const store = memoryOrders(now, script);
  const world: SandboxWorld = {
    keys,
    registeredMerchant: async (merchant) => registered.get(merchant) ?? null,
    orders: store.orders,
    script,
    now: now(),
    random: secureRandom,
    publicBase: "https://gw.example",
  };
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(new URL(request.url).pathname);
    return sandbox.handle(request, { ...world, now: now() });
  };
  const own = {
    ...sandbox.credentials(keys, "ca_00000000000000000000000001"),
    ...changes.credentials,
  };
  const account = accountOf(own);
  return {
    ...store,
    sandbox,
    keys,
    registered,
    world,
    asked,
    fetch,
    own,
    account,
    io: ioWith(fetch, { now }),
  };
}

/** Prepares and sends an order. */
export async function charge(
  sim: { account: ChannelAccount; io: ChannelIo },
  made: ReturnType<typeof order>,
) {
  const prepared = iotpay.prepareCharge(made, sim.account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  const outcome = await iotpay.createCharge(prepared.value, made, sim.account, sim.io);
  return { payload: prepared.value, outcome };
}

/** An order after it was sent. */
export const afterCharge = (
  made: ReturnType<typeof order>,
  payload: string,
  channelTransactionId: string | null,
): SentOrder => ({
  paymentId: made.paymentId,
  amount: made.amount,
  method: made.method,
  payload,
  channelTransactionId,
  createdAt: made.createdAt,
  expiresAt: made.expiresAt,
});

export const refundOf = (payment: SentOrder, value = 1_000): RefundOrder => ({
  refundId: `re_${payment.paymentId.slice(3)}01`,
  payment,
  amount: { currency: payment.amount.currency, value },
  reason: null,
  notifyUrl: NOTIFY_URL,
  createdAt: NOW,
});

/** MD5 by hand, so that tests do not only agree with the code they test. */
export function signByHand(fields: Record<string, string | number>, key = KEY): string {
  const text = Object.keys(fields)
    .filter((name) => name !== "sign" && String(fields[name]) !== "")
    .toSorted()
    .map((name) => `${name}=${String(fields[name])}`)
    .join("&");
  return md5Hex(`${text}&key=${key}`).toUpperCase();
}
