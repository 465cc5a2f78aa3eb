/**
 * The fault scripts as the real adapters meet them: orders go out through the sandbox's transport,
 * callbacks come back as requests to this Worker and are judged by the adapter.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, it, vi } from "vitest";

import type { ChannelAccount, ChannelIo, RawCallback } from "../../src/channels/adapter.ts";
import { channelOf } from "../../src/channels/registry.ts";
import { secureRandom } from "../../src/ids.ts";
import worker from "../../src/index.ts";
import { createLogger } from "../../src/log.ts";
import { sandboxKeyring } from "../../src/sandbox/keys.ts";
import { sandboxChannel } from "../../src/sandbox/registry.ts";
import { FAULTS, faultOf, NO_FAULT, scriptOf } from "../../src/sandbox/scripts.ts";
import { FAULT_SCRIPTS, type FaultScript } from "../../src/sandbox/simulator.ts";
import { sandboxFetch } from "../../src/sandbox/transport.ts";
import { chargeOrder, NOWHERE, rawCallback } from "../channels/kit.ts";

const received: RawCallback[] = [];
const journal: string[] = [];
let onCallback: () => Promise<void> | void = () => {};

beforeEach(() => {
  received.length = 0;
  journal.length = 0;
  onCallback = () => {};
  vi.spyOn(worker, "fetch").mockImplementation(async (request: Request) => {
    received.push(await rawCallback(request));
    journal.push("callback");
    await onCallback();
    return new Response("success");
  });
});

let serial = 0;

/** A merchant's payment at one channel under one script. */
async function payment(channel: string, script: FaultScript | null) {
  serial += 1;
  const adapter = channelOf(channel)?.adapter;
  const simulated = sandboxChannel(channel);
  if (adapter === undefined || simulated === null) throw new Error(`no channel ${channel}`);
  const accountId = `ca_${String(serial).padStart(26, "0")}`;
  const keys = await sandboxKeyring(env, channel);
  const account: ChannelAccount = {
    id: accountId,
    channel,
    mode: "direct",
    livemode: false,
    versions: [simulated.credentials(keys, accountId)],
  };
  const mode = adapter.modes["direct"];
  const examined = await mode?.examine(account.versions[0], Date.now());
  if (examined?.ok !== true) throw new Error("the built-in credentials are refused");
  const order = chargeOrder({
    paymentId: `pi_${String(serial).padStart(26, "f")}`,
    notifyUrl: `https://pay.example/v1/callbacks/${channel}/${accountId}`,
    expiresAt: Date.now() + 900_000,
    createdAt: Date.now(),
  });
  const sent = { ...order, payload: "", channelTransactionId: null };
  const io: ChannelIo = {
    ...NOWHERE,
    fetch: sandboxFetch(env, script, "http://gateway.test"),
    now: () => Date.now(),
    random: secureRandom,
    endpoints: sandboxChannel(channel)?.endpoints ?? [],
    attempt: 0,
    log: createLogger("silent"),
  };
  const prepared = adapter.prepareCharge(order, account);
  if (!prepared.ok) throw new Error(prepared.error.message);
  const merchant = examined.value.merchantAccount;
  return {
    order,
    stub: env.SANDBOX_ORDERS.getByName(`${channel}:${merchant}:${order.paymentId}`),
    create: () => adapter.createCharge(prepared.value, order, account, io),
    query: () => adapter.queryPayment(sent, account, io),
    close: () => adapter.closePayment(sent, account, io),
    verdicts: () =>
      Promise.all(received.map((callback) => adapter.verifyCallback(callback, account, io))),
  };
}

const paid = (value = 699) => ({
  kind: "reports",
  reports: [{ state: "paid", amount: { currency: "CNY", value } }],
});

