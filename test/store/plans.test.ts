/** The indexes that the queries of lists and crons stand on: without one, each is a full scan. */
import { describe, it } from "vitest";

import { findKeyHolder, listApiKeys } from "../../src/store/api-keys.ts";
import { listAllEntries, listOwnEntries } from "../../src/store/audit-log.ts";
import { countBacklog } from "../../src/store/cron-runs.ts";
import {
  accountsOfNumber,
  accountsSharing,
  endingAuthorizations,
  listChannelAccounts,
} from "../../src/store/channel-accounts.ts";
import { listChannelHours } from "../../src/store/channel-hours.ts";
import type { Database } from "../../src/store/db.ts";
import { findSession } from "../../src/store/console-sessions.ts";
import { listDeadLetters } from "../../src/store/dead-letters.ts";
import { findEvent, readFeed, readStretch } from "../../src/store/events.ts";
import { findException, listExceptions } from "../../src/store/exceptions.ts";
import { listAllInvoices, listInvoices } from "../../src/store/invoices.ts";
import {
  firstEntryAt,
  merchantsWithEntries,
  owedSums,
  owedTotals,
  underWay,
} from "../../src/store/owed.ts";
import { listPayouts, paidBy } from "../../src/store/payouts.ts";
import { bookedSums, listSettlements } from "../../src/store/settlements.ts";
import { listEntries } from "../../src/store/ledger.ts";
import { listJobs } from "../../src/store/jobs.ts";
import { listFeePlans } from "../../src/store/fee-plans.ts";
import { listMerchants } from "../../src/store/merchants.ts";
import {
  listPayments,
  overduePayments,
  type PaymentFilter,
} from "../../src/store/payment-intents.ts";
import { refundsByPayment, unseenOf } from "../../src/store/reconciliation-books.ts";
import { comparedDays, countDaysSince } from "../../src/store/reconciliation-runs.ts";
import { listRefunds } from "../../src/store/refunds.ts";
import { listOwnServices, searchServices } from "../../src/store/service-search.ts";
import { listServiceVersions } from "../../src/store/services.ts";
import { bytesUploadedSince, filesBeside } from "../../src/store/statements.ts";
import { dueSplits, listSplits } from "../../src/store/splits.ts";
import {
  eventsWithoutDelivery,
  lastMerchantPlace,
  lastPaymentPlace,
  lateRefunds,
  merchantsFrom,
  missingEvents,
  paymentsAt,
  paymentsBehindFeed,
  paymentsDueWithin,
  raisedAlready,
  refundSequences,
  troubledRefunds,
} from "../../src/store/watch.ts";
import { claimDue, deliveriesOf, listDeliveries } from "../../src/store/webhook-deliveries.ts";
import { listEnabledEndpoints, listEndpoints } from "../../src/store/webhook-endpoints.ts";
import { plansOf } from "./explain.ts";

const first = { limit: 21, before: null };
const second = { limit: 21, before: { createdAt: 5, id: "x" } };

type Run = (db: Database) => Promise<unknown>;

const payments =
  (filter: PaymentFilter, page: typeof first | typeof second = first): Run =>
  (db) =>
    listPayments(db, "m", true, filter, page);

/** Rows of the table itself, one by one, instead of a range of an index. */
const FULL_SCAN = /SCAN (?!(page|found|chosen|json_each)\b)/;

const MINE = "(merchant_id=? AND livemode=?";
const CURSOR = "(created_at,id)<(?,?)";
const BY_MERCHANT = `COVERING INDEX payment_intents_by_merchant ${MINE}`;
const BY_ORDER = "payment_intents_by_order (merchant_id=? AND livemode=? AND merchant_order_id=?";
const days = { createdFrom: 1, createdBefore: 9 };
const SHOP = { merchantId: "m", livemode: true };
const EXCEPTIONS = {
  kind: "a",
  state: "open",
  assignee: "x",
  channelAccount: "ca",
  overdueAt: 5,
} as const;
const STRETCH = { after: 5, through: 9, types: ["a", "b"], except: "c", limit: 9, ...days };

