/** What the fields of settlements, payouts and invoices mean; a part of field-notes.ts. */

export const BILLING_NOTES = {
  Settlement: {
    channel_account: "Your account at the channel.",
    day: "The channel's day, by its own clock.",
    source:
      "`statement`: the channel's own totals. `gateway`: ours, for channels that send no statements.",
    state: "`paid`: a payout names it. A paid one never changes.",
    payments: "How many payments there were.",
    gross: "What buyers paid.",
    refunds: "How many refunds there were.",
    refunded: "What buyers got back.",
    channel_fee: "What the channel kept, less what it gave back of that. Null: it does not say.",
    net: "What should arrive: `gross` less all the rest. Below zero: the channel takes it from you.",
    splits: "Who gets what of the day.",
    "splits.account": "Your channel account, or `platform`.",
    "splits.amount": "In minor units; what came back with refunds is taken off.",
    "splits.type": "`platform_fee`: taken at the channel. `merchant_settlement`: yours.",
    expected_at: "The beginning of the day on which it should arrive. Bank holidays are not known.",
    payout: "The payout that it arrived with; null: it has not arrived.",
    run: "The reconciliation run that made it.",
  },
  CreatePayout: {
    settlements: "What has arrived: settlements of one account and currency.",
    amount: "What your bank received.",
    arrived_at: "When your bank received it.",
    bank_reference: "What the bank calls it.",
    accept_difference:
      "The amount is right, though the settlements do not sum to it: book the difference.",
  },
  Payout: {
    channel_account: "Your account at the channel that paid.",
    amount: "What your bank received.",
    settlements: "What it paid, the oldest day first.",
    bank_reference: "As you sent it.",
    arrived_at: "When your bank received it.",
  },
  Invoice: {
    merchant_id: "Who is to pay.",
    number:
      "Counted without gaps over all merchants; those of test mode are counted by themselves and " +
      "begin with `TEST`.",
    month: "The month that it closes, by China's clock (UTC+8).",
    total: "What is to be paid; more than zero.",
    lines: "What the total is made of.",
    "lines.text": "What it is for.",
    "lines.quantity": "Of how many payments, refunds or shares it is the sum.",
    "lines.amount": "Below zero: given back, or paid already.",
    state: "`paid`: the operator has the money.",
    due_at: "When it is to be paid: 14 days after it was made.",
    paid_at: "When it was paid; null: it was not.",
    payment_reference: "What the payment is called; null: it was not paid.",
  },
  CloseInvoices: {
    month: "A month that has ended, by China's clock (UTC+8).",
    merchant_id: "Only this merchant's; left out: everybody's.",
  },
  InvoiceClosing: {
    month: "The month that is closed.",
    merchant_id: "The merchant; null: everybody.",
    state: "`queued`: it goes on by itself.",
    invoices: "The merchant's invoices of the month, also those that were there before.",
  },
  PayInvoice: {
    paid_at: "When the money was received.",
    payment_reference: "What the payment is called, such as the bank's number.",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
