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
import type { CallbackVerdict, RawCallback } from "../adapter.ts";
import type { AlipayKeys, Verifier } from "./keys.ts";
import { fromYuan, isGiven, stateOf, timeOrNull, tradeNumber } from "./mapping.ts";
import { notifyContents } from "./signing.ts";

type Form = ReadonlyMap<string, string>;

/** Real ones carry about thirty. */
const FIELD_LIMIT = 200;

/** Fields of trades that were paid; the last two of those that were also given back. */
const PAID_FIELDS = ["gmt_payment", "gmt_refund", "refund_fee"] as const;

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

function readTrade(form: Form, id: string, verifiers: readonly Verifier[]): CallbackVerdict {
  const sellers = verifiers.flatMap(({ sellerId }) => (sellerId === null ? [] : [sellerId]));
  const seller = form.get("seller_id");
  const isSellerPinned = sellers.length === verifiers.length;
  if (isSellerPinned && (seller === undefined || !sellers.includes(seller))) {
    return refused("seller_id is not this account's");
  }
  // An application may act for other merchants: their notices carry the same app_id.
  const authorised = form.get("auth_app_id");
  if (authorised !== undefined && authorised !== "" && authorised !== form.get("app_id")) {
    return refused("auth_app_id is not this account's");
  }
  const paymentId = form.get("out_trade_no") ?? "";
  if (!/^[\w-]{1,64}$/.test(paymentId)) return refused("out_trade_no is missing");
  const amount = fromYuan(form.get("total_amount"));
  if (amount === null) return refused("total_amount is not an amount");
  const status = form.get("trade_status") ?? "";
  const wasPaid = PAID_FIELDS.some((field) => isGiven(form.get(field)));
  const state = stateOf(status, wasPaid);
  // Not acknowledged: Alipay sends it again, and a query may know more by then.
  if (state === null) return refused("trade_status is not known");
  return {
    kind: "reports",
    notificationId: id,
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
