/** The resources in reading order. A tag that is not here goes to the end of the document. */
import type { Tag } from "./model.ts";

export const TAGS: readonly Tag[] = [
  {
    name: "Payment intents",
    description:
      "One payment, from the order at the channel to the money. Create it, show its code, and " +
      "wait for the event that says it succeeded.",
  },
  {
    name: "QR codes",
    description: "The payment's code as a picture, and any other code in words.",
  },
  {
    name: "Refunds",
    description:
      "Money that goes back: all of a payment, a part, or several parts, never more than was paid.",
  },
  {
    name: "Events",
    description:
      "What happened, in order. The feed is complete, so a receiver that was down can catch up " +
      "without asking anybody.",
  },
  {
    name: "Webhook endpoints",
    description: "Where events are sent, with which secret, and how each attempt went.",
  },
  {
    name: "Jobs",
    description: "Long work that goes on by itself, such as a replay, and how far it has come.",
  },
  {
    name: "Channels",
    description: "The wallets and bank schemes of this deployment, and what each of them can do.",
  },
  {
    name: "Channel accounts",
    description:
      "Your own accounts at the channels. Money goes straight to them; the gateway never holds it.",
  },
  {
    name: "Services",
    description:
      "What you offer, in a manifest that people and agents can find: what it does, what it costs, " +
      "who takes the money. A draft until you put it into force.",
  },
  {
    name: "Reconciliation",
    description:
      "What the channels say, what we say and what you say, day by day, and where the three do not " +
      "fit.",
  },
  {
    name: "Ledger",
    description:
      "Your books, kept twice over: every entry moves an amount from one account to another, and " +
      "none is ever changed.",
  },
  {
    name: "Splits",
    description:
      "The platform's fee as a share of payments, taken at the channel instead of by invoice. " +
      "Refunds bring their part of it back.",
  },
  {
    name: "Settlements",
    description: "What each day of a channel account should bring to your bank, and when.",
  },
  {
    name: "Payouts",
    description: "Money of a channel that has arrived at your bank, and the days that it pays for.",
  },
  {
    name: "Invoices",
    description:
      "What the platform asks you for each month: its fees, less what refunds gave back and what " +
      "was taken at the channel. All invoices together are the fees to the minor unit.",
  },
  {
    name: "Reports",
    description: "Days and months in numbers, and the books as files.",
  },
  {
    name: "Exchange rates",
    description:
      "What payments are settled at when the buyer pays in another currency. Set by the operator, " +
      "locked on each payment.",
  },
  {
    name: "Overview",
    description: "Your payments of a day or a week in numbers, for charts.",
  },
  {
    name: "Pricing",
    description:
      "What the platform charges for a payment. A payment keeps the rate of its creation, and " +
      "refunds give the fee back in proportion.",
  },
  {
    name: "API keys",
    description:
      "Keys with less than all rights, their rotation and their end. Needs the scope `*`.",
  },
  {
    name: "Merchants",
    description:
      "The operator creates, verifies and suspends merchants; where registration is open they " +
      "register themselves. A merchant can read itself.",
  },
  {
    name: "Audit log",
    description:
      "Every change of settings: who made it, when, and what was before and after. Append-only.",
  },
  {
    name: "Sandbox",
    description:
      "The buyer's side of test payments, for scripts and for people, which needs no key, and faults " +
      "to plant.",
  },
  {
    name: "Operations",
    description:
      "What the operator looks after: channels, scheduled jobs, messages that a queue gave up on.",
  },
  { name: "Callbacks", description: "Where channels report. Not for merchants." },
  { name: "Meta", description: "The deployment about itself. Needs no key." },
];

/** The schemas that are shown as objects of their own, by the tag that they belong to. */
export const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  "Payment intents": ["PaymentIntent"],
  "QR codes": ["QrExplanation"],
  Refunds: ["Refund"],
  Events: ["Event"],
  "Webhook endpoints": ["WebhookEndpoint", "WebhookDelivery"],
  Jobs: ["Job"],
  Channels: ["Channel", "ChannelError"],
  "Channel accounts": [
    "ChannelAccount",
    "ChannelOnboarding",
    "ChannelAuthorization",
    "StatementProfile",
  ],
  Services: ["Service", "ServiceVersion"],
  Reconciliation: [
    "ReconciliationRun",
    "Statement",
    "ReconciliationException",
    "ReconciliationExceptionWhole",
  ],
  Ledger: ["LedgerEntry", "Balances"],
  Splits: ["Split", "ChannelAccountSplit"],
  Settlements: ["Settlement"],
  Payouts: ["Payout"],
  Invoices: ["Invoice"],
  Reports: ["Report"],
  "Exchange rates": ["FxRate"],
  Overview: ["Overview"],
  Pricing: ["ChannelPricing", "FeePlan"],
  "API keys": ["ApiKey"],
  Merchants: ["Merchant"],
  "Audit log": ["AuditEntry"],
  Sandbox: ["SandboxPayment", "SandboxStatement"],
  Operations: ["DeadLetter", "ChannelHealth", "Sweeper"],
};
