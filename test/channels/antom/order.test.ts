/** The body of `pay` for each method and mode, and what is refused before anybody is asked. */
import { describe, it } from "vitest";

import { antom } from "../../../src/channels/antom/adapter.ts";
import type { ChannelAccount, ChargeOrder } from "../../../src/channels/adapter.ts";
import { checkOrder } from "../../../src/channels/check-order.ts";
import { chargeOrder, NOW } from "../kit.ts";
import { account, accountOf, NOTIFY_URL, subMerchant, vectorCredentials } from "./kit.ts";

const order = (changes: Partial<ChargeOrder> = {}): ChargeOrder =>
  chargeOrder({ notifyUrl: NOTIFY_URL, ...changes });

const page = { returnUrl: "https://shop.example/back?x=1" };

const prepare = (changes: Partial<ChargeOrder> = {}, at: ChannelAccount = account) =>
  antom.prepareCharge(order(changes), at);

const bodyOf = (changes: Partial<ChargeOrder> = {}, at?: ChannelAccount) => {
  const prepared = prepare(changes, at);
  if (!prepared.ok) throw new Error(prepared.error.message);
  const body: Record<string, unknown> = JSON.parse(prepared.value);
  return body;
};

const paths = (changes: Partial<ChargeOrder>) => {
  const prepared = prepare(changes);
  if (prepared.ok) return [];
  const issues = (prepared.error.details?.["issues"] ?? []) as { path: string }[];
  return [prepared.error.code, ...issues.map(({ path }) => path)];
};

const everyScalar = (value: unknown): unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(everyScalar) : [value];

