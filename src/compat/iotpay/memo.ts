/**
 * What an order came with that only IOTPay's protocol knows: where to notify, what to echo, and the
 * key that it came under. It is kept in the payment's metadata, under one reserved name.
 */
import * as z from "zod";

import { canonicalJson } from "../../canonical-json.ts";
import { sameSecret } from "../../crypto/constant-time.ts";
import { hmacHex, importHmacKey } from "../../crypto/hmac.ts";
import { isPublicKeyId } from "../../crypto/api-key.ts";

export const MEMO_NAME = "iotpay";

const contents = z.strictObject({
  channelId: z.string(),
  /** The public half of the API key: the merchant number of this protocol. */
  mchId: z.string().refine(isPublicKeyId),
  notifyUrl: z.string(),
  clientIp: z.string(),
  device: z.string(),
  subject: z.string(),
  body: z.string(),
  param1: z.string(),
  param2: z.string(),
  extra: z.string(),
});

export type Memo = z.infer<typeof contents>;

const kept = z.strictObject({ memo: contents, seal: z.string() });

/** The part of a payment that a memo belongs to. */
export interface Order {
  readonly merchant_order_id: string | null;
  readonly amount: { readonly currency: string; readonly value: number };
}

/**
 * Attack: metadata can be written by whoever may create payments. Without the seal he could have
 * notifications of his own making signed with another key of the same merchant.
 */
const sealOf = async (memo: Memo, order: Order, merchantKey: string): Promise<string> => {
  const { merchant_order_id, amount } = order;
  const text = canonicalJson({ use: "iotpay_memo", memo, merchant_order_id, amount });
  return hmacHex(await importHmacKey(merchantKey), text);
};

export const writeMemo = async (memo: Memo, order: Order, merchantKey: string): Promise<string> =>
  JSON.stringify({ memo, seal: await sealOf(memo, order, merchantKey) });

function read(text: string | undefined): z.infer<typeof kept> | null {
  try {
    const parsed = kept.safeParse(JSON.parse(text ?? ""));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** For showing it to the merchant again; null: the payment was not made through this door. */
export const readMemo = (metadata: Readonly<Record<string, string>>): Memo | null =>
  read(metadata[MEMO_NAME])?.memo ?? null;

/** Whether the memo was written by this door for this very order, under this key. */
export async function isSealed(
  metadata: Readonly<Record<string, string>>,
  order: Order,
  merchantKey: string,
): Promise<boolean> {
  const found = read(metadata[MEMO_NAME]);
  return found !== null && sameSecret(found.seal, await sealOf(found.memo, order, merchantKey));
}
