/** Whole lives of payments: the adapter against the simulated Antom, step by step. */
import { describe, it } from "vitest";

import { antom } from "../../../src/channels/antom/adapter.ts";
import { antomSandbox } from "../../../src/channels/antom/sandbox/channel.ts";
import type {
  ChannelAccount,
  Charge,
  ChargeOrder,
  Outcome,
  SentOrder,
} from "../../../src/channels/adapter.ts";
import { checkOrder } from "../../../src/channels/check-order.ts";
import { chargeOrder, NOW, rawCallback, refundOrder } from "../kit.ts";
import { accountOf, NOTIFY_URL, simulation, subMerchant } from "./kit.ts";

type Sim = Awaited<ReturnType<typeof simulation>>;

const MINUTE = 60_000;

const order = (changes: Partial<ChargeOrder> = {}): ChargeOrder =>
  chargeOrder({
    notifyUrl: NOTIFY_URL,
    returnUrl: "https://shop.example/",
    osType: "android",
    ...changes,
  });

const valueOf = <T>(outcome: Outcome<T>): T => {
  if (outcome.kind !== "ok") throw new Error(`${outcome.kind}: ${outcome.error.channelCode}`);
  return outcome.value;
};

/** Orders as the gateway does, and answers what was sent. */
async function place(sim: Sim, of: ChargeOrder, at: ChannelAccount = sim.account) {
  if (checkOrder(of, antom.info) !== null) throw new Error("the order is not in order");
  const prepared = antom.prepareCharge(of, at);
  if (!prepared.ok) throw new Error(prepared.error.message);
  const outcome = await antom.createCharge(prepared.value, of, at, sim.io);
  const repeat = () => antom.createCharge(prepared.value, of, at, sim.io);
  const sent = (channelTransactionId: string | null): SentOrder => ({
    ...of,
    payload: prepared.value,
    channelTransactionId,
  });
  return { outcome, repeat, sent };
}

const numberOf = (charge: Charge): string => charge.channelTransactionId ?? "";

/** The simulator's notice about the order as it stands, through the adapter's eyes. */
async function tell(sim: Sim, of: ChargeOrder, at: ChannelAccount = sim.account) {
  const record = sim.find(of.paymentId);
  const request =
    record === undefined ? null : await antomSandbox.callback(record, null, sim.world());
  if (request === null) throw new Error("no notice");
  return antom.verifyCallback(await rawCallback(request), at, sim.io);
}

async function tellOfRefund(sim: Sim, of: ChargeOrder, refundId: string) {
  const record = sim.find(of.paymentId);
  const refund = record?.refunds.find(({ refundNumber }) => refundNumber === refundId);
  if (record === undefined || refund === undefined) throw new Error("no refund");
  const request = await antomSandbox.refundCallback?.(record, refund, sim.world());
  return request == null
    ? null
    : antom.verifyCallback(await rawCallback(request), sim.account, sim.io);
}

const desk = antom.refunds;
if (desk === undefined) throw new Error("Antom refunds");

const wallet = (of: ChargeOrder) => `https://gateway.example/sandbox/wallet/${of.paymentId}`;

