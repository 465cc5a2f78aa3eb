/** Accounts of a channel for nightly work, however many there are. */
import { accountsToReconcile } from "../store/channel-accounts.ts";
import type { Database } from "../store/db.ts";

type Account = Awaited<ReturnType<typeof accountsToReconcile>>[number];

/** Pages of at most `size`, none of them empty. @param window what counts as paid lately (ms since 1970) */
export async function* accountPages(
  db: Database,
  channel: string,
  window: { readonly from: number; readonly to: number },
  size: number,
): AsyncGenerator<readonly Account[]> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const accounts: Account[] = await accountsToReconcile(db, channel, window, after, size);
    if (accounts.length > 0) yield accounts;
    after = accounts.length < size ? undefined : accounts.at(-1)?.id;
  }
}
