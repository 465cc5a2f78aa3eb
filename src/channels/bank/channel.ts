/** A channel of one national scheme: `export const paynow = bankQrChannel(…)`. */
import type { Channel } from "../adapter.ts";
import { bankAdapter } from "./adapter.ts";
import type { BankCredentials, BankScheme } from "./scheme.ts";
import { bankSandbox } from "./sandbox/channel.ts";
import type { BankSandboxScheme } from "./sandbox/scheme.ts";

/**
 * Live endpoints are empty: each account's profile knows its bank's host. A deployment that must
 * reach the banks through something else, a client certificate's holder for one, names that in
 * `CHANNEL_ENDPOINTS`, and every account of the channel goes there.
 */
export const bankQrChannel = <C extends BankCredentials>(
  scheme: BankScheme<C>,
  sandbox: BankSandboxScheme,
): Channel => ({
  adapter: bankAdapter(scheme),
  endpoints: [],
  sandbox: bankSandbox(scheme.info.slug, sandbox),
});
