/**
 * The fault scripts of API.md section 8 as one table: what the sandbox does differently, what a
 * merchant sees of it, and what the gateway has to make of it. The sandbox runs on this table and
 * the documentation prints it.
 */
import { type CallbackFlaw, FAULT_SCRIPTS, type FaultScript } from "./simulator.ts";
import type { LineFlaw } from "./statement.ts";
import type { Hiding } from "./trade.ts";

/** What happens to the first create of an order. Repeats are served properly. */
export type CreateFault =
  | "none"
  /** Lost on the way there: no order. */
  | "request_lost"
  /** The order is made, the reply is lost. */
  | "reply_lost"
  /** The channel's own server error: no order. */
  | "server_error"
  /** The order is made, an HTML page comes back. */
  | "html_reply"
  /** The order is made, the reply carries no signature. */
  | "unsigned_reply";

/** What happens to the first refund request of an order. Repeats are served properly. */
export type RefundFault = "none" | "reply_lost" | "abnormal";

/** What happens to the share that the platform takes of an order at the channel. */
export type SplitFault = "none" | "reply_lost" | "rejected" | "stuck";

export interface Fault {
  readonly create: CreateFault;
  /** The buyer pays, and the callback is delivered, before the create's reply is sent. */
  readonly paidBeforeReply: boolean;
  /** The callbacks about a payment, in order. A spoiled one is sent once, a proper one repeatedly. */
  readonly callbacks: readonly CallbackFlaw[];
  /** How long queries hide a payment. */
  readonly hides: Hiding;
  readonly refund: RefundFault;
  readonly split: SplitFault;
  /** What is wrong with the payment's line in the statement. */
  readonly statement: LineFlaw | null;
  /** For people: what the sandbox does. */
  readonly happens: string;
  /** For people: what must come of it. */
  readonly gateway: string;
}

const PROPER = {
  create: "none",
  paidBeforeReply: false,
  callbacks: [null],
  hides: "never",
  refund: "none",
  split: "none",
  statement: null,
} as const satisfies Partial<Fault>;

/** Without a script. */
export const NO_FAULT: Fault = {
  ...PROPER,
  happens: "The channel works.",
  gateway: "One order, one callback, one success.",
};

