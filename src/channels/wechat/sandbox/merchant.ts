/** What the simulated WeChat Pay has on file about a merchant, as the merchant console would. */
import * as z from "zod";

import { readPrivateKey, readPublicKey, toPem } from "../../../crypto/pem.ts";
import { publicKeyOf } from "../../../crypto/rsa.ts";
import { readCertificate } from "../../../crypto/x509.ts";
import type {
  RegisteredMerchant,
  SandboxKeyring,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { appidOf, mchidOf, merchantSerialOf, publicKeyIdOf } from "./identity.ts";

const PUBLIC_KEY_ID = "PUB_KEY_ID_";

export interface Merchant {
  readonly mchid: string;
  /** SPKI PEM of the merchant's key with the serial that was asked for. */
  readonly publicKey: string;
  readonly apiV3Key: string | null;
  /** The appid bound to the mchid; null: any. */
  readonly appid: string | null;
  /** Ids under which this merchant knows the platform's public key. */
  readonly publicKeyIds: readonly string[];
}

/**
 * The merchant behind a mchid and a certificate serial; null: unknown, or another serial. Built-in
 * accounts come first, so that nobody takes over their numbers by registering them.
 */
export async function findMerchant(
  mchid: string,
  serial: string,
  world: SandboxWorld,
): Promise<Merchant | null> {
  if (serial === merchantSerialOf(mchid)) return builtIn(mchid, world.keys);
  const entry = await world.registeredMerchant(mchid);
  if (entry === null || serial.startsWith(PUBLIC_KEY_ID)) return null;
  if (!Object.hasOwn(entry.publicKeys, serial)) return null;
  const publicKey = entry.publicKeys[serial] ?? "";
  return registered(mchid, publicKey, entry, world.keys);
}

/** The merchant an order belongs to; its appid tells built-in accounts from registered ones. */
export async function merchantOfOrder(
  mchid: string,
  appid: string,
  world: SandboxWorld,
): Promise<Merchant> {
  if (appid === appidOf(mchid)) return builtIn(mchid, world.keys);
  const entry = await world.registeredMerchant(mchid);
  return entry === null ? builtIn(mchid, world.keys) : registered(mchid, "", entry, world.keys);
}

const builtIn = (mchid: string, keys: SandboxKeyring): Merchant => ({
  mchid,
  publicKey: keys.merchantPublicKey,
  apiV3Key: keys.symmetricKey,
  appid: appidOf(mchid),
  publicKeyIds: [publicKeyIdOf(mchid)],
});

/** A public-key id counts only when it stands for the platform's real key. */
const registered = (
  mchid: string,
  publicKey: string,
  entry: RegisteredMerchant,
  keys: SandboxKeyring,
): Merchant => ({
  mchid,
  publicKey,
  apiV3Key: entry.symmetricKey,
  appid: null,
  publicKeyIds: Object.entries(entry.publicKeys)
    .filter(([id, pem]) => id.startsWith(PUBLIC_KEY_ID) && pem === canonical(keys))
    .map(([id]) => id),
});

/** The platform's public key as PEM written by us, so that texts can be compared. */
function canonical(keys: SandboxKeyring): string {
  const key = readPublicKey(keys.platformPublicKey);
  return key.ok ? toPem("PUBLIC KEY", key.value) : keys.platformPublicKey;
}

/** What the console hands to an account of the sandbox: a new merchant, in public-key mode. */
export function builtInCredentials(
  keys: SandboxKeyring,
  accountId: string,
): Record<string, unknown> {
  const mchid = mchidOf(accountId);
  return {
    mchid,
    appid: appidOf(mchid),
    private_key: keys.merchantPrivateKey,
    serial_no: merchantSerialOf(mchid),
    api_v3_key: keys.symmetricKey,
    platform_keys: [{ id: publicKeyIdOf(mchid), public_key: keys.platformPublicKey }],
  };
}

const ownCredentials = z.looseObject({
  mchid: z.string().optional(),
  /** In a service provider's mode the provider's keys sign, for all of its merchants. */
  sp_mchid: z.string().optional(),
  private_key: z.string(),
  certificate: z.string().optional(),
  serial_no: z.string().optional(),
  api_v3_key: z.string(),
  platform_keys: z.array(z.looseObject({ id: z.string(), public_key: z.string().optional() })),
});

/**
 * What a merchant with credentials of its own would have uploaded: its public key under its
 * certificate's serial. Public keys that it has for WeChat Pay go along under their ids.
 */
export async function registration(
  credentials: unknown,
): Promise<{ merchant: string; entry: RegisteredMerchant } | null> {
  const read = ownCredentials.safeParse(credentials);
  if (!read.success) return null;
  const { mchid, sp_mchid, private_key, certificate, serial_no, api_v3_key, platform_keys } =
    read.data;
  const privateKey = readPrivateKey(private_key);
  const parsed = certificate === undefined ? null : readCertificate(certificate);
  const merchant = sp_mchid ?? mchid;
  const serial = parsed?.ok === true ? parsed.value.serialHex : serial_no?.toUpperCase();
  if (!privateKey.ok || serial === undefined || merchant === undefined) return null;
  const publicKey = await publicKeyOf(privateKey.value).catch(() => null);
  if (publicKey === null) return null;
  const publicKeys: Record<string, string> = { [serial]: toPem("PUBLIC KEY", publicKey) };
  for (const { id, public_key } of platform_keys) {
    const key = public_key === undefined ? null : readPublicKey(public_key);
    if (key?.ok === true && id.startsWith(PUBLIC_KEY_ID)) {
      publicKeys[id] = toPem("PUBLIC KEY", key.value);
    }
  }
  return { merchant, entry: { publicKeys, symmetricKey: api_v3_key } };
}
