/**
 * What reconciliation needs of a statement, whatever file it came in: lines in one shape, read as a
 * stream, and refusals that say where.
 */
import type { Money } from "../../money.ts";

export type LineStatus =
  | "succeeded"
  /** Not decided when the file was made. */
  | "processing"
  | "failed"
  /** A payment that was taken back before it counted (WeChat Pay's REVOKED). */
  | "reversed";

/** One payment or one refund as a file tells of it. */
export interface StatementLine {
  /** Place in the file, from 1, as an editor counts. */
  readonly line: number;
  readonly kind: "payment" | "refund";
  /** Our number as the file repeats it: the order's, for a refund the refund's. Null: none there. */
  readonly reference: string | null;
  /** The order's number at a refund's line, where the file has it; null for payments. */
  readonly orderReference: string | null;
  /** The channel's own number of the payment or refund. */
  readonly transactionId: string | null;
  /** What was paid or given back; never negative. */
  readonly amount: Money;
  readonly status: LineStatus;
  /** The file's own word. */
  readonly channelStatus: string;
  /**
   * What the channel keeps for it, in minor units, rounded half up; negative: given back. Null: the
   * file does not say.
   */
  readonly fee: number | null;
  /** Milliseconds since 1970; null: the file does not say. */
  readonly occurredAt: number | null;
}

/** Where a file is read from. It may be opened more than once. */
export interface StatementSource {
  /** For messages: the file's own name, or one that says where it came from. */
  readonly name: string;
  readonly size: number;
  stream(): Promise<ReadableStream<Uint8Array>>;
  /** For containers with their directory at the end. Shorter at the end of the file. */
  range(offset: number, length: number): Promise<Uint8Array>;
}

/** What a file must be about; anything else in it refuses the whole file. */
export interface StatementExpectation {
  /** The channel's day, `YYYY-MM-DD`. */
  readonly day: string;
  /** The merchant's number at the channel, as the account has it (mchid, app_id, client_id). */
  readonly merchantAccount: string;
  /** What the channel said the SHA-1 of the file or of its contents is; null: it said nothing. */
  readonly sha1: string | null;
}

/** A layout that files come in, such as `wechat_trade`. */
export interface StatementFormat {
  readonly name: string;
  /** The channel's clock: minutes that its days are ahead of UTC. */
  readonly offsetMinutes: number;
  /**
   * The file's lines in its order, some at a time. Lines that came before a refusal mean nothing:
   * a file counts only when it was read to its end.
   * @throws StatementRefused
   */
  read(source: StatementSource, expected: StatementExpectation): AsyncIterable<StatementLine[]>;
}

/** Codes of refusals, in our words. */
export const STATEMENT_REFUSALS = [
  /** It ends in the middle. */
  "truncated",
  /** The bytes are not text in the encoding that the layout has. */
  "encoding",
  /** Text that was encoded twice, or a file within a file. */
  "doubly_encoded",
  /** A column that is needed is not there, or twice. */
  "columns",
  /** A cell cannot be read as what its column holds. */
  "cell",
  /** It is of another day. */
  "wrong_day",
  /** It is of another merchant. */
  "wrong_account",
  /** It is not what the channel said it would be. */
  "tampered",
  /** Its own totals are not the sums of its lines. */
  "totals",
  /** It is larger, unpacked, than a file may be. */
  "too_large",
  /** It is no archive of the expected kind. */
  "container",
  /** It holds no line at all and does not say so. */
  "empty",
] as const;

export type StatementRefusal = (typeof STATEMENT_REFUSALS)[number];

/** A file that is not believed. Nothing of it counts. */
export class StatementRefused extends Error {
  readonly code: StatementRefusal;
  readonly file: string;
  /** From 1; null: it is about the file as a whole. */
  readonly line: number | null;
  /** Of the cell, from 1. */
  readonly column: number | null;

  constructor(
    code: StatementRefusal,
    message: string,
    place: { readonly file: string; readonly line?: number; readonly column?: number },
  ) {
    super(message);
    this.name = "StatementRefused";
    this.code = code;
    this.file = place.file;
    this.line = place.line ?? null;
    this.column = place.column ?? null;
  }
}
