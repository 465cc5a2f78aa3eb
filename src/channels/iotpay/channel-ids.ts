/**
 * Which of IOTPay's channel ids an order is: method × wallet → channelId, as data. Names, endpoints
 * and currencies are those of IOTPay's order pages. CAD and USD go everywhere but at UnionPay's
 * counter (CAD only); CNY only where a page names it.
 */
import { type Failure, failure, invalidField } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChargeOrder, Method } from "../adapter.ts";

export const WALLETS = ["WECHAT", "ALIPAY", "UNIONPAY"] as const;

export type Wallet = (typeof WALLETS)[number];

export interface Product {
  readonly channelId: string;
  /** Below the endpoint. */
  readonly path: "/create_order" | "/payForSubmit";
  /** What the buyer gets, and so what the reply must hold. */
  readonly shows: "qr" | "link" | "sdk" | "nothing";
  readonly currencies: readonly string[];
  /** What the order must have beyond the common fields. */
  readonly needs: readonly ("return_url" | "os_type" | "wechat_app_id")[];
  /** The member `extra`, a JSON text. */
  readonly extra?: "product" | "app" | "mini_program";
}

const DOLLARS = ["CAD", "USD"] as const;
const AND_YUAN = ["CAD", "USD", "CNY"] as const;
const CAD_ONLY = ["CAD"] as const;

const product = (
  channelId: string,
  shows: Product["shows"],
  currencies: readonly string[],
  more: Partial<Product> = {},
): Product => ({ channelId, path: "/create_order", shows, currencies, needs: [], ...more });

const RETURNS = { needs: ["return_url"] } as const;
/** `osType` since 2026-03-10; the wallet comes back by `returnUrl`. */
const ALIPAY_MOBILE = { needs: ["os_type", "return_url"] } as const;

const SECURE_PAY = product("UPI_SEQ", "link", AND_YUAN, RETURNS);

/** A method that a wallet lacks here is one that IOTPay has no channel id for. */
export const PRODUCTS: Readonly<Record<Method, Partial<Readonly<Record<Wallet, Product>>>>> = {
  qr: {
    WECHAT: product("WX_NATIVE", "qr", AND_YUAN, { extra: "product" }),
    ALIPAY: product("ALIPAY_QR", "qr", DOLLARS),
    UNIONPAY: product("UPI_QR", "qr", CAD_ONLY),
  },
  jsapi: {
    WECHAT: product("WX_JSAPI", "sdk", DOLLARS, {
      needs: ["wechat_app_id"],
      extra: "mini_program",
    }),
  },
  app: {
    WECHAT: product("WX_APP", "sdk", DOLLARS, { needs: ["wechat_app_id"], extra: "app" }),
    ALIPAY: product("ALIPAY_MOBILE", "sdk", DOLLARS, ALIPAY_MOBILE),
    UNIONPAY: product("UPI_APP", "sdk", DOLLARS),
  },
  wap: {
    ALIPAY: product("ALIPAY_WAP", "link", AND_YUAN, ALIPAY_MOBILE),
    UNIONPAY: SECURE_PAY,
  },
  web: {
    ALIPAY: product("ALIPAY_PC", "link", AND_YUAN, RETURNS),
    UNIONPAY: SECURE_PAY,
  },
  barcode: {
    WECHAT: product("WX_MICROPAY", "nothing", DOLLARS),
    ALIPAY: product("ALIPAY_MICROPAY", "nothing", DOLLARS),
    UNIONPAY: product("UPI_MICROPAY", "nothing", CAD_ONLY),
  },
};

/** A page inside WeChat whose buyer has no openid with us: IOTPay's own page asks for the payment. */
export const IN_WECHAT_BROWSER = product("WX_JSAPI", "link", AND_YUAN, {
  path: "/payForSubmit",
  ...RETURNS,
});

/**
 * What wallets print into their payment codes: WeChat Pay 18 digits from 10 to 15, Alipay 16 to 24
 * from 25 to 30, UnionPay 19 from 62.
 */
const CODES: readonly (readonly [Wallet, RegExp])[] = [
  ["WECHAT", /^1[0-5]\d{16}$/],
  ["ALIPAY", /^(2[5-9]|30)\d{14,22}$/],
  ["UNIONPAY", /^62\d{17}$/],
];

export const openidOf = ({ payer }: ChargeOrder): string | undefined =>
  payer?.openid ?? payer?.sub_openid ?? payer?.sp_openid;

/**
 * The wallet of an order. First what the merchant says, then what the buyer's own data prove (a
 * scanned code, an openid), then the account's default, then the only one that has the method.
 * Anything else is ambiguous, and guessing would send buyers to a wallet that they do not have.
 */
function walletOf(order: ChargeOrder, byDefault: Wallet | undefined): Result<Wallet, Failure> {
  const { method, paymentMethodType, payer } = order;
  const path = "payment_method_type";
  if (paymentMethodType !== null) {
    const named = WALLETS.find((wallet) => wallet === paymentMethodType);
    return named === undefined
      ? err(invalidField(path, `must be ${WALLETS.join(" or ")}`))
      : ok(named);
  }
  const code = method === "barcode" ? (payer?.auth_code ?? "") : "";
  const scanned = CODES.find(([, pattern]) => pattern.test(code))?.[0];
  const offered = WALLETS.filter((wallet) => PRODUCTS[method][wallet] !== undefined);
  const inWechat = openidOf(order) !== undefined && offered.includes("WECHAT");
  const proven = scanned ?? (inWechat ? "WECHAT" : undefined);
  const only = offered.length === 1 ? offered[0] : undefined;
  const found = proven ?? only ?? byDefault;
  if (found !== undefined) return ok(found);
  return err(invalidField(path, `IOTPay has ${offered.join(" and ")} for ${method}: say which`));
}

/** The product of an order, or why IOTPay has none for it. */
export function productOf(
  order: ChargeOrder,
  byDefault: Wallet | undefined,
): Result<Product, Failure> {
  const wallet = walletOf(order, byDefault);
  if (!wallet.ok) return wallet;
  const { method, amount } = order;
  const listed = PRODUCTS[method][wallet.value];
  const found =
    method === "jsapi" && listed !== undefined && openidOf(order) === undefined
      ? IN_WECHAT_BROWSER
      : listed;
  if (found === undefined) {
    const supported = WALLETS.filter((other) => PRODUCTS[method][other] !== undefined);
    const message = `IOTPay has no ${method} for ${wallet.value}; use ${supported.join(" or ")}.`;
    return err(failure("METHOD_UNSUPPORTED", message, { payment_method_types: supported }));
  }
  if (!found.currencies.includes(amount.currency)) {
    const { currencies, channelId } = found;
    const message = `IOTPay's ${channelId} does not take ${amount.currency}; use ${currencies.join(" or ")}.`;
    return err(failure("CURRENCY_UNSUPPORTED", message, { supported: currencies }));
  }
  return ok(found);
}
