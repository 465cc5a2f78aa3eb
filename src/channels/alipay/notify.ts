/**
 * Asynchronous notifications: a form posted to `notify_url`. Verified over the form decoded once
 * (a second decoding breaks on `%`), then compared with the account.
 *
 * `notify_time` is not held against the clock: Alipay repeats the same text for 25 hours. A replay
 * is harmless, because a report says where a payment stands and applying it twice, or late, changes
 * nothing; a forger cannot make one.
 */
import { fromUtf8Strict } from "../../crypto/encoding.ts";
import { verifySha256 } from "../../crypto/rsa.ts";
import { err, ok, type Result } from "../../result.ts";
import { paymentOfOrder, paymentOfRefund } from "../../ids.ts";
import type { CallbackVerdict, RawCallback, RefundReport } from "../adapter.ts";
import type { AlipayKeys, Verifier } from "./keys.ts";
import { fromYuan, isGiven, stateOf, timeOrNull, tradeNumber } from "./mapping.ts";
import { notifyContents } from "./signing.ts";

type Form = ReadonlyMap<string, string>;

/** Real ones carry about thirty. */
const FIELD_LIMIT = 200;

/** Fields of trades that were given back, in part or whole. */
const REFUND_FIELDS = ["gmt_refund", "refund_fee"] as const;

/** Fields of trades that were paid. */
const PAID_FIELDS = ["gmt_payment", ...REFUND_FIELDS] as const;

const refused = (reason: string): CallbackVerdict => ({ kind: "refused", reason });

/** The form, decoded once. Attack: of two fields with one name each reader picks its own. */
function readForm(body: Uint8Array): Result<Form, string> {
  const text = fromUtf8Strict(body);
  if (text === null) return err("the body is not UTF-8");
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name)) return err("a field is given twice");
    if (form.size >= FIELD_LIMIT) return err("too many fields");
    form.set(name, value);
  }
  return ok(form);
}

/**
 * The algorithm is RSA-SHA256, whatever the message's `sign_type` says. Attack: a message that
 * names an older algorithm would choose how it is checked.
 */
async function isAuthentic(form: Form, verifiers: readonly Verifier[]): Promise<boolean> {
  const signature = form.get("sign");
  if (signature === undefined || signature === "") return false;
  for (const content of notifyContents(form)) {
    for (const { key } of verifiers) {
      if (await verifySha256(key, content, signature)) return true;
    }
  }
  return false;
}

export async function readNotification(
  callback: RawCallback,
  keys: AlipayKeys,
): Promise<CallbackVerdict> {
  const read = readForm(callback.body);
  if (!read.ok) return refused(read.error);
  const form = read.value;
  const appId = form.get("app_id");
  // A genuine message for another account is still a forgery here (cross-account replay). Checked
  // first, so that a stranger's text costs no signature checks.
  const verifiers = keys.verifiers.filter((verifier) => verifier.appId === appId);
  if (verifiers.length === 0) return refused("app_id is not this account's");
  if (!(await isAuthentic(form, verifiers))) return refused("the signature does not verify");

  const id = form.get("notify_id");
  const type = form.get("notify_type");
  if (type !== "trade_status_sync") {
    return { kind: "ignored", notificationId: id ?? "", reason: "not about a trade" };
  }
  if (id === undefined || !/^[\w-]{1,128}$/.test(id)) return refused("notify_id is missing");
  return readTrade(form, id, verifiers);
}

/**
 * An application may act for several merchants, whose notices all carry its app_id: the seller and
 * the merchant's application tell them apart. The newest credentials say whether they are pinned.
 */
function refuseStranger(form: Form, verifiers: readonly Verifier[]): string | null {
  const sellers = verifiers.map(({ sellerId }) => sellerId);
  const seller = form.get("seller_id") ?? "";
  if (typeof sellers[0] === "string" && !sellers.includes(seller)) {
    return "seller_id is not this account's";
  }
  const merchants = verifiers.map(({ authAppId }) => authAppId);
  const authorised = form.get("auth_app_id") ?? "";
  const own = form.get("app_id") ?? "";
  // Left out, it is the application itself.
  if (typeof merchants[0] === "string" && !merchants.includes(authorised || own)) {
    return "auth_app_id is not this account's";
  }
  return null;
}

/**
 * The refund that a notice tells of: partial ones come as TRADE_SUCCESS and the last one as
 * TRADE_CLOSED, all with `out_biz_no`, which is the refund's number. `refund_fee` is the running
 * total of the trade and so not this refund's amount. Null: none, or one that was made in Alipay's
 * console.
 */
function readRefund(form: Form, paymentId: string): RefundReport | null {
  if (!REFUND_FIELDS.some((field) => isGiven(form.get(field)))) return null;
  const refundId = form.get("out_biz_no") ?? "";
  // Attack: one payment's notice with the number of another payment's refund.
  if (paymentOfRefund(refundId) !== paymentOfOrder(paymentId)) return null;
  if (paymentOfRefund(refundId) === null) return null;
  return {
    refundId,
    state: "succeeded",
    amount: null,
    channelRefundId: null,
    refundedAt: timeOrNull(form.get("gmt_refund")),
    channelStatus: form.get("trade_status") ?? "",
  };
}

function readTrade(form: Form, id: string, verifiers: readonly Verifier[]): CallbackVerdict {
  const stranger = refuseStranger(form, verifiers);
  if (stranger !== null) return refused(stranger);
  const paymentId = form.get("out_trade_no") ?? "";
  if (!/^[\w-]{1,64}$/.test(paymentId)) return refused("out_trade_no is missing");
  const amount = fromYuan(form.get("total_amount"));
  if (amount === null) return refused("total_amount is not an amount");
  const status = form.get("trade_status") ?? "";
  const wasPaid = PAID_FIELDS.some((field) => isGiven(form.get(field)));
  const state = stateOf(status, wasPaid);
  // Not acknowledged: Alipay sends it again, and a query may know more by then.
  if (state === null) return refused("trade_status is not known");
  const refund = readRefund(form, paymentId);
  return {
    kind: "reports",
    notificationId: id,
    ...(refund === null ? {} : { refunds: [refund] }),
    // Also beside a refund: it says once more that the payment was made, which changes nothing,
    // or that all of it was given back.
    reports: [
      {
        paymentId,
        state,
        amount,
        channelTransactionId: tradeNumber(form.get("trade_no")),
        paidAt: state === "paid" ? timeOrNull(form.get("gmt_payment")) : null,
        channelStatus: status,
      },
    ],
  };
}