describe("a payment", () => {
  it("is ordered, paid, told, asked for, refunded in parts, and can then not be closed", async ({
    expect,
  }) => {
    const sim = await simulation();
    const of = order({ amount: { currency: "HKD", value: 12_345 }, settlementCurrency: "USD" });
    const { outcome, repeat, sent } = await place(sim, of);
    const charge = valueOf(outcome);
    expect(charge).toMatchObject({ action: { type: "show_qr", data: wallet(of) } });
    expect(charge.expiresAt).toBe(NOW + 570_000);
    // The same order is one order: the same code, and Antom's same number.
    expect(valueOf(await repeat())).toEqual(charge);
    const known = sent(numberOf(charge));
    const open = valueOf(await antom.queryPayment(known, sim.account, sim.io));
    expect(open).toMatchObject({ state: "open", channelTransactionId: numberOf(charge) });

    sim.become(of.paymentId, "paid");
    const paid = {
      paymentId: of.paymentId,
      state: "paid",
      amount: of.amount,
      channelTransactionId: numberOf(charge),
      paidAt: NOW,
      channelStatus: "SUCCESS",
    };
    expect(await tell(sim, of)).toMatchObject({ kind: "reports", reports: [paid] });
    expect(valueOf(await antom.queryPayment(known, sim.account, sim.io))).toEqual(paid);
    expect(valueOf(await antom.closePayment(known, sim.account, sim.io))).toEqual(paid);
    expect(valueOf(await repeat())).toMatchObject({ action: { type: "wait" }, report: paid });

    const first = refundOrder(known, {
      notifyUrl: NOTIFY_URL,
      amount: { currency: "HKD", value: 10_000 },
    });
    const prepared = desk.prepare(first, sim.account);
    const payload = prepared.ok ? prepared.value : "";
    expect(valueOf(await desk.query(first, sim.account, sim.io)).state).toBe("absent");
    const given = valueOf(await desk.create(payload, first, sim.account, sim.io));
    expect(given).toMatchObject({ state: "succeeded", amount: first.amount, refundedAt: NOW });
    expect(valueOf(await desk.create(payload, first, sim.account, sim.io))).toEqual(given);
    const asked = valueOf(await desk.query(first, sim.account, sim.io));
    expect(asked).toEqual({ ...given, channelStatus: "SUCCESS" });
    expect(await tellOfRefund(sim, of, first.refundId)).toMatchObject({
      kind: "reports",
      reports: [],
      refunds: [asked],
    });

    const second = { ...first, refundId: `${first.refundId.slice(0, -1)}2` };
    const more = desk.prepare(second, sim.account);
    const refused = await desk.create(more.ok ? more.value : "", second, sim.account, sim.io);
    expect(refused).toMatchObject({ kind: "rejected", error: { code: "REFUND_EXCEEDS_PAYMENT" } });
    // Refunded in part, and still a paid payment.
    expect(valueOf(await antom.queryPayment(known, sim.account, sim.io))).toEqual(paid);
  });

  it("goes through every method", async ({ expect }) => {
    for (const [method, action] of [
      ["web", { type: "redirect" }],
      ["wap", { type: "redirect" }],
      ["app", { type: "redirect", scheme_url: expect.stringMatching(/^sandboxwallet:/) }],
      ["qr", { type: "show_qr" }],
    ] as const) {
      const sim = await simulation();
      const of = order({ method, amount: { currency: "JPY", value: 500 } });
      const { outcome, sent } = await place(sim, of);
      const charge = valueOf(outcome);
      expect(charge.action).toMatchObject(action);
      expect(JSON.stringify(charge.action)).toContain(wallet(of));
      expect(charge.expiresAt - NOW).toBe(method === "qr" ? 570_000 : 840_000);
      sim.become(of.paymentId, "paid");
      expect(await tell(sim, of)).toMatchObject({
        reports: [{ state: "paid", amount: of.amount }],
      });
      const known = sent(numberOf(charge));
      expect(valueOf(await antom.queryPayment(known, sim.account, sim.io)).state).toBe("paid");
    }
  });

  it("by a scanned code is paid, asked for, or refused", async ({ expect }) => {
    const sim = await simulation();
    const scan = (auth_code: string) =>
      place(sim, order({ method: "barcode", payer: { auth_code }, expiresAt: NOW + MINUTE }));
    const paid = await scan("2812345678901230");
    expect(valueOf(paid.outcome)).toMatchObject({
      action: { type: "wait" },
      report: { state: "paid", amount: { currency: "CNY", value: 699 } },
    });
    expect(valueOf(await paid.repeat())).toEqual(valueOf(paid.outcome));
    const waiting = await scan("2812345678901239");
    expect(valueOf(waiting.outcome)).toEqual({
      action: { type: "wait" },
      expiresAt: NOW + MINUTE,
      channelTransactionId: expect.any(String),
    });
    const known = waiting.sent(numberOf(valueOf(waiting.outcome)));
    expect(valueOf(await antom.queryPayment(known, sim.account, sim.io)).state).toBe("open");
    expect(valueOf(await antom.closePayment(known, sim.account, sim.io)).state).toBe("closed");
    expect(valueOf(await antom.queryPayment(known, sim.account, sim.io)).state).toBe("closed");
    for (const [code, channelCode] of [
      ["2812345678901238", "USER_BALANCE_NOT_ENOUGH"],
      ["not-a-code", "INVALID_PAYMENT_CODE"],
    ] as const) {
      expect((await scan(code)).outcome).toMatchObject({
        kind: "rejected",
        error: { code: "PAYMENT_DECLINED", channelCode },
      });
    }
  });

  it("that nobody paid is closed, and stays so", async ({ expect }) => {
    const sim = await simulation();
    const of = order();
    const { outcome, repeat, sent } = await place(sim, of);
    const known = sent(numberOf(valueOf(outcome)));
    for (const of2 of [known, sent(null)]) {
      expect(valueOf(await antom.closePayment(of2, sim.account, sim.io)).state).toBe("closed");
      expect(valueOf(await antom.queryPayment(of2, sim.account, sim.io)).state).toBe("closed");
    }
    expect(await repeat()).toMatchObject({ kind: "rejected", error: { code: "INVALID_STATE" } });
  });

  it("that ran out is closed, not failed", async ({ expect }) => {
    let now = NOW;
    const sim = await simulation(() => now);
    const of = order({ expiresAt: NOW + 5 * MINUTE });
    const { outcome, repeat, sent } = await place(sim, of);
    const known = sent(numberOf(valueOf(outcome)));
    now = NOW + 5 * MINUTE;
    sim.become(of.paymentId, "closed");
    expect(valueOf(await antom.queryPayment(known, sim.account, sim.io))).toMatchObject({
      state: "closed",
      channelStatus: "FAIL",
    });
    expect(valueOf(await antom.closePayment(known, sim.account, sim.io)).state).toBe("closed");
    expect(await repeat()).toMatchObject({ kind: "rejected", error: { code: "PAYMENT_EXPIRED" } });
  });

  it("that Antom never heard of is absent, and can be closed as such", async ({ expect }) => {
    const sim = await simulation();
    const of: SentOrder = { ...order(), payload: "{}", channelTransactionId: null };
    expect(valueOf(await antom.queryPayment(of, sim.account, sim.io)).state).toBe("absent");
    expect(valueOf(await antom.closePayment(of, sim.account, sim.io)).state).toBe("absent");
  });

  it("paid in the moment of the cancel is given back, and says so", async ({ expect }) => {
    const sim = await simulation();
    const of = order();
    const { outcome, sent } = await place(sim, of);
    const known = sent(numberOf(valueOf(outcome)));
    // Between the adapter's inquiry and its cancel.
    const io = {
      ...sim.io,
      fetch: (request: Request) => {
        if (request.url.endsWith("/cancel")) sim.become(of.paymentId, "paid");
        return sim.fetch(request);
      },
    };
    expect(valueOf(await antom.closePayment(known, sim.account, io)).state).toBe("closed");
    expect(valueOf(await antom.queryPayment(known, sim.account, io))).toMatchObject({
      state: "reversed",
      channelStatus: "CANCELLED",
    });
    // The notice of its success comes all the same.
    expect(await tell(sim, of)).toMatchObject({ reports: [{ state: "reversed" }] });
  });

  it("repeated with another body is a conflict, and not a refusal", async ({ expect }) => {
    const sim = await simulation();
    const of = order();
    await place(sim, of);
    const { outcome } = await place(sim, { ...of, description: "other" });
    expect(outcome).toMatchObject({
      kind: "unknown",
      error: { channelCode: "REPEAT_REQ_INCONSISTENT" },
    });
  });
});

