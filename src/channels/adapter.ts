/**
 * What a channel must be able to do, and the words everybody uses to talk about it. An adapter is
 * a pure translation: fetch, time, randomness and the endpoint come in through `ChannelIo`, so the
 * channel's own published vectors can test it without a runtime.
 */
import type { Exchange } from "./exchange-log.ts";
import type * as z from "zod";

import type { ErrorCode, Failure, Issue } from "../errors.ts";
import type { RandomBytes } from "../ids.ts";
import type { Logger } from "../log.ts";
import type { Money } from "../money.ts";
import type { Result } from "../result.ts";
import type { StatementFormat } from "./statement/line.ts";
import type { SandboxChannel } from "../sandbox/simulator.ts";

export const METHODS = ["qr", "app", "wap", "web", "jsapi", "barcode"] as const;

export type Method = (typeof METHODS)[number];

/** Everything from outside that an adapter may use. */
export interface ChannelIo {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** The channel's hosts, the main one first; `attempt` chooses, so a retry tries the backup. */
  readonly endpoints: readonly string[];
  readonly attempt: number;
  /**
   * Where a buyer's browser finds the channel, for links that we sign ourselves: the main host, or
   * for test keys the sandbox's own page. Without a query.
   */
  readonly pages: string;
  /** For channels whose payment reference is shorter than our id. */
  readonly references: References;
  readonly log: Logger;
  /** Is told of every exchange, for the payment's journal. */
  readonly watch?: ((exchange: Exchange) => void) | undefined;
}

/** The way back from a short payment reference to the payment, within one account. */
export interface References {
  /** Gives the reference to the payment; answers whose it is: the first to ask keeps it. */
  keep(reference: string, paymentId: string): Promise<string>;
  /** Null: nobody has it. */
  find(reference: string): Promise<string | null>;
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
  /** The wallet behind a channel that has several (Antom, IOTPay); null: the account's default. */
  readonly paymentMethodType: string | null;
  /** ISO 4217; null: as the contract says. */
  readonly settlementCurrency: string | null;
  /** The money is held at the channel, so that it can be split among receivers later. */
  readonly profitSharing: boolean;
}

