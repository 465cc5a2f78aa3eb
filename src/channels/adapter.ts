/**
 * What a channel must be able to do, and the words everybody uses to talk about it. An adapter is
 * a pure translation: fetch, time, randomness and the endpoint come in through `ChannelIo`, so the
 * channel's own published vectors can test it without a runtime.
 */
import type * as z from "zod";

import type { ErrorCode, Failure, Issue } from "../errors.ts";
import type { RandomBytes } from "../ids.ts";
import type { Logger } from "../log.ts";
import type { Money } from "../money.ts";
import type { Result } from "../result.ts";

export type Method = "qr" | "app" | "wap" | "web" | "jsapi" | "barcode";

/** Everything from outside that an adapter may use. */
export interface ChannelIo {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** The channel's hosts, the main one first; `attempt` chooses, so a retry tries the backup. */
  readonly endpoints: readonly string[];
  readonly attempt: number;
  readonly log: Logger;
}

/**
 * The result of a channel call that may have moved money. A time-out, an HTML page, a 5xx and a
 * reply whose signature does not verify are all `unknown`: it is asked again, never "failed".
 */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "rejected"; readonly error: ChannelError }
  | { readonly kind: "unknown"; readonly error: ChannelError };

export interface ChannelError {
  /** Our code, from the channel's error table. */
  readonly code: ErrorCode;
  /** The channel's own code, or ours in lower case for what never reached it (`timeout`). */
  readonly channelCode: string;
  /** Our sentence for a merchant, from the channel's error table: what it means and what to do. */
  readonly message: string;
  /** The channel's own text, where it gave one; without secrets. */
  readonly channelMessage?: string;
  readonly retryable: boolean;
}

/** One payment as the channel must order it. */
export interface ChargeOrder {
  /** Our payment intent id; it is the channel's order number. */
  readonly paymentId: string;
  readonly amount: Money;
  readonly method: Method;
  readonly description: string | null;
  /** Used where a channel insists on a text and `description` is null. */
  readonly merchantName: string;
  readonly notifyUrl: string;
  readonly returnUrl: string | null;
  /** Milliseconds since 1970; the order must not be payable after it. */
  readonly expiresAt: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly payer: PayerHints | null;
  readonly osType: "ios" | "android" | null;
}

export interface PayerHints {
  readonly agent_id?: string | undefined;
  readonly human_id?: string | undefined;
  readonly openid?: string | undefined;
  readonly auth_code?: string | undefined;
  readonly client_ip?: string | undefined;
}

/** What the buyer must do now, in the channel's own data. */
export type ChargeAction =
  | { readonly type: "show_qr"; readonly data: string }
  | { readonly type: "redirect"; readonly url: string; readonly scheme_url?: string }
  | { readonly type: "invoke_sdk"; readonly sdk: string; readonly params: Record<string, string> }
  | { readonly type: "wait" };

export interface Charge {
  readonly action: ChargeAction;
  /** Milliseconds since 1970; when the code or link stops working. */
  readonly expiresAt: number;
}

/**
 * Where the channel says a payment stands. `absent`: it does not know the order (before a code is
 * scanned Alipay has none; that is not a failure). `reversed`: paid and given back in one stroke by
 * closing it.
 */
export type ReportedState =
  | "absent"
  | "open"
  | "scanning"
  | "authorized"
  | "captured"
  | "paid"
  | "closed"
  | "failed"
  | "reversed";

/** News about one payment, however it arrived: callback, poll, sync, close or statement. */
export interface PaymentReport {
  readonly paymentId: string;
  readonly state: ReportedState;
  /** The order's amount as the channel has it; null only where the channel does not say. */
  readonly amount: Money | null;
  readonly channelTransactionId: string | null;
  /** Milliseconds since 1970. */
  readonly paidAt: number | null;
  /** The channel's own word for the state, for logs and `last_error`. */
  readonly channelStatus: string;
}

/** A reply to a channel's callback, byte for byte. */
export interface CallbackReply {
  readonly status: number;
  readonly body: string;
  readonly contentType: string | null;
}

