/** The payment intent as merchants see it (API.md section 2), from what the object stores. */
import { qrType } from "../qr/classify.ts";
import { iso, isoOrNull } from "../clock.ts";
import type { Failure } from "../errors.ts";
import { isPayable } from "../payments/states.ts";
import { ageSeconds, convert } from "../settlement/fx.ts";
import { feeOf, feeReturned } from "../settlement/pricing.ts";
import type { IntentRecord, PaymentOption } from "./record.ts";

const checkoutUrl = ({ terms }: IntentRecord): string => `${terms.publicBase}/pay/${terms.id}`;

/** What is drawn: the channel's code, or while the buyer has not chosen, the way to the choice. */
function codeOf(record: IntentRecord): string | null {
  const { payment } = record;
  if (payment.action?.type === "show_qr") return payment.action.data;
  return payment.isAggregate && payment.order === "none" ? checkoutUrl(record) : null;
}

function qrOf(record: IntentRecord) {
  const { terms, payment } = record;
  const data = codeOf(record);
  if (data === null) return null;
  return {
    charge_id: terms.id.replace(/^pi_/, "qr_"),
    type: qrType(data),
    data,
    image_url: `${terms.publicBase}/v1/qr/${terms.id}.svg`,
    scan_url: data,
    expires_at: iso(payment.actionExpiresAt ?? payment.expiresAt),
  };
}

/** What the buyer must do now; `wait` while the channel's answer is open or it is being closed. */
function nextAction(record: IntentRecord) {
  const { payment } = record;
  if (!isPayable(payment.status)) return null;
  if (payment.closing !== null) return { type: "wait" as const };
  const qr = qrOf(record);
  if (qr !== null) return { type: "show_qr" as const, qr };
  if (payment.action === null || payment.action.type === "show_qr") {
    return { type: "wait" as const };
  }
  return payment.action;
}

/** As it stands in `last_error`. */
export const errorOf = (failure: Failure | null) =>
  failure === null
    ? null
    : { code: failure.code, message: failure.message, details: failure.details ?? {} };

/** The account that takes the payment, as far as it is certain. */
export const optionOf = ({ terms, order }: IntentRecord): PaymentOption | null =>
  order ?? (terms.options.length === 1 ? (terms.options[0] ?? null) : null);

/** The platform's fee, as it is charged when the payment succeeds, and what refunds gave back. */
export function feeView(record: IntentRecord) {
  const option = optionOf(record);
  if (option === null) return null;
  const { amount, refunded } = record.payment;
  const value = feeOf(option.fee, amount);
  return {
    currency: amount.currency,
    value,
    refunded: feeReturned(value, amount, refunded),
    ...option.fee,
  };
}

/** What the payment is worth in the merchant's own currency, at the rate of its creation. */
function settlementOf({ terms, payment }: IntentRecord) {
  const { lockedRate: locked, createdAt } = terms;
  if (locked === undefined) return null;
  const converted = convert(payment.amount, locked.currency, locked.rate);
  if (converted === null) return null;
  return {
    ...converted,
    rate: locked.rate,
    source: locked.source,
    as_of: iso(locked.asOf),
    age_seconds: ageSeconds({ as_of: locked.asOf }, createdAt),
    locked_at: iso(createdAt),
  };
}

/** The public JSON, the same in answers, events, D1 and the feed. */
export function toView(record: IntentRecord) {
  const { terms, payment } = record;
  const option = optionOf(record);
  return {
    id: terms.id,
    object: "payment_intent" as const,
    livemode: terms.livemode,
    type: "one_time" as const,
    status: payment.status,
    amount: payment.amount,
    amount_refunded: { ...payment.amount, value: payment.refunded },
    settlement: settlementOf(record),
    fee: feeView(record),
    description: terms.description,
    merchant_order_id: terms.merchantOrderId,
    service_id: terms.serviceId,
    channel: option?.channel ?? null,
    channels: payment.isAggregate ? terms.options.map(({ channel }) => channel) : null,
    method: record.order?.method ?? null,
    channel_account: option?.accountId ?? null,
    channel_transaction_id: payment.channelTransactionId,
    payer: terms.payer,
    payee: {
      merchant_id: terms.merchantId,
      merchant_account: option?.merchantAccount ?? null,
    },
    qr: qrOf(record),
    next_action: nextAction(record),
    checkout_url: checkoutUrl(record),
    last_error: errorOf(payment.lastError),
    metadata: terms.metadata,
    sequence: record.sequence,
    created_at: iso(terms.createdAt),
    updated_at: iso(record.updatedAt),
    expires_at: iso(payment.expiresAt),
    succeeded_at: isoOrNull(payment.succeededAt),
    ...(payment.late ? { late: true as const } : {}),
  };
}

export type PaymentIntentView = ReturnType<typeof toView>;
