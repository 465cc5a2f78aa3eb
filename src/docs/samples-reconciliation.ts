/** What the reference shows of runs and statements, as data; a part of samples.ts. */

const IDS = {
  account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  run: "rr_01k5x0e8m3v7q2r9t4w6y8z0ab",
  statement: "st_01k5x0e8m3v7q2r9t4w6y8z0ab",
  records: "st_01k5x0e8m3v7q2r9t4w6y8z0ac",
} as const;

const counts = { matched: 1_039, recovered: 1, fee_mismatch: 1, missing_at_gateway: 1 };
const progress = { done: 1_042, total: 1_042 };
const ended = "2026-11-01T02:30:06.000Z";

const run = {
  id: IDS.run,
  object: "reconciliation_run",
  livemode: true,
  channel_account: IDS.account,
  trigger: "nightly",
  from: "2026-10-31",
  to: "2026-10-31",
  state: "completed",
  progress,
  counts,
  days: [
    {
      day: "2026-10-31",
      state: "completed",
      step: "done",
      statement: IDS.statement,
      merchant_statement: IDS.records,
      progress,
      counts,
      attempts: 1,
      next_attempt_at: null,
      error: null,
      updated_at: ended,
    },
  ],
  created_at: "2026-11-01T02:30:00.000Z",
  updated_at: ended,
};

const statement = {
  id: IDS.statement,
  object: "statement",
  livemode: true,
  channel_account: IDS.account,
  side: "channel",
  origin: "download",
  date: "2026-10-31",
  format: "wechat_trade",
  file_name: "wechat-2026-10-31.csv.gz",
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  bytes: 81_204,
  state: "read",
  lines: 1_042,
  error: null,
  created_at: "2026-11-01T02:30:02.000Z",
  updated_at: "2026-11-01T02:30:03.000Z",
};

const none = { done: 0, total: 0 };
const queued = {
  ...run,
  trigger: "request",
  state: "queued",
  progress: none,
  counts: {},
  days: [
    {
      ...run.days[0],
      state: "queued",
      step: "fetch",
      statement: null,
      merchant_statement: null,
      progress: none,
      counts: {},
      attempts: 0,
    },
  ],
};

const uploaded = (side: "channel" | "merchant") => ({
  object: "statement_upload",
  statement: {
    ...statement,
    side,
    origin: "upload",
    state: "received",
    lines: 0,
    format: side === "channel" ? "antom_transactions" : "merchant_records",
    file_name: side === "channel" ? "transactionItems_20261031_000.csv" : "sales-2026-10-31.csv",
  },
  run: { ...queued, trigger: "upload" },
});

export const RECONCILIATION_SAMPLES = {
  ReconciliationRun: run,
  Statement: statement,
  StatementUpload: uploaded("channel"),
};

export const RECONCILIATION_BODIES = {
  startReconciliationRun: { channel_account: IDS.account, date: "2026-10-31" },
};

export const RECONCILIATION_ANSWERS = {
  startReconciliationRun: queued,
  uploadMerchantRecords: uploaded("merchant"),
};
