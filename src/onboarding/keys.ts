/** Making API keys: the string is shown once, the store keeps its secret half sealed. */
import { formatApiKey, newApiKey } from "../crypto/api-key.ts";
import { openVault } from "../crypto/vault.ts";
import { secureRandom } from "../ids.ts";
import type { ApiKey } from "../store/merchants.ts";

export interface IssuedKey {
  readonly row: ApiKey;
  /** `sk_test_…` or `sk_liv_…`: shown once, then only its holder has it. */
  readonly key: string;
}

/** @param fields what the new key may do, and for whom */
export async function issueKey(
  env: Env,
  fields: Pick<
    ApiKey,
    "id" | "merchant_id" | "livemode" | "label" | "scopes" | "ip_allow" | "expires_at"
  >,
  now: number,
): Promise<IssuedKey> {
  const made = newApiKey(fields.livemode, secureRandom);
  const sealed = await openVault(env.VAULT_KEY).seal(made.secret, fields.id);
  return {
    key: formatApiKey(made),
    row: {
      ...fields,
      public_id: made.publicId,
      sealed_secret: sealed,
      revoked_at: null,
      last_used_at: null,
      created_at: now,
    },
  };
}
