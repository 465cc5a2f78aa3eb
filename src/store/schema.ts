/**
 * D1: what is listed and searched, and the merchants' settings. Payments here are copies of their
 * Durable Objects and can be projected again at any time. Times are milliseconds since 1970,
 * money is integer minor units. An index entry costs as much as a row: some tables that every
 * payment writes are WITHOUT ROWID (added to the generated SQL by hand, drizzle-kit cannot say it), so
 * that their primary key is the table itself. docs/storage.md says which, and why not all.
 */
import { sql } from "drizzle-orm";
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

import type { DayTotals } from "../settlement/totals.ts";

const livemode = () => integer("livemode", { mode: "boolean" }).notNull();

export const merchants = sqliteTable(
  "merchants",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    email: text("email"),
    settlement_currency: text("settlement_currency"),
    /** `unverified`: registered by itself; test mode only, until an operator says `active`. */
    status: text("status", { enum: ["active", "unverified", "suspended"] }).notNull(),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [index("merchants_by_time").on(table.created_at, table.id)],
);

export const apiKeys = sqliteTable(
  "api_keys",
  {
    /** `key_…`, for the API that manages keys. */
    id: text("id").primaryKey(),
    /** `sk_test_<id12>` or `sk_liv_<id12>`: the public half of the key string. */
    public_id: text("public_id").notNull().unique(),
    merchant_id: text("merchant_id")
      .notNull()
      .references(() => merchants.id),
    livemode: livemode(),
    label: text("label"),
    /** The secret half, sealed by the vault: signed requests need it in clear. */
    sealed_secret: text("sealed_secret").notNull(),
    scopes: text("scopes", { mode: "json" }).$type<string[]>().notNull(),
    ip_allow: text("ip_allow", { mode: "json" }).$type<string[]>().notNull(),
    expires_at: integer("expires_at"),
    revoked_at: integer("revoked_at"),
    last_used_at: integer("last_used_at"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [index("api_keys_by_merchant").on(table.merchant_id, table.livemode)],
);

export const channelAccounts = sqliteTable(
  "channel_accounts",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id")
      .notNull()
      .references(() => merchants.id),
    livemode: livemode(),
    channel: text("channel").notNull(),
    mode: text("mode").notNull(),
    display_name: text("display_name").notNull(),
    region: text("region"),
    late_payment: text("late_payment", { enum: ["accept", "refund"] }).notNull(),
    status: text("status", { enum: ["active", "disabled"] }).notNull(),
    /** Newest first; null: the sandbox hands out the credentials. */
    credentials: text("credentials", { mode: "json" }).$type<SealedCredentials[] | null>(),
    merchant_account: text("merchant_account").notNull(),
    verified_at: integer("verified_at"),
    /** What the contract with the channel says it charges, in basis points; null: not known. */
    channel_fee: integer("channel_fee"),
    /** How the platform gets its fee. Null: by invoice. Set by the operator. */
    split: text("split", { mode: "json" }).$type<SplitReceiver | null>(),
    /** How uploaded statements of this account are laid out; null: as its channel's are. */
    statement_profile: text("statement_profile", { mode: "json" }).$type<Record<
      string,
      unknown
    > | null>(),
    /** Until when the merchant's authorisation holds (ms since 1970); null: there is none to renew. */
    authorization_expires_at: integer("authorization_expires_at"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    index("channel_accounts_by_merchant").on(table.merchant_id, table.livemode, table.channel),
    index("channel_accounts_ending")
      .on(table.authorization_expires_at)
      .where(sql`authorization_expires_at IS NOT NULL`),
  ],
);

/** Who takes the platform's fee out of a payment at the channel (profit sharing, royalty). */
export interface SplitReceiver {
  /** In the channel's words: MERCHANT_ID, PERSONAL_OPENID; userId, loginName. */
  readonly type: string;
  readonly account: string;
  /** As it is registered at the channel; null where the channel asks for none. */
  readonly name: string | null;
}

/** One version of an account's credentials. Only fingerprints ever leave the API. */
export interface SealedCredentials {
  readonly version: number;
  readonly sealed: string;
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly created_at: number;
}

/** The copy of each payment's object. `sequence` only moves forward. */
export const paymentIntents = sqliteTable(
  "payment_intents",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    sequence: integer("sequence").notNull(),
    status: text("status").notNull(),
    /** Null: the buyer has not chosen yet. */
    channel: text("channel"),
    channel_account: text("channel_account"),
    method: text("method"),
    merchant_order_id: text("merchant_order_id"),
    channel_transaction_id: text("channel_transaction_id"),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    /** What succeeded refunds have given back (minor units). */
    refunded: integer("refunded").notNull(),
    /** The platform's fee after what refunds gave back of it (minor units); 0 until it is paid. */
    fee: integer("fee").notNull(),
    /** How long the channel took to take the order (milliseconds); null: it was not asked yet. */
    call_ms: integer("call_ms"),
    succeeded_at: integer("succeeded_at"),
    created_at: integer("created_at").notNull(),
    /** While not terminal: when the sweeper should look whether the object lost its alarm. */
    deadline: integer("deadline"),
    /** The object's own public JSON at that sequence. */
    snapshot: text("snapshot").notNull(),
  },
  (table) => [
    // Filters by status and channel are answered from the index alone, however long the list is.
    index("payment_intents_by_merchant").on(
      table.merchant_id,
      table.livemode,
      table.created_at,
      table.id,
      table.status,
      table.channel,
    ),
    index("payment_intents_by_transaction")
      .on(table.merchant_id, table.livemode, table.channel_transaction_id)
      .where(sql`channel_transaction_id IS NOT NULL`),
    index("payment_intents_by_order")
      .on(table.merchant_id, table.livemode, table.merchant_order_id, table.created_at, table.id)
      .where(sql`merchant_order_id IS NOT NULL`),
    // What an account's statement of a day must name.
    index("payment_intents_by_account")
      .on(table.channel_account, table.succeeded_at, table.id)
      .where(sql`succeeded_at IS NOT NULL`),
    index("payment_intents_overdue")
      .on(table.deadline)
      .where(sql`deadline IS NOT NULL`),
  ],
);

/** The gapless feed: places are given by the one database, in the order of arrival. */
export const events = sqliteTable(
  "events",
  {
    position: integer("position").notNull(),
    id: text("id").notNull().unique(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    type: text("type").notNull(),
    created_at: integer("created_at").notNull(),
    /** The whole envelope, the exact bytes that webhooks carry. */
    payload: text("payload").notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.livemode, table.position] })],
);

