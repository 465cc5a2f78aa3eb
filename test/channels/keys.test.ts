/**
 * What a call costs in signatures and key imports, counted for every channel of the registry on its
 * built-in account: keys are imported with an account's first call and never again, and a request is
 * signed once. Times are no measure here; counts are.
 */
import { beforeAll, beforeEach, describe, it, vi } from "vitest";

import {
  type Channel,
  type ChannelAccount,
  type ChannelIo,
  type ChargeAction,
  type ChargeOrder,
  type Method,
  type Requirement,
  type SentOrder,
} from "../../src/channels/adapter.ts";
import { CHANNELS } from "../../src/channels/registry.ts";
import { randomId, secureRandom } from "../../src/ids.ts";
import { makeKeyring } from "../../src/sandbox/keyring.ts";
import type { SandboxKeyring, SandboxWorld } from "../../src/sandbox/simulator.ts";
import {
  chargeOrder,
  memoryOrders,
  memoryReferences,
  NOW,
  rawCallback,
  refundOrder,
} from "./kit.ts";

let keys: SandboxKeyring;
beforeAll(async () => {
  keys = await makeKeyring();
});

/** What was done since the count was begun, without what the simulated channel does. */
const count = { imports: 0, signatures: 0, requests: 0 };
/** While the simulated channel works. */
let paused = false;

beforeEach(() => {
  const { subtle } = crypto;
  const importKey = subtle.importKey.bind(subtle);
  const sign = subtle.sign.bind(subtle);
  vi.spyOn(subtle, "importKey").mockImplementation((...args: unknown[]) => {
    if (!paused) count.imports += 1;
    return Reflect.apply(importKey, subtle, args);
  });
  vi.spyOn(subtle, "sign").mockImplementation((...args) => {
    if (!paused) count.signatures += 1;
    return Reflect.apply(sign, subtle, args);
  });
});

/** Work of the simulated channel, which is not ours to count. */
async function apart<T>(work: () => Promise<T>): Promise<T> {
  paused = true;
  try {
    return await work();
  } finally {
    paused = false;
  }
}

async function counted<T>(work: () => Promise<T>) {
  Object.assign(count, { imports: 0, signatures: 0, requests: 0 });
  const value = await work();
  return { value, ...count };
}

/** A buyer who has everything that a channel may ask for. */
const GIVEN: Readonly<Record<Requirement, Partial<ChargeOrder>>> = {
  "payer.openid": { payer: { openid: "oBuyer00000000001" } },
  "payer.auth_code": { payer: { auth_code: "281234567890123412" } },
  "payer.client_ip": { payer: { client_ip: "203.0.113.7" } },
  os_type: { osType: "ios" },
  return_url: { returnUrl: "https://shop.example/back" },
};

function shopOf({ adapter, sandbox }: Channel) {
  const { info } = adapter;
  const id = randomId("channelAccount");
  const store = memoryOrders();
  const account: ChannelAccount = {
    id,
    channel: info.slug,
    mode: sandbox.mode,
    livemode: false,
    versions: [sandbox.credentials(keys, id)],
  };
  const world: SandboxWorld = {
    keys,
    registeredMerchant: async () => null,
    orders: store.orders,
    script: null,
    now: NOW,
    random: secureRandom,
    publicBase: "https://gateway.example",
  };
  const io: ChannelIo = {
    fetch: (request) => {
      count.requests += 1;
      return apart(() => sandbox.handle(request, world));
    },
    now: () => NOW,
    random: secureRandom,
    endpoints: sandbox.endpoints,
    attempt: 0,
    pages: `https://gateway.example/sandbox/pages/${info.slug}`,
    references: memoryReferences(),
    log: () => undefined,
  };

  const order = (method: Method): ChargeOrder =>
    chargeOrder({
      method,
      // Whole in every currency.
      amount: { currency: info.currencies[0] ?? "", value: 12_300 },
      // Some needs depend on the wallet behind the channel: these never harm.
      ...GIVEN.os_type,
      ...GIVEN.return_url,
      ...Object.assign({}, ...(info.requires[method] ?? []).map((need) => GIVEN[need])),
    });

  const charge = async (made: ChargeOrder) => {
    const prepared = adapter.prepareCharge(made, account);
    if (!prepared.ok) throw new Error(prepared.error.message);
    const outcome = await adapter.createCharge(prepared.value, made, account, io);
    if (outcome.kind !== "ok") throw new Error(JSON.stringify(outcome));
    const { paymentId, amount, method, createdAt, expiresAt } = made;
    const sent: SentOrder = {
      paymentId,
      amount,
      method,
      payload: prepared.value,
      channelTransactionId: outcome.value.channelTransactionId ?? null,
      createdAt,
      expiresAt,
    };
    return { sent, action: outcome.value.action };
  };

  /** The buyer pays, at a channel that knows the order from the call or from what is shown. */
  const pay = (sent: SentOrder, action: ChargeAction) =>
    apart(async () => {
      const mode = adapter.modes[account.mode];
      const examined = await mode?.examine(account.versions[0], NOW);
      if (examined?.ok !== true) throw new Error("the account does not pass");
      const number = sandbox.orderNumber?.(sent.paymentId) ?? sent.paymentId;
      if (store.find(number) === undefined && action.type !== "wait") {
        const { paymentId, amount } = sent;
        const merchant = examined.value.merchantAccount;
        const { notifyUrl } = chargeOrder();
        await sandbox.open?.({ paymentId, merchant, ...amount, notifyUrl, action }, world);
      }
      return store.become(number, "paid");
    });

  return { adapter, sandbox, account, world, io, order, charge, pay };
}