describe("a refund", () => {
  it("that cannot be paid out goes on being processed, and is told to nobody", async ({
    expect,
  }) => {
    const sim = await simulation(() => NOW, "refund_abnormal");
    const of = order();
    const { outcome, sent } = await place(sim, of);
    sim.become(of.paymentId, "paid");
    const refund = refundOrder(sent(numberOf(valueOf(outcome))), { notifyUrl: NOTIFY_URL });
    const prepared = desk.prepare(refund, sim.account);
    const payload = prepared.ok ? prepared.value : "";
    const begun = valueOf(await desk.create(payload, refund, sim.account, sim.io));
    expect(begun).toMatchObject({ state: "processing", channelStatus: "REFUND_IN_PROCESS" });
    expect(valueOf(await desk.query(refund, sim.account, sim.io))).toMatchObject({
      state: "processing",
      refundedAt: null,
    });
    expect(await tellOfRefund(sim, of, refund.refundId)).toBeNull();
  });

  it("under a used number with other terms is a conflict, and not a refusal", async ({
    expect,
  }) => {
    const sim = await simulation();
    const of = order();
    const { outcome, sent } = await place(sim, of);
    sim.become(of.paymentId, "paid");
    const refund = refundOrder(sent(numberOf(valueOf(outcome))));
    const book = (reason: string) => {
      const prepared = desk.prepare({ ...refund, reason }, sim.account);
      return desk.create(prepared.ok ? prepared.value : "", refund, sim.account, sim.io);
    };
    expect((await book("one")).kind).toBe("ok");
    expect(await book("two")).toMatchObject({
      kind: "unknown",
      error: { channelCode: "REPEAT_REQ_INCONSISTENT" },
    });
  });
});