export const webhookEndpoints = sqliteTable(
  "webhook_endpoints",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id")
      .notNull()
      .references(() => merchants.id),
    livemode: livemode(),
    url: text("url").notNull(),
    description: text("description"),
    /** Event types, or `*`. */
    enabled_events: text("enabled_events", { mode: "json" }).$type<string[]>().notNull(),
    status: text("status", { enum: ["enabled", "disabled"] }).notNull(),
    disabled_reason: text("disabled_reason"),
    /** Newest first; an older one signs too until it expires. */
    secrets: text("secrets", { mode: "json" }).$type<SealedSecret[]>().notNull(),
    /** Since when there were nothing but failures; null after a success. */
    failing_since: integer("failing_since"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [index("webhook_endpoints_by_merchant").on(table.merchant_id, table.livemode)],
);

export interface SealedSecret {
  readonly sealed: string;
  readonly expires_at: number | null;
}

/** One event for one endpoint, with every attempt. */
export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    id: text("id").primaryKey(),
    event_id: text("event_id").notNull(),
    endpoint_id: text("endpoint_id").notNull(),
    merchant_id: text("merchant_id").notNull(),
    state: text("state", { enum: ["pending", "delivered", "exhausted", "cancelled"] }).notNull(),
    attempts: text("attempts", { mode: "json" }).$type<DeliveryAttempt[]>().notNull(),
    /** Null once nothing is left to do. */
    next_attempt_at: integer("next_attempt_at"),
    /** When the cron feeds it to the queue: at once where the wait is too long for the queue, else
     * only when its message must have been lost. Null once nothing is left to do. */
    feed_at: integer("feed_at"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    index("webhook_deliveries_by_endpoint").on(table.endpoint_id, table.created_at, table.id),
    index("webhook_deliveries_by_event").on(table.event_id),
    index("webhook_deliveries_due")
      .on(table.feed_at)
      .where(sql`feed_at IS NOT NULL`),
  ],
);

