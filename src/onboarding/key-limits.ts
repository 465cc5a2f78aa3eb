/**
 * No key can grant what it has not. Who may manage keys has every scope, but it may be held to
 * addresses and to a time.
 *
 * Attack: a key that is bound to the office, or ends with a contract, is used once to make another
 * one that is not.
 */
import ipaddr from "ipaddr.js";

import { iso } from "../clock.ts";
import type { Issue } from "../errors.ts";
import type { ApiKey } from "../store/merchants.ts";

export type KeyLimits = Pick<ApiKey, "ip_allow" | "expires_at">;

/** An address is the range that has no other. */
function readRange(range: string) {
  if (range.includes("/")) return ipaddr.parseCIDR(range);
  const address = ipaddr.parse(range);
  return [address, address.toByteArray().length * 8] as const;
}

function isInside(range: string, around: string): boolean {
  const [network, bits] = readRange(range);
  const [outer, outerBits] = readRange(around);
  return network.kind() === outer.kind() && bits >= outerBits && network.match(outer, outerBits);
}

/** What `wanted` would allow beyond the key that grants it; nothing when all is within. */
export function beyondLimits(granting: KeyLimits, wanted: KeyLimits): Issue[] {
  const issues: Issue[] = [];
  const { ip_allow: around, expires_at: end } = granting;
  const inside = (range: string) => around.some((outer) => isInside(range, outer));
  if (around.length > 0 && (wanted.ip_allow.length === 0 || !wanted.ip_allow.every(inside))) {
    issues.push({
      path: "ip_allow",
      message: `must stay within the addresses of the key that asks: ${around.join(", ")}`,
    });
  }
  if (end !== null && (wanted.expires_at === null || wanted.expires_at > end)) {
    issues.push({
      path: "expires_at",
      message: `must not be after the end of the key that asks: ${iso(end)}`,
    });
  }
  return issues;
}
