/** An endpoint's signing secrets at rest: sealed by the vault, newest first, old ones run out. */
import type { Vault } from "../crypto/vault.ts";
import type { RandomBytes } from "../ids.ts";
import type { SealedSecret } from "../store/schema.ts";
import { newSecret } from "./signing.ts";

/** Each living secret adds two signatures to every request; more than this is a mistake. */
export const LIVING_SECRETS_LIMIT = 5;

export const livingSecrets = (secrets: readonly SealedSecret[], now: number): SealedSecret[] =>
  secrets.filter(({ expires_at }) => expires_at === null || expires_at > now);

/** A new secret in clear, to be shown once, and sealed for this endpoint, to be stored. */
export async function makeSecret(
  vault: Vault,
  endpointId: string,
  random: RandomBytes,
): Promise<{ secret: string; sealed: SealedSecret }> {
  const secret = newSecret(random);
  return { secret, sealed: { sealed: await vault.seal(secret, endpointId), expires_at: null } };
}

/**
 * The list after a rotation. The secrets before sign along for `overlapMs` more and never longer
 * than they would have; 0 ends them at once, for a secret that leaked.
 */
export function rotateSecrets(
  secrets: readonly SealedSecret[],
  successor: SealedSecret,
  now: number,
  overlapMs: number,
): SealedSecret[] {
  const end = now + overlapMs;
  const older = secrets.map(({ sealed, expires_at }) => ({
    sealed,
    expires_at: Math.min(expires_at ?? end, end),
  }));
  return [successor, ...livingSecrets(older, now)];
}

/** The secrets in clear that sign at `now`, newest first. */
export const openSecrets = (
  vault: Vault,
  endpointId: string,
  secrets: readonly SealedSecret[],
  now: number,
): Promise<string[]> =>
  Promise.all(livingSecrets(secrets, now).map(({ sealed }) => vault.open(sealed, endpointId)));
