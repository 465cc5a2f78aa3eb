/** The fields of `create_order` and `payForSubmit`, in a fixed order: a repeat sends the same. */
import * as z from "zod";

import { type Failure, failure, invalidFields } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChargeOrder } from "../adapter.ts";
import { openidOf, type Product, productOf } from "./channel-ids.ts";
import type { IotpayAccount } from "./account.ts";
import { clientIp, fitText } from "./texts.ts";

/** Characters. */
const SUBJECT_LIMIT = 64;
const BODY_LIMIT = 255;
const URL_LIMIT = 200;

/** What is stored before the first call. It is signed when it is sent, with the newest key. */
const preparedOrder = z.strictObject({
  path: z.enum(["/create_order", "/payForSubmit"]),
  shows: z.enum(["qr", "link", "sdk", "nothing"]),
  fields: z.record(z.string(), z.union([z.string(), z.int()])),
});

export type PreparedOrder = z.infer<typeof preparedOrder>;

/** @throws Error when a stored order is not one of ours: nothing may be sent then. */
export const readPrepared = (payload: string): PreparedOrder =>
  preparedOrder.parse(JSON.parse(payload));

/** What the product needs and the order or the account lacks. */
function refuse(
  { needs, channelId }: Product,
  order: ChargeOrder,
  account: IotpayAccount,
): Failure | null {
  const missing = {
    return_url: order.returnUrl === null,
    os_type: order.osType === null,
    wechat_app_id: account.wechat_app_id === undefined,
  };
  const lacking = needs.filter((need) => missing[need]);
  if (lacking.includes("wechat_app_id")) {
    const message = `IOTPay's ${channelId} needs the account's wechat_app_id: add it to the account.`;
    return failure("CHANNEL_NOT_CONFIGURED", message);
  }
  if (lacking.length > 0) return invalidFields(lacking, `needed by IOTPay's ${channelId}`);
  if ((order.returnUrl ?? "").length > URL_LIMIT) {
    return invalidFields(
      ["return_url"],
      `is longer than the ${URL_LIMIT} characters that IOTPay takes`,
    );
  }
  if (order.notifyUrl.length > URL_LIMIT) {
    return failure("INTERNAL", "The callback address is longer than IOTPay takes.");
  }
  return null;
}

/** The description, else the merchant's name, else a plain word: IOTPay insists on a text. */
function textsOf(order: ChargeOrder, { encode_text }: IotpayAccount) {
  const encode = encode_text === true;
  const fit = (limit: number) =>
    [order.description ?? "", order.merchantName]
      .map((text) => fitText(text, limit, encode))
      .find((text) => text !== "") ?? "Order";
  return { subject: fit(SUBJECT_LIMIT), body: fit(BODY_LIMIT) };
}

/** `extra` is signed as the very text that is sent. */
function extraOf({ extra }: Product, order: ChargeOrder, { wechat_app_id: appId }: IotpayAccount) {
  if (extra === undefined) return {};
  const members = {
    product: { productId: order.paymentId },
    app: { type: "apppay", appId },
    mini_program: { openId: openidOf(order), type: "minipay", appId },
  };
  return { extra: JSON.stringify(members[extra]) };
}

/** `returnUrl` and `osType` where the product has a use for them. */
const wayBack = ({ needs }: Product, { returnUrl, osType }: ChargeOrder) => ({
  ...(needs.includes("os_type") && osType !== null ? { osType: osType.toUpperCase() } : {}),
  ...(needs.includes("return_url") && returnUrl !== null ? { returnUrl } : {}),
});

/** The till's name and the code that it scanned. */
const scan = ({ shows }: Product, { payer }: ChargeOrder) =>
  shows === "nothing"
    ? { deviceId: "ITPAY", codeType: "barcode", identityCode: payer?.auth_code ?? "" }
    : {};

export function prepareOrder(order: ChargeOrder, account: IotpayAccount): Result<string, Failure> {
  const chosen = productOf(order, account.payment_method_type);
  if (!chosen.ok) return chosen;
  const product = chosen.value;
  const refused = refuse(product, order, account);
  if (refused !== null) return err(refused);
  const prepared: PreparedOrder = {
    path: product.path,
    shows: product.shows,
    fields: {
      mchId: account.mch_id,
      mchOrderNo: order.paymentId,
      jobNo: account.job_no,
      channelId: product.channelId,
      currency: order.amount.currency,
      amount: order.amount.value,
      clientIp: clientIp(order.payer?.client_ip),
      device: "WEB",
      notifyUrl: order.notifyUrl,
      ...wayBack(product, order),
      ...textsOf(order, account),
      ...extraOf(product, order, account),
      ...scan(product, order),
    },
  };
  return ok(JSON.stringify(prepared));
}
