/** What the reference shows of statements' profiles, as data; a part of samples.ts. */

const profile = {
  columns: {
    reference: "Reference 1",
    transaction_id: "Transaction ID",
    amount: "Amount",
    status: "Status",
    occurred_at: "Date",
  },
  currency: "THB",
  statuses: { PAID: "succeeded" },
  refunds: "negative_amounts",
  amounts: { unit: "major", decimal: ".", thousands: "," },
  date_format: "dd/MM/yyyy HH:mm:ss",
  utc_offset_minutes: 420,
  encoding: "utf-8",
  delimiter: ",",
  skip_lines: 0,
  end_mark: null,
};

export const STATEMENT_PROFILE_SAMPLES = {
  StatementProfile: {
    object: "statement_profile",
    channel_account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
    format: "promptpay_profile",
    profile,
  },
};

export const STATEMENT_PROFILE_BODIES = { putStatementProfile: { profile } };
