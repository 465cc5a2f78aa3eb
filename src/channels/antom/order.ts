/** The body of `/v1/payments/pay`, and everything that Antom would refuse in it. */
import { failure, type Failure, invalidField } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChargeOrder, Method } from "../adapter.ts";
import type { AntomCredentials, SubMerchant } from "./credentials.ts";
import { ANY_WALLET, DEFAULT_WALLET } from "./info.ts";
import { toAmount, toTime } from "./mapping.ts";

/** Characters of `orderDescription`, counted as code points. */
const DESCRIPTION_LIMIT = 256;

/** Characters of `paymentRedirectUrl` and `paymentNotifyUrl`. */
const URL_LIMIT = 2_048;

/** A deadline of our own must be less than ten minutes ahead of the request. */
const EXPIRY_BOUND_MS = 10 * 60_000;

/** Keeps a deadline inside the bound although Antom's clock is not ours. */
const EXPIRY_MARGIN_MS = 30_000;

/** Where the buyer is, for the methods that open a page of Antom's. */
const TERMINALS: Readonly<Partial<Record<Method, string>>> = {
  web: "WEB",
  wap: "WAP",
  app: "APP",
};

const OS_TYPES = { ios: "IOS", android: "ANDROID" } as const;

/** Scanned by one side or the other. */
const SCENARIOS: Readonly<Partial<Record<Method, string>>> = {
  qr: "OrderCode",
  barcode: "PaymentCode",
};

function refuse(order: ChargeOrder): Failure | null {
  const { description, returnUrl, notifyUrl, method, paymentMethodType, payer } = order;
  if (Array.from(description ?? "").length > DESCRIPTION_LIMIT) {
    return invalidField("description", `Antom takes at most ${DESCRIPTION_LIMIT} characters`);
  }
  if ((returnUrl ?? "").length > URL_LIMIT) {
    return invalidField("return_url", `Antom takes at most ${URL_LIMIT} characters`);
  }
  if (notifyUrl.length > URL_LIMIT) {
    return failure("INTERNAL", "The callback address is longer than Antom takes.");
  }
  if (paymentMethodType !== null && !/^[A-Z0-9_]{1,64}$/.test(paymentMethodType)) {
    return invalidField("payment_method_type", "must be a wallet's name, for instance ALIPAY_CN");
  }
  if (method !== "barcode") return null;
  if (paymentMethodType !== null && paymentMethodType !== ANY_WALLET) {
    return invalidField(
      "payment_method_type",
      "the scanned code says which wallet it is; leave it out",
    );
  }
  return /^[\x21-\x7e]{1,128}$/.test(payer?.auth_code ?? "")
    ? null
    : invalidField("payer.auth_code", "must be the code as it was scanned");
}

/** Controls, line ends and direction overrides would garble a receipt. */
const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .trim();

/** The description, else the merchant's name, else a plain word: Antom insists on a text. */
function descriptionOf({ description, merchantName }: ChargeOrder): string {
  const given = cleanText(description ?? "");
  if (given !== "") return given;
  const name = Array.from(cleanText(merchantName)).slice(0, DESCRIPTION_LIMIT).join("").trim();
  return name === "" ? "Order" : name;
}

/**
 * Null: Antom's own deadline. A cashier payment then lives 14 minutes, which is longer than any
 * deadline that may be asked for, so one is only set when the order ends before the bound. Codes
 * shown in a store die after what the contract says, often 3 minutes: there the longest deadline is
 * asked for. What an order outlives is cancelled when its time has come.
 */
function deadlineOf({ method, createdAt, expiresAt }: ChargeOrder): number | null {
  const latest = createdAt + EXPIRY_BOUND_MS - EXPIRY_MARGIN_MS;
  if (expiresAt <= latest) return expiresAt;
  return SCENARIOS[method] === undefined ? null : latest;
}

const writeMerchant = (merchant: SubMerchant) => ({
  referenceMerchantId: merchant.reference_merchant_id,
  merchantMCC: merchant.merchant_mcc,
  merchantName: merchant.merchant_name,
  ...(merchant.store === undefined
    ? {}
    : {
        store: {
          referenceStoreId: merchant.store.reference_store_id,
          storeName: merchant.store.store_name,
          storeMCC: merchant.store.store_mcc,
        },
      }),
});

/** The wallet, and for a scanned code the code itself. */
function writeMethod(order: ChargeOrder, credentials: AntomCredentials) {
  if (order.method === "barcode") {
    return { paymentMethodType: ANY_WALLET, paymentMethodId: order.payer?.auth_code };
  }
  const wallet = order.paymentMethodType ?? credentials.payment_method_type ?? DEFAULT_WALLET;
  return { paymentMethodType: wallet };
}

function writeEnvironment({ method, osType, payer }: ChargeOrder) {
  const terminalType = TERMINALS[method];
  if (terminalType === undefined) return undefined;
  return {
    terminalType,
    ...(osType === null || method === "web" ? {} : { osType: OS_TYPES[osType] }),
    clientIp: payer?.client_ip,
  };
}

/**
 * The body, in a fixed order of fields. A repeat must be the same text: another body under the same
 * `paymentRequestId` is refused (REPEAT_REQ_INCONSISTENT). Undefined members are not written.
 */
export function payBody(
  order: ChargeOrder,
  credentials: AntomCredentials,
): Result<string, Failure> {
  const refused = refuse(order);
  if (refused !== null) return err(refused);
  const { merchant } = credentials;
  const scenario = SCENARIOS[order.method];
  const deadline = deadlineOf(order);
  const amount = toAmount(order.amount);
  return ok(
    JSON.stringify({
      productCode: scenario === undefined ? "CASHIER_PAYMENT" : "IN_STORE_PAYMENT",
      paymentRequestId: order.paymentId,
      order: {
        referenceOrderId: order.paymentId,
        orderDescription: descriptionOf(order),
        orderAmount: amount,
        merchant: merchant === undefined ? undefined : writeMerchant(merchant),
      },
      paymentAmount: amount,
      paymentMethod: writeMethod(order, credentials),
      paymentFactor: scenario === undefined ? undefined : { inStorePaymentScenario: scenario },
      paymentExpiryTime: deadline === null ? undefined : toTime(deadline),
      paymentRedirectUrl: order.returnUrl ?? undefined,
      paymentNotifyUrl: order.notifyUrl,
      settlementStrategy:
        order.settlementCurrency === null
          ? undefined
          : { settlementCurrency: order.settlementCurrency },
      env: writeEnvironment(order),
      merchantAccountId: credentials.merchant_account_id,
    }),
  );
}
