/** Notifications: verify the raw bytes, decrypt, and check that they are meant for this account. */
import * as z from "zod";

import { gcmDecrypt } from "../../crypto/aes-gcm.ts";
import { utf8 } from "../../crypto/encoding.ts";
import { paymentOfOrder, paymentOfRefund } from "../../ids.ts";
import type {
  CallbackReply,
  CallbackVerdict,
  ChannelAccount,
  ChannelIo,
  RawCallback,
} from "../adapter.ts";
import { parseJson } from "../json.ts";
import { findPlatformKey } from "./certificates.ts";
import type { Dialect } from "./dialect.ts";
import { keysOf, type AccountKeys } from "./keys.ts";
import { reportOfRefund, reportOfTrade } from "./mapping.ts";
import { namesMerchant, namesOrderOf } from "./party.ts";
import { checkSignature } from "./signing.ts";

/** Fields may be added at any time; those that are used must be as documented. */
const envelopeSchema = z.looseObject({
  id: z.string().min(1).max(64),
  resource: z.looseObject({
    original_type: z.string(),
    algorithm: z.literal("AEAD_AES_256_GCM"),
    ciphertext: z.string(),
    associated_data: z.string().default(""),
    nonce: z.string(),
  }),
});

const refused = (reason: string): CallbackVerdict => ({ kind: "refused", reason });

/**
 * Judges one notification. In this order, each step stopping an attack that the next would miss:
 * the signature over the raw bytes (forgery, tampering, replay after five minutes, probes), the
 * authenticated decryption with this account's own APIv3 key (another merchant's message), and the
 * numbers inside (the same, where accounts share keys, as in a service provider's or the sandbox).
 * A replay inside the window repeats a known notification id and known news: harmless.
 */
export async function verifyCallback(
  callback: RawCallback,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<CallbackVerdict> {
  const read = await keysOf(account);
  if (!read.ok) return refused("account_not_usable");
  const keys = read.value;
  const find = (serial: string) => findPlatformKey(serial, account, keys, io);
  const check = await checkSignature(callback.headers, callback.body, find, io.now());
  if (check !== "valid") return refused(check);

  const envelope = envelopeSchema.safeParse(parseJson(callback.body));
  if (!envelope.success) return refused("envelope_malformed");
  const { id, resource } = envelope.data;
  const plaintext = await open(resource, keys);
  if (plaintext === null) return refused("resource_not_decrypted");

  // Not event_type: TRANSACTION.SUCCESS is also sent to the receivers of a split.
  const notice = { id, content: parseJson(utf8(plaintext)) };
  switch (resource.original_type) {
    case "transaction":
      return judgeTrade(notice, keys, io, dialect);
    case "refund":
      return judgeRefund(notice, keys, io, dialect);
    default:
      return { kind: "ignored", notificationId: id, reason: reasonFor(resource.original_type) };
  }
}

/** Tries the APIv3 keys of all versions: a reset in the console affects messages under way. */
async function open(
  resource: z.infer<typeof envelopeSchema>["resource"],
  keys: AccountKeys,
): Promise<string | null> {
  for (const key of keys.apiV3Keys) {
    const { nonce, associated_data, ciphertext } = resource;
    const opened = await gcmDecrypt(key, nonce, associated_data, ciphertext);
    if (opened.ok) return opened.value;
  }
  return null;
}

/** What the other notifications are about. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  profitsharing: "profit_sharing_notice",
  entrust: "contract_notice",
  security: "self_check_echo",
};

const reasonFor = (originalType: string): string =>
  Object.hasOwn(OTHER_TYPES, originalType)
    ? (OTHER_TYPES[originalType] ?? "other_notice")
    : "other_notice";

interface Notice {
  readonly id: string;
  /** The decrypted text, parsed; undefined: it was not JSON. */
  readonly content: unknown;
}

function judgeTrade(
  { id, content }: Notice,
  keys: AccountKeys,
  io: ChannelIo,
  dialect: Dialect,
): CallbackVerdict {
  const trade = dialect.trade.safeParse(content);
  if (!trade.success) return refused("trade_malformed");
  // After the signature: a valid notice for another merchant is still a forgery here.
  if (!namesOrderOf(keys.parties, trade.data)) return refused("other_merchant");
  const report = reportOfTrade(trade.data, dialect.homeCurrency);
  if (report.ok) return { kind: "reports", notificationId: id, reports: [report.value] };
  if (report.error === "incomplete_success") return refused(report.error);
  // A state that nobody documented changes nothing here; polling finds out what it became.
  io.log("warn", "wechat_unknown_trade_state", {});
  return { kind: "ignored", notificationId: id, reason: report.error };
}

function judgeRefund(
  { id, content }: Notice,
  keys: AccountKeys,
  io: ChannelIo,
  dialect: Dialect,
): CallbackVerdict {
  const read = dialect.refunds.notice.safeParse(content);
  if (!read.success) return refused("refund_malformed");
  const { ids, refundNumber, orderNumber } = read.data;
  if (!namesMerchant(keys.parties, ids)) return refused("other_merchant");
  // Refunds may also be made in WeChat Pay's console, under numbers of its own.
  const payment = paymentOfRefund(refundNumber);
  if (payment === null) return { kind: "ignored", notificationId: id, reason: "foreign_refund" };
  if (orderNumber !== null && paymentOfOrder(orderNumber) !== payment) {
    return refused("other_order");
  }
  const report = reportOfRefund(read.data, dialect.refunds.states, dialect.homeCurrency);
  if (report.ok) {
    return { kind: "reports", notificationId: id, reports: [], refunds: [report.value] };
  }
  io.log("warn", "wechat_unknown_refund_state", {});
  return { kind: "ignored", notificationId: id, reason: report.error };
}

/** WeChat Pay sends again, 15 times in a day, after anything but 200 or 204 within five seconds. */
export const acknowledge = {
  accepted: (): CallbackReply => ({ status: 204, body: "", contentType: null }),
  /** The reason stays in our log: telling it would help a forger to get further. */
  refused: (): CallbackReply => ({
    status: 401,
    body: JSON.stringify({ code: "FAIL", message: "The notification was not accepted." }),
    contentType: "application/json",
  }),
};
