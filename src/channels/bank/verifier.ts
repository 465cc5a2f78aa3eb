/**
 * An account's bank settings and the keys made of them, read once. The newest version is used to ask
 * and to order; every version verifies, so that secrets, and even banks, can be changed without a gap.
 */
import * as z from "zod";

import { fromBase64 } from "../../crypto/encoding.ts";
import { importHmacKey } from "../../crypto/hmac.ts";
import { readPublicKey } from "../../crypto/pem.ts";
import { importVerifyingKey } from "../../crypto/rsa.ts";
import type { ChannelAccount } from "../adapter.ts";
import { importedPerAccount, perAccount } from "../per-account.ts";
import type { BankProfile, BankSettings } from "./profile.ts";
import { profileOf } from "./profiles.ts";

/** One version of an account at its bank. */
export interface BankVersion {
  readonly profile: BankProfile;
  readonly settings: BankSettings;
}

/** A version with the key that its messages verify under; null where the scheme has none. */
export interface Verifier extends BankVersion {
  readonly key: CryptoKey | null;
}

const holder = z.looseObject({
  bank: z.looseObject({ profile: z.string() }).catchall(z.string()),
});

function readVersion(account: ChannelAccount, version: unknown): BankVersion {
  const parsed = holder.safeParse(version);
  if (!parsed.success) throw new Error(`the bank settings of ${account.id} cannot be read`);
  const settings = parsed.data.bank as BankSettings;
  return { profile: profileOf(settings.profile), settings };
}

/**
 * Newest first.
 * @throws Error when stored credentials do not parse: they were examined when they were saved.
 */
export const versionsOf = perAccount((account): readonly [BankVersion, ...BankVersion[]] => {
  const [newest, ...older] = account.versions;
  return [readVersion(account, newest), ...older.map((version) => readVersion(account, version))];
});

/** What messages of this account may be signed with, newest first. */
export const verifiersOf = importedPerAccount((account): Promise<readonly Verifier[]> =>
  Promise.all(versionsOf(account).map(importVerifier)),
);

/** @throws Error when the settings lack what the scheme needs: they were examined. */
export async function importVerifier(version: BankVersion): Promise<Verifier> {
  const { authentication } = version.profile;
  const { secret, public_key } = version.settings;
  switch (authentication.scheme) {
    case "hmac_sha256": {
      const bytes =
        authentication.secretIs === "base64" ? fromBase64(secret ?? "") : (secret ?? null);
      if (bytes === null) throw new Error("a webhook secret is not base64");
      return { ...version, key: await importHmacKey(bytes) };
    }
    case "jws_hs256":
      return { ...version, key: await importHmacKey(secret ?? "") };
    case "rsa_sha256": {
      const spki = readPublicKey(public_key ?? "");
      if (!spki.ok) throw new Error("a bank's public key cannot be read");
      return { ...version, key: await importVerifyingKey(spki.value) };
    }
    case "none":
    case "token":
    case "fiuu_skey":
      return { ...version, key: null };
  }
}