export interface DeliveryAttempt {
  readonly at: number;
  /** HTTP status, or null when there was no answer. */
  readonly status: number | null;
  readonly latency_ms: number;
  /** First 1 KiB of the answer, or why there was none. */
  readonly response: string;
}

/** The copy of each refund, which lives in its payment's object. `sequence` only moves forward. */
export const refunds = sqliteTable(
  "refunds",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    payment_intent: text("payment_intent").notNull(),
    sequence: integer("sequence").notNull(),
    status: text("status").notNull(),
    channel_account: text("channel_account").notNull(),
    channel_refund_id: text("channel_refund_id"),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    succeeded_at: integer("succeeded_at"),
    created_at: integer("created_at").notNull(),
    /** The object's own public JSON at that sequence. */
    snapshot: text("snapshot").notNull(),
  },
  (table) => [
    // What an account's statement of a day must name.
    index("refunds_by_account")
      .on(table.channel_account, table.succeeded_at, table.id)
      .where(sql`succeeded_at IS NOT NULL`),
    // Those that a channel has not answered for.
    index("refunds_open")
      .on(table.created_at)
      .where(sql`status IN ('requested', 'processing')`),
    index("refunds_by_merchant").on(table.merchant_id, table.livemode, table.created_at, table.id),
    index("refunds_by_payment").on(table.payment_intent, table.created_at, table.id),
  ],
);

/** What does not fit between the channel's books, ours and the merchant's, until a person is done. */
export const exceptions = sqliteTable(
  "reconciliation_exceptions",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    /** Null: found while it happened, not in a statement. */
    run_id: text("run_id"),
    kind: text("kind").notNull(),
    state: text("state", { enum: ["open", "acknowledged", "resolved", "written_off"] }).notNull(),
    payment_intent: text("payment_intent"),
    channel_account: text("channel_account").notNull(),
    /** The payment's or refund's id, or what the channel or the merchant calls it. */
    reference: text("reference"),
    assignee: text("assignee"),
    /** What people wrote and did, oldest first. */
    notes: text("notes", { mode: "json" }).$type<ExceptionNote[]>().notNull(),
    /** When somebody should have looked (milliseconds since 1970). */
    due_at: integer("due_at").notNull(),
    resolved_at: integer("resolved_at"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
    /** Its public JSON as it was raised. */
    snapshot: text("snapshot").notNull(),
  },
  (table) => [
    index("reconciliation_exceptions_by_merchant").on(
      table.merchant_id,
      table.livemode,
      table.created_at,
      table.id,
    ),
    index("reconciliation_exceptions_by_run")
      .on(table.run_id, table.id)
      .where(sql`run_id IS NOT NULL`),
    index("reconciliation_exceptions_open")
      .on(table.channel_account, table.reference)
      .where(sql`state IN ('open', 'acknowledged')`),
  ],
);

export interface ExceptionNote {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A key, an operator, the gateway. */
  readonly by: string;
  readonly text: string;
  /** What was done, such as `ask_channel`; null: a note only. */
  readonly action: string | null;
}

