/** Proof that a request comes from a page that we rendered for this payment. */
import { sameSecret } from "../../crypto/constant-time.ts";
import { hmacHex } from "../../crypto/hmac.ts";
import { idKeyOf } from "../../crypto/id-key.ts";

export type TokenUse = "stream" | "choose";

/**
 * The messages that ids are derived from begin with a digit, so none of them is one of these, and a
 * token for one use is worth nothing for another.
 */
export async function pageToken(env: Env, use: TokenUse, paymentId: string): Promise<string> {
  const mac = await hmacHex(await idKeyOf(env.ID_KEY), `checkout/${use}:${paymentId}`);
  return mac.slice(0, 32);
}

export const isPageToken = async (env: Env, use: TokenUse, paymentId: string, token: string) =>
  sameSecret(token, await pageToken(env, use, paymentId));