describe("the prepared order", () => {
  it("is the same text every time", ({ expect }) => {
    const paymentId = "pi_00000000000000000000000001";
    const text =
      '{"productCode":"CASHIER_PAYMENT","paymentRequestId":"pi_00000000000000000000000001",' +
      '"order":{"referenceOrderId":"pi_00000000000000000000000001","orderDescription":"AI summary",' +
      '"orderAmount":{"currency":"CNY","value":"699"}},' +
      '"paymentAmount":{"currency":"CNY","value":"699"},' +
      '"paymentMethod":{"paymentMethodType":"ALIPAY_CN"},' +
      '"paymentRedirectUrl":"https://shop.example/back?x=1",' +
      `"paymentNotifyUrl":"${NOTIFY_URL}",` +
      '"settlementStrategy":{"settlementCurrency":"USD"},"env":{"terminalType":"WEB"}}';
    const changes = { paymentId, method: "web", settlementCurrency: "USD", ...page } as const;
    expect(prepare(changes)).toEqual({ ok: true, value: text });
    expect(prepare({ ...changes })).toEqual({ ok: true, value: text });
  });

  it("says for each method how the buyer pays", ({ expect }) => {
    const cashier = { productCode: "CASHIER_PAYMENT", paymentRedirectUrl: page.returnUrl };
    const store = { productCode: "IN_STORE_PAYMENT" };
    expect(bodyOf({ method: "qr" })).toMatchObject({
      ...store,
      paymentMethod: { paymentMethodType: "ALIPAY_CN" },
      paymentFactor: { inStorePaymentScenario: "OrderCode" },
    });
    expect(bodyOf({ method: "barcode", payer: { auth_code: "2812345678901234" } })).toMatchObject({
      ...store,
      paymentMethod: { paymentMethodType: "CONNECT_WALLET", paymentMethodId: "2812345678901234" },
      paymentFactor: { inStorePaymentScenario: "PaymentCode" },
    });
    const at = { payer: { client_ip: "203.0.113.9" }, ...page };
    expect(bodyOf({ method: "web", osType: "ios", ...at })).toMatchObject({
      ...cashier,
      env: { terminalType: "WEB", clientIp: "203.0.113.9" },
    });
    expect(bodyOf({ method: "wap", ...page })["env"]).toEqual({ terminalType: "WAP" });
    expect(bodyOf({ method: "wap", osType: "android", ...page })["env"]).toEqual({
      terminalType: "WAP",
      osType: "ANDROID",
    });
    expect(bodyOf({ method: "app", osType: "ios", ...page })["env"]).toEqual({
      terminalType: "APP",
      osType: "IOS",
    });
    expect(bodyOf({ method: "qr", osType: "ios", ...at })).not.toHaveProperty("env");
  });

  it("writes minor units as they are, whatever the currency's exponent", ({ expect }) => {
    for (const [currency, value] of [
      ["CNY", 699],
      ["JPY", 500],
      ["KRW", 13_000],
      ["VND", 250_000],
      ["IDR", 1_500_000],
    ] as const) {
      const body = bodyOf({ amount: { currency, value } });
      expect(body["paymentAmount"]).toEqual({ currency, value: String(value) });
      expect(body["order"]).toMatchObject({ orderAmount: { currency, value: String(value) } });
    }
  });

  it("holds strings only", ({ expect }) => {
    const acquirer = accountOf("acquirer", { ...vectorCredentials, merchant: subMerchant });
    for (const method of ["qr", "web", "wap", "app"] as const) {
      const body = bodyOf({ method, osType: "ios", ...page }, acquirer);
      expect(everyScalar(body).filter((value) => typeof value !== "string")).toEqual([]);
    }
  });

  it("chooses the wallet: the order's, else the account's, else Alipay", ({ expect }) => {
    const gcash = accountOf("merchant", { ...vectorCredentials, payment_method_type: "GCASH" });
    const wallet = (changes: Partial<ChargeOrder>, at?: ChannelAccount) =>
      bodyOf({ method: "web", ...page, ...changes }, at)["paymentMethod"];
    expect(wallet({})).toEqual({ paymentMethodType: "ALIPAY_CN" });
    expect(wallet({}, gcash)).toEqual({ paymentMethodType: "GCASH" });
    expect(wallet({ paymentMethodType: "DANA" }, gcash)).toEqual({ paymentMethodType: "DANA" });
    expect(wallet({ paymentMethodType: "NEW_WALLET_2027" })).toEqual({
      paymentMethodType: "NEW_WALLET_2027",
    });
    // A scanned code belongs to some wallet already.
    const code = { method: "barcode", payer: { auth_code: "2812345678901234" } } as const;
    expect(wallet(code, gcash)).toMatchObject({ paymentMethodType: "CONNECT_WALLET" });
  });

  it("names the sub-merchant in the acquirer mode, and in no other", ({ expect }) => {
    const acquirer = accountOf("acquirer", { ...vectorCredentials, merchant: subMerchant });
    expect(bodyOf({}, acquirer)["order"]).toMatchObject({
      merchant: {
        referenceMerchantId: "sub-1",
        merchantMCC: "5411",
        merchantName: "Corner Shop",
        store: { referenceStoreId: "store-1", storeName: "Main Street" },
      },
    });
    const isv = accountOf("isv", { ...vectorCredentials, agent_token: "tok-1" });
    for (const at of [account, accountOf("integrator", vectorCredentials), isv]) {
      expect(bodyOf({}, at)["order"]).not.toHaveProperty("merchant");
      // The token is a header's, and no secret goes into a stored text.
      expect(JSON.stringify(bodyOf({}, at))).not.toContain("tok-1");
    }
  });

  it("names the account of a client that has several", ({ expect }) => {
    const site = accountOf("merchant", { ...vectorCredentials, merchant_account_id: "site-2" });
    expect(bodyOf({}, site)["merchantAccountId"]).toBe("site-2");
    expect(bodyOf({})).not.toHaveProperty("merchantAccountId");
    expect(bodyOf({})).not.toHaveProperty("settlementStrategy");
  });

  it("asks for a deadline only inside Antom's bound of ten minutes", ({ expect }) => {
    const deadline = (method: ChargeOrder["method"], seconds: number) =>
      bodyOf({
        method,
        ...page,
        osType: "ios",
        payer: { auth_code: "2812345678901234" },
        expiresAt: NOW + seconds * 1000,
      })["paymentExpiryTime"];
    for (const method of ["qr", "web", "wap", "app", "barcode"] as const) {
      expect(deadline(method, 60)).toBe("2026-11-21T00:01:00+00:00");
      expect(deadline(method, 570)).toBe("2026-11-21T00:09:30+00:00");
    }
    // A cashier payment lives 14 minutes of itself, which is the most it can have.
    expect(deadline("web", 571)).toBeUndefined();
    expect(deadline("app", 900)).toBeUndefined();
    // A code in a store would die after three: the longest deadline there is.
    expect(deadline("qr", 571)).toBe("2026-11-21T00:09:30+00:00");
    expect(deadline("qr", 7_200)).toBe("2026-11-21T00:09:30+00:00");
    expect(bodyOf({ expiresAt: NOW + 60_999 })["paymentExpiryTime"]).toBe(
      "2026-11-21T00:01:00+00:00",
    );
  });

  it("never leaves the description out, and cleans it", ({ expect }) => {
    const cases: [string | null, string, string][] = [
      ['AI 摘要 / "q"', "Shop", 'AI 摘要 / "q"'],
      ["two\r\n\tlines\u0000", "Shop", "two lines"],
      ["\u202egnp.exe", "Shop", "gnp.exe"],
      ["half \ud83d", "Shop", "half \ufffd"],
      [null, "Shop & Sons", "Shop & Sons"],
      [" ", "\u0007", "Order"],
      ["😀".repeat(256), "Shop", "😀".repeat(256)],
      [null, "名".repeat(300), "名".repeat(256)],
    ];
    for (const [description, merchantName, text] of cases) {
      expect(bodyOf({ description, merchantName })["order"]).toMatchObject({
        orderDescription: text,
      });
    }
  });

  it("refuses what Antom would refuse, and names the field", ({ expect }) => {
    const long = `https://shop.example/${"x".repeat(2048)}`;
    const code = (auth_code: string) => ({ method: "barcode", payer: { auth_code } }) as const;
    expect(paths({ description: "字".repeat(257) })).toEqual(["INVALID_REQUEST", "description"]);
    expect(paths({ method: "web", returnUrl: long })).toEqual(["INVALID_REQUEST", "return_url"]);
    expect(paths({ notifyUrl: long })).toEqual(["INTERNAL"]);
    for (const wallet of ["alipay", "A B", "", "X".repeat(65)]) {
      expect(paths({ paymentMethodType: wallet })).toEqual([
        "INVALID_REQUEST",
        "payment_method_type",
      ]);
    }
    expect(paths({ ...code("2812345678901234"), paymentMethodType: "GCASH" })).toEqual([
      "INVALID_REQUEST",
      "payment_method_type",
    ]);
    for (const bad of ["", "a b", "字", "1".repeat(129)]) {
      expect(paths(code(bad))).toEqual(["INVALID_REQUEST", "payer.auth_code"]);
    }
  });

  it("refuses to work with credentials that cannot be read, without repeating them", ({
    expect,
  }) => {
    for (const broken of [
      accountOf("merchant", { client_id: "hush" }),
      accountOf("direct", vectorCredentials),
    ]) {
      expect(() => prepare({}, broken)).toThrow(/cannot be read$/);
      expect(() => prepare({}, broken)).not.toThrow(/hush/);
    }
  });
});