describe("the modes", () => {
  const modes = {
    merchant: {},
    integrator: {},
    acquirer: { merchant: subMerchant },
    isv: { agent_token: "token-1" },
  } as const;

  it("each pay at a channel that insists on their difference", async ({ expect }) => {
    for (const [mode, more] of Object.entries(modes)) {
      const sim = await simulation();
      const credentials = {
        ...antomSandbox.credentials(sim.keys, "ca_00000000000000000000000001"),
        client_id: "5Y00000000000000",
        key_version: 2,
        ...more,
      };
      const entry = await antomSandbox.registration(credentials);
      if (entry === null) throw new Error("registration");
      sim.registered.set(entry.merchant, entry.entry);
      const at = accountOf(mode, credentials);
      expect((await antom.modes[mode]?.examine(credentials, NOW))?.ok).toBe(true);
      expect((await antom.selfCheck(at, sim.io)).kind).toBe("ok");
      const of = order({ method: "web" });
      const { outcome } = await place(sim, of, at);
      expect(valueOf(outcome).action.type).toBe("redirect");
      sim.become(of.paymentId, "paid");
      expect(await tell(sim, of, at)).toMatchObject({ reports: [{ state: "paid" }] });
      // The account of another client does not take this notice.
      expect(await tell(sim, of, sim.account)).toMatchObject({ kind: "refused" });
    }
  });

  it("are refused in each other's place", async ({ expect }) => {
    const sim = await simulation();
    const base = {
      ...antomSandbox.credentials(sim.keys, "ca_00000000000000000000000001"),
      client_id: "5Y00000000000000",
    };
    const registerAs = async (more: object) => {
      const entry = await antomSandbox.registration({ ...base, ...more });
      if (entry !== null) sim.registered.set(entry.merchant, entry.entry);
    };
    const pay = async (mode: keyof typeof modes) => {
      const at = accountOf(mode, { ...base, ...modes[mode] });
      const { outcome } = await place(sim, order({ method: "web" }), at);
      return outcome.kind === "ok" ? "ok" : outcome.error.channelCode;
    };
    await registerAs(modes.acquirer);
    expect(await pay("acquirer")).toBe("ok");
    expect(await pay("merchant")).toBe("PARAM_ILLEGAL");
    expect(await pay("isv")).toBe("ACCESS_DENIED");
    await registerAs(modes.isv);
    expect(await pay("isv")).toBe("ok");
    expect(await pay("merchant")).toBe("ACCESS_DENIED");
    await registerAs(modes.merchant);
    expect(await pay("merchant")).toBe("ok");
    expect(await pay("isv")).toBe("ACCESS_DENIED");
  });
});

describe("the built-in test account", () => {
  it("has credentials that pass their own examination", async ({ expect }) => {
    const sim = await simulation();
    const credentials = antomSandbox.credentials(sim.keys, "ca_00000000000000000000000001");
    const examined = await antom.modes[antomSandbox.mode]?.examine(credentials, NOW);
    // The order at the sandbox is found by this number.
    expect(examined).toMatchObject({
      ok: true,
      value: { merchantAccount: credentials["client_id"] },
    });
  });
});