/** Files from channels and merchants. Their bytes lie in the archive under the id. */
export const statements = sqliteTable(
  "statements",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    channel_account: text("channel_account").notNull(),
    side: text("side", { enum: ["channel", "merchant"] }).notNull(),
    origin: text("origin", { enum: ["download", "upload"] }).notNull(),
    /** The channel's day, `YYYY-MM-DD`. */
    day: text("day").notNull(),
    /** The layout it is read by. */
    format: text("format").notNull(),
    file_name: text("file_name").notNull(),
    sha256: text("sha256").notNull(),
    /** What the channel says the SHA-1 is; null where it says nothing. */
    sha1: text("sha1"),
    bytes: integer("bytes").notNull(),
    state: text("state", { enum: ["received", "read", "refused"] }).notNull(),
    lines: integer("lines").notNull(),
    /** What of it moved money, by currency. */
    totals: text("totals", { mode: "json" }).$type<DayTotals[]>().notNull(),
    error: text("error", { mode: "json" }).$type<StatementError | null>(),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("statements_by_content").on(
      table.channel_account,
      table.side,
      table.day,
      table.sha256,
    ),
    index("statements_by_merchant").on(
      table.merchant_id,
      table.livemode,
      table.created_at,
      table.id,
    ),
  ],
);

/** Why a file is not believed, and where in it. */
export interface StatementError {
  readonly code: string;
  readonly message: string;
  /** Null: there was none. */
  readonly file: string | null;
  /** From 1; null: it is about the file as a whole. */
  readonly line: number | null;
  readonly column: number | null;
}

/** What the files say of each payment and refund: a row per line, found by our own numbers. */
export const statementLines = sqliteTable(
  "statement_lines",
  {
    channel_account: text("channel_account").notNull(),
    side: text("side", { enum: ["channel", "merchant"] }).notNull(),
    kind: text("kind", { enum: ["payment", "refund"] }).notNull(),
    /** The payment's or refund's id; where nothing of ours is meant, what the file calls it. */
    reference: text("reference").notNull(),
    statement_id: text("statement_id").notNull(),
    /** Place in the file, from 1. */
    line: integer("line").notNull(),
    transaction_id: text("transaction_id"),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    status: text("status").notNull(),
    /** Minor units; negative: given back. Null: the file does not say. */
    fee: integer("fee"),
    occurred_at: integer("occurred_at"),
  },
  (table) => [
    primaryKey({
      columns: [table.channel_account, table.side, table.kind, table.reference],
    }),
  ],
);

/** A comparison of an account's books over some days. */
export const reconciliationRuns = sqliteTable(
  "reconciliation_runs",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    channel_account: text("channel_account").notNull(),
    trigger: text("trigger", { enum: ["nightly", "request", "upload"] }).notNull(),
    from_day: text("from_day").notNull(),
    to_day: text("to_day").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    index("reconciliation_runs_by_merchant").on(
      table.merchant_id,
      table.livemode,
      table.created_at,
      table.id,
    ),
  ],
);

/** One day of a run: where it stands, step by step, and what it found. */
export const reconciliationDays = sqliteTable(
  "reconciliation_days",
  {
    run_id: text("run_id")
      .notNull()
      .references(() => reconciliationRuns.id),
    day: text("day").notNull(),
    state: text("state", {
      enum: ["queued", "running", "waiting", "completed", "failed"],
    }).notNull(),
    /** What is done next: see reconciliation/steps. */
    step: text("step").notNull(),
    /** Where in the step the next part begins. */
    cursor: text("cursor").notNull(),
    statement_id: text("statement_id"),
    merchant_statement_id: text("merchant_statement_id"),
    lines: integer("lines").notNull(),
    done: integer("done").notNull(),
    /** Outcome or kind of exception -> how many. */
    counts: text("counts", { mode: "json" }).$type<Record<string, number>>().notNull(),
    /** How often the channel was asked for the file. */
    attempts: integer("attempts").notNull(),
    /** Waiting: when it goes on. */
    next_attempt_at: integer("next_attempt_at"),
    error: text("error", { mode: "json" }).$type<StatementError | null>(),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.run_id, table.day] }),
    index("reconciliation_days_open")
      .on(table.updated_at)
      .where(sql`state IN ('queued', 'running', 'waiting')`),
  ],
);