describe("the row of the matrix", () => {
  it("asks for what each method needs, before the adapter is asked", ({ expect }) => {
    const missing = (changes: Partial<ChargeOrder>) => {
      const refused = checkOrder(order(changes), antom.info);
      const issues = (refused?.details?.["issues"] ?? []) as { path: string }[];
      return issues[0]?.path ?? refused?.code ?? null;
    };
    expect(missing({})).toBeNull();
    expect(missing({ method: "web" })).toBe("return_url");
    expect(missing({ method: "wap", ...page })).toBe("os_type");
    expect(missing({ method: "wap", osType: "android" })).toBe("return_url");
    expect(missing({ method: "wap", osType: "android", ...page })).toBeNull();
    expect(missing({ method: "app", ...page })).toBe("os_type");
    expect(missing({ method: "app", osType: "ios", ...page })).toBeNull();
    expect(missing({ method: "barcode" })).toBe("payer.auth_code");
    expect(missing({ method: "jsapi" })).toBe("METHOD_UNSUPPORTED");
    expect(missing({ paymentMethodType: "GCASH" })).toBeNull();
    expect(missing({ profitSharing: true })).toBe("profit_sharing");
    expect(missing({ amount: { currency: "XAU", value: 1 } })).toBe("CURRENCY_UNSUPPORTED");
  });
});
