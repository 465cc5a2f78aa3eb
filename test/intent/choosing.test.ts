/** Aggregate payments in the real object: the buyer chooses, and pays once. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import type { Answer } from "../../src/intent/answers.ts";
import type { BuyerView } from "../../src/intent/buyer-view.ts";
import type { Choice } from "../../src/intent/choosing.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import { sandboxChannel } from "../../src/sandbox/registry.ts";
import { orderObject } from "../../src/sandbox/transport.ts";
import {
  api,
  eventsOf,
  feedOf,
  intentStub,
  type Merchant,
  newMerchant,
  openShop,
  projected,
  type Road,
  TRACE,
} from "./kit.ts";

const CHOICE: Choice = { channel: "wechat", method: "qr", payer: {}, osType: null };
const never: Road = () => Promise.reject(new DOMException("timed out", "TimeoutError"));

let merchant: Merchant;

beforeAll(async () => {
  merchant = await newMerchant();
});

async function aggregate(changes: Record<string, unknown> = {}): Promise<PaymentIntentView> {
  const { status, body } = await api("POST", "/v1/payment-intents", {
    key: merchant.test,
    body: {
      amount: { currency: "CNY", value: 699 },
      channels: ["wechat", "alipay"],
      ...changes,
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

const choose = async (id: string, changes: Partial<Choice>): Promise<Answer> =>
  await intentStub(id).choose({ ...CHOICE, ...changes }, TRACE);

/** The payment after a choice that was taken. */
async function chosen(id: string, changes: Partial<Choice>): Promise<PaymentIntentView> {
  const answer = await choose(id, changes);
  if (answer.kind === "failure") throw new Error(JSON.stringify(answer.failure));
  return JSON.parse(answer.body) as PaymentIntentView;
}

async function buyer(id: string): Promise<BuyerView> {
  return JSON.parse((await intentStub(id).buyer()) ?? "null") as BuyerView;
}

/** The simulated channel's side of an order: by its channel, account and number. */
const atChannel = (
  { channel, payee }: PaymentIntentView,
  number: string,
): ReturnType<typeof orderObject> => {
  if (channel === null || payee.merchant_account === null) throw new Error("nothing was chosen");
  const named = sandboxChannel(channel)?.orderNumber?.(number) ?? number;
  return orderObject(env, channel, payee.merchant_account, named);
};

const read = async (id: string): Promise<PaymentIntentView> =>
  (await api("GET", `/v1/payment-intents/${id}`, { key: merchant.test })).body;

const waitFor = (id: string, status: string) =>
  vi.waitFor(async () => {
    const now = await read(id);
    if (now.status !== status) throw new Error(`still ${now.status}`);
    return now;
  });

describe("before the choice", () => {
  it("shows one code that leads to the checkout page", async ({ expect }) => {
    const body = await aggregate();
    expect(body).toMatchObject({
      status: "qr_generated",
      channel: null,
      channels: ["wechat", "alipay"],
      method: null,
      channel_account: null,
      fee: null,
      payee: { merchant_id: merchant.id, merchant_account: null },
      next_action: { type: "show_qr" },
    });
    expect(body.qr?.data).toBe(body.checkout_url);
    expect(body.qr?.type).toBe("url");
    expect(await eventsOf(body.id)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
    ]);
    const svg = await api("GET", `/v1/qr/${body.id}.svg`);
    expect(svg.status).toBe(200);
    expect(await projected(body.id, 2)).toMatchObject({ channel: null, status: "qr_generated" });
  });

  it("is answered again to a repeat, and nothing is ordered anywhere", async ({ expect }) => {
    const body = {
      amount: { currency: "CNY", value: 100 },
      channels: ["alipay", "wechat"],
      merchant_order_id: "aggregate-1",
    };
    const headers = { "Idempotency-Key": "aggregate-1" };
    const first = await api("POST", "/v1/payment-intents", { key: merchant.test, body, headers });
    const again = await api("POST", "/v1/payment-intents", { key: merchant.test, body, headers });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    const other = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body,
      headers: { "Idempotency-Key": "aggregate-2" },
    });
    expect(other.body.error).toMatchObject({
      code: "DUPLICATE_ORDER",
      details: { payment_intent: first.body.id },
    });
  });

  it("is cancelled and expires without asking anybody", async ({ expect }) => {
    const one = await aggregate();
    const cancelled = await api("POST", `/v1/payment-intents/${one.id}/cancel`, {
      key: merchant.test,
    });
    expect(cancelled.body).toMatchObject({ status: "cancelled", next_action: null });
    expect(await choose(one.id, {})).toMatchObject({ failure: { code: "INVALID_STATE" } });

    const two = await aggregate();
    await runInDurableObject(intentStub(two.id), (_, { storage }) =>
      storage.sql.exec("UPDATE intent SET expires_at = 1, ask_at = 1"),
    );
    await runDurableObjectAlarm(intentStub(two.id));
    expect(await read(two.id)).toMatchObject({ status: "expired" });
  });

  it.for([
    [{ channels: ["wechat"] }, "channels"],
    [{ channels: ["wechat", "wechat"] }, "channels"],
    [{ channel: "wechat" }, "channels"],
    [{ method: "qr" }, "method"],
    [{ channel_account: "ca_1" }, "channel_account"],
    [{ channels: ["wechat", "nowhere"] }, "channels.1"],
  ] as const)("refuses %j", async ([changes, path], { expect }) => {
    const { status, body } = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: {
        amount: { currency: "CNY", value: 699 },
        channels: ["wechat", "alipay"],
        ...changes,
      },
    });
    expect(status).toBeGreaterThanOrEqual(400);
    const paths = body.error.details.issues?.map((issue: { path: string }) => issue.path);
    expect(paths ?? [path]).toContain(path);
  });

  it("refuses a channel that could never take the money", async ({ expect }) => {
    const { body } = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: { amount: { currency: "CNY", value: 699 }, channels: ["wechat", "promptpay"] },
    });
    expect(body.error).toMatchObject({ code: "CURRENCY_UNSUPPORTED" });
  });
});

