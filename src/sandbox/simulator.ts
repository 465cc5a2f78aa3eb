/**
 * The sandbox: servers that behave like the channels, inside the Worker. They verify our
 * signatures with the merchant's public key, sign replies and callbacks with keys of their own,
 * and keep their own orders. Nothing here may import an adapter: a simulator that shared the
 * adapter's code would agree with its mistakes. Both may use crypto/.
 */
import type { RandomBytes } from "../ids.ts";
import type { Result } from "../result.ts";
import type { SandboxShares } from "./shares.ts";
import type { SandboxBooks } from "./statement.ts";

/** The fault scripts of API.md section 8, chosen by `metadata.sandbox`. */
export const FAULT_SCRIPTS = [
  "timeout_before_create",
  "timeout_after_create",
  "error_500",
  "malformed_reply",
  "unsigned_reply",
  "duplicate_callback",
  "callback_before_reply",
  "late_callback",
  "no_callback",
  "wrong_amount_callback",
  "wrong_signature_callback",
  "sign_test_probe",
  "refund_timeout",
  "refund_abnormal",
  "split_rejected",
  "split_stuck",
  "split_timeout",
  "statement_missing",
  "statement_wrong_amount",
  "statement_wrong_fee",
  "statement_status",
  "statement_duplicate",
  "statement_only",
] as const;

export type FaultScript = (typeof FAULT_SCRIPTS)[number];

/** PEM text of the key pairs that a deployment's sandbox made for one channel on first use. */
export interface SandboxKeyring {
  /** The merchant's side, as its console would show it. */
  readonly merchantPrivateKey: string;
  readonly merchantPublicKey: string;
  /** The channel's side: signs replies and callbacks. Never leaves the sandbox. */
  readonly platformPrivateKey: string;
  readonly platformPublicKey: string;
  /** 32 ASCII characters (WeChat Pay's APIv3 key). */
  readonly symmetricKey: string;
}

/** An order as the simulated channel keeps it. Amounts in minor units, times in ms since 1970. */
export interface SandboxOrderRecord {
  readonly channel: string;
  /** The merchant's number at the channel: mchid or app_id. */
  readonly merchant: string;
  /** out_trade_no. */
  readonly orderNumber: string;
  /** The parameters of the first create, canonical: a repeat with others is refused. */
  readonly parameters: string;
  readonly currency: string;
  readonly value: number;
  readonly notifyUrl: string;
  readonly state: "open" | "scanned" | "paid" | "closed";
  /** The channel's transaction number, from the moment there is a trade. */
  readonly transactionId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly paidAt: number | null;
  /** In the order of their making. */
  readonly refunds: readonly SandboxRefund[];
}

/** A refund as the simulated channel keeps it. */
export interface SandboxRefund {
  /** The merchant's number. */
  readonly refundNumber: string;
  readonly parameters: string;
  readonly value: number;
  readonly notifyUrl: string | null;
  /** `abnormal`: taken from the merchant, and could not be paid out to the buyer. */
  readonly state: "processing" | "succeeded" | "abnormal";
  readonly channelRefundId: string;
  readonly createdAt: number;
  readonly refundedAt: number | null;
}

export type RefundAnswer =
  | {
      readonly kind: "created" | "same";
      readonly order: SandboxOrderRecord;
      readonly refund: SandboxRefund;
    }
  /** `conflict`: the number was used with other parameters. */
  | {
      readonly kind: "conflict" | "not_paid" | "exceeds";
      readonly order: SandboxOrderRecord;
    }
  | { readonly kind: "no_order" };

export type CreateAnswer =
  | { readonly kind: "created" | "same"; readonly order: SandboxOrderRecord }
  /** Same number with other parameters. */
  | { readonly kind: "conflict"; readonly order: SandboxOrderRecord }
  | { readonly kind: "already_paid" | "already_closed"; readonly order: SandboxOrderRecord };

/** The simulated channel's database. */
export interface SandboxOrders extends SandboxBooks, SandboxShares {
  create(
    order: Pick<
      SandboxOrderRecord,
      | "channel"
      | "merchant"
      | "orderNumber"
      | "parameters"
      | "currency"
      | "value"
      | "notifyUrl"
      | "expiresAt"
    >,
  ): Promise<CreateAnswer>;
  get(channel: string, merchant: string, orderNumber: string): Promise<SandboxOrderRecord | null>;
  /** Closes an unpaid order; a paid one stays paid. Null: no such order. */
  close(channel: string, merchant: string, orderNumber: string): Promise<SandboxOrderRecord | null>;
  /** The buyer pays at once, as with a scanned payment code. Callbacks follow as scripted. */
  pay(channel: string, merchant: string, orderNumber: string): Promise<SandboxOrderRecord | null>;
  /**
   * Books a refund, once per number. With `settles: "later"` the answer says `processing`, and
   * queries and the refund callback say the end a moment after; with `"now"` it is done at once.
   */
  refund(
    channel: string,
    merchant: string,
    orderNumber: string,
    refund: Pick<SandboxRefund, "refundNumber" | "parameters" | "value" | "notifyUrl"> & {
      readonly settles: "now" | "later";
    },
  ): Promise<RefundAnswer>;
}

