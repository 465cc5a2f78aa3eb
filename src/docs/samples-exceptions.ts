/** What the reference shows of exceptions, as data; a part of samples.ts. */

const IDS = {
  exception: "rx_01k5x0e8m3v7q2r9t4w6y8z0ab",
  intent: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
  account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  key: "key_01k5x0e8m3v7q2r9t4w6y8z0ab",
} as const;

const raised = {
  id: IDS.exception,
  object: "reconciliation_exception",
  livemode: true,
  run: null,
  kind: "amount_mismatch",
  state: "open",
  payment_intent: IDS.intent,
  channel_account: IDS.account,
  channel_transaction_id: "4200001234202611018765432109",
  channel: {
    amount: { currency: "THB", value: 500 },
    status: "PAID",
    fee: null,
    paid_at: "2026-11-01T08:31:07.000Z",
    reference: null,
    transaction_id: "4200001234202611018765432109",
    file: null,
    line: null,
    origin: null,
  },
  gateway: {
    amount: { currency: "THB", value: 699 },
    status: "qr_generated",
    fee: null,
    paid_at: null,
    reference: null,
    transaction_id: null,
    file: null,
    line: null,
    origin: null,
  },
  merchant: null,
  explanation:
    "The channel reports a payment of THB 5.00 for an order of THB 6.99. The payment was not marked as paid.",
  proposed_fix: "Check the payment in the channel's console; accept it there or give it back.",
  assignee: null,
  age_seconds: 0,
  due_at: "2026-11-02T08:31:08.000Z",
  overdue: false,
  created_at: "2026-11-01T08:31:08.000Z",
  updated_at: "2026-11-01T08:31:08.000Z",
  resolved_at: null,
};

const worked = {
  ...raised,
  state: "acknowledged",
  assignee: "Li Na",
  age_seconds: 4_320,
  updated_at: "2026-11-01T09:43:08.000Z",
  actions: ["ask_channel", "refund", "adjust"],
  notes: [
    {
      at: "2026-11-01T09:43:08.000Z",
      by: IDS.key,
      text: "Assigned to Li Na. The buyer will transfer the rest.",
      action: "acknowledged",
    },
  ],
};

export const EXCEPTION_SAMPLES = {
  ReconciliationException: raised,
  ReconciliationExceptionWhole: worked,
};

export const EXCEPTION_BODIES = {
  updateReconciliationException: {
    state: "acknowledged",
    assignee: "Li Na",
    note: "The buyer will transfer the rest.",
  },
  actOnReconciliationException: {
    action: "adjust",
    direction: "up",
    amount: { currency: "THB", value: 199 },
    memo: "The rest came by transfer.",
  },
};

export const EXCEPTION_ANSWERS = {
  actOnReconciliationException: {
    actions: ["ask_channel", "refund"],
    notes: [
      {
        at: "2026-11-01T10:02:41.000Z",
        by: IDS.key,
        text: "Booked THB 1.99 up: The rest came by transfer.",
        action: "adjust",
      },
    ],
  },
};
