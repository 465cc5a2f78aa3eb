/** The samples of the books: entries, balances, exchange rates, reports. */
const ACCOUNT = "channel:ca_01k5x0e8m3v7q2r9t4w6y8z0ab";
const DAY = "2026-10-31T16:00:00.000Z";

export const LEDGER_SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  LedgerEntry: {
    id: "le_101k5x0e8m3v7q2r9t4w6y8z0ab",
    object: "ledger_entry",
    livemode: true,
    kind: "gross",
    amount: { currency: "CNY", value: 699 },
    debit: ACCOUNT,
    credit: "sales",
    cause: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
    memo: null,
    at: "2026-11-01T08:31:07.000Z",
    recorded_at: "2026-11-01T08:31:07.412Z",
  },
  Balances: {
    object: "balances",
    livemode: true,
    as_of: "2026-11-01T09:00:00.000Z",
    recorded_at: "2026-11-01T08:52:40.118Z",
    currencies: [
      {
        currency: "CNY",
        held_at_channels: 599,
        owed_to_platform: 3,
        at_bank: 0,
        accounts: [
          { account: ACCOUNT, debit: 699, credit: 100, balance: 599 },
          { account: "platform", debit: 0, credit: 3, balance: -3 },
          { account: "platform_fees", debit: 3, credit: 0, balance: 3 },
          { account: "refunds", debit: 100, credit: 0, balance: 100 },
          { account: "sales", debit: 0, credit: 699, balance: -699 },
        ],
      },
    ],
  },
  FxRate: {
    object: "fx_rate",
    base: "CNY",
    quote: "USD",
    rate: "0.1384",
    source: "ECB",
    as_of: "2026-11-01T08:00:00.000Z",
    age_seconds: 1_800,
    fresh: true,
    created_at: "2026-11-01T08:00:02.000Z",
  },
  Report: {
    object: "report",
    period: "daily",
    livemode: true,
    tz_offset_minutes: 480,
    from: DAY,
    to: "2026-11-01T16:00:00.000Z",
    counted_at: "2026-11-02T01:00:00.000Z",
    data: [
      {
        name: "2026-11-01",
        start: DAY,
        lines: [
          {
            currency: "CNY",
            channel: "wechat",
            created: 120,
            succeeded: 96,
            failed: 1,
            expired: 20,
            cancelled: 3,
            success_rate: 0.8,
            payments: 97,
            volume: 67_803,
            refunds: 1,
            refunded: 100,
            platform_fee: 338,
            channel_fee: 407,
            split: 0,
            paid_out: 0,
            settlements: 1,
            settled: 67_296,
            settled_paid: 0,
          },
        ],
        exceptions: [{ channel: "wechat", kind: "amount_mismatch", state: "open", count: 1 }],
      },
    ],
  },
};

export const LEDGER_BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  putFxRate: { base: "CNY", quote: "USD", rate: "0.1384", source: "ECB" },
};
