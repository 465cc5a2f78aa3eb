/** The exact text of an order. */
import { failure, type Failure, invalidField } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelAccount, ChargeOrder } from "../adapter.ts";
import type { Dialect } from "./dialect.ts";
import { newestOf } from "./keys.ts";
import { chinaTime } from "./mapping.ts";
import { orderIds, type Party } from "./party.ts";
import { FOUR_BYTES } from "./text.ts";

const DESCRIPTION_LIMIT = 127;
const NOTIFY_URL_LIMIT = 255;

const descriptionIssue = (message: string): Failure =>
  failure("INVALID_REQUEST", `The description does not fit WeChat Pay: ${message}.`, {
    issues: [{ path: "description", message }],
  });

/**
 * The merchant's own text is refused rather than changed; the fallback is not the payment's text,
 * so it is made to fit.
 */
function descriptionOf(order: ChargeOrder): Result<string, Failure> {
  const text = order.description?.trim() ?? "";
  if (text === "") {
    const name = order.merchantName.replace(FOUR_BYTES, "").trim().slice(0, DESCRIPTION_LIMIT);
    return ok(name === "" ? "Payment" : name);
  }
  if (text.search(FOUR_BYTES) !== -1) {
    return err(descriptionIssue("remove emoji and other characters of four bytes in UTF-8"));
  }
  return text.length > DESCRIPTION_LIMIT
    ? err(descriptionIssue(`shorten it to ${DESCRIPTION_LIMIT} characters`))
    : ok(text);
}

/** WeChat Pay drops notifications to an address it does not like, so it is refused up front. */
export function notifyUrlFailure(notifyUrl: string): Failure | null {
  if (notifyUrl.length <= NOTIFY_URL_LIMIT && !/[?#]/.test(notifyUrl)) return null;
  return failure(
    "CHANNEL_NOT_CONFIGURED",
    `The callback address must have at most ${NOTIFY_URL_LIMIT} characters and no query string.`,
  );
}

const payerIssue = (field: string, message: string): Failure =>
  invalidField(`payer.${field}`, message);

/**
 * Who pays, by the openid that an appid knows them under. A service provider names the payer by its
 * own appid or by the sub-merchant's, never by both: that decides whose page may start the payment.
 */
function payerOf({ payer }: ChargeOrder, party: Party): Result<Record<string, string>, Failure> {
  const { openid, sp_openid, sub_openid } = payer ?? {};
  if (party.kind === "direct") {
    if (openid !== undefined) return ok({ openid });
    return err(payerIssue("openid", "is required; sp_openid and sub_openid are for other modes"));
  }
  const own = sp_openid ?? openid;
  if (sub_openid === undefined) {
    return own === undefined ? err(payerIssue("openid", "is required")) : ok({ sp_openid: own });
  }
  if (own !== undefined) {
    return err(payerIssue("sub_openid", "give it or the service provider's openid, not both"));
  }
  return party.subAppid === null
    ? err(payerIssue("sub_openid", "needs the sub_appid that it belongs to in the credentials"))
    : ok({ sub_openid });
}

/** Where the order comes from; WeChat Pay's risk control looks at it. */
function sceneOf(order: ChargeOrder, dialect: Dialect): Record<string, unknown> {
  const ip = order.payer?.client_ip;
  const scene = {
    ...(ip === undefined ? {} : { payer_client_ip: ip }),
    ...(order.method === "wap" ? dialect.pageInfo(order) : {}),
  };
  return Object.keys(scene).length === 0 ? {} : { scene_info: scene };
}

/**
 * JSON with a fixed order of members. WeChat Pay takes a repeated order number as the same order
 * only when every parameter is the same, so this text is made once and stored.
 */
export function prepareOrder(
  order: ChargeOrder,
  account: ChannelAccount,
  dialect: Dialect,
): Result<string, Failure> {
  const version = newestOf(account);
  if (version === null) {
    return err(failure("CHANNEL_NOT_CONFIGURED", "The WeChat Pay account cannot be used."));
  }
  const problem = notifyUrlFailure(order.notifyUrl);
  if (problem !== null) return err(problem);
  const description = descriptionOf(order);
  if (!description.ok) return description;
  const payer = order.method === "jsapi" ? payerOf(order, version.party) : null;
  if (payer?.ok === false) return payer;
  return ok(
    JSON.stringify({
      ...orderIds(version.party),
      description: description.value,
      out_trade_no: order.paymentId,
      time_expire: chinaTime(order.expiresAt),
      notify_url: order.notifyUrl,
      ...dialect.orderExtras(order, version),
      amount: { total: order.amount.value, currency: order.amount.currency },
      ...(payer === null ? {} : { payer: payer.value }),
      ...sceneOf(order, dialect),
      ...(order.profitSharing ? { settle_info: { profit_sharing: true } } : {}),
    }),
  );
}