describe.for(["wechat", "alipay"])("scripts at the simulated %s", (channel) => {
  it("without one: order, payment, one callback", async ({ expect }) => {
    const { create, stub, query, verdicts } = await payment(channel, null);
    expect(await create()).toMatchObject({ kind: "ok", value: { action: { type: "show_qr" } } });
    await stub.buyer("pay");
    expect(await verdicts()).toMatchObject([paid()]);
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "paid" } });
  });

  it.for([
    ["timeout_before_create", "CHANNEL_TIMEOUT", false],
    ["timeout_after_create", "CHANNEL_TIMEOUT", true],
    ["error_500", null, false],
    ["malformed_reply", null, true],
    ["unsigned_reply", null, true],
  ] as const)(
    "%s: the first create is unknown, also to a fresh object the second works",
    async ([script, code, ordered], { expect }) => {
      const { create, stub } = await payment(channel, script);
      const first = await create();
      expect(first).toMatchObject({
        kind: "unknown",
        error: code === null ? { retryable: true } : { code, retryable: true },
      });
      expect(await stub.find()).toEqual(ordered ? expect.objectContaining({ value: 699 }) : null);
      if (!ordered) {
        expect(await stub.buyer("pay")).toMatchObject({ ok: false });
      }
      await evictDurableObject(stub);
      expect(await create()).toMatchObject({ kind: "ok", value: { action: { type: "show_qr" } } });
      expect(await create()).toMatchObject({ kind: "ok" });
      expect(await stub.find()).toMatchObject({ state: "open", value: 699 });
    },
  );

  it("a lost reply can be paid already when the order is repeated", async ({ expect }) => {
    const { create, stub, query } = await payment(channel, "timeout_after_create");
    await create();
    await stub.buyer("pay");
    expect((await create()).kind).not.toBe("ok");
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "paid" } });
  });

  it.for([
    ["no_callback", []],
    ["wrong_amount_callback", [paid(700)]],
    ["wrong_signature_callback", [{ kind: "refused" }]],
    ["sign_test_probe", [{ kind: "refused" }, paid()]],
    ["duplicate_callback", [paid(), paid()]],
    ["refund_timeout", [paid()]],
    ["refund_abnormal", [paid()]],
  ] as const)("%s: what arrives, and the query's truth", async ([script, expected], { expect }) => {
    const { create, stub, query, verdicts } = await payment(channel, script);
    expect((await create()).kind).toBe("ok");
    expect((await stub.buyer("pay")).ok).toBe(true);
    expect(received).toHaveLength(expected.length);
    expect(await verdicts()).toMatchObject(expected);
    expect(await query()).toMatchObject({
      kind: "ok",
      value: { state: "paid", amount: { currency: "CNY", value: 699 } },
    });
  });

  it("duplicate_callback: one payment under two notification ids", async ({ expect }) => {
    const { create, stub, verdicts } = await payment(channel, "duplicate_callback");
    await create();
    await stub.buyer("pay");
    const ids = (await verdicts()).map((verdict) =>
      verdict.kind === "reports" ? verdict.notificationId : null,
    );
    expect(new Set(ids).size).toBe(2);
  });

  it("spoiled callbacks are refused once, not for a day", async ({ expect }) => {
    const { create, stub } = await payment(channel, "wrong_signature_callback");
    vi.spyOn(worker, "fetch").mockResolvedValue(new Response(null, { status: 401 }));
    await create();
    expect(await stub.buyer("pay")).toMatchObject({
      ok: true,
      value: { callbacks: [{ flaw: "wrong_signature", attempts: 1, status: 401 }] },
    });
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("callback_before_reply: the order of events, once", async ({ expect }) => {
    const { create, query, verdicts } = await payment(channel, "callback_before_reply");
    const reply = await create();
    journal.push("reply");
    expect(journal).toEqual(["callback", "reply"]);
    expect(reply.kind).toBe("ok");
    expect(await verdicts()).toMatchObject([paid()]);
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "paid" } });
    await create();
    expect(journal).toEqual(["callback", "reply"]);
  });

  it("late_callback: unpaid until it is closed, paid after that", async ({ expect }) => {
    const { create, stub, query, close, verdicts } = await payment(channel, "late_callback");
    await create();
    expect(await stub.buyer("pay")).toMatchObject({
      ok: true,
      value: { order: { state: "paid" } },
    });
    const before = await query();
    expect(before.kind === "ok" ? before.value.state : before).toMatch(/^(open|scanning)$/);
    expect(await close()).toMatchObject({ kind: "ok", value: { state: "closed" } });
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "closed" } });
    expect(received).toEqual([]);
    await evictDurableObject(stub);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await verdicts()).toMatchObject([paid()]);
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "paid" } });
    expect(await runDurableObjectAlarm(stub)).toBe(false);
  });

  it("late_callback: a payment that nobody closes shows after the end", async ({ expect }) => {
    const { create, stub, order } = await payment(channel, "late_callback");
    await create();
    await stub.buyer("pay");
    const shown = await stub.find();
    expect(shown).toMatchObject({ state: "scanned", paidAt: null });
    const alarm = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBe((shown?.expiresAt ?? 0) + 2_000);
    expect(Math.abs((shown?.expiresAt ?? 0) - order.expiresAt)).toBeLessThan(60_000);
  });

  it("late_callback: paying after the close", async ({ expect }) => {
    const { create, stub, close, query, verdicts } = await payment(channel, "late_callback");
    await create();
    await stub.buyer("scan");
    expect(await close()).toMatchObject({ kind: "ok", value: { state: "closed" } });
    expect(await stub.buyer("scan")).toMatchObject({ ok: false });
    expect((await stub.buyer("pay")).ok).toBe(true);
    expect(await verdicts()).toMatchObject([paid()]);
    expect(await query()).toMatchObject({ kind: "ok", value: { state: "paid" } });
  });

  it("an order is its merchant's own: another account finds nothing", async ({ expect }) => {
    const mine = await payment(channel, null);
    const other = await payment(channel, null);
    await mine.create();
    expect(await mine.stub.find()).not.toBeNull();
    expect(await other.stub.find()).toBeNull();
    expect(await other.query()).toMatchObject({ kind: "ok", value: { state: "absent" } });
  });
});

describe("the way out for test keys", () => {
  it.for([
    "https://api.mch.weixin.qq.com/v3/pay/transactions/native",
    "https://openapi.alipay.com/gateway.do",
    "https://sandbox.invalid/",
    "https://nothing.sandbox.invalid/",
    "https://constructor.sandbox.invalid/",
    "https://wechat.sandbox.invalid.evil.example/",
  ])("refuses %s", async (url, { expect }) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    await expect(sandboxFetch(env, null, "http://gateway.test")(new Request(url))).rejects.toThrow(
      "sandbox",
    );
    expect(fetched).not.toHaveBeenCalled();
  });
});

describe("the table of scripts", () => {
  it("has every script, each different from the ordinary course", ({ expect }) => {
    expect(Object.keys(FAULTS)).toEqual([...FAULT_SCRIPTS]);
    for (const script of FAULT_SCRIPTS) {
      const { happens, gateway } = faultOf(script);
      expect(happens.length * gateway.length).toBeGreaterThan(0);
      expect(happens).not.toBe(NO_FAULT.happens);
    }
  });

  it("is chosen by metadata.sandbox alone", ({ expect }) => {
    expect(scriptOf({ sandbox: "late_callback" })).toBe("late_callback");
    expect(scriptOf({ sandbox: "constructor" })).toBeNull();
    expect(scriptOf({ script: "late_callback" })).toBeNull();
    expect(scriptOf({})).toBeNull();
    expect(faultOf(null)).toBe(NO_FAULT);
  });
});