type Shop = ReturnType<typeof shopOf>;

/** Everything that is asked of a channel in a payment's life, each with what it cost. */
async function journey({ adapter, sandbox, account, world, io, order, charge, pay }: Shop) {
  const costs: { readonly step: string; readonly cost: typeof count; readonly answer: string }[] =
    [];
  const step = async <T extends { kind: string }>(name: string, work: () => Promise<T>) => {
    const { value, ...cost } = await counted(work);
    costs.push({ step: name, cost, answer: value.kind });
    return value;
  };
  const open = await charge(order("qr"));
  await step("query", () => adapter.queryPayment(open.sent, account, io));
  await step("close", () => adapter.closePayment(open.sent, account, io));
  const { sent, action } = await charge(order("qr"));
  const record = await pay(sent, action);
  const notice = await apart(() => sandbox.callback(record, null, world));
  if (notice === null) throw new Error("nobody was told of the payment");
  const callback = await apart(() => rawCallback(notice));
  const told = await step("callback", () => adapter.verifyCallback(callback, account, io));
  const desk = adapter.refunds;
  if (desk === undefined) return costs;
  const reports = told.kind === "reports" ? told.reports : [];
  const channelTransactionId = reports[0]?.channelTransactionId ?? sent.channelTransactionId;
  const refund = refundOrder({ ...sent, channelTransactionId });
  const prepared = desk.prepare(refund, account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  await step("refund", () => desk.create(prepared.value, refund, account, io));
  await step("refund query", () => desk.query(refund, account, io));
  return costs;
}

const ALL = Object.entries(CHANNELS);

/** Signed by us for the buyer's own device, beside the request, or where there is no request. */
const HANDED_OVER: Readonly<Record<string, readonly Method[]>> = {
  wechat: ["jsapi", "app"],
  wechat_global: ["jsapi", "app"],
  alipay: ["app", "wap", "web"],
};

describe("a second order", () => {
  it.for(
    ALL.flatMap(([slug, { adapter }]) =>
      adapter.info.methods.map((method) => [slug, method] as const),
    ),
  )("%s %s imports no key and signs each thing once", async ([slug, method], { expect }) => {
    const channel = CHANNELS[slug];
    if (channel === undefined) throw new Error(`no channel ${slug}`);
    const shop = shopOf(channel);
    await shop.charge(shop.order(method));
    const { imports, signatures, requests } = await counted(() => shop.charge(shop.order(method)));
    expect(imports).toBe(0);
    const handedOver = HANDED_OVER[slug]?.includes(method) === true ? 1 : 0;
    expect(signatures).toBeLessThanOrEqual(requests + handedOver);
  });
});

describe("a second payment's life", () => {
  it.for(ALL)("%s imports no key and signs each request once", async ([, channel], { expect }) => {
    const shop = shopOf(channel);
    await journey(shop);
    const costs = await journey(shop);
    for (const { step, cost, answer } of costs) {
      expect([step, answer]).toEqual([step, step === "callback" ? "reports" : "ok"]);
      expect(cost.imports, step).toBe(0);
      // An HMAC is checked by making it once more.
      expect(cost.signatures, step).toBeLessThanOrEqual(
        cost.requests + (step === "callback" ? 1 : 0),
      );
    }
    expect(costs.map(({ step }) => step)).toContain("callback");
  });
});

describe("the count", () => {
  it("sees the first call's imports and signature, so that it can fail", async ({ expect }) => {
    for (const slug of ["wechat", "wechat_global", "alipay", "antom"]) {
      const channel = CHANNELS[slug];
      if (channel === undefined) throw new Error(`no channel ${slug}`);
      const shop = shopOf(channel);
      const first = await counted(() => shop.charge(shop.order("qr")));
      expect(first.imports, slug).toBeGreaterThan(0);
      expect([first.signatures, first.requests], slug).toEqual([1, 1]);
    }
  });
});
