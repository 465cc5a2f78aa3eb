/** An account as the operations work with it, read once. */
import type { ChannelAccount } from "../adapter.ts";
import { perAccount } from "../per-account.ts";
import type { BankDesk } from "./ask.ts";
import { payeeOf } from "./examine.ts";
import type { BankCredentials, BankScheme } from "./scheme.ts";
import type { Values } from "./template.ts";
import { type BankVersion, versionsOf } from "./verifier.ts";

export interface Opened<C> {
  readonly account: ChannelAccount;
  readonly credentials: C;
  /** The newest: it orders and asks. */
  readonly version: BankVersion;
  /** What the scheme adds to the settings at the bank. */
  readonly values: Values;
}

/** @throws Error when stored credentials do not parse: they were examined when they were saved. */
export function opener<C extends BankCredentials>(
  scheme: BankScheme<C>,
): (account: ChannelAccount) => Opened<C> {
  return perAccount((account) => {
    const parsed = scheme.credentials.safeParse(account.versions[0]);
    if (!parsed.success) throw new Error(`the credentials of ${account.id} cannot be read`);
    const credentials = parsed.data as unknown as C;
    const payee = payeeOf(scheme, credentials);
    if (!payee.ok) throw new Error(`no code can be made of the credentials of ${account.id}`);
    const values = { ...scheme.values?.(credentials), payee: payee.value };
    const [version] = versionsOf(account);
    return { account, credentials, version, values };
  });
}

/** The bank's API for a version of the account; null where there is none to ask. */
export function deskOf<C>(
  { account, values, version: newest }: Opened<C>,
  version: BankVersion = newest,
): BankDesk | null {
  const { profile, settings } = version;
  const { api } = profile;
  if (api === undefined || (api.host === null && settings.api_url === undefined)) return null;
  return { account, version, api, scheme: values };
}
