/**
 * Keys of the simulated channels. Each channel's pairs are made on first use, one set for the whole
 * deployment, and kept sealed; merchants that save credentials of their own under a test key are
 * registered here, as they would upload a public key in the channel's console.
 *
 * One object holds one thing: `channel` its keyring, `channel:merchant` a registration. So nothing
 * is serialised over all merchants.
 */
import { DurableObject } from "cloudflare:workers";
import * as z from "zod";

import { openVault } from "../crypto/vault.ts";
import { makeKeyring } from "./keyring.ts";
import { sandboxChannel } from "./registry.ts";
import type { RegisteredMerchant, SandboxKeyring } from "./simulator.ts";

const Keyring = z.strictObject({
  merchantPrivateKey: z.string(),
  merchantPublicKey: z.string(),
  platformPrivateKey: z.string(),
  platformPublicKey: z.string(),
  symmetricKey: z.string().length(32),
});

const Registration = z.strictObject({
  publicKeys: z.record(z.string(), z.string()),
  symmetricKey: z.string().nullable(),
  secrets: z.record(z.string(), z.string()).exactOptional(),
});

export class SandboxKeys extends DurableObject<Env> {
  /** The channel's keys; the first call makes them. */
  async keyring(channel: string): Promise<SandboxKeyring> {
    const name = `sandbox-keyring/${channel}`;
    const kept = this.#read(name) ?? this.#keep(name, await this.#seal(name, await makeKeyring()));
    return Keyring.parse(JSON.parse(await this.#open(name, kept)));
  }

  /** Replaces what is registered for this merchant number. */
  async register(channel: string, merchant: string, entry: RegisteredMerchant): Promise<void> {
    const name = `sandbox-merchant/${channel}/${merchant}`;
    const sealed = await this.#seal(name, entry);
    this.#makeTable();
    this.ctx.storage.sql.exec(
      "INSERT INTO kept VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
      name,
      sealed,
    );
  }

  async registered(channel: string, merchant: string): Promise<RegisteredMerchant | null> {
    const name = `sandbox-merchant/${channel}/${merchant}`;
    const kept = this.#read(name);
    return kept === null ? null : Registration.parse(JSON.parse(await this.#open(name, kept)));
  }

  /**
   * Stores the first value and answers what is stored: of two callers that both found nothing and
   * made keys, the second takes the first one's. No await between the two statements.
   */
  #keep(name: string, sealed: string): string {
    this.#makeTable();
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO kept VALUES (?, ?)", name, sealed);
    return this.#read(name) ?? sealed;
  }

  /** Not before something is kept: strangers may ask for merchants that do not exist. */
  #makeTable(): void {
    this.ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT",
    );
  }

  #read(name: string): string | null {
    const tables = this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'kept'");
    if (tables.toArray().length === 0) return null;
    return (
      this.ctx.storage.sql
        .exec<{ sealed: string }>("SELECT sealed FROM kept WHERE name = ?", name)
        .toArray()[0]?.sealed ?? null
    );
  }

  #seal(name: string, value: unknown): Promise<string> {
    return openVault(this.env.VAULT_KEY).seal(JSON.stringify(value), name);
  }

  #open(name: string, sealed: string): Promise<string> {
    return openVault(this.env.VAULT_KEY).open(sealed, name);
  }
}

const merchantObject = (env: Env, channel: string, merchant: string) =>
  env.SANDBOX_KEYS.getByName(`${channel}:${merchant}`);

const keyrings = new Map<string, SandboxKeyring>();

/**
 * The keys of a simulated channel, kept in isolate memory: they are made once and never change. The
 * value is kept, not the promise: a promise belongs to the request that made it.
 */
export async function sandboxKeyring(env: Env, channel: string): Promise<SandboxKeyring> {
  const name = sandboxChannel(channel)?.keyring ?? channel;
  const known = keyrings.get(name);
  if (known !== undefined) return known;
  const keyring = await env.SANDBOX_KEYS.getByName(name).keyring(name);
  keyrings.set(name, keyring);
  return keyring;
}

/** What the merchant registered; null for the built-in accounts and for strangers. Not cached. */
export const registeredMerchant = (
  env: Env,
  channel: string,
  merchant: string,
): Promise<RegisteredMerchant | null> =>
  merchantObject(env, channel, merchant).registered(channel, merchant);

/** Registers a merchant's own keys with the simulated channel, replacing earlier ones. */
export const registerMerchant = (
  env: Env,
  channel: string,
  merchant: string,
  entry: RegisteredMerchant,
): Promise<void> => merchantObject(env, channel, merchant).register(channel, merchant, entry);