/** A callback's headers and raw bytes, before anything was parsed. */
export interface RawCallback {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type CallbackVerdict =
  /** Authentic news about our payments; acknowledge after the commit. */
  | {
      readonly kind: "reports";
      readonly notificationId: string;
      readonly reports: readonly PaymentReport[];
    }
  /** Authentic, but nothing for a payment (a self-check echo, a refund notice): acknowledge. */
  | { readonly kind: "ignored"; readonly notificationId: string; readonly reason: string }
  /** Not authentic, not for this account, stale or malformed: refuse and change nothing. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * An account as adapters see it: decrypted, newest credentials first. The first version signs;
 * all of them verify, so that keys can be changed without a gap. Adapters import keys once and
 * remember them by the identity of this object, which the isolate keeps.
 */
export interface ChannelAccount {
  readonly id: string;
  readonly channel: string;
  readonly mode: string;
  readonly livemode: boolean;
  readonly versions: readonly [unknown, ...unknown[]];
}

/** What saving credentials found out about them. */
export interface CredentialsReport {
  /** Name -> SHA-256 fingerprint, certificate serial or validity. The only trace the API shows. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** The merchant's number at the channel (mchid, app_id), for `payee.merchant_account`. */
  readonly merchantAccount: string;
}

/** One integration mode: what its accounts need, and the check when they are saved. */
export interface IntegrationMode {
  /** A strict object; its JSON Schema is served in the channel matrix. */
  readonly credentials: z.ZodObject;
  /** Keys parse, pairs fit, the mix-ups people make are refused. Paths are below `credentials`. */
  examine(credentials: unknown, now: number): Promise<Result<CredentialsReport, Issue[]>>;
}

/** A row of the channel matrix (`GET /v1/channels`). */
export interface ChannelInfo {
  readonly slug: string;
  readonly name: string;
  /** ISO 3166 code of the wallet's home. */
  readonly region: string;
  readonly currencies: readonly string[];
  readonly methods: readonly Method[];
  readonly qrStandard: string;
  /** Longest life of a code, in seconds. */
  readonly qrLifetimeSeconds: number;
  /** Limits of one payment, in minor units of each of its currencies. */
  readonly limits: { readonly min: number; readonly max: number };
  readonly refunds: {
    readonly partial: boolean;
    readonly maxPartials: number | null;
    readonly windowDays: number;
  };
  /** Basis points, from public price lists; the contract decides. */
  readonly feeRangeBasisPoints: readonly [number, number];
  readonly status: "live" | "beta";
}

/** A row of a channel's error table, served at `GET /v1/channels/{slug}/errors`. */
export interface ChannelErrorRow {
  readonly channelCode: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** What the heart does with it: a refusal, or something that must be asked again. */
  readonly outcome: "rejected" | "unknown";
  readonly meaning: string;
}

export interface ChannelAdapter {
  readonly info: ChannelInfo;
  readonly modes: Readonly<Record<string, IntegrationMode>>;
  readonly errors: readonly ChannelErrorRow[];

  /**
   * The exact text of the channel order. It is stored before the first call and sent unchanged by
   * every retry, because channels compare a repeated order with the first. Refuses what the
   * channel would refuse (a text it cannot take, an amount over its limit).
   */
  prepareCharge(order: ChargeOrder, account: ChannelAccount): Result<string, Failure>;

  /** Sends a prepared order. Safe to repeat: the order number makes it one order. */
  createCharge(
    payload: string,
    order: ChargeOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<Charge>>;

  queryPayment(
    paymentId: string,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>>;

  /**
   * Makes an unpaid order unpayable. The answer may be `paid` (a buyer was faster). Callers ask
   * before and after: query, close, query.
   */
  closePayment(
    paymentId: string,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>>;

  /** Verifies raw bytes, decrypts, and checks that the message belongs to this account. */
  verifyCallback(
    callback: RawCallback,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<CallbackVerdict>;

  /** The channel's own acknowledgement, and its refusal, which makes the channel send again. */
  readonly acknowledge: { accepted(): CallbackReply; refused(reason: string): CallbackReply };

  /** A check with the channel that moves no money. */
  selfCheck(account: ChannelAccount, io: ChannelIo): Promise<Outcome<{ readonly detail: string }>>;
}
