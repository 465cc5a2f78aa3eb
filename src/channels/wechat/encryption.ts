/** The key that fields of a request are encrypted with. */
import type { ChannelAccount, ChannelIo } from "../adapter.ts";
import { newestCertificate } from "./certificates.ts";
import type { AccountKeys } from "./keys.ts";

export interface EncryptionKey {
  /** Goes along as `Wechatpay-Serial`. */
  readonly id: string;
  /** SPKI. */
  readonly publicKey: Uint8Array;
}

/** WeChat Pay's public key, else its newest certificate; null: the account has neither. */
export async function encryptionKey(
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<EncryptionKey | null> {
  const id = keys.replyKeyId;
  const publicKey = id === null ? undefined : keys.platformKeys.get(id)?.publicKey;
  return id !== null && publicKey !== undefined
    ? { id, publicKey }
    : newestCertificate(account, keys, io);
}
