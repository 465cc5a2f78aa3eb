import { sha256Hex } from "./digest.ts";
import { fromBase64, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "./encoding.ts";

/**
 * Secrets at rest: AES-256-GCM under `VAULT_KEY`, which is the base64 of 32 bytes, or several of
 * them separated by commas. The first key seals, every key opens, so a new key is put in front and
 * the old one stays until everything is sealed again.
 *
 * Text form: `v1.<key id>.<base64url iv>.<base64url ciphertext and tag>`. The key id is the first
 * 8 hex digits of the SHA-256 of the key.
 */
export interface Vault {
  /**
   * @param context names the place the value is kept in, such as table, row and column. `open`
   *   needs the same one.
   */
  seal(plaintext: string, context: string): Promise<string>;
  /**
   * @throws Error when the value was altered, belongs to another context (someone who can write to
   *   the database moves one merchant's sealed credentials into another merchant's row) or was
   *   sealed under a key that is gone. The message never holds any of the value.
   */
  open(sealed: string, context: string): Promise<string>;
}

interface VaultKey {
  readonly id: string;
  readonly key: CryptoKey;
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const SEALED = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]+)$/;

let opened: { readonly vaultKey: string; readonly vault: Vault } | undefined;

/**
 * Keys are imported once for a given `vaultKey`, so this may be called for every request.
 * @throws Error when a key is not the base64 of 32 bytes; the message says which, not what.
 */
export function openVault(vaultKey: string): Vault {
  // One slot is enough: a process has one VAULT_KEY.
  if (opened?.vaultKey !== vaultKey) opened = { vaultKey, vault: makeVault(vaultKey) };
  return opened.vault;
}

function makeVault(vaultKey: string): Vault {
  const keyBytes = vaultKey.split(",").map(readKey);
  let imported: readonly VaultKey[] | undefined;
  // The keys are kept, not the promise of them: a promise that belongs to a cancelled request may
  // never settle for the next one.
  const keys = async () => (imported ??= await Promise.all(keyBytes.map(importKey)));
  return {
    async seal(plaintext, context) {
      const [newest] = await keys();
      if (newest === undefined) throw new Error("VAULT_KEY holds no key");
      // Random: 2^32 values under one key stay far below a likely repetition.
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const data = await crypto.subtle.encrypt(gcm(iv, context), newest.key, utf8(plaintext));
      return `v1.${newest.id}.${toBase64Url(iv)}.${toBase64Url(new Uint8Array(data))}`;
    },
    async open(sealed, context) {
      const { id, iv, ciphertext } = readSealed(sealed);
      const found = (await keys()).find((candidate) => candidate.id === id);
      if (found === undefined) throw new Error(`VAULT_KEY no longer holds the key ${id}`);
      let plain: ArrayBuffer;
      try {
        plain = await crypto.subtle.decrypt(gcm(iv, context), found.key, ciphertext);
      } catch {
        throw new Error("the sealed value was altered or belongs to another context");
      }
      return fromUtf8(new Uint8Array(plain));
    },
  };
}

const gcm = (iv: Uint8Array, context: string) => ({
  name: "AES-GCM",
  iv,
  additionalData: utf8(context),
  tagLength: 128,
});

function readKey(text: string, index: number): Uint8Array {
  const bytes = fromBase64(text.trim());
  if (bytes?.length !== KEY_BYTES) {
    throw new Error(`VAULT_KEY: key ${index + 1} is not the base64 of ${KEY_BYTES} bytes`);
  }
  return bytes;
}

async function importKey(bytes: Uint8Array): Promise<VaultKey> {
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  return { id: (await sha256Hex(bytes)).slice(0, 8), key };
}

function readSealed(sealed: string): { id: string; iv: Uint8Array; ciphertext: Uint8Array } {
  const [, id, ivText, ciphertextText] = SEALED.exec(sealed) ?? [];
  const iv = fromBase64Url(ivText ?? "");
  const ciphertext = fromBase64Url(ciphertextText ?? "");
  if (id === undefined || iv === null || ciphertext === null) {
    throw new Error("this is not a sealed value of the vault");
  }
  return { id, iv, ciphertext };
}
