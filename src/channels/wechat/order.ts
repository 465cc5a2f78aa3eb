/** The exact text of a native (QR) order. */
import { failure, type Failure } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelAccount, ChargeOrder } from "../adapter.ts";
import { credentialsOf } from "./keys.ts";
import { chinaTime } from "./mapping.ts";

const DESCRIPTION_LIMIT = 127;
const NOTIFY_URL_LIMIT = 255;

/** WeChat Pay takes code points of up to three bytes of UTF-8; lone surrogates have none. */
const FOUR_BYTES = /[\u{10000}-\u{10FFFF}\p{Surrogate}]/gu;

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
function notifyUrlFailure(notifyUrl: string): Failure | null {
  if (notifyUrl.length <= NOTIFY_URL_LIMIT && !/[?#]/.test(notifyUrl)) return null;
  return failure(
    "CHANNEL_NOT_CONFIGURED",
    `The callback address must have at most ${NOTIFY_URL_LIMIT} characters and no query string.`,
  );
}

/**
 * JSON with a fixed order of members. WeChat Pay takes a repeated order number as the same order
 * only when every parameter is the same, so this text is made once and stored.
 */
export function prepareOrder(order: ChargeOrder, account: ChannelAccount): Result<string, Failure> {
  const credentials = credentialsOf(account);
  const newest = credentials.ok ? credentials.value[0] : undefined;
  if (newest === undefined) {
    return err(failure("CHANNEL_NOT_CONFIGURED", "The WeChat Pay account cannot be used."));
  }
  const problem = notifyUrlFailure(order.notifyUrl);
  if (problem !== null) return err(problem);
  const description = descriptionOf(order);
  if (!description.ok) return description;
  return ok(
    JSON.stringify({
      appid: newest.appid,
      mchid: newest.mchid,
      description: description.value,
      out_trade_no: order.paymentId,
      time_expire: chinaTime(order.expiresAt),
      notify_url: order.notifyUrl,
      amount: { total: order.amount.value, currency: order.amount.currency },
    }),
  );
}