describe("the choice", () => {
  it("orders at that channel, and the payment is as any other from there", async ({ expect }) => {
    const { id } = await aggregate({ return_url: "https://shop.example/done" });
    const body = await chosen(id, {});
    expect(body).toMatchObject({
      channel: "wechat",
      method: "qr",
      qr: { type: "wechat_url" },
      fee: { value: 3, basis_points: 50, kind: "domestic" },
    });
    expect(await buyer(id)).toMatchObject({
      order_number: id,
      return_url: "https://shop.example/done",
      options: [{ channel: "wechat" }, { channel: "alipay" }],
    });
    await atChannel(body, id).buyer("pay");
    const paid = await waitFor(id, "succeeded");
    expect(paid.channel).toBe("wechat");
    expect(await eventsOf(id)).toEqual([
      "payment_intent.created",
      "payment_intent.qr_generated",
      "payment_intent.succeeded",
    ]);
  });

  it("the same again finds the same order", async ({ expect }) => {
    const { id } = await aggregate();
    const first = await chosen(id, {});
    const again = await chosen(id, {});
    expect(again).toEqual(first);
  });

  it("of another channel closes the earlier order there first", async ({ expect }) => {
    const { id } = await aggregate();
    const first = await chosen(id, {});
    const second = await chosen(id, { channel: "alipay" });
    expect(second).toMatchObject({ channel: "alipay", qr: { type: "alipay_url" } });
    expect((await atChannel(first, id).find())?.state).toBe("closed");
    expect((await buyer(id)).order_number).toMatch(new RegExp(`^${id}[0-9a-z]$`));
  });

  it("back to the first makes a new order there, which can be paid and refunded", async ({
    expect,
  }) => {
    const { id } = await aggregate();
    await chosen(id, {});
    await chosen(id, { channel: "alipay" });
    const third = await chosen(id, {});
    const { order_number: number } = await buyer(id);
    expect(number).not.toBe(id);
    await atChannel(third, number ?? "").buyer("pay");
    await waitFor(id, "succeeded");
    const refund = await api("POST", "/v1/refunds", {
      key: merchant.test,
      body: { payment_intent: id, amount: { currency: "CNY", value: 300 } },
    });
    expect(refund.status).toBe(201);
    await vi.waitFor(async () => {
      const now = await read(id);
      if (now.amount_refunded.value !== 300) throw new Error("not yet");
    });
    const { body } = await api("GET", `/v1/refunds/${refund.body.id}`, { key: merchant.test });
    // 699 at 0.5 % is 3; 300 of 699 give back 1.
    expect(body).toMatchObject({ status: "succeeded", fee: { currency: "CNY", value: 1 } });
    expect((await read(id)).fee).toMatchObject({ value: 3, refunded: 1 });
  });

  it("keeps the payment that was made while the buyer chose another way", async ({ expect }) => {
    const { id } = await aggregate({ metadata: { sandbox: "no_callback" } });
    const first = await chosen(id, {});
    await atChannel(first, id).buyer("pay");
    const after = await chosen(id, { channel: "alipay" });
    expect(after).toMatchObject({ status: "succeeded", channel: "wechat" });
    expect((await buyer(id)).order_number).toBe(id);
  });

  it("at once from many windows leaves one order open", async ({ expect }) => {
    const { id } = await aggregate();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => choose(id, { channel: n % 2 ? "alipay" : "wechat" })),
    );
    expect(answers.every(({ kind }) => kind === "object")).toBe(true);
    const last = await read(id);
    const { order_number: current } = await buyer(id);
    const left = await runInDurableObject(intentStub(id), (_, { storage }) =>
      storage.sql
        .exec<{ channel_order: string }>("SELECT channel_order FROM left_order")
        .toArray()
        .map((row) => JSON.parse(row.channel_order) as { number: string; channel: string }),
    );
    expect(left.length).toBeGreaterThan(0);
    for (const { number, channel } of left) {
      const account = channel === last.channel ? last.payee.merchant_account : null;
      if (account === null) continue;
      const order = await orderObject(env, channel, account, number).find();
      // At Alipay there is no trade before the scan.
      expect(order?.state ?? "closed").toBe("closed");
    }
    await atChannel(last, current ?? "").buyer("pay");
    await waitFor(id, "succeeded");
    expect((await eventsOf(id)).filter((type) => type.endsWith("succeeded"))).toHaveLength(1);
  });

  it("that a channel refuses leads back to the choice", async ({ expect }) => {
    const { id } = await aggregate();
    // Inside WeChat only with an openid.
    const refused = await choose(id, { method: "jsapi" });
    expect(refused).toMatchObject({ failure: { code: "INVALID_REQUEST" } });
    expect(await choose(id, { channel: "paynow" })).toMatchObject({
      failure: { code: "METHOD_UNSUPPORTED" },
    });
    expect(await read(id)).toMatchObject({ status: "qr_generated", channel: null });
    expect(await chosen(id, {})).toMatchObject({ channel: "wechat" });
  });

  it("survives the buyer's no: declined at one wallet, paid at the other", async ({ expect }) => {
    const { id } = await aggregate();
    const first = await chosen(id, {});
    await atChannel(first, id).buyer("close");
    await api("POST", `/v1/payment-intents/${id}/sync`, { key: merchant.test });
    expect(await read(id)).toMatchObject({ status: "qr_generated", channel: null });
    const second = await chosen(id, { channel: "alipay" });
    expect(second.channel).toBe("alipay");
  });
});