describe("lists", () => {
  // Each is answered by one statement, from one index, in that index's order.
  it.for<[string, Run, string]>([
    ["payments", payments({}), `${BY_MERCHANT})`],
    ["payments, next page", payments({}, second), `${BY_MERCHANT} AND ${CURSOR})`],
    ["payments by status", payments({ status: "failed" }), `${BY_MERCHANT})`],
    ["payments by channel", payments({ channel: "wechat" }), `${BY_MERCHANT})`],
    [
      "payments by status and channel, next page",
      payments({ status: "failed", channel: "wechat" }, second),
      `${BY_MERCHANT} AND ${CURSOR})`,
    ],
    ["payments since", payments({ createdFrom: 1 }), `${BY_MERCHANT} AND created_at>?)`],
    ["payments until", payments({ createdBefore: 9 }), `${BY_MERCHANT} AND created_at<?)`],
    [
      "payments of some days",
      payments({ ...days, status: "failed", channel: "wechat" }),
      `${BY_MERCHANT} AND created_at>? AND created_at<?)`,
    ],
    [
      "payments of some days, next page: it starts at the cursor, not at the last day's end",
      payments({ ...days, status: "failed" }, second),
      `${BY_MERCHANT} AND created_at>? AND ${CURSOR})`,
    ],
    [
      "payments of days before the cursor: it starts at their end, not at the cursor",
      payments({ createdFrom: 1, createdBefore: 3 }, second),
      `${BY_MERCHANT} AND created_at>? AND created_at<?)`,
    ],
    ["payments of an order", payments({ merchantOrderId: "A" }), `COVERING INDEX ${BY_ORDER})`],
    [
      "payments of an order, next page",
      payments({ merchantOrderId: "A" }, second),
      `COVERING INDEX ${BY_ORDER} AND ${CURSOR})`,
    ],
    [
      "payments of an order, every filter",
      payments({ merchantOrderId: "A", status: "failed", channel: "wechat", ...days }, second),
      `INDEX ${BY_ORDER} AND created_at>? AND ${CURSOR})`,
    ],
    [
      "payments past their deadline",
      (db) => overduePayments(db, 5, 200),
      "payment_intents_overdue (deadline<?)",
    ],
    ["shares", (db) => listSplits(db, "m", true, {}, first), `splits_by_merchant ${MINE})`],
    [
      "shares in a state, next page",
      (db) => listSplits(db, "m", true, { state: "failed", kind: "split" }, second),
      `splits_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    ["shares that are due", (db) => dueSplits(db, 5, 1_000), "splits_due (next_at<?)"],
    [
      "refunds",
      (db) => listRefunds(db, "m", true, {}, second),
      `refunds_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "refunds by status",
      (db) => listRefunds(db, "m", true, { status: "failed" }, second),
      `refunds_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "refunds of a payment",
      (db) => listRefunds(db, "m", true, { paymentIntent: "pi" }, second),
      `refunds_by_payment (payment_intent=? AND ${CURSOR})`,
    ],
    [
      "exceptions",
      (db) => listExceptions(db, SHOP, EXCEPTIONS, second),
      `reconciliation_exceptions_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "exceptions that are overdue",
      (db) => listExceptions(db, SHOP, { overdueAt: 5 }, first),
      `reconciliation_exceptions_by_merchant ${MINE})`,
    ],
    [
      "exceptions of a run, next page",
      (db) => listExceptions(db, SHOP, { ...EXCEPTIONS, run: "rr" }, second),
      "reconciliation_exceptions_by_run (run_id=? AND id<?)",
    ],
    [
      "an exception",
      (db) => findException(db, SHOP, "rx"),
      "sqlite_autoindex_reconciliation_exceptions_1 (id=?)",
    ],
    [
      "events, oldest first",
      (db) => readFeed(db, "m", true, { limit: 9, type: null, direction: "forward", position: 5 }),
      `PRIMARY KEY ${MINE} AND position>?)`,
    ],
    [
      "events of a type, newest first",
      (db) => readFeed(db, "m", true, { limit: 9, type: "x", direction: "back", position: 5 }),
      `PRIMARY KEY ${MINE} AND position<?)`,
    ],
    [
      "a stretch of the feed",
      (db) => readStretch(db, "m", true, STRETCH),
      `PRIMARY KEY ${MINE} AND position>? AND position<?)`,
    ],
    ["an event", (db) => findEvent(db, "m", true, "e"), "events_id_unique (id=?)"],
    [
      "jobs",
      (db) => listJobs(db, "m", true, "we", second),
      `jobs_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "hours of the channels",
      (db) => listChannelHours(db, true, ["wechat", "alipay"], 0),
      "(livemode=? AND channel=? AND hour>?)",
    ],
    ["deliveries due", (db) => claimDue(db, 5, 6, 500), "webhook_deliveries_due (feed_at<?)"],
    [
      "an endpoint's deliveries",
      (db) => listDeliveries(db, "we", first),
      "webhook_deliveries_by_endpoint (endpoint_id=?)",
    ],
    [
      "an endpoint's deliveries, next page",
      (db) => listDeliveries(db, "we", second),
      `webhook_deliveries_by_endpoint (endpoint_id=? AND ${CURSOR})`,
    ],
    [
      "authorisations that end",
      (db) => endingAuthorizations(db, 5, 9),
      "channel_accounts_ending (authorization_expires_at<?)",
    ],
    [
      "a merchant's services",
      (db) => listOwnServices(db, "m", true, { q: "tea", channel: "wechat" }, second),
      `services_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "active services",
      (db) => searchServices(db, true, {}, second),
      `services_active (livemode=? AND status=? AND ${CURSOR})`,
    ],
    ["merchants", (db) => listMerchants(db, second), `merchants_by_time (${CURSOR})`],
    [
      "settlements",
      (db) => listSettlements(db, "m", true, { state: "paid", from: "2026-11-01" }, second),
      `settlements_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "payouts",
      (db) => listPayouts(db, "m", true, second),
      `payouts_by_merchant ${MINE} AND ${CURSOR})`,
    ],
    [
      "everybody's invoices",
      (db) => listAllInvoices(db, undefined, { state: "open", month: "2026-10" }, second),
      `invoices_by_time (${CURSOR})`,
    ],
    [
      "ledger entries, next page",
      (db) => listEntries(db, "m", true, { kind: "fee", currency: "CNY", cause: "pi" }, second),
      `ledger_entries USING PRIMARY KEY ${MINE} AND (at,id)<(?,?))`,
    ],
    [
      "ledger entries of some days",
      (db) => listEntries(db, "m", true, days, first),
      `ledger_entries USING PRIMARY KEY ${MINE} AND at>? AND at<?)`,
    ],
    [
      "a merchant's first entry",
      (db) => firstEntryAt(db, SHOP),
      `ledger_entries USING PRIMARY KEY ${MINE})`,
    ],
    [
      "merchants whose month is closed",
      (db) => merchantsWithEntries(db, "m", 9),
      "sqlite_autoindex_merchants_1 (id>?)",
    ],
    ["dead letters", (db) => listDeadLetters(db, second), `dead_letters_by_time (${CURSOR})`],
    ["a session", (db) => findSession(db, "s"), "(id=?)"],
    [
      "a merchant's prices",
      (db) => listFeePlans(db, { merchantId: "m" }, 9, null),
      "fee_plans USING PRIMARY KEY (merchant_id=?)",
    ],
    [
      "prices, next page",
      (db) => listFeePlans(db, {}, 9, { merchant_id: "m", channel: "", kind: "domestic" }),
      "fee_plans USING PRIMARY KEY ((merchant_id,channel,kind)>(?,?,?))",
    ],
    [
      "a merchant's audit log",
      (db) => listOwnEntries(db, "m", true, { action: "a", target: "b" }, second),
      `audit_log_by_merchant (merchant_id=? AND ${CURSOR})`,
    ],
    [
      "the audit log",
      (db) => listAllEntries(db, undefined, { action: "a", target: "b" }, second),
      `audit_log_by_time (${CURSOR})`,
    ],
    [
      "the audit log of some days of one merchant",
      (db) => listAllEntries(db, "m", { ...days }, first),
      "audit_log_by_merchant (merchant_id=? AND created_at>? AND created_at<?)",
    ],
  ])("%s: found and ordered by an index", async ([, run, index], { expect }) => {
    const [plan = "", ...others] = await plansOf(run);
    expect(others).toEqual([]);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(FULL_SCAN);
    expect(plan).not.toContain("TEMP B-TREE");
  });
});

describe("the continuous check", () => {
  const TAIL = `events USING PRIMARY KEY ${MINE})`;
  const stretch = { limit: 50, from: 1, to: 9 };
  // What goes through a list of a bounded length: the end of a feed, or ids that were asked for.
  const UNBOUNDED = /SCAN (?!(tail|json_each)\b)/;

  it.for<[string, Run, string[]]>([
    [
      "payments that wait",
      (db) => paymentsDueWithin(db, 1, 5, 100),
      ["payment_intents_overdue (deadline>? AND deadline<?)"],
    ],
    ["the newest payment", lastPaymentPlace, ["SEARCH payment_intents"]],
    ["payments by place", (db) => paymentsAt(db, [1, 2]), ["INTEGER PRIMARY KEY (rowid=?)"]],
    ["events that are not there", (db) => missingEvents(db, ["e"]), ["events_id_unique (id=?)"]],
    ["copies of refunds", (db) => refundSequences(db, ["r"]), ["autoindex_refunds_1 (id=?)"]],
    ["the last merchant", lastMerchantPlace, ["SEARCH merchants"]],
    ["merchants in turn", (db) => merchantsFrom(db, 5, 20), ["INTEGER PRIMARY KEY (rowid>?)"]],
    [
      "payments behind a feed",
      (db) => paymentsBehindFeed(db, SHOP, stretch),
      [`${TAIL}.*payment_intents_1 (id=?)`, `${TAIL}.*refunds_1 (id=?)`],
    ],
    [
      "events without a delivery",
      (db) => eventsWithoutDelivery(db, SHOP, stretch),
      [`${TAIL}.*webhook_endpoints_by_merchant ${MINE}).*deliveries_by_event (event_id=?)`],
    ],
    [
      "refunds that are late",
      (db) => lateRefunds(db, { otherwise: 2 }, 1, 9, 100),
      [
        "refunds_open (created_at>? AND created_at<?).*" +
          "exceptions_open (channel_account=? AND reference=?)",
      ],
    ],
    [
      "refunds in trouble",
      (db) => troubledRefunds(db, 1, 9, 100),
      [
        "refunds_open (created_at>? AND created_at<?).*" +
          "exceptions_open (channel_account=? AND reference=?)",
      ],
    ],
    ["raised before", (db) => raisedAlready(db, ["rx"]), ["exceptions_1 (id=?)"]],
  ])("%s: by an index", async ([, run, indexes], { expect }) => {
    const plans = await plansOf(run);
    expect(plans).toHaveLength(indexes.length);
    for (const [at, index] of indexes.entries()) {
      const parts = index.split(".*");
      for (const part of parts) expect(plans[at]).toContain(part);
      expect(plans[at]).not.toMatch(UNBOUNDED);
    }
  });
});

it("what waits for operators: counted in indexes that hold little else", async ({ expect }) => {
  const plans = await plansOf((db) => countBacklog(db, 5, 1));
  const known = plans.filter((plan) => !plan.includes("dead_letters"));
  // In the order of their text: the planner may ask for one of them first.
  expect(known.toSorted()).toEqual([
    // Nothing that is closed is in there.
    expect.stringContaining(
      "SCAN reconciliation_exceptions USING INDEX reconciliation_exceptions_open",
    ),
    expect.stringContaining("jobs_open (updated_at<?)"),
    expect.stringContaining("payment_intents_overdue (deadline<?)"),
    expect.stringContaining("refunds_open (created_at<?)"),
    expect.stringContaining("webhook_deliveries_due (feed_at<?)"),
  ]);
});

describe("a search", () => {
  const ORDERS =
    "COVERING INDEX payment_intents_by_order " +
    "(merchant_id=? AND livemode=? AND merchant_order_id>? AND merchant_order_id<?)";
  const TRANSACTIONS =
    "payment_intents_by_transaction (merchant_id=? AND livemode=? AND channel_transaction_id=?)";
  const IDS = "sqlite_autoindex_payment_intents_1 (id>? AND id<?)";

  it.for<[string, Run, string[]]>([
    ["an order number", payments({ q: "A-1" }), [ORDERS, TRANSACTIONS]],
    ["an order number, next page", payments({ q: "A-1" }, second), [ORDERS, TRANSACTIONS]],
    ["of some days", payments({ q: "A-1", ...days }, second), [ORDERS, TRANSACTIONS]],
    ["an id", payments({ q: "pi_0123" }), [IDS, ORDERS, TRANSACTIONS]],
    ["an id, next page", payments({ q: "PI_0123", ...days }, second), [IDS, ORDERS, TRANSACTIONS]],
    ["too little of an id", payments({ q: "pi_01" }), [ORDERS, TRANSACTIONS]],
    [
      "with filters that the index of orders cannot answer",
      payments({ q: "pi_0123", status: "failed", channel: "wechat", ...days }, second),
      [IDS, ORDERS.replace("COVERING ", ""), TRANSACTIONS],
    ],
  ])("%s: a range of an index for each place", async ([, run, indexes], { expect }) => {
    const plans = await plansOf(run);
    expect(plans).toEqual(indexes.map((index) => expect.stringContaining(index)));
    // What is found is sorted by time: no index has both orders.
    for (const plan of plans) expect(plan).not.toMatch(FULL_SCAN);
  });
});

describe("the words of services", () => {
  it("are looked up in their own index, the newest first", async ({ expect }) => {
    const [plan = "", ...others] = await plansOf((db) =>
      searchServices(db, true, { q: "tea", channel: "wechat" }, second),
    );
    expect(others).toEqual([]);
    expect(plan).toContain("services_fts VIRTUAL TABLE INDEX");
    expect(plan).not.toMatch(/SCAN (?!services_fts VIRTUAL)|TEMP B-TREE/);
  });
});

// Found by an index, and sorted: a handful for each merchant, payment or service.
describe("what is few", () => {
  it.for<[string, Run, string]>([
    ["keys", (db) => listApiKeys(db, "m", true, second), `INDEX api_keys_by_merchant ${MINE})`],
    [
      "accounts",
      (db) => listChannelAccounts(db, "m", true, second),
      `INDEX channel_accounts_by_merchant ${MINE})`,
    ],
    [
      "endpoints",
      (db) => listEndpoints(db, "m", true, second),
      `INDEX webhook_endpoints_by_merchant ${MINE})`,
    ],
    [
      "versions of a service",
      (db) => listServiceVersions(db, "svc", second),
      "service_versions USING PRIMARY KEY (service_id=?)",
    ],
    [
      "what was sent of some events",
      (db) => deliveriesOf(db, "m", ["evt_1", "evt_2"], 100),
      "INDEX webhook_deliveries_by_event (event_id=?)",
    ],
    [
      "a merchant's invoices",
      (db) => listInvoices(db, SHOP, { state: "open" }, second),
      `INDEX invoices_by_month ${MINE})`,
    ],
    [
      "what payouts paid",
      (db) => paidBy(db, "m", true, ["po_1", "po_2"]),
      `INDEX settlements_by_merchant ${MINE})`,
    ],
    [
      "what a merchant owes for a month",
      (db) => owedSums(db, SHOP, 1, 9),
      `SEARCH own USING PRIMARY KEY ${MINE} AND at>? AND at<?)`,
    ],
    [
      "what it owed before",
      (db) => owedTotals(db, SHOP, 1, 9),
      `ledger_entries USING PRIMARY KEY ${MINE} AND at>? AND at<?)`,
    ],
    [
      "shares under way at a month's end",
      (db) => underWay(db, SHOP, 9),
      `SEARCH s USING INDEX splits_by_merchant ${MINE} AND created_at>?)`,
    ],
    [
      "accounts with one number",
      (db) =>
        accountsSharing(db, {
          id: "ca",
          merchant_id: "m",
          livemode: true,
          channel: "wechat",
          merchant_account: "1",
        }),
      `INDEX channel_accounts_by_merchant ${MINE} AND channel=?)`,
    ],
    [
      "what an account's day has in the ledger",
      (db) => bookedSums(db, { merchant_id: "m", livemode: true }, ["ca"], 1, 9),
      `ledger_entries USING PRIMARY KEY ${MINE} AND at>? AND at<?)`,
    ],
    [
      "working accounts with one number",
      (db) =>
        accountsOfNumber(db, {
          merchant_id: "m",
          livemode: true,
          channel: "wechat",
          merchant_account: "1",
        }),
      `INDEX channel_accounts_by_merchant ${MINE} AND channel=?)`,
    ],
    [
      "what a merchant has uploaded lately",
      (db) => bytesUploadedSince(db, "m", true, 1),
      `INDEX statements_by_merchant ${MINE} AND created_at>?)`,
    ],
    [
      "files of a day beside one",
      (db) => filesBeside(db, { id: "st", channel_account: "ca", side: "channel", day: "d" }),
      "INDEX statements_by_content (channel_account=? AND side=? AND day=?)",
    ],
    [
      "refunds of payments, for records that name no refund",
      (db) => refundsByPayment(db, SHOP, ["pi_1"]),
      "INDEX refunds_by_payment (payment_intent=?)",
    ],
    [
      "payments of a day that no file names",
      (db) =>
        unseenOf(db, "payment", "ca", { from: 1, to: 9 }, ["channel", "merchant"], null, 9, ["st"]),
      "COVERING INDEX payment_intents_by_account " +
        "(channel_account=? AND (succeeded_at,id)>(?,?) AND succeeded_at<?)",
    ],
    [
      "enabled endpoints",
      (db) => listEnabledEndpoints(db, "m", true),
      `INDEX webhook_endpoints_by_merchant ${MINE})`,
    ],
  ])("%s: found by an index", async ([, run, index], { expect }) => {
    const plans = await plansOf(run);
    expect(plans).toEqual([expect.stringContaining(index)]);
    expect(plans.join()).not.toMatch(FULL_SCAN);
  });

  it.for<[string, Run]>([
    ["days begun lately", (db) => countDaysSince(db, "m", true, 1)],
    [
      "days that were compared",
      (db) =>
        comparedDays(db, { merchant_id: "m", livemode: true, channel_account: "ca" }, ["d"], 1),
    ],
  ])("%s: by the merchant's runs of that time", async ([, run], { expect }) => {
    const plans = (await plansOf(run)).join();
    expect(plans).toContain(`INDEX reconciliation_runs_by_merchant ${MINE} AND created_at>?)`);
    expect(plans).toContain("SEARCH reconciliation_days USING PRIMARY KEY (run_id=?");
    expect(plans).not.toMatch(FULL_SCAN);
  });

  it("a caller: every statement by its key", async ({ expect }) => {
    const plans = await plansOf((db) => findKeyHolder(db, "sk_test_x"));
    expect(plans).toHaveLength(4);
    for (const plan of plans) expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});
