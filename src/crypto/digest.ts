import { toBytes, toHex } from "./encoding.ts";

const digest = async (name: string, data: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest(name, toBytes(data)));

/** Text is hashed as UTF-8. */
export const sha256 = (data: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  digest("SHA-256", data);

/** Lower case hex. Text is hashed as UTF-8. */
export const sha256Hex = async (data: string | Uint8Array): Promise<string> =>
  toHex(await sha256(data));

/**
 * Lower case hex, always 32 digits. For protocols that name things by MD5 (Alipay's certificate
 * numbers); it protects nothing. Only workerd's WebCrypto knows MD5: on Node this rejects.
 */
export const md5Hex = async (data: string | Uint8Array): Promise<string> =>
  toHex(await digest("MD5", data));
