/** Who is who at the simulated IOTPay: merchant numbers and keys, made from the account's id. */
import { md5Hex } from "../../../crypto/md5.ts";
import { checkDigits, digits } from "../../../sandbox/numbers.ts";
import type { SandboxKeyring, SandboxWorld } from "../../../sandbox/simulator.ts";

const PREFIX = "70";

export function merchantIdOf(accountId: string): string {
  const body = `${PREFIX}${digits(`iotpay:${accountId}`, 8)}`;
  return body + checkDigits(body);
}

const isSandboxMerchant = (mchId: string): boolean =>
  /^70\d{10}$/.test(mchId) && mchId.slice(10) === checkDigits(mchId.slice(0, 10));

/** The key of a number that the sandbox gave out; only this deployment can make it. */
export const sandboxMerchantKey = (keys: SandboxKeyring, mchId: string): string =>
  md5Hex(`${keys.symmetricKey}:iotpay:${mchId}`);

/** The key that this merchant and the channel share; null: no such merchant. */
export async function merchantKey(mchId: string, world: SandboxWorld): Promise<string | null> {
  const registered = await world.registeredMerchant(mchId);
  if (registered !== null) return registered.secrets?.["merchant_key"] ?? null;
  return isSandboxMerchant(mchId) ? sandboxMerchantKey(world.keys, mchId) : null;
}

const LETTERS: readonly (readonly [string, string])[] = [
  ["WX_", "W0"],
  ["ALIPAY_", "A0"],
  ["UPI_", "U0"],
];

/** IOTPay's number of an order; it holds the merchant's, so the simulator needs no second table. */
export const payOrderId = (channelId: string, orderNumber: string): string =>
  (LETTERS.find(([prefix]) => channelId.startsWith(prefix))?.[1] ?? "X0") + orderNumber;

/** The merchant's number behind {@link payOrderId}; null for a text that is none. */
export const orderNumberOf = (number: string): string | null =>
  /^[WAU]0.{1,30}$/.test(number) ? number.slice(2) : null;
