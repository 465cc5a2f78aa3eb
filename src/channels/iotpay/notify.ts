/**
 * Notifications. Documentation, sample code and other integrations disagree on where the fields
 * stand, so query, form and JSON are all read, later ones winning. That is safe: the signature is
 * checked over the very values that are then believed.
 */
import { fromUtf8Strict } from "../../crypto/encoding.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CallbackVerdict, RawCallback } from "../adapter.ts";
import { parseJson } from "../json.ts";
import type { IotpayAccount } from "./account.ts";
import { integerOf, numberOf } from "./exchange.ts";
import { stateOf, timeOf } from "./operations.ts";
import { isSignedBy } from "./signing.ts";

/** The documented fields. Others are signed only where all that came is signed. */
const DOCUMENTED: readonly string[] = [
  "payOrderId",
  "mchId",
  "mchOrderNo",
  "channelId",
  "currency",
  "amount",
  "status",
  "clientIp",
  "device",
  "subject",
  "body",
  "channelOrderNo",
  "param1",
  "param2",
  "paySuccTime",
  "backType",
];

type Fields = Map<string, string>;

/** Real ones carry about seventeen. */
const FIELD_LIMIT = 100;

const refused = (reason: string): CallbackVerdict => ({ kind: "refused", reason });

function takeJson(text: string, fields: Fields): boolean {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return false;
  for (const [name, value] of Object.entries(parsed)) {
    // What is nested has no one text that could have been signed.
    if (typeof value === "string" || typeof value === "number") fields.set(name, String(value));
  }
  return true;
}

/** Attack: of two fields with one name in one place, signer and reader may pick different ones. */
function takeForm(text: string, fields: Fields): boolean {
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (seen.has(name)) return false;
    seen.add(name);
    fields.set(name, value);
  }
  return true;
}

function readFields(callback: RawCallback): Result<Fields, string> {
  const fields: Fields = new Map();
  const query = callback.target.indexOf("?");
  if (query !== -1 && !takeForm(callback.target.slice(query + 1), fields)) {
    return err("a field is given twice");
  }
  const text = fromUtf8Strict(callback.body)?.trim();
  if (text === undefined) return err("the body is not UTF-8");
  const isRead = text.startsWith("{") ? takeJson(text, fields) : takeForm(text, fields);
  if (!isRead) return err("the body is neither a form nor JSON");
  const wrapped = fields.get("params");
  if (wrapped !== undefined) {
    fields.delete("params");
    if (!takeJson(wrapped, fields)) return err("params is not JSON");
  }
  return fields.size > FIELD_LIMIT ? err("too many fields") : ok(fields);
}

/**
 * Attack: values are signed raw, so of an authentic notice `body=x&mchOrderNo=…` could be cut into
 * fields that nobody signed. We send no `&` in texts; a value that looks like more fields is not
 * believed.
 */
const isAmbiguous = (fields: Fields): boolean =>
  [...fields.values()].some((value) => DOCUMENTED.some((name) => value.includes(`&${name}=`)));

export async function readNotification(
  callback: RawCallback,
  account: IotpayAccount,
): Promise<CallbackVerdict> {
  const read = readFields(callback);
  if (!read.ok) return refused(read.error);
  const fields = read.value;
  const value = (name: string) => fields.get(name) ?? "";
  // A genuine message for another merchant is still a forgery here (cross-account replay).
  const verifiers = account.verifiers.filter(({ mchId }) => mchId === value("mchId"));
  if (verifiers.length === 0) return refused("mchId is not this account's");
  const all = [...fields];
  const documented = all.filter(([name]) => DOCUMENTED.includes(name));
  let authentic = false;
  for (const { merchantKey } of verifiers) {
    authentic ||= await isSignedBy(merchantKey, value("sign"), documented, all);
  }
  if (!authentic) return refused("the signature does not verify");
  if (isAmbiguous(fields)) return refused("a value looks like several fields");

  const paymentId = value("mchOrderNo");
  if (!/^[\w-]{1,64}$/.test(paymentId)) return refused("mchOrderNo is missing");
  const number = numberOf(value("payOrderId"));
  if (number === null) return refused("payOrderId is missing");
  const amount = integerOf(value("amount"));
  if (amount === null || amount < 0 || !/^[A-Z]{3}$/.test(value("currency"))) {
    return refused("amount and currency are not money");
  }
  const status = integerOf(value("status"));
  // Sent for payments only. Not acknowledged: a query may know more by the next time.
  if (status === null || stateOf(status) !== "paid") return refused("status is not a payment's");
  return {
    kind: "reports",
    notificationId: number,
    reports: [
      {
        paymentId,
        state: "paid",
        amount: { currency: value("currency"), value: amount },
        channelTransactionId: number,
        paidAt: timeOf(value("paySuccTime")),
        channelStatus: String(status),
      },
    ],
  };
}
