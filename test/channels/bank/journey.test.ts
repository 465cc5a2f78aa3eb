/**
 * Every scheme from its code to its money: made, read by a wallet, paid at the simulated bank, told
 * by the bank's message, asked for. Then what must not be believed.
 */
import { describe, it } from "vitest";

import type { ChannelAccount, ChannelIo } from "../../../src/channels/adapter.ts";
import type { Channel } from "../../../src/channels/adapter.ts";
import { duitnow } from "../../../src/channels/duitnow/channel.ts";
import { fps } from "../../../src/channels/fps/channel.ts";
import { parseEmv } from "../../../src/channels/emvco/parse.ts";
import { paynow } from "../../../src/channels/paynow/channel.ts";
import { promptpay } from "../../../src/channels/promptpay/channel.ts";
import { qris } from "../../../src/channels/qris/channel.ts";
import { qrph } from "../../../src/channels/qrph/channel.ts";
import { vietqr } from "../../../src/channels/vietqr/channel.ts";
import type { Shown } from "../../../src/sandbox/simulator.ts";
import { chargeOrder, memoryReferences, NOW, rawCallback, sentOrder } from "../kit.ts";
import { accountOf, changed, ioWith, keyring, NOTIFY_URL, worldOf } from "./kit.ts";

const CHANNELS = [promptpay, paynow, duitnow, fps, qris, vietqr, qrph].map(
  (channel) => [channel.adapter.info.slug, channel] as const,
);

/** Divisible by a hundred: whole in every currency. */
const VALUE = 123_400;

interface Options {
  readonly credentials?: Record<string, unknown>;
  readonly references?: ChannelIo["references"];
}

