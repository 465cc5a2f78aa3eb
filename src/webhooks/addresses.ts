/**
 * Which network addresses a webhook may never be sent to. The table joins the IANA special-purpose
 * registries with the resolver block list of Svix (`webhook_http_client.rs`) and the metadata
 * services of the clouds that live outside those ranges.
 */
import ipaddr from "ipaddr.js";

/** CIDR range and what lives there. */
export const REFUSED_RANGES: readonly (readonly [range: string, what: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "carrier-grade NAT"],
  ["127.0.0.0/8", "loopback"],
  ["168.63.129.16/32", "Azure host service"],
  ["169.254.0.0/16", "link-local, metadata services"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "protocol assignments"],
  ["192.0.2.0/24", "documentation"],
  ["192.31.196.0/24", "AS112"],
  ["192.52.193.0/24", "AMT"],
  ["192.88.99.0/24", "6to4 relay"],
  ["192.168.0.0/16", "private"],
  ["192.175.48.0/24", "AS112"],
  ["198.18.0.0/15", "benchmarking"],
  ["198.51.100.0/24", "documentation"],
  ["203.0.113.0/24", "documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved, broadcast"],
  ["::/96", "unspecified, loopback, IPv4-compatible"],
  // Also a way to spell every IPv4 address above; nobody's public endpoint needs it.
  ["::ffff:0:0/96", "IPv4-mapped"],
  ["64:ff9b::/96", "IPv4 translation"],
  ["64:ff9b:1::/48", "local IPv4 translation"],
  ["100::/64", "discard"],
  ["2001::/23", "protocol assignments, Teredo"],
  ["2001:db8::/32", "documentation"],
  ["2002::/16", "6to4"],
  ["2620:4f:8000::/48", "AS112"],
  ["3fff::/20", "documentation"],
  ["5f00::/16", "segment routing"],
  ["fc00::/7", "unique local"],
  ["fe80::/10", "link-local"],
  ["fec0::/10", "site-local"],
  ["ff00::/8", "multicast"],
];

/** All global unicast IPv6 space that is handed out; the rest of IPv6 belongs to nobody. */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");

const RANGES = REFUSED_RANGES.map(([range, what]) => ({ network: ipaddr.parseCIDR(range), what }));

type Address = ReturnType<typeof ipaddr.parse>;

const inside = (address: Address, [network, bits]: readonly [Address, number]): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

/** What a literal address is when it must not be reached, or null when it is public. */
export function refusedAddress(literal: string): string | null {
  const address = ipaddr.parse(literal);
  const range = RANGES.find(({ network }) => inside(address, network));
  if (range !== undefined) return range.what;
  return address.kind() === "ipv6" && !inside(address, GLOBAL_UNICAST) ? "unassigned" : null;
}