/** An order that was sent: what asking for it, closing it and refunding it may need. */
export interface SentOrder {
  readonly paymentId: string;
  readonly amount: Money;
  readonly method: Method;
  /** The prepared order, byte for byte. */
  readonly payload: string;
  /** The channel's number, from the moment it has said one. */
  readonly channelTransactionId: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** One refund as the channel must book it. */
export interface RefundOrder {
  /** Our refund id; the channel's refund number is made from it. */
  readonly refundId: string;
  readonly payment: SentOrder;
  readonly amount: Money;
  readonly reason: string | null;
  readonly notifyUrl: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface PayerHints {
  readonly agent_id?: string | undefined;
  readonly human_id?: string | undefined;
  readonly openid?: string | undefined;
  /** WeChat Pay's service providers name the payer by their own appid or by the sub-merchant's. */
  readonly sp_openid?: string | undefined;
  readonly sub_openid?: string | undefined;
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
  /** The channel's number for the payment, where the reply names it. */
  readonly channelTransactionId?: string;
  /** What the reply proves about the payment itself: a scanned payment code is paid at once. */
  readonly report?: PaymentReport;
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

/**
 * Where the channel says a refund stands. `absent`: it does not know the number, so the same
 * request may be sent again. `processing` covers a refund that the channel has accepted and cannot
 * pay out (WeChat Pay's ABNORMAL) as long as it may still be paid out by hand.
 */
export type ReportedRefundState = "absent" | "processing" | "succeeded" | "failed";

/** News about one refund, however it arrived. */
export interface RefundReport {
  readonly refundId: string;
  readonly state: ReportedRefundState;
  /** What is given back, as the channel has it; null only where it does not say. */
  readonly amount: Money | null;
  readonly channelRefundId: string | null;
  /** Milliseconds since 1970. */
  readonly refundedAt: number | null;
  /** The channel's own word for the state. */
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
  readonly method: string;
  /** Path and query exactly as we gave them to the channel: some sign them. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type CallbackVerdict =
  /** Authentic news about our payments and refunds; acknowledge after the commit. */
  | {
      readonly kind: "reports";
      readonly notificationId: string;
      readonly reports: readonly PaymentReport[];
      readonly refunds?: readonly RefundReport[];
      /** For channels that acknowledge with something of the notification itself. */
      readonly reply?: CallbackReply;
    }
  /** Authentic money that no payment of ours asked for: written down for people, acknowledged. */
  | {
      readonly kind: "orphan";
      readonly notificationId: string;
      /** What the payer wrote, where the payment's reference should be. */
      readonly reference: string;
      readonly amount: Money;
      readonly channelTransactionId: string | null;
      /** Milliseconds since 1970. */
      readonly paidAt: number | null;
      readonly channelStatus: string;
      readonly reply?: CallbackReply;
    }
  /** Authentic, but nothing for a payment (a self-check echo): acknowledge. */
  | {
      readonly kind: "ignored";
      readonly notificationId: string;
      readonly reason: string;
      readonly reply?: CallbackReply;
    }
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

export type Requirement =
  | "payer.openid"
  | "payer.auth_code"
  | "payer.client_ip"
  | "os_type"
  | "return_url";

export type OrderOption = "payment_method_type" | "profit_sharing";

/** What the channel's refunds may be; refused here before it is asked. */
export interface RefundRules {
  readonly partial: boolean;
  /** Most refunds of one payment; null: no limit. */
  readonly maxPartials: number | null;
  /** Days after the payment. */
  readonly windowDays: number;
  /** Shortest time between two refunds of one payment; 0: none. */
  readonly spacingSeconds: number;
}

/** A row of the channel matrix (`GET /v1/channels`). */
export interface ChannelInfo {
  readonly slug: string;
  readonly name: string;
  /** ISO 3166 code of the wallet's home. */
  readonly region: string;
  readonly currencies: readonly string[];
  readonly methods: readonly Method[];
  /** What a method needs beyond the amount. `payer.openid` also stands for its sp_ and sub_ forms. */
  readonly requires: Readonly<Partial<Record<Method, readonly Requirement[]>>>;
  /** Fields of the order that only some channels know, and that others refuse. */
  readonly options: readonly OrderOption[];
  /** Values of `payment_method_type` that are known; others are passed on. */
  readonly paymentMethodTypes?: readonly string[];
  readonly qrStandard: string;
  /** Longest life of a code, in seconds. */
  readonly qrLifetimeSeconds: number;
  /** Limits of one payment, in minor units of each of its currencies. */
  readonly limits: { readonly min: number; readonly max: number };
  /** Null: the channel has no refunds; the money goes back by other means. */
  readonly refunds: RefundRules | null;
  /** What proves that a payment was made. */
  readonly confirmedBy: "channel_callback" | "channel_query" | "bank_webhook";
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
    order: SentOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>>;

  /**
   * Makes an unpaid order unpayable. The answer may be `paid` (a buyer was faster). Callers ask
   * before and after: query, close, query.
   */
  closePayment(
    order: SentOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>>;

  /** Absent exactly where `info.refunds` is null. */
  readonly refunds?: RefundDesk;
  /** Sub-merchants join the channel through our account, in the modes that can do that. */
  readonly onboarding?: Onboarding;
  /** A merchant lets our application act for it, in the modes that need that. */
  readonly authorization?: Authorization;

  /** Files of what the channel booked; absent where it has none or no layout is known. */
  readonly statements?: StatementDesk;
  /** Shares of a payment that go to others at the channel. */
  readonly splits?: SplitDesk;

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

/** A channel's refunds. As with orders: prepared once, stored, sent unchanged by every retry. */
export interface RefundDesk {
  /** Days after the payment, where the account's contract and not the channel decides. */
  windowDays?(account: ChannelAccount): number;
  /** Refuses what the channel would refuse. */
  prepare(order: RefundOrder, account: ChannelAccount): Result<string, Failure>;
  /** Safe to repeat: the refund number makes it one refund. */
  create(
    payload: string,
    order: RefundOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<RefundReport>>;
  query(order: RefundOrder, account: ChannelAccount, io: ChannelIo): Promise<Outcome<RefundReport>>;
}

/** What a channel answers when it is asked for the file of a day. */
export type StatementAnswer =
  | {
      readonly kind: "file";
      readonly name: string;
      readonly body: ReadableStream<Uint8Array>;
      /** What the channel says the SHA-1 is, lower-case hexadecimal; null: nothing. */
      readonly sha1: string | null;
    }
  /** The channel booked nothing on that day. */
  | { readonly kind: "none" }
  /** It is still being made. */
  | { readonly kind: "not_yet" };

export interface StatementDesk {
  /** How the channel's files are laid out, downloaded or uploaded. */
  readonly format: StatementFormat;
  /**
   * Asks for the file of a day (`YYYY-MM-DD` of the channel's clock). The body streams; what it
   * holds is not checked here. Absent: the channel has no such call, files are uploaded.
   */
  fetch?(day: string, account: ChannelAccount, io: ChannelIo): Promise<Outcome<StatementAnswer>>;
}

/** A share of a paid payment for one receiver, or its way back. */
export interface SplitOrder {
  /** Ours, letters, digits and underscores, at most 32; the same number is the same order. */
  readonly splitNumber: string;
  readonly kind: "split" | "return";
  /** For returns: the number of the split. */
  readonly original: string | null;
  readonly transactionId: string;
  readonly paymentId: string;
  readonly amount: Money;
  readonly receiver: {
    readonly type: string;
    readonly account: string;
    readonly name: string | null;
  };
  readonly description: string;
}

export interface SplitReport {
  readonly state: "absent" | "processing" | "succeeded" | "failed";
  /** What of it was moved, as the channel has it; null: it does not say. */
  readonly amount: Money | null;
  readonly channelSplitId: string | null;
  /** The channel's own word, and its reason where it failed. */
  readonly channelStatus: string;
}

/** Profit sharing. Safe to repeat, as everything: the number makes it one. */
export interface SplitDesk {
  /** Shortest time between the payment and its split, in milliseconds. */
  readonly delayMs: number;
  /** Most of a payment that may be split off, in basis points; null: all of it. */
  readonly maxBasisPoints: number | null;
  create(order: SplitOrder, account: ChannelAccount, io: ChannelIo): Promise<Outcome<SplitReport>>;
  query(order: SplitOrder, account: ChannelAccount, io: ChannelIo): Promise<Outcome<SplitReport>>;
}

/** Where a sub-merchant's application stands. */
export interface OnboardingStatus {
  readonly state: "reviewing" | "action_required" | "rejected" | "approved";
  /** The channel's own word. */
  readonly channelStatus: string;
  /** What the channel wants changed, by field; empty when nothing. */
  readonly rejections: readonly { readonly field: string; readonly reason: string }[];
  /** Where the sub-merchant signs or verifies; null: nothing to do there. */
  readonly actionUrl: string | null;
  /** The number that the channel gave to the sub-merchant. */
  readonly subMerchant: string | null;
}

export interface Onboarding {
  readonly modes: readonly string[];
  /** A strict object; its JSON Schema is served in the channel matrix. */
  readonly application: z.ZodObject;
  /** Idempotent by `applicationNumber` (ours, letters and digits and underscores). */
  submit(
    applicationNumber: string,
    application: unknown,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<OnboardingStatus>>;
  query(
    applicationNumber: string,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<OnboardingStatus>>;
}

/** Credentials that a merchant's authorisation brings, and until when they hold. */
export interface Grant {
  /** Members to set in the account's credentials. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; null: they do not run out. */
  readonly expiresAt: number | null;
}

export interface Authorization {
  readonly modes: readonly string[];
  /** Where the merchant says yes. `state` comes back with the code. */
  link(
    account: ChannelAccount,
    request: { readonly redirectUrl: string; readonly state: string; readonly pages: string },
  ): string;
  /** The query member of the redirect that carries the code. */
  readonly codeParameter: string;
  exchange(code: string, account: ChannelAccount, io: ChannelIo): Promise<Outcome<Grant>>;
  refresh(account: ChannelAccount, io: ChannelIo): Promise<Outcome<Grant>>;
}

/** A channel as the registry holds it: all of it comes from the channel's own folder. */
export interface Channel {
  readonly adapter: ChannelAdapter;
  /** The official hosts, the main one first. */
  readonly endpoints: readonly string[];
  readonly sandbox: SandboxChannel;
}
