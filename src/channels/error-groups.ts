/** How error tables are written: the codes that mean the same to us in one group. */
import type { ErrorCode } from "../errors.ts";
import type { ChannelErrorRow } from "./adapter.ts";

export interface ErrorGroup {
  readonly code: ErrorCode;
  /** Whether the same request may be made again later. Default: no. */
  readonly retryable?: true;
  /** Default `rejected`: nothing was done, and asking again cannot show otherwise. */
  readonly outcome?: "unknown";
  /** The channel's code -> what it means. A name that ends in `*` stands for a family. */
  readonly rows: Readonly<Record<string, string>>;
}

/** The rows of a table, in the order of the groups. */
export const errorRows = (groups: readonly ErrorGroup[]): ChannelErrorRow[] =>
  groups.flatMap(({ code, retryable, outcome, rows }) =>
    Object.entries(rows).map(([channelCode, meaning]) => ({
      channelCode,
      code,
      retryable: retryable ?? false,
      outcome: outcome ?? "rejected",
      meaning,
    })),
  );
