/**
 * `biz_content` of the orders: one text per method, in a fixed order of fields, because a repeat
 * must be the same. Everything that Alipay would refuse is refused before a payment is reserved.
 */
import { failure, type Failure, invalidField } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelAccount, ChargeOrder, Method } from "../adapter.ts";
import { CODE_LIFETIME_MS } from "./info.ts";
import { cleanSubject, toYuan } from "./mapping.ts";
import { chinaTime } from "./signing.ts";
import { refuseUnauthorized, termsOf, type AccountTerms } from "./terms.ts";

const MINUTE_MS = 60_000;

/** Characters of `subject`, counted as code points. */
const SUBJECT_LIMIT = 256;

/** Characters of `notify_url`, and of `return_url`. */
const URL_LIMIT = 256;

/** `product_code`: the contract under which the payment is made. */
const PRODUCTS: Readonly<Record<Method, string>> = {
  qr: "FACE_TO_FACE_PAYMENT",
  barcode: "FACE_TO_FACE_PAYMENT",
  app: "QUICK_MSECURITY_PAY",
  wap: "QUICK_WAP_WAY",
  web: "FAST_INSTANT_TRADE_PAY",
  jsapi: "JSAPI_PAY",
};

/** The code on the buyer's screen begins with 25 to 30; a recognised face gives one with `fp`. */
const PAYMENT_CODE = /^(?:2[5-9]|30)\d{14,22}$/;
const FACE_CODE = /^fp[0-9A-Za-z]{33}$/;

function refuseOrder(order: ChargeOrder, account: ChannelAccount): Failure | null {
  const { description, notifyUrl, returnUrl, method, payer, createdAt } = order;
  if (Array.from(description ?? "").length > SUBJECT_LIMIT) {
    return invalidField(
      "description",
      `is longer than ${SUBJECT_LIMIT} characters, which is what Alipay takes`,
    );
  }
  if ((returnUrl ?? "").length > URL_LIMIT) {
    return invalidField(
      "return_url",
      `is longer than ${URL_LIMIT} characters, which is what Alipay takes`,
    );
  }
  if (notifyUrl.length > URL_LIMIT) {
    return failure("INTERNAL", "The callback address is longer than Alipay takes.");
  }
  const code = payer?.auth_code ?? "";
  if (method === "barcode" && !PAYMENT_CODE.test(code) && !FACE_CODE.test(code)) {
    return invalidField(
      "payer.auth_code",
      "is not a payment code of Alipay: 16 to 24 digits that begin with 25 to 30",
    );
  }
  return refuseUnauthorized(account, createdAt);
}

/** The description, else the merchant's name, else a plain word: Alipay insists on a text. */
function subjectOf(order: ChargeOrder): string {
  const description = cleanSubject(order.description ?? "");
  if (description !== "") return description;
  const name = Array.from(cleanSubject(order.merchantName)).slice(0, SUBJECT_LIMIT).join("").trim();
  return name === "" ? "Order" : name;
}

type Fields = Readonly<Record<string, unknown>>;

/** What only this method's order carries. */
const OWN_FIELDS: Readonly<Record<Method, (order: ChargeOrder, terms: AccountTerms) => Fields>> = {
  // Ends a code that nobody scans. It counts from the call, in whole minutes: rounded up.
  qr: ({ expiresAt, createdAt }) => {
    const life = Math.min(Math.max(expiresAt - createdAt, 1), CODE_LIFETIME_MS);
    return { qr_code_timeout_express: `${Math.ceil(life / MINUTE_MS)}m` };
  },
  barcode: ({ payer }) => {
    const code = payer?.auth_code ?? "";
    return { scene: FACE_CODE.test(code) ? "security_code" : "bar_code", auth_code: code };
  },
  // The page's "back" leads to the shop as well.
  wap: ({ returnUrl }) => (returnUrl === null ? {} : { quit_url: returnUrl }),
  jsapi: ({ payer }, terms) => {
    const buyer = payer?.openid ?? "";
    const name = /^2088\d{12}$/.test(buyer) ? "buyer_id" : "buyer_open_id";
    // The mini program that the buyer is in: the merchant's own, also under a service provider.
    return { [name]: buyer, op_app_id: terms.auth_app_id ?? terms.app_id };
  },
  app: () => ({}),
  web: () => ({}),
};

/** `royalty_freeze`: the money waits at Alipay until the split is settled. */
function extendParams(order: ChargeOrder, terms: AccountTerms): Fields {
  const { sys_service_provider_id } = terms;
  const extend = {
    ...(sys_service_provider_id === undefined ? {} : { sys_service_provider_id }),
    ...(order.profitSharing ? { royalty_freeze: "true" } : {}),
  };
  return Object.keys(extend).length === 0 ? {} : { extend_params: extend };
}

/**
 * `time_expire` is the exact end of the order. Unlike the relative forms it does not move when the
 * order is sent again later, and it holds for a trade that was begun, too.
 */
export function orderContent(order: ChargeOrder, account: ChannelAccount): Result<string, Failure> {
  const refused = refuseOrder(order, account);
  if (refused !== null) return err(refused);
  const terms = termsOf(account);
  return ok(
    JSON.stringify({
      out_trade_no: order.paymentId,
      total_amount: toYuan(order.amount),
      subject: subjectOf(order),
      product_code: PRODUCTS[order.method],
      ...OWN_FIELDS[order.method](order, terms),
      time_expire: chinaTime(order.expiresAt),
      ...extendParams(order, terms),
    }),
  );
}
