/** Notifications to the merchant: an encrypted transaction in a signed envelope. */
import { gcmEncrypt } from "../../../crypto/aes-gcm.ts";
import { toHex, utf8 } from "../../../crypto/encoding.ts";
import type { CallbackFlaw, SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { platformSerialOf } from "./identity.ts";
import { merchantOfOrder } from "./merchant.ts";
import { base62, tradeOf } from "./orders.ts";
import { signatureHeaders } from "./reply.ts";

/** A probe as it was observed in the field: 355 characters, which is no length of base64. */
const PROBE_PREFIX = "WECHATPAY/SIGNTEST/";
const PROBE_LENGTH = 355;

function uuid(bytes: Uint8Array): string {
  const text = toHex(bytes);
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20)];
  return [...parts, text.slice(20, 32)].join("-");
}

/** The transaction as it goes into the envelope; `wrong_amount` is one fen too much. */
function payloadOf(order: SandboxOrderRecord, flaw: CallbackFlaw): Record<string, unknown> {
  const value = flaw === "wrong_amount" ? order.value + 1 : order.value;
  return tradeOf({ ...order, value });
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

/**
 * The notification about an order. Merchants that know the platform's public key get it signed
 * under that id, the others under the certificate's serial.
 */
export async function notification(
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request> {
  // The id is drawn first: a repeat with the same random bytes repeats the notification.
  const id = uuid(world.random(16));
  const nonce = base62(world.random, 12);
  const payload = payloadOf(order, flaw);
  const appid = typeof payload["appid"] === "string" ? payload["appid"] : "";
  const merchant = await merchantOfOrder(order.merchant, appid, world);
  const apiV3Key = merchant.apiV3Key ?? world.keys.symmetricKey;
  const ciphertext = await gcmEncrypt(apiV3Key, nonce, "transaction", JSON.stringify(payload));
  const body = JSON.stringify({
    id,
    create_time: new Date(world.now).toISOString().replace(/\.\d{3}Z$/, "+00:00"),
    resource_type: "encrypt-resource",
    event_type: "TRANSACTION.SUCCESS",
    summary: "支付成功",
    resource: {
      original_type: "transaction",
      algorithm: "AEAD_AES_256_GCM",
      ciphertext,
      associated_data: "transaction",
      nonce,
    },
  });
  const serial = merchant.publicKeyIds[0] ?? platformSerialOf(world.keys);
  const signed = await signatureHeaders(utf8(body), serial, world);
  return new Request(order.notifyUrl, {
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