describe("a shop that takes no more orders", () => {
  it("because it is suspended, or the account is out of use, has no new ones made", async ({
    expect,
  }) => {
    const shop = await newMerchant();
    const create = async () =>
      (
        await api("POST", "/v1/payment-intents", {
          key: shop.test,
          body: { amount: { currency: "CNY", value: 699 }, channels: ["wechat", "alipay"] },
        })
      ).body as PaymentIntentView;
    const [one, other] = [await create(), await create()];
    const standing = await chosen(one.id, {});
    const { body } = await api("GET", "/v1/channel-accounts", { key: shop.test });
    const alipay = body.data.find((account: { channel: string }) => account.channel === "alipay");
    await api("DELETE", `/v1/channel-accounts/${alipay.id}`, { key: shop.test });
    const refusal = { failure: { code: "CHANNEL_NOT_CONFIGURED" } };
    expect(await choose(one.id, { channel: "alipay" })).toMatchObject(refusal);
    await api("PATCH", `/v1/admin/merchants/${shop.id}`, {
      headers: { Authorization: "Bearer admin-token-for-tests" },
      body: { status: "suspended" },
    });
    expect(await choose(other.id, {})).toMatchObject(refusal);
    // What was ordered before may still be paid.
    expect((await chosen(one.id, {})).qr).toEqual(standing.qr);
  });
});

