/**
 * Authorisations at the simulated Alipay. Codes and tokens carry what they mean and a code of
 * authenticity under a key that never leaves the sandbox, so nothing has to be kept. That a new
 * authorisation voids the former is not simulated.
 */
import { toHex } from "../../../crypto/encoding.ts";
import { hmacHex, importHmacKey } from "../../../crypto/hmac.ts";
import { hex } from "../../../sandbox/numbers.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { appIdOf } from "./identity.ts";

export type GrantKind = "code" | "token" | "refresh";

/** Lifetimes in seconds, as Alipay's answers name them. */
export const LIFETIME_S: Readonly<Record<GrantKind, number>> = {
  code: 86_400,
  token: 31_536_000,
  refresh: 32_140_800,
};

/** A merchant that has authorised an application. */
export interface Grant {
  /** Tells the merchants of one application apart. */
  readonly merchant: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expired: boolean;
}

const PREFIX = "202605BB";

async function seal(
  kind: GrantKind,
  appId: string,
  body: string,
  world: SandboxWorld,
): Promise<string> {
  const key = await importHmacKey(world.keys.symmetricKey);
  return (await hmacHex(key, `${kind}:${appId}:${body}`)).slice(0, 12);
}

/** 32 characters for a code, 40 for a token. */
export async function issue(
  kind: GrantKind,
  appId: string,
  merchant: string,
  world: SandboxWorld,
): Promise<string> {
  const issued = Math.floor(world.now / 1000)
    .toString(16)
    .padStart(8, "0");
  // Two of one second are not the same.
  const body = merchant + issued + toHex(world.random(2));
  const sealed = body + (await seal(kind, appId, body, world));
  return kind === "code" ? sealed : PREFIX + sealed;
}

/** Null: not one of this application's. */
export async function readGrant(
  kind: GrantKind,
  appId: string,
  text: string,
  world: SandboxWorld,
): Promise<Grant | null> {
  const sealed = kind === "code" ? text : text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  const match = /^(([0-9a-f]{8})([0-9a-f]{8})[0-9a-f]{4})([0-9a-f]{12})$/.exec(sealed);
  if (match === null) return null;
  const [, body = "", merchant = "", issued = "", mac] = match;
  if ((await seal(kind, appId, body, world)) !== mac) return null;
  const issuedAt = Number.parseInt(issued, 16);
  const expired = world.now >= (issuedAt + LIFETIME_S[kind]) * 1000;
  return { merchant, issuedAt, expired };
}

/** The merchant who says yes behind this address: the same address always meets the same one. */
export const merchantBehind = (redirectUri: string): string => hex(`authorises:${redirectUri}`, 8);

/** The merchant's own application. */
export const authAppIdOf = (appId: string, merchant: string): string =>
  appIdOf(`merchant:${appId}:${merchant}`);
