/** What of a payment went back, and the form that gives back more. */
import { channelOf } from "../../../channels/registry.ts";
import type { RefundView } from "../../../intent/refund-record.ts";
import { CURRENCY_DECIMALS, type Money, toDecimal } from "../../../money.ts";
import type { ApiProblem } from "../client.ts";
import { Amount, Button, Id, moneyText, Status, Time } from "../components.tsx";
import { Field, Form, keyToKeep, Problem } from "../fields.tsx";
import type { Form as FormValues } from "../form.ts";
import type { PaymentTimeline } from "./timeline.tsx";

/** Whether the channel still has to say what became of it. */
export const isWaiting = ({ status }: RefundView): boolean =>
  status === "requested" || status === "processing";

/** What is neither given back nor on its way back. */
export function leftToRefund({ payment, refunds }: PaymentTimeline): Money {
  const open = refunds.filter(isWaiting).reduce((sum, { amount }) => sum + amount.value, 0);
  const value = payment.amount.value - payment.amount_refunded.value - open;
  return { currency: payment.amount.currency, value: Math.max(0, value) };
}

/** @param refused what was tried and refused, to be corrected */
export function RefundForm(props: {
  timeline: PaymentTimeline;
  refused: { readonly error: ApiProblem; readonly form: FormValues } | null;
}) {
  const { timeline, refused } = props;
  const { payment } = timeline;
  const left = leftToRefund(timeline);
  if (payment.status !== "succeeded") return null;
  const channel = payment.channel === null ? null : channelOf(payment.channel);
  if (channel?.adapter.info.refunds === null) {
    const { name } = channel.adapter.info;
    return <p class="quiet">{`${name} has no refunds: give the money back by a transfer.`}</p>;
  }
  if (left.value === 0) {
    return <p class="quiet">All of it is refunded, or on its way back.</p>;
  }
  const problem = refused?.error ?? null;
  const form = refused?.form ?? null;
  const decimals = CURRENCY_DECIMALS[left.currency] ?? 2;
  return (
    <Form
      action={`/console/payments/${payment.id}/refund`}
      label="Refund"
      keep={refused === null ? undefined : keyToKeep(refused.form, refused.error)}
    >
      <Problem problem={problem} fields={["amount", "reason"]} />
      <Field
        name="amount"
        label={`Amount in ${left.currency}`}
        // Not filled in: a slip of the Enter key must not give everything back.
        hint={`${toDecimal(left.value, decimals)} is all that is left.`}
        value={form?.text("amount") ?? ""}
        inputmode="decimal"
        required
        problem={problem}
      />
      <Field
        name="reason"
        label="Reason (optional)"
        value={form?.text("reason") ?? ""}
        maxlength={256}
        problem={problem}
      />
      <Button needs="refunds:write">Refund</Button>
    </Form>
  );
}

export function Refunds({ refunds }: { refunds: readonly RefundView[] }) {
  if (refunds.length === 0) return null;
  return (
    <ul class="refunds">
      {refunds.map((refund) => (
        <li id={refund.id}>
          <p class="line">
            <strong>
              <Amount money={refund.amount} />
            </strong>{" "}
            <Status status={refund.status} /> <Time at={refund.created_at} />
          </p>
          <p class="more">
            {refund.reason === null ? null : <>{refund.reason} · </>}
            <Id>{refund.id}</Id>
            {refund.fee === null ? null : <> · fee given back {moneyText(refund.fee)}</>}
          </p>
          {refund.last_error === null ? null : (
            <p class="more">{`${refund.last_error.code}: ${refund.last_error.message}`}</p>
          )}
        </li>
      ))}
    </ul>
  );
}