/** What a simulator is given for one request. */
export interface SandboxWorld {
  readonly keys: SandboxKeyring;
  /**
   * Public keys of merchants that saved credentials of their own under a test key: what they
   * would have uploaded in the channel's console. Null: not registered.
   */
  readonly registeredMerchant: (merchant: string) => Promise<RegisteredMerchant | null>;
  readonly orders: SandboxOrders;
  readonly script: FaultScript | null;
  readonly now: number;
  readonly random: RandomBytes;
  /** The sandbox's own address for buyers, `https://host`: links to its wallet begin with it. */
  readonly publicBase: string;
}

export interface RegisteredMerchant {
  /** SPKI PEM for each key or certificate serial (or "" where the channel has none). */
  readonly publicKeys: Readonly<Record<string, string>>;
  /** Null where the channel has none. */
  readonly symmetricKey: string | null;
  /** Whatever else the merchant and the channel share. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** How a callback is spoiled on purpose. */
export type CallbackFlaw = "wrong_amount" | "wrong_signature" | "sign_test_probe" | null;

/** What a payment showed to the buyer, for channels where that makes the order, and not a call. */
export interface Shown {
  /** Our payment, and what the channel knows its merchant by. */
  readonly paymentId: string;
  readonly merchant: string;
  readonly currency: string;
  readonly value: number;
  /** Where the channel was told to post, when nothing in the link says so. */
  readonly notifyUrl: string;
  readonly action:
    | { readonly type: "show_qr"; readonly data: string }
    | { readonly type: "redirect"; readonly url: string }
    | {
        readonly type: "invoke_sdk";
        readonly sdk: string;
        readonly params: Readonly<Record<string, string>>;
      };
}

/** A simulated channel, and what the sandbox around it must know of it. */
export interface SandboxChannel {
  readonly slug: string;
  /** What adapters are given instead of the channel's hosts: `https://<slug>.sandbox.invalid…`. */
  readonly endpoints: readonly [string, ...string[]];
  /** Channels behind the same bank share their keys; absent: keys of its own. */
  readonly keyring?: string;
  /** The integration mode of the built-in test accounts. */
  readonly mode: string;
  /** The credentials that the channel's console would hand to this account in that mode. */
  credentials(keys: SandboxKeyring, accountId: string): Record<string, unknown>;
  /** What a merchant with credentials of its own would have registered at the channel. */
  registration(
    credentials: unknown,
  ): Promise<{ merchant: string; entry: RegisteredMerchant } | null>;
  /** The platform's certificate as PEM; null where the channel has none. */
  platformCertificate(keys: SandboxKeyring): Promise<string | null>;
  /** The order's number at the channel, where it is not the payment's id. */
  orderNumber?(paymentId: string): string;
  /** The channel's public API. Script faults of the transport are applied outside. */
  handle(request: Request, world: SandboxWorld): Promise<Response>;
  /**
   * The buyer opens a link, an SDK or a code that no call has announced: checks it as the channel
   * would and makes the order. The error says why the channel refuses, fit for people.
   */
  open?(shown: Shown, world: SandboxWorld): Promise<Result<SandboxOrderRecord, string>>;
  /** A signed notification about an order, as a POST to its notify URL; null: none is sent. */
  callback(
    order: SandboxOrderRecord,
    flaw: CallbackFlaw,
    world: SandboxWorld,
  ): Promise<Request | null>;
  /** The same about a refund that has ended; absent or null: none is sent. */
  refundCallback?(
    order: SandboxOrderRecord,
    refund: SandboxRefund,
    world: SandboxWorld,
  ): Promise<Request | null>;
  /** The channel's own reply when it is in trouble. */
  serverError(): Response;
  /** The same reply without its signature. */
  unsigned(reply: Response): Promise<Response>;
  /** Repeats of a callback are the same bytes; else they are signed anew, with the time. */
  readonly repeatsVerbatim: boolean;
  /** Whether the channel takes this answer to a callback for a "received". */
  acknowledged(status: number, body: string): boolean;
}
