/** Notifications to the merchant: an encrypted transaction or refund in a signed envelope. */
import { gcmEncrypt } from "../../../crypto/aes-gcm.ts";
import { toHex, utf8 } from "../../../crypto/encoding.ts";
import type {
  CallbackFlaw,
  SandboxOrderRecord,
  SandboxRefund,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import type { Flavour } from "./flavour.ts";
import { platformSerialOf } from "./identity.ts";
import { merchantOfOrder } from "./merchant.ts";
import { idsOf, tradeOf } from "./orders.ts";
import { callersAppid, partiesOf, termsOf } from "./parties.ts";
import { refundEvent } from "./refunds.ts";
import { signatureHeaders } from "./reply.ts";
import { base62 } from "./words.ts";

/** A probe as it was observed in the field: 355 characters, which is no length of base64. */
const PROBE_PREFIX = "WECHATPAY/SIGNTEST/";
const PROBE_LENGTH = 355;

function uuid(bytes: Uint8Array): string {
  const text = toHex(bytes);
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20)];
  return [...parts, text.slice(20, 32)].join("-");
}

/** A well-formed signature, but of something else; or a probe. */
async function spoil(
  headers: Record<string, string>,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Record<string, string>> {
  const serial = headers["Wechatpay-Serial"] ?? "";
  if (flaw === "wrong_signature") {
    const other = await signatureHeaders(utf8("another body"), serial, world);
    return { ...headers, "Wechatpay-Signature": other["Wechatpay-Signature"] ?? "" };
  }
  if (flaw !== "sign_test_probe") return headers;
  const filling = base62(world.random, PROBE_LENGTH - PROBE_PREFIX.length);
  return { ...headers, "Wechatpay-Signature": `${PROBE_PREFIX}${filling}` };
}

interface Message {
  readonly event_type: string;
  readonly summary: string;
  readonly original_type: "transaction" | "refund";
  readonly payload: Record<string, unknown>;
}

/**
 * An encrypted message in a signed envelope. Merchants that know the platform's public key get it
 * signed under that id, the others under the certificate's serial.
 */
async function post(
  order: SandboxOrderRecord,
  notifyUrl: string,
  message: Message,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request> {
  // The id is drawn first: a repeat with the same random bytes repeats the notification.
  const id = uuid(world.random(16));
  const nonce = base62(world.random, 12);
  const { event_type, summary, original_type, payload } = message;
  const terms = termsOf(order);
  const { caller } = partiesOf(terms);
  const merchant = await merchantOfOrder(caller, callersAppid(terms), world);
  const apiV3Key = merchant.apiV3Key ?? world.keys.symmetricKey;
  const body = JSON.stringify({
    id,
    create_time: new Date(world.now).toISOString().replace(/\.\d{3}Z$/, "+00:00"),
    resource_type: "encrypt-resource",
    event_type,
    summary,
    resource: {
      original_type,
      algorithm: "AEAD_AES_256_GCM",
      ciphertext: await gcmEncrypt(apiV3Key, nonce, original_type, JSON.stringify(payload)),
      associated_data: original_type,
      nonce,
    },
  });
  const serial = merchant.publicKeyIds[0] ?? platformSerialOf(world.keys);
  const signed = await signatureHeaders(utf8(body), serial, world);
  return new Request(notifyUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "Mozilla/4.0",
      Accept: "*/*",
      ...(await spoil(signed, flaw, world)),
    },
    body,
  });
}

/** The notification about a paid order; `wrong_amount` is one unit too much. */
export function orderNotification(
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Request> {
  const value = flaw === "wrong_amount" ? order.value + 1 : order.value;
  const message: Message = {
    event_type: "TRANSACTION.SUCCESS",
    summary: "支付成功",
    original_type: "transaction",
    payload: tradeOf({ ...order, value, refunds: [] }, flavour),
  };
  return post(order, order.notifyUrl, message, flaw, world);
}

/** The notification about a refund that has ended. Appids are left out of it. */
export async function refundNotification(
  order: SandboxOrderRecord,
  refund: SandboxRefund,
  world: SandboxWorld,
  flavour: Flavour,
): Promise<Request | null> {
  if (refund.notifyUrl === null) return null;
  const { mchid, sp_mchid, sub_mchid } = idsOf(order);
  const ids = mchid === undefined ? { sp_mchid, sub_mchid } : { mchid };
  const message: Message = {
    event_type: refundEvent(refund),
    summary: "退款结果",
    original_type: "refund",
    payload: { ...ids, ...flavour.refund(order, refund, "notice") },
  };
  return post(order, refund.notifyUrl, message, null, world);
}