/**
 * The ledger: every row moves `value` from the credited account to the debited one, so each sums to
 * zero by itself. Rows are never changed: triggers refuse it. Its id is made of its cause.
 */
export const ledgerEntries = sqliteTable(
  "ledger_entries",
  {
    id: text("id").notNull(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    /** When it happened, in milliseconds since 1970; it may be written down later. */
    at: integer("at").notNull(),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    kind: text("kind").notNull(),
    debit: text("debit").notNull(),
    credit: text("credit").notNull(),
    /** The id of what caused it: payment, refund, split, statement, payout, invoice, exception. */
    cause: text("cause").notNull(),
    memo: text("memo"),
    recorded_at: integer("recorded_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.livemode, table.at, table.id] })],
);

/** The platform's share of a payment, moved at the channel, and shares that refunds brought back. */
export const splits = sqliteTable(
  "splits",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    kind: text("kind", { enum: ["split", "return"] }).notNull(),
    payment_intent: text("payment_intent").notNull(),
    /** Returns: the refund that they belong to. */
    refund: text("refund"),
    channel: text("channel").notNull(),
    channel_account: text("channel_account").notNull(),
    /** The channel's number of the payment. */
    channel_transaction_id: text("channel_transaction_id").notNull(),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    receiver: text("receiver", { mode: "json" }).$type<SplitReceiver>().notNull(),
    state: text("state", {
      enum: ["due", "requested", "processing", "succeeded", "failed"],
    }).notNull(),
    /** The channel's own number of it. */
    channel_split_id: text("channel_split_id"),
    attempts: integer("attempts").notNull(),
    /** When it is looked at next (ms since 1970); null: it is done. */
    next_at: integer("next_at"),
    error: text("error", { mode: "json" }).$type<{ code: string; message: string } | null>(),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    index("splits_by_merchant").on(table.merchant_id, table.livemode, table.created_at, table.id),
    index("splits_by_payment").on(table.payment_intent),
    index("splits_due")
      .on(table.next_at)
      .where(sql`next_at IS NOT NULL`),
  ],
);

/** What an account's day should bring to the merchant's bank. */
export const settlements = sqliteTable(
  "settlements",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    channel_account: text("channel_account").notNull(),
    currency: text("currency").notNull(),
    day: text("day").notNull(),
    /** What the numbers come from. */
    source: text("source", { enum: ["statement", "gateway"] }).notNull(),
    payments: integer("payments").notNull(),
    gross: integer("gross").notNull(),
    refunds: integer("refunds").notNull(),
    refunded: integer("refunded").notNull(),
    /** What the channel kept; null: the file does not say. */
    channel_fee: integer("channel_fee"),
    split: integer("split").notNull(),
    /** gross - refunded - channel_fee - split; may be negative. */
    net: integer("net").notNull(),
    state: text("state", { enum: ["expected", "paid"] }).notNull(),
    /** Milliseconds since 1970. */
    expected_at: integer("expected_at").notNull(),
    payout_id: text("payout_id"),
    run_id: text("run_id"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("settlements_by_day").on(table.channel_account, table.day, table.currency),
    index("settlements_by_merchant").on(
      table.merchant_id,
      table.livemode,
      table.created_at,
      table.id,
    ),
  ],
);

/** Money of a channel that has arrived at the merchant's bank. */
export const payouts = sqliteTable(
  "payouts",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    channel_account: text("channel_account").notNull(),
    currency: text("currency").notNull(),
    value: integer("value").notNull(),
    bank_reference: text("bank_reference"),
    arrived_at: integer("arrived_at").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    index("payouts_by_merchant").on(table.merchant_id, table.livemode, table.created_at, table.id),
  ],
);

/** A month's fees that no channel has split off. */
export const invoices = sqliteTable(
  "invoices",
  {
    id: text("id").primaryKey(),
    /** Counts the platform's invoices, without gaps, from 1. */
    serial: integer("serial").notNull().unique(),
    number: text("number").notNull(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    currency: text("currency").notNull(),
    /** `YYYY-MM`. */
    month: text("month").notNull(),
    total: integer("total").notNull(),
    lines: text("lines", { mode: "json" }).$type<InvoiceLine[]>().notNull(),
    state: text("state", { enum: ["open", "paid"] }).notNull(),
    due_at: integer("due_at").notNull(),
    paid_at: integer("paid_at"),
    payment_reference: text("payment_reference"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("invoices_by_month").on(
      table.merchant_id,
      table.livemode,
      table.currency,
      table.month,
    ),
    index("invoices_by_time").on(table.created_at, table.id),
  ],
);

export interface InvoiceLine {
  readonly text: string;
  readonly quantity: number;
  /** Minor units; negative: given back. */
  readonly value: number;
}

/** What one unit of `base` is worth in `quote`, since when, and who says so. */
export const fxRates = sqliteTable(
  "fx_rates",
  {
    base: text("base").notNull(),
    quote: text("quote").notNull(),
    /** Milliseconds since 1970. */
    as_of: integer("as_of").notNull(),
    /** A decimal, at most 10 places. */
    rate: text("rate").notNull(),
    source: text("source").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.base, table.quote, table.as_of] })],
);

