import { sha256 } from "./digest.ts";

/**
 * Whether two secrets are the same, in a time that does not depend on where they differ (timing
 * attack: guessing a token one character after another). Both sides are hashed first, so lengths
 * do not show either, and `timingSafeEqual`, which throws on unequal lengths, cannot throw.
 */
export async function sameSecret(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(a), sha256(b)]);
  // A Cloudflare extension; plain WebCrypto, as on Node, lacks it.
  return "timingSafeEqual" in crypto.subtle
    ? crypto.subtle.timingSafeEqual(left, right)
    : equalWithoutBranches(left, right);
}

/** Reads every byte of both sides whatever they hold. Different lengths are never equal. */
export function equalWithoutBranches(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}
