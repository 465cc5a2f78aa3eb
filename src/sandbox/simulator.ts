/**
 * The sandbox: servers that behave like the channels, inside the Worker. They verify our
 * signatures with the merchant's public key, sign replies and callbacks with keys of their own,
 * and keep their own orders. Nothing here may import an adapter: a simulator that shared the
 * adapter's code would agree with its mistakes. Both may use crypto/.
 */
import type { RandomBytes } from "../ids.ts";

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
}

export type CreateAnswer =
  | { readonly kind: "created" | "same"; readonly order: SandboxOrderRecord }
  /** Same number with other parameters. */
  | { readonly kind: "conflict"; readonly order: SandboxOrderRecord }
  | { readonly kind: "already_paid" | "already_closed"; readonly order: SandboxOrderRecord };

/** The simulated channel's database. */
export interface SandboxOrders {
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
}

export interface RegisteredMerchant {
  /** SPKI PEM for each key or certificate serial (or "" where the channel has none). */
  readonly publicKeys: Readonly<Record<string, string>>;
  /** Null where the channel has none. */
  readonly symmetricKey: string | null;
}

/** How a callback is spoiled on purpose. */
export type CallbackFlaw = "wrong_amount" | "wrong_signature" | "sign_test_probe" | null;

export interface SimulatedChannel {
  readonly slug: string;
  /** The credentials that the channel's console would hand to this account (mode `direct`). */
  credentials(keys: SandboxKeyring, accountId: string): Record<string, unknown>;
  /** What a merchant with credentials of its own would have registered at the channel. */
  registration(
    credentials: unknown,
  ): Promise<{ merchant: string; entry: RegisteredMerchant } | null>;
  /** The channel's public API. Script faults of the transport are applied outside. */
  handle(request: Request, world: SandboxWorld): Promise<Response>;
  /** A signed notification about an order, as a POST to its notify URL. */
  callback(order: SandboxOrderRecord, flaw: CallbackFlaw, world: SandboxWorld): Promise<Request>;
}
