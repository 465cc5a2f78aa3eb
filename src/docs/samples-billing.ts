/** What the reference shows of settlements, payouts and invoices, as data; a part of samples.ts. */

const IDS = {
  merchant: "m_01k5x0e8m3v7q2r9t4w6y8z0ab",
  account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  run: "rr_01k5x0e8m3v7q2r9t4w6y8z0ab",
  settlement: "se_01k5x0e8m3v7q2r9t4w6y8z0ab",
  payout: "po_01k5x0e8m3v7q2r9t4w6y8z0ab",
  invoice: "in_01k5x0e8m3v7q2r9t4w6y8z0ab",
} as const;

const cny = (value: number) => ({ currency: "CNY", value });

const settlement = {
  id: IDS.settlement,
  object: "settlement",
  livemode: true,
  channel_account: IDS.account,
  day: "2026-10-31",
  source: "statement",
  state: "expected",
  payments: 36,
  gross: cny(251_640),
  refunds: 1,
  refunded: cny(699),
  channel_fee: cny(1_506),
  net: cny(248_180),
  splits: [
    { account: IDS.account, amount: cny(248_180), type: "merchant_settlement" },
    { account: "platform", amount: cny(1_255), type: "platform_fee" },
  ],
  expected_at: "2026-10-31T16:00:00.000Z",
  payout: null,
  run: IDS.run,
  created_at: "2026-11-01T02:31:00.000Z",
  updated_at: "2026-11-01T02:31:00.000Z",
};

const payout = {
  id: IDS.payout,
  object: "payout",
  livemode: true,
  channel_account: IDS.account,
  amount: cny(248_180),
  settlements: [IDS.settlement],
  bank_reference: "FT26305 0042",
  arrived_at: "2026-11-01T01:12:00.000Z",
  created_at: "2026-11-01T08:30:00.000Z",
};

const invoice = {
  id: IDS.invoice,
  object: "invoice",
  livemode: true,
  merchant_id: IDS.merchant,
  number: "ITP-2026-10-000123",
  month: "2026-10",
  total: cny(37_416),
  lines: [
    { text: "Fees for payments: Shop 1 (wechat)", quantity: 1_044, amount: cny(36_540) },
    { text: "Given back with refunds: Shop 1 (wechat)", quantity: 12, amount: cny(-84) },
    { text: "Carried over from earlier months", quantity: 1, amount: cny(960) },
  ],
  state: "open",
  due_at: "2026-11-15T03:15:00.000Z",
  paid_at: null,
  payment_reference: null,
  created_at: "2026-11-01T03:15:00.000Z",
  updated_at: "2026-11-01T03:15:00.000Z",
};

const paid = {
  state: "paid",
  paid_at: "2026-11-09T06:40:00.000Z",
  payment_reference: "FT26313 0815",
  updated_at: "2026-11-09T07:02:11.000Z",
};

export const BILLING_SAMPLES = { Settlement: settlement, Payout: payout, Invoice: invoice };

export const BILLING_BODIES = {
  createPayout: {
    settlements: [IDS.settlement],
    amount: payout.amount,
    arrived_at: payout.arrived_at,
    bank_reference: payout.bank_reference,
  },
  closeInvoices: { month: invoice.month, merchant_id: IDS.merchant },
  payInvoice: { paid_at: paid.paid_at, payment_reference: paid.payment_reference },
};

export const BILLING_ANSWERS = {
  closeInvoices: {
    month: invoice.month,
    merchant_id: IDS.merchant,
    state: "completed",
    invoices: [invoice],
  },
  payInvoice: paid,
};

export const BILLING_EVENT_CHANGES = { "invoice.paid": { ...paid, sequence: 2 } };