/** What a queue gave up on: stored so that an operator can see it and send it again. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    id: text("id").primaryKey(),
    queue: text("queue").notNull(),
    body: text("body").notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [index("dead_letters_by_time").on(table.created_at, table.id)],
);

/** Who changed which setting, when, and how. Rows are never changed: triggers refuse it. */
export const auditLog = sqliteTable(
  "audit_log",
  {
    id: text("id").primaryKey(),
    /** Null: a setting of the whole deployment. */
    merchant_id: text("merchant_id"),
    /** Null: it holds for both modes. */
    livemode: integer("livemode", { mode: "boolean" }),
    actor_type: text("actor_type", {
      enum: ["api_key", "console", "operator", "registration", "gateway"],
    }).notNull(),
    /** The key that asked, also behind a console session; null: an operator or nobody. */
    actor_id: text("actor_id"),
    /** Such as `api_key.created`. */
    action: text("action").notNull(),
    /** The id of what was changed. */
    target: text("target").notNull(),
    /** Public JSON without secrets; null: it did not exist, or it is gone. */
    before: text("before", { mode: "json" }).$type<Readonly<Record<string, unknown>> | null>(),
    after: text("after", { mode: "json" }).$type<Readonly<Record<string, unknown>> | null>(),
    request_id: text("request_id"),
    created_at: integer("created_at").notNull(),
  },
  (table) => [
    index("audit_log_by_merchant").on(table.merchant_id, table.created_at, table.id),
    index("audit_log_by_time").on(table.created_at, table.id),
  ],
);

/** What merchants offer, found by agents and paid by `service_id`. */
export const services = sqliteTable(
  "services",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id")
      .notNull()
      .references(() => merchants.id),
    livemode: livemode(),
    status: text("status", { enum: ["draft", "active", "inactive"] }).notNull(),
    /** SemVer of the manifest that holds now. */
    version: text("version").notNull(),
    name: text("name").notNull(),
    /** The whole manifest as it was sent, checked. */
    manifest: text("manifest", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    index("services_by_merchant").on(table.merchant_id, table.livemode, table.created_at, table.id),
    index("services_active").on(table.livemode, table.status, table.created_at, table.id),
  ],
);

/** Every manifest that was ever in force. */
export const serviceVersions = sqliteTable(
  "service_versions",
  {
    service_id: text("service_id")
      .notNull()
      .references(() => services.id),
    version: text("version").notNull(),
    manifest: text("manifest", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    created_at: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.service_id, table.version] })],
);