describe("an order that was left", () => {
  const THB = { amount: { currency: "THB", value: 10_000 }, channels: ["promptpay", "antom"] };

  it("and is paid all the same counts, and the one in its place is closed", async ({ expect }) => {
    const { id } = await aggregate(THB);
    const first = await chosen(id, { channel: "promptpay" });
    // The buyer keeps a picture of the code: no bank takes one back.
    const code = first.qr?.data ?? "";
    const second = await chosen(id, { channel: "antom" });
    expect(second.channel).toBe("antom");
    const number = (await buyer(id)).order_number ?? "";
    await payCode(first, id, code);
    const paid = await waitFor(id, "succeeded");
    expect(paid.channel).toBe("promptpay");
    await vi.waitFor(async () => {
      const order = await atChannel(second, number).find();
      if (order?.state !== "closed") throw new Error(`the other order is ${order?.state}`);
    });
    await vi.waitFor(async () => {
      expect((await feedOf(id)).filter(({ type }) => type.endsWith("succeeded"))).toHaveLength(1);
    });
  });

  it("and is paid beside the other one is a duplicate, written down once", async ({ expect }) => {
    const { id } = await aggregate(THB);
    const first = await chosen(id, { channel: "promptpay" });
    const second = await chosen(id, { channel: "antom" });
    await atChannel(second, (await buyer(id)).order_number ?? "").buyer("pay");
    await waitFor(id, "succeeded");
    await payCode(first, id, first.qr?.data ?? "");
    await vi.waitFor(async () => {
      const { body } = await api("GET", "/v1/reconciliation/exceptions", { key: merchant.test });
      const mine = body.data.filter(
        (each: { payment_intent: string }) => each.payment_intent === id,
      );
      if (mine.length !== 1) throw new Error("not yet");
      expect(mine[0]).toMatchObject({
        kind: "duplicate",
        channel_account: first.channel_account,
      });
    });
    expect(await read(id)).toMatchObject({ status: "succeeded", channel: "antom" });
  });

  it("stays when its channel does not say that it is closed", async ({ expect }) => {
    const shop = await openShop();
    const pair = await generateRsaPair();
    const platform = await generateRsaPair();
    const saved = await api("POST", "/v1/channel-accounts", {
      key: shop.merchant.live,
      body: {
        channel: "alipay",
        mode: "direct",
        display_name: "Live",
        credentials: {
          app_id: "2021000000000001",
          private_key: toPem("PRIVATE KEY", pair.privateKey),
          alipay_public_key: toPem("PUBLIC KEY", platform.publicKey),
        },
      },
    });
    expect(saved.status).toBe(201);
    const { body } = await api("POST", "/v1/payment-intents", {
      key: shop.merchant.live,
      body: { amount: { currency: "CNY", value: 699 }, channels: ["wechat", "alipay"] },
    });
    const first = await chosen(body.id, {});
    shop.bank.detour(never);
    const refused = await choose(body.id, { channel: "alipay" });
    expect(refused).toMatchObject({ failure: { code: "CHANNEL_TIMEOUT" } });
    shop.bank.detour(null);
    const now = await api("GET", `/v1/payment-intents/${body.id}`, { key: shop.merchant.live });
    expect(now.body.qr).toEqual(first.qr);
    shop.bank.pay(body.id);
    await (await shop.bank.callback(body.id)).body?.cancel();
    const paid = await api("GET", `/v1/payment-intents/${body.id}`, { key: shop.merchant.live });
    expect(paid.body).toMatchObject({ status: "succeeded", channel: "wechat" });
  });
});

/** The buyer's bank reads the code and pays it. */
async function payCode(payment: PaymentIntentView, number: string, data: string): Promise<void> {
  const { channel, payee, amount, channel_account: account } = payment;
  const simulated = sandboxChannel(channel ?? "");
  const { sandboxOrders, sandboxWorld } = await import("../../src/sandbox/transport.ts");
  const orders = sandboxOrders(env, null, () => {}, true);
  const world = await sandboxWorld(env, channel ?? "", null, orders, "http://gateway.test");
  const opened = await simulated?.open?.(
    {
      paymentId: number,
      merchant: payee.merchant_account ?? "",
      currency: amount.currency,
      value: amount.value,
      notifyUrl: `http://gateway.test/v1/callbacks/${channel}/${account}`,
      action: { type: "show_qr", data },
    },
    world,
  );
  if (opened?.ok !== true) throw new Error(JSON.stringify(opened));
  await atChannel(payment, number).buyer("pay");
}

describe("the timeline", () => {
  it("tells every change, call and callback, without secrets", async ({ expect }) => {
    const { id } = await aggregate();
    const body = await chosen(id, {});
    await atChannel(body, id).buyer("pay");
    await waitFor(id, "succeeded");
    const text =
      (await intentStub(id).timeline({ merchantId: merchant.id, livemode: false })) ?? "";
    const { entries } = JSON.parse(text) as { entries: { type: string }[] };
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: "change", event: "payment_intent.created" }),
        expect.objectContaining({
          type: "channel_call",
          operation: "create",
          outcome: "ok",
          exchanges: [expect.objectContaining({ method: "POST", status: 200 })],
        }),
        expect.objectContaining({ type: "callback", outcome: "changed", channel: "wechat" }),
        expect.objectContaining({ type: "change", event: "payment_intent.succeeded" }),
      ]),
    );
    expect(text).not.toMatch(/WECHATPAY2|signature":"(?!\[)/i);
    const foreign = { merchantId: "m_00000000000000000000000000", livemode: false };
    expect(await intentStub(id).timeline(foreign)).toBeNull();
  });
});
