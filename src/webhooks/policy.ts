/**
 * Where a webhook may go. The URL is the merchant's input and the request leaves from our network
 * with our signature on it, so an open policy is a proxy into private networks (SSRF). Checked when
 * the URL is saved and again before each attempt, because rules and our own hosts change.
 *
 * It looks at the URL only. A name that resolves to a private address cannot be seen here: a Worker
 * cannot resolve names, and its fetch reaches public addresses only.
 */
import ipaddr from "ipaddr.js";

import { regionsOf } from "../regions.ts";
import { err, ok, type Result } from "../result.ts";
import { refusedAddress } from "./addresses.ts";

export interface EndpointPolicy {
  readonly livemode: boolean;
  /** The `ENVIRONMENT` variable. */
  readonly environment: string;
  /** Hosts that this deployment answers on; names below them count too (we would call ourselves). */
  readonly ownHosts: readonly string[];
}

const URL_LIMIT = 2_048;

/** Where local receivers listen while somebody works on a laptop. */
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Names that only mean something inside somebody's network. Each also covers names below it. */
const PRIVATE_NAMES = [
  "localhost",
  "localdomain",
  "local",
  "internal", // metadata.google.internal among others
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "onion",
] as const;

const isOrUnder = (host: string, name: string) => host === name || host.endsWith(`.${name}`);

function parse(text: string): Result<URL, string> {
  if (text.length > URL_LIMIT) return err(`must have at most ${URL_LIMIT} characters`);
  const url = URL.parse(text);
  if (url === null) return err("must be an absolute URL");
  // The dot at the end of a full name would slip past every comparison below.
  if (url.hostname.endsWith(".")) return err("must not have a dot at the end of its host name");
  // `https://trusted.example@evil.example/` reads like the first and goes to the second.
  if (url.username !== "" || url.password !== "") return err("must not carry credentials");
  if (url.hash !== "") return err("must not have a fragment");
  return ok(url);
}

/** Below 1024 live mail, shells and file shares; a forged POST must not reach those. */
const allowedPort = (port: string) => port === "" || port === "443" || Number(port) >= 1_024;

function checkHost(host: string, ownHosts: readonly string[]): string | null {
  // URL has already turned 2130706433, 0x7f.1 and 0177.0.0.1 into dotted decimal.
  const literal = host.startsWith("[") ? host.slice(1, -1) : host;
  if (ipaddr.isValid(literal)) {
    const what = refusedAddress(literal);
    return what === null ? null : `must point to a public address; this one is not (${what})`;
  }
  if (!host.includes(".")) return "must have a full host name";
  if (PRIVATE_NAMES.some((name) => isOrUnder(host, name))) return "must not name a private host";
  if (ownHosts.some((own) => isOrUnder(host, own))) return "must not point to this gateway";
  return null;
}

/**
 * The URL to call, or what is wrong with it, fit for "url: …".
 * In development, test endpoints may be on this machine, over plain http too.
 */
export function checkEndpointUrl(text: string, policy: EndpointPolicy): Result<URL, string> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const url = parsed.value;
  const local = policy.environment === "development" && !policy.livemode;
  const web = url.protocol === "https:" || url.protocol === "http:";
  if (local && web && LOCAL_HOSTS.has(url.hostname)) return ok(url);
  if (url.protocol !== "https:") return err("must use https");
  if (!allowedPort(url.port)) return err("must use port 443 or a port from 1024 up");
  const fault = checkHost(url.hostname, policy.ownHosts);
  return fault === null ? ok(url) : err(fault);
}

const hostOf = (url: string | undefined): string[] => {
  const host = URL.parse(url ?? "")?.hostname ?? "";
  return host === "" ? [] : [host];
};

/** The host names of a deployment, from `PUBLIC_URL` and the callback bases of `REGIONS`. */
export const ownHostsOf = (settings: { PUBLIC_URL: string; REGIONS: string }): string[] =>
  [
    settings.PUBLIC_URL,
    ...Object.values(regionsOf(settings.REGIONS)).map((region) => region.callback_base),
  ].flatMap(hostOf);