/** What the platform charges. The most specific row counts: merchant and channel, merchant, channel. */
export const feePlans = sqliteTable(
  "fee_plans",
  {
    /** Empty: every merchant. */
    merchant_id: text("merchant_id").notNull(),
    /** Empty: every channel. */
    channel: text("channel").notNull(),
    kind: text("kind", { enum: ["domestic", "cross_border", "crypto"] }).notNull(),
    basis_points: integer("basis_points").notNull(),
    /** Currency -> minor units on top of the share, for every payment. */
    fixed: text("fixed", { mode: "json" }).$type<Record<string, number>>().notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.channel, table.kind] })],
);

/** People who are signed in to the console. */
export const consoleSessions = sqliteTable(
  "console_sessions",
  {
    /** SHA-256 of the cookie: who reads the table cannot become anybody. */
    id: text("id").primaryKey(),
    kind: text("kind", { enum: ["merchant", "operator"] }).notNull(),
    /** The API key it was opened with; for operators a fingerprint of the admin token. */
    credential: text("credential").notNull(),
    merchant_id: text("merchant_id"),
    /** What forms must carry. */
    csrf: text("csrf").notNull(),
    created_at: integer("created_at").notNull(),
    seen_at: integer("seen_at").notNull(),
    expires_at: integer("expires_at").notNull(),
  },
  (table) => [index("console_sessions_ending").on(table.expires_at)],
);

/** Long work that goes on in the queue, in steps. */
export const jobs = sqliteTable(
  "jobs",
  {
    id: text("id").primaryKey(),
    merchant_id: text("merchant_id").notNull(),
    livemode: livemode(),
    kind: text("kind", { enum: ["webhook_replay"] }).notNull(),
    /** What it works on, such as a webhook endpoint. */
    target: text("target").notNull(),
    parameters: text("parameters", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    state: text("state", { enum: ["queued", "running", "completed", "failed"] }).notNull(),
    /** Steps taken and to take. */
    done: integer("done").notNull(),
    total: integer("total").notNull(),
    /** Where the next step begins. */
    cursor: integer("cursor").notNull(),
    error: text("error"),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    index("jobs_by_merchant").on(table.merchant_id, table.livemode, table.created_at, table.id),
    index("jobs_open")
      .on(table.updated_at)
      .where(sql`state IN ('queued', 'running')`),
  ],
);

/** How orders at a channel went, hour by hour, over all merchants. */
export const channelHours = sqliteTable(
  "channel_hours",
  {
    livemode: livemode(),
    channel: text("channel").notNull(),
    /** Start of the hour (milliseconds since 1970). */
    hour: integer("hour").notNull(),
    orders: integer("orders").notNull(),
    /** The channel said no. */
    rejected: integer("rejected").notNull(),
    /** It did not answer, or with nothing that could be believed. */
    unknown: integer("unknown").notNull(),
    /** Sum and greatest of the times the channel took (milliseconds). */
    total_ms: integer("total_ms").notNull(),
    max_ms: integer("max_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.livemode, table.channel, table.hour] })],
);

/** When each scheduled job last ran and what it did. */
export const cronRuns = sqliteTable("cron_runs", {
  job: text("job").primaryKey(),
  started_at: integer("started_at").notNull(),
  duration_ms: integer("duration_ms").notNull(),
  /** How many it handled. */
  handled: integer("handled").notNull(),
  error: text("error"),
});

export const schema = {
  auditLog,
  services,
  serviceVersions,
  feePlans,
  consoleSessions,
  jobs,
  channelHours,
  cronRuns,
  merchants,
  apiKeys,
  channelAccounts,
  paymentIntents,
  refunds,
  exceptions,
  statements,
  statementLines,
  reconciliationRuns,
  reconciliationDays,
  ledgerEntries,
  splits,
  settlements,
  payouts,
  invoices,
  fxRates,
  events,
  webhookEndpoints,
  webhookDeliveries,
  deadLetters,
};