/** A payment at a channel with its simulated banks. */
async function shop(channel: Channel, options: Options = {}) {
  const { adapter, sandbox } = channel;
  let now = NOW;
  const bank = await worldOf(() => now);
  const account: ChannelAccount = accountOf(adapter.info.slug, [options.credentials ?? {}]);
  const credentials = options.credentials ?? sandbox.credentials(bank.keys, account.id);
  const opened = { ...account, versions: [credentials] } as ChannelAccount;
  const registration =
    options.credentials === undefined ? null : await sandbox.registration(options.credentials);
  if (registration !== null) bank.registered.set(registration.merchant, registration.entry);
  const examined = await adapter.modes["direct"]?.examine(credentials, now);
  if (examined?.ok !== true) throw new Error(JSON.stringify(examined));
  const made = ioWith((request) => sandbox.handle(request, bank.world()), {
    now: () => now,
    endpoints: sandbox.endpoints,
    references: options.references ?? memoryReferences(),
  });
  const currency = adapter.info.currencies[0] ?? "";
  const order = chargeOrder({ amount: { currency, value: VALUE }, notifyUrl: NOTIFY_URL });
  const payload = adapter.prepareCharge(order, opened);
  if (!payload.ok) throw new Error(payload.error.message);
  const { paymentId, amount, createdAt, expiresAt } = order;
  const sent = sentOrder(paymentId, { amount, createdAt, expiresAt, payload: payload.value });
  const create = (of = order, io = made.io) => adapter.createCharge(payload.value, of, opened, io);
  /** The buyer's wallet reads what is shown. */
  const open = async (data: string, changes: Partial<Shown> = {}) =>
    sandbox.open?.(
      {
        paymentId,
        merchant: examined.value.merchantAccount,
        currency,
        value: VALUE,
        notifyUrl: NOTIFY_URL,
        action: { type: "show_qr", data },
        ...changes,
      },
      bank.world(),
    );
  const number = sandbox.orderNumber?.(paymentId) ?? paymentId;
  return {
    ...made,
    bank,
    adapter,
    sandbox,
    account: opened,
    merchant: examined.value.merchantAccount,
    order,
    payload: payload.value,
    sent,
    create,
    open,
    number,
    query: () => adapter.queryPayment(sent, opened, made.io),
    close: () => adapter.closePayment(sent, opened, made.io),
    verify: async (request: Request, of = opened) =>
      adapter.verifyCallback(await rawCallback(request), of, made.io),
    /** The bank's message about the payment as it stands. */
    async callback(flaw: Parameters<typeof sandbox.callback>[1] = null) {
      const record = bank.find(number);
      if (record === undefined) throw new Error("the bank knows no such order");
      return sandbox.callback(record, flaw, bank.world());
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

type Shop = Awaited<ReturnType<typeof shop>>;

async function codeOf({ create }: Pick<Shop, "create">): Promise<string> {
  const outcome = await create();
  if (outcome.kind !== "ok" || outcome.value.action.type !== "show_qr") {
    throw new Error(JSON.stringify(outcome));
  }
  return outcome.value.action.data;
}

async function paidShop(channel: Channel, options: Options = {}): Promise<Shop> {
  const made = await shop(channel, options);
  const opened = await made.open(await codeOf(made));
  if (opened?.ok !== true) throw new Error(JSON.stringify(opened));
  made.bank.become(made.number, "paid");
  return made;
}

const must = <T>(value: T | null): T => {
  if (value === null) throw new Error("nothing there");
  return value;
};

describe.for(CHANNELS)("%s", ([slug, channel]) => {
  it("makes a code of its scheme that any wallet can read", async ({ expect }) => {
    const { create, order, payload, adapter, account, merchant } = await shop(channel);
    const first = await create();
    expect(first).toMatchObject({
      kind: "ok",
      value: { action: { type: "show_qr" }, expiresAt: order.expiresAt },
    });
    // A repeat gives the same bytes, and is no second order.
    expect(await create()).toEqual(first);
    expect(adapter.prepareCharge(order, account)).toEqual({ ok: true, value: payload });
    const data = await codeOf({ create });
    const parsed = parseEmv(data);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const { amount, currency, initiation, schemes } = parsed.value;
    const code = schemes.find(({ scheme }) => scheme === slug);
    expect([currency?.code, amount?.value, initiation]).toEqual([
      order.amount.currency,
      VALUE,
      "dynamic",
    ]);
    expect(code?.payee?.value).toBe(merchant);
    const { reference } = JSON.parse(payload) as { reference: string };
    expect(code?.reference).toBe(reference);
    expect(reference).toMatch(/^[0-9A-Z]{20,25}$/);
    expect(order.paymentId.slice(3).toUpperCase().startsWith(reference)).toBe(true);
  });

  it("is paid: the message tells it, and asking agrees", async ({ expect }) => {
    const made = await shop(channel);
    const opened = await made.open(await codeOf(made));
    expect(opened).toMatchObject({ ok: true, value: { state: "open", value: VALUE } });
    expect(await made.query()).toMatchObject({ kind: "ok", value: { state: "absent" } });
    // Banks write of money only.
    expect(await made.callback()).toBeNull();
    made.bank.become(made.number, "paid");
    const verdict = await made.verify(must(await made.callback()));
    const paid = {
      paymentId: made.order.paymentId,
      state: "paid",
      amount: made.order.amount,
      channelTransactionId: expect.stringMatching(/^\d{28}$/),
      paidAt: NOW,
    };
    expect(verdict).toMatchObject({ kind: "reports", reports: [paid], reply: { status: 200 } });
    expect(await made.query()).toMatchObject({ kind: "ok", value: paid });
  });

  it("tells a wrong amount as it is", async ({ expect }) => {
    const made = await paidShop(channel);
    const verdict = await made.verify(must(await made.callback("wrong_amount")));
    if (verdict.kind !== "reports") throw new Error(verdict.kind);
    const isAsked = slug === "promptpay";
    // Where the bank is asked, its own books count.
    expect(verdict.reports[0]?.amount?.value === VALUE).toBe(isAsked);
    expect(verdict.reports[0]?.state).toBe("paid");
  });

  it("changes nothing on a forged message", async ({ expect }) => {
    const made = await paidShop(channel);
    for (const flaw of ["wrong_signature", "sign_test_probe"] as const) {
      const verdict = await made.verify(must(await made.callback(flaw)));
      // Unsigned, it is about a reference that nobody has.
      if (slug === "promptpay") expect(verdict).toMatchObject({ kind: "ignored" });
      else expect(verdict).toMatchObject({ kind: "refused" });
    }
  });

  it("acknowledges money of an unknown reference, and hands it on when it is proven", async ({
    expect,
  }) => {
    const made = await paidShop(channel);
    const message = must(await made.callback());
    const stranger = ioWith(async () => Response.json({}, { status: 500 }));
    const verdict = await made.adapter.verifyCallback(
      await rawCallback(message),
      made.account,
      stranger.io,
    );
    const { reference } = JSON.parse(made.payload) as { reference: string };
    expect(verdict).toMatchObject({
      reply: { status: 200 },
      ...(slug === "promptpay"
        ? { kind: "ignored", reason: "unproven, and no payment of ours" }
        : { kind: "orphan", reference, amount: made.order.amount, paidAt: NOW }),
    });
    // And nobody is asked: a stranger must not make us call the bank.
    expect(stranger.asked).toEqual([]);
  });

  it("is another account's money to another account", async ({ expect }) => {
    const made = await paidShop(channel);
    const message = must(await made.callback());
    const other = accountOf(slug, [
      made.sandbox.credentials(await keyring(), "ca_another0000000000000000000"),
    ]);
    const { io } = ioWith(async () => Response.json({}, { status: 500 }));
    const verdict = await made.adapter.verifyCallback(await rawCallback(message), other, io);
    // The built-in accounts share a secret, so it is proven; their references are apart.
    expect(verdict.kind).toMatch(/^(refused|orphan)$/);
  });

  it("refuses a reference that another payment has", async ({ expect }) => {
    const { create, payload, order, io } = await shop(channel);
    const { reference } = JSON.parse(payload) as { reference: string };
    await io.references.keep(reference, "pi_another");
    expect(await create()).toMatchObject({
      kind: "rejected",
      error: { code: "INTERNAL", channelCode: "reference_taken" },
    });
    expect(await io.references.find(reference)).not.toBe(order.paymentId);
  });

  it("has no close: the payment ends, the code does not", async ({ expect }) => {
    const made = await shop(channel);
    const opened = await made.open(await codeOf(made));
    expect(await made.close()).toMatchObject({
      kind: "ok",
      value: { state: "closed", channelStatus: "no_close", amount: null },
    });
    expect(await made.query()).toMatchObject({ value: { state: "absent" } });
    expect(opened?.ok).toBe(true);
    made.pass(3_600_000);
    made.bank.become(made.number, "paid");
    const verdict = await made.verify(must(await made.callback()));
    expect(verdict).toMatchObject({ kind: "reports", reports: [{ state: "paid" }] });
  });

  it("passes its self-check, and its matrix row says what it can do", async ({ expect }) => {
    const { adapter, account, io, sandbox } = await shop(channel);
    expect(await adapter.selfCheck(account, io)).toMatchObject({ kind: "ok" });
    expect(adapter.refunds).toBeUndefined();
    expect(adapter.info).toMatchObject({
      methods: ["qr"],
      refunds: null,
      confirmedBy: "bank_webhook",
    });
    expect(channel.endpoints).toEqual([]);
    expect(sandbox.endpoints).toEqual([`https://${slug}.sandbox.invalid`]);
    expect(adapter.acknowledge.accepted().status).toBe(200);
    expect(adapter.acknowledge.refused("secret reason").body).toBe("");
  });

  it("wallets refuse a code that was tampered with", async ({ expect }) => {
    const made = await shop(channel);
    const data = await codeOf(made);
    const refused = async (text: string, changes: Partial<Shown> = {}) =>
      (await made.open(text, changes))?.ok;
    expect(await refused(`${data.slice(0, -1)}${data.endsWith("0") ? "1" : "0"}`)).toBe(false);
    expect(await refused(data, { value: VALUE + 100 })).toBe(false);
    expect(await refused(data, { merchant: "somebody" })).toBe(false);
    expect(await refused(data, { paymentId: `pi_${"z".repeat(26)}` })).toBe(false);
    expect(await refused("weixin://wxpay/bizpayurl?pr=1")).toBe(false);
    expect(await refused("")).toBe(false);
    expect(await refused(data)).toBe(true);
    // A second look at the same code is the same order.
    expect(await refused(data)).toBe(true);
    expect(made.bank.rows.size).toBe(1);
  });
});

describe("signed messages", () => {
  const spoil = async (change: Parameters<typeof changed>[1]) => {
    const made = await paidShop(paynow);
    const callback = await changed(must(await made.callback()), change);
    return made.adapter.verifyCallback(callback, made.account, made.io);
  };

  it.for([
    ["tampered", { body: (text: string) => text.replace("1234.00", "1.00") }],
    ["cut", { body: (text: string) => text.slice(0, -1) }],
    ["huge", { body: (text: string) => text + " ".repeat(70_000) }],
    ["empty", { body: () => "" }],
    ["without signature", { headers: { "x-signature": null } }],
    ["without time", { headers: { "x-timestamp": null } }],
    ["of another time", { headers: { "x-timestamp": String(NOW / 1_000 - 1) } }],
    ["as a form", { headers: { "content-type": "application/x-www-form-urlencoded" } }],
  ] as const)("are refused %s", async ([, change], { expect }) => {
    expect(await spoil(change)).toMatchObject({ kind: "refused" });
  });

  it("are refused five minutes later, and signed anew by the bank", async ({ expect }) => {
    const made = await paidShop(paynow);
    const first = must(await made.callback());
    made.pass(301_000);
    expect(await made.verify(first)).toEqual({
      kind: "refused",
      reason: "the timestamp is out of range",
    });
    expect(await made.verify(must(await made.callback()))).toMatchObject({ kind: "reports" });
  });

  it("verify under an older version of the secret", async ({ expect }) => {
    const made = await paidShop(paynow);
    const newer = {
      uen: made.merchant,
      bank: { profile: "generic_hmac", secret: "a-new-secret-of-ours" },
    };
    const both = { ...made.account, versions: [newer, ...made.account.versions] } as ChannelAccount;
    const message = must(await made.callback());
    expect(await made.verify(message, both)).toMatchObject({ kind: "reports", reports: [{}] });
    const retired = { ...made.account, versions: [newer] } as ChannelAccount;
    expect(await made.verify(message, retired)).toMatchObject({ kind: "refused" });
  });

  it("are understood while the account moves to another bank", async ({ expect }) => {
    const made = await paidShop(paynow);
    const newer = { uen: made.merchant, bank: { profile: "hitpay_v1", secret: "salt" } };
    const both = { ...made.account, versions: [newer, ...made.account.versions] } as ChannelAccount;
    expect(await made.verify(must(await made.callback()), both)).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid" }],
    });
  });
});

describe("unsigned messages (SCB)", () => {
  it("are not believed when the bank knows of no payment", async ({ expect }) => {
    const made = await paidShop(promptpay);
    const message = must(await made.callback());
    made.bank.become(made.number, "open");
    expect(await made.verify(message)).toEqual({
      kind: "refused",
      reason: "the bank knows of no such payment",
    });
  });

  it("are not believed when the bank cannot be asked", async ({ expect }) => {
    const made = await paidShop(promptpay);
    const message = await rawCallback(must(await made.callback()));
    for (const reply of [
      async () => Response.json({}, { status: 503 }),
      async () => Response.json({}, { status: 401 }),
      async (): Promise<Response> => {
        throw new TypeError("down");
      },
    ]) {
      const { io } = ioWith(reply, { references: made.io.references });
      // Another object of the same account: no token is kept for it.
      const account = { ...made.account };
      expect(await made.adapter.verifyCallback(message, account, io)).toEqual({
        kind: "refused",
        reason: "the bank could not be asked",
      });
    }
  });

  it("count by what the bank's books say, whatever they claim", async ({ expect }) => {
    const made = await paidShop(promptpay);
    const request = must(await made.callback());
    const callback = await changed(request, {
      body: (text) => text.replace('"amount":"1234.00"', '"amount":"1.00"'),
    });
    expect(new TextDecoder().decode(callback.body)).toContain('"amount":"1.00"');
    expect(await made.adapter.verifyCallback(callback, made.account, made.io)).toMatchObject({
      kind: "reports",
      reports: [{ state: "paid", amount: { value: VALUE } }],
    });
  });

  it("are answered in SCB's words", async ({ expect }) => {
    const made = await paidShop(promptpay);
    const verdict = await made.verify(must(await made.callback()));
    if (verdict.kind !== "reports") throw new Error(verdict.kind);
    const { reference } = JSON.parse(made.payload) as { reference: string };
    expect(verdict.reply?.contentType).toBe("application/json");
    expect(JSON.parse(verdict.reply?.body ?? "")).toEqual({
      resCode: "00",
      resDesc: "success",
      transactionId: verdict.reports[0]?.channelTransactionId,
      confirmId: reference,
    });
  });

  it("about another biller are not this account's", async ({ expect }) => {
    const made = await paidShop(promptpay);
    const callback = await changed(must(await made.callback()), {
      body: (text) => text.replace(made.merchant, "999999999999999"),
    });
    expect(await made.adapter.verifyCallback(callback, made.account, made.io)).toEqual({
      kind: "refused",
      reason: "payeeProxyId is not this account's",
    });
  });
});

describe("banks that make the code", () => {
  const kbank = {
    bank: {
      profile: "kbank",
      app_key: "consumer",
      app_secret: "consumer-secret",
      username: "PARTNER",
      password: "partner-secret",
      merchant_id: "KB000000000001",
      api_url: "https://api.bank.com",
    },
  };
  const ambank = {
    source: "acquirer_api",
    bank: {
      profile: "ambank",
      app_key: "client",
      app_secret: "client-secret",
      token: "channel-token",
      username: "api-key",
      secret: "signing-secret",
      merchant_id: "QR000000000001",
      terminal_id: "ITP",
      api_url: "https://api.bank.com",
    },
  };

  it.for([
    ["KBank", promptpay, kbank],
    ["AmBank", duitnow, ambank],
  ] as const)("%s: ordered, paid, told, asked", async ([, channel, credentials], { expect }) => {
    const made = await paidShop(channel, { credentials });
    expect(made.merchant).toBe(credentials.bank.merchant_id);
    const verdict = await made.verify(must(await made.callback()));
    expect(verdict).toMatchObject({
      kind: "reports",
      reports: [{ paymentId: made.order.paymentId, state: "paid", amount: made.order.amount }],
    });
    const [first] = made.asked;
    expect(first?.request.url).toContain("/oauth/");
    const query = await made.query();
    // AmBank is asked by the whole code, which only its message brings.
    expect(query).toMatchObject({ value: { state: channel === duitnow ? "absent" : "paid" } });
  });

  it("KBank closes an unpaid code, and answers in its own words", async ({ expect }) => {
    const made = await shop(promptpay, { credentials: kbank });
    await made.open(await codeOf(made));
    expect(await made.query()).toMatchObject({
      value: { state: "open", channelStatus: "REQUESTED" },
    });
    expect(await made.close()).toMatchObject({
      value: { state: "closed", channelStatus: "closed" },
    });
    expect(await made.query()).toMatchObject({ value: { state: "closed" } });
    const paid = await paidShop(promptpay, { credentials: kbank });
    expect(await paid.close()).toMatchObject({ value: { state: "paid" } });
    const verdict = await paid.verify(must(await paid.callback()));
    if (verdict.kind !== "reports") throw new Error(verdict.kind);
    const { reference } = JSON.parse(paid.payload) as { reference: string };
    expect(JSON.parse(verdict.reply?.body ?? "")).toEqual({
      partnerTxnUid: reference,
      partnerId: "PARTNER",
      statusCode: "00",
      errorCode: null,
      errorDesc: null,
    });
  });

  it("AmBank is not believed about a code that it has not made so", async ({ expect }) => {
    const made = await paidShop(duitnow, { credentials: ambank });
    const request = must(await made.callback());
    const body: Record<string, unknown> = await request.clone().json();
    const other = await changed(request, {
      body: () =>
        JSON.stringify({ ...body, QRString: `${String(body["QRString"]).slice(0, -4)}0000` }),
    });
    expect(await made.adapter.verifyCallback(other, made.account, made.io)).toEqual({
      kind: "refused",
      reason: "the reference is missing",
    });
  });

  it.for([
    ["KBank", promptpay, kbank],
    ["AmBank", duitnow, ambank],
  ] as const)("%s refuses wrong credentials", async ([, channel, credentials], { expect }) => {
    const made = await shop(channel, { credentials });
    const registered = made.bank.registered.get(made.merchant);
    const secrets = { ...registered?.secrets, app_secret: "changed" };
    made.bank.registered.set(made.merchant, { publicKeys: {}, symmetricKey: null, secrets });
    expect(await made.create()).toMatchObject({
      kind: "rejected",
      error: { code: "CHANNEL_NOT_CONFIGURED", channelCode: "token_refused" },
    });
  });
});