export const FAULTS: Readonly<Record<FaultScript, Fault>> = {
  timeout_before_create: {
    ...PROPER,
    create: "request_lost",
    happens: "The first order never reaches the channel; the call times out.",
    gateway: "Stays pending, asks, finds no order, and sends the same bytes again.",
  },
  timeout_after_create: {
    ...PROPER,
    create: "reply_lost",
    happens: "The channel makes the order; its reply is lost.",
    gateway: "Stays pending and gets the code by repeating the same order. Never a second order.",
  },
  error_500: {
    ...PROPER,
    create: "server_error",
    happens: "The first order gets the channel's own server error; no order is made.",
    gateway: "A server error is unknown, not a refusal: stays pending and repeats.",
  },
  malformed_reply: {
    ...PROPER,
    create: "html_reply",
    happens: "The order is made, but the reply is an HTML page with status 200.",
    gateway: "What cannot be parsed is unknown: stays pending and repeats.",
  },
  unsigned_reply: {
    ...PROPER,
    create: "unsigned_reply",
    happens: "The order is made, but the reply carries no signature.",
    gateway: "The code in it is not shown to anybody, since anybody could have sent it. Repeats.",
  },
  duplicate_callback: {
    ...PROPER,
    callbacks: [null, null],
    happens: "Two notifications with different ids report the same payment.",
    gateway: "Acknowledges both; one success, one event.",
  },
  callback_before_reply: {
    ...PROPER,
    paidBeforeReply: true,
    happens: "The payment's callback arrives before the reply to the order.",
    gateway: "Succeeds, and the reply that comes after does not take it back.",
  },
  late_callback: {
    ...PROPER,
    hides: "until_closed",
    happens:
      "The buyer pays, but queries keep saying unpaid and closing works; a little later the " +
      "callback comes and queries say paid. Paying after the close is possible too.",
    gateway: "A late payment: the account's late_payment policy accepts or refunds it.",
  },
  no_callback: {
    ...PROPER,
    callbacks: [],
    happens: "The buyer pays and no callback is ever sent.",
    gateway: "Finds the payment by asking: by itself, and at once on sync.",
  },
  wrong_amount_callback: {
    ...PROPER,
    callbacks: ["wrong_amount"],
    happens: "The only callback is well signed but names another amount; queries tell the truth.",
    gateway:
      "Believes no wrong amount and writes a reconciliation.exception down; where the channel can be " +
      "asked, asking finds the truth.",
  },
  wrong_signature_callback: {
    ...PROPER,
    callbacks: ["wrong_signature"],
    happens: "The only callback has a signature that does not verify; queries tell the truth.",
    gateway: "Refuses it, changes nothing, and finds the payment by asking.",
  },
  sign_test_probe: {
    ...PROPER,
    callbacks: ["sign_test_probe", null],
    happens: "A signature probe comes first, then the proper callback.",
    gateway: "Refuses the probe and accepts the callback.",
  },
  // The next two are read when a refund is asked for; ordering and paying go as usual.
  refund_timeout: {
    ...PROPER,
    refund: "reply_lost",
    happens: "The reply to the first refund request is lost.",
    gateway: "Stays processing and repeats the same refund.",
  },
  refund_abnormal: {
    ...PROPER,
    refund: "abnormal",
    happens: "The channel accepts the refund and later reports that it could not be paid out.",
    gateway:
      "The money has left the merchant and has not reached the buyer: the refund stays processing, " +
      "says so in last_error, and keeps its share of the payment.",
  },
  // The next three are about the platform's share, of accounts whose fee is taken at the channel.
  split_rejected: {
    ...PROPER,
    split: "rejected",
    happens: "The channel takes the share's order and does not pay its receiver.",
    gateway: "The split ends failed with the channel's reason, and its fee stays to be invoiced.",
  },
  split_stuck: {
    ...PROPER,
    split: "stuck",
    happens: "The channel takes the share's order and never says how it ended.",
    gateway: "Keeps asking about the same number, ever more rarely, for 30 days; then it failed.",
  },
  split_timeout: {
    ...PROPER,
    split: "reply_lost",
    happens: "The reply to the share's order is lost.",
    gateway: "Asks what became of it and finds it: one share, under one number.",
  },
  // The rest shows when the day's statement is read; ordering, paying and refunds go as usual.
  statement_missing: {
    ...PROPER,
    statement: "missing",
    happens: "The channel's statement leaves the payment out.",
    gateway: "Reconciliation writes missing_at_channel down.",
  },
  statement_wrong_amount: {
    ...PROPER,
    statement: "wrong_amount",
    happens: "The statement has the payment with one minor unit more than was paid.",
    gateway: "Reconciliation writes amount_mismatch down and changes nothing by itself.",
  },
  statement_wrong_fee: {
    ...PROPER,
    statement: "wrong_fee",
    happens: "The channel keeps five minor units more than its rate of 0.60 %.",
    gateway: "Reconciliation writes fee_mismatch down, for accounts whose rate is known.",
  },
  statement_status: {
    ...PROPER,
    statement: "status",
    happens:
      "The statement has the payment as one that was taken back. Alipay's has no states: there " +
      "nothing is wrong.",
    gateway: "Reconciliation writes status_mismatch down.",
  },
  statement_duplicate: {
    ...PROPER,
    statement: "duplicate",
    happens: "The statement has the payment twice, with two transaction numbers.",
    gateway: "Reconciliation writes duplicate down.",
  },
  statement_only: {
    ...PROPER,
    callbacks: [],
    hides: "until_statement",
    happens:
      "The buyer pays and nobody tells: no callback comes, and queries say unpaid, until the " +
      "payment has stood in a statement.",
    gateway: "Learns of the payment from the statement, however late that is.",
  },
};

/** The behaviour that a script asks for. */
export const faultOf = (script: FaultScript | null): Fault =>
  script === null ? NO_FAULT : FAULTS[script];

/** The script that a payment's metadata names, or null: none, or not one of ours. */
export const scriptOf = (metadata: Readonly<Record<string, string>>): FaultScript | null =>
  FAULT_SCRIPTS.find((script) => script === metadata["sandbox"]) ?? null;
