/** Who is who at the simulated banks. */
import type { SandboxKeyring, SandboxWorld } from "../../../sandbox/simulator.ts";
import { digits, hex } from "../../../sandbox/numbers.ts";

/** What a merchant and its bank share. */
export type Settings = Readonly<Record<string, string>>;

/** Digits that the account's id always leads to. */
export const payeeDigits = (slug: string, accountId: string, length: number): string =>
  digits(`${slug}:${accountId}`, length);

/** The settings of built-in accounts that are told by a signed message, and can ask as well. */
export const hmacSettings = (keys: SandboxKeyring): Settings => ({
  profile: "generic_hmac",
  secret: keys.symmetricKey,
  api_url: "https://bank.sandbox.invalid/payments",
  username: "sandbox",
  password: keys.symmetricKey,
});

/** The settings of built-in accounts at the simulated SCB, whose messages are not signed. */
export const scbSettings = (keys: SandboxKeyring, payee: string): Settings => ({
  profile: "scb",
  app_key: `l7${hex(`app:${payee}`, 32)}`,
  app_secret: keys.symmetricKey,
  terminal_id: "SBX",
});

/** What this payee's bank knows of it: as registered, else as the built-in accounts have it. */
export async function settingsOf(
  payee: string,
  builtIn: (keys: SandboxKeyring, payee: string) => Settings,
  world: SandboxWorld,
): Promise<Settings> {
  const registered = await world.registeredMerchant(payee);
  return registered?.secrets ?? builtIn(world.keys, payee);
}

/** The record of a payment: the beginning of its reference, which all banks carry. */
const RECORD_LENGTH = 15;

export const recordOf = (reference: string): string => reference.slice(0, RECORD_LENGTH);

/** The record of an order of ours: a later order of one payment has its last digit in front. */
export const recordOfOrder = (orderNumber: string): string => {
  const [body, again] = [orderNumber.slice(3, 29), orderNumber.slice(29)];
  return recordOf(`${again}${body}`.toUpperCase());
};
