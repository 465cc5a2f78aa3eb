/** What may change a payment, and what only people hear of. */
import type { StatementRow } from "../store/statements.ts";

/**
 * Whether what a file says is the channel's own word, by which payments and refunds change: only of
 * a file that was fetched from the channel. Attack: a merchant uploads a statement of their own
 * making and has payments succeed that nobody made, or refunds fail that buyers have; agents,
 * services and receivers of webhooks trust these states. So an upload is the merchant's word, in
 * both modes and where the channel has no call for its statements too: what it says more than we
 * know raises exceptions, and the channel can be asked about each.
 */
export const isChannelsWord = ({ origin }: Pick<StatementRow, "origin">): boolean =>
  origin === "download";
