/**
 * What is made of an account's credentials once and remembered by the identity of the account
 * object, which the isolate keeps: no key is imported twice, and a changed account, which is
 * another object, is read anew. What throws is not remembered.
 */
import type { ChannelAccount } from "./adapter.ts";

export function perAccount<T>(
  read: (account: ChannelAccount) => T,
): (account: ChannelAccount) => T {
  const remembered = new WeakMap<ChannelAccount, { readonly value: T }>();
  return (account) => {
    const known = remembered.get(account);
    if (known !== undefined) return known.value;
    const value = read(account);
    remembered.set(account, { value });
    return value;
  };
}

/**
 * The same for what is imported. The value is remembered, not the promise: a promise belongs to the
 * request that made it, and may never settle when that request is cancelled.
 */
export function importedPerAccount<T>(
  load: (account: ChannelAccount) => Promise<T>,
): (account: ChannelAccount) => Promise<T> {
  const remembered = new WeakMap<ChannelAccount, { readonly value: T }>();
  return async (account) => {
    const known = remembered.get(account);
    if (known !== undefined) return known.value;
    const value = await load(account);
    remembered.set(account, { value });
    return value;
  };
}
