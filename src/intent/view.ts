/** The payment intent as merchants see it (API.md section 2), from what the object stores. */
import { qrType } from "../qr/classify.ts";
import { iso, isoOrNull } from "../clock.ts";
import type { Failure } from "../errors.ts";
import { isPayable } from "../payments/states.ts";
import type { IntentRecord } from "./record.ts";

function qrOf({ terms, payment }: IntentRecord) {
  if (payment.action?.type !== "show_qr") return null;
  const { data } = payment.action;
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
  if (payment.action === null || payment.closing !== null) return { type: "wait" as const };
  if (payment.action.type === "show_qr") return { type: "show_qr" as const, qr: qrOf(record) };
  return payment.action;
}

/** As it stands in `last_error`. */
export const errorOf = (failure: Failure | null) =>
  failure === null
    ? null
    : { code: failure.code, message: failure.message, details: failure.details ?? {} };

/** The public JSON, the same in answers, events, D1 and the feed. */
export function toView(record: IntentRecord) {
  const { terms, payment } = record;
  return {
    id: terms.id,
    object: "payment_intent" as const,
    livemode: terms.livemode,
    type: "one_time" as const,
    status: payment.status,
    amount: payment.amount,
    amount_refunded: { ...payment.amount, value: payment.refunded },
    settlement: null,
    fee: null,
    description: terms.description,
    merchant_order_id: terms.merchantOrderId,
    service_id: terms.serviceId,
    channel: terms.channel,
    method: terms.method,
    channel_account: terms.accountId,
    channel_transaction_id: payment.channelTransactionId,
    payer: terms.payer,
    payee: { merchant_id: terms.merchantId, merchant_account: terms.merchantAccount },
    qr: qrOf(record),
    next_action: nextAction(record),
    checkout_url: `${terms.publicBase}/pay/${terms.id}`,
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
