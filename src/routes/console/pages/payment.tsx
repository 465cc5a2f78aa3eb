/** `/console/payments/{id}`: one payment, everything that happened to it, and what can be done. */
import { isTerminal } from "../../../payments/states.ts";
import { api, type ApiAnswer, type ApiProblem } from "../client.ts";
import { Button, Disclosure, Json, Live, moneyText, Status } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form, Problem } from "../fields.tsx";
import type { Form as FormValues } from "../form.ts";
import { refused, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { isWaiting, leftToRefund, RefundForm, Refunds } from "./payment-refunds.tsx";
import { NextStep, Summary } from "./payment-summary.tsx";
import { type PaymentTimeline, TimelineList } from "./timeline.tsx";

type Payment = PaymentTimeline["payment"];

/** What the API refused, and where on the page it is said. */
export interface Refused {
  readonly action: "refund" | "cancel" | "sync" | "redeliver";
  readonly status: number;
  readonly error: ApiProblem;
  readonly form: FormValues;
}

export const loadPayment = (c: ConsoleContext): Promise<ApiAnswer<PaymentTimeline>> =>
  api<PaymentTimeline>(c, "GET", `/v1/payment-intents/${segment(c)}/timeline`);

function Actions({ payment }: { payment: Payment }) {
  const at = `/console/payments/${payment.id}`;
  const ended = isTerminal(payment.status);
  return (
    <div class="actions">
      {payment.channel === null ? null : (
        <Form action={`${at}/sync`} class="inline">
          <Button kind="plain" needs="payments:write">
            Ask the channel now
          </Button>
        </Form>
      )}
      {ended ? null : (
        <Disclosure summary="Cancel this payment">
          <Form action={`${at}/cancel`} class="inline">
            <p>
              The channel is asked first, so a buyer who is just paying is not lost. Nothing can be
              paid afterwards.
            </p>
            <Button kind="danger" needs="payments:write">
              Cancel the payment
            </Button>
          </Form>
        </Disclosure>
      )}
    </div>
  );
}

const NOTICES = {
  refunded: "The refund is made.",
  refund_open: "The refund is reserved; the channel has not answered yet and is asked again.",
  cancelled: "The payment is cancelled.",
  cancelling: "The channel has not confirmed yet. It is asked again until it has.",
  asked: "The channel was asked. This is how the payment stands.",
  redelivered: "The event is on its way to your endpoints again.",
};

/** The page, also after an action that the API refused. */
export function paymentPage(
  c: ConsoleContext,
  timeline: PaymentTimeline,
  failed: Refused | null = null,
): Response | Promise<Response> {
  const { payment, refunds, deliveries } = timeline;
  const path = `/console/payments/${payment.id}`;
  const ended = isTerminal(payment.status);
  const firstTry = deliveries.some(
    ({ state, attempts }) => state === "pending" && attempts.length === 0,
  );
  const waiting = !ended || refunds.some(isWaiting) || firstTry;
  // A form that somebody fills in is outside of what is refreshed, and stops the page's own refresh.
  const typing =
    failed !== null || (payment.status === "succeeded" && leftToRefund(timeline).value > 0);
  const problem = failed !== null && failed.action !== "refund" ? failed.error : null;
  return show(
    c,
    {
      title: moneyText(payment.amount),
      wide: true,
      back: { href: "/console/payments", label: "Payments" },
      notices: NOTICES,
      status: failed?.status ?? 200,
      ...(waiting && !typing ? { refresh: 10 } : {}),
    },
    <>
      <Problem problem={problem} />
      <div class="columns">
        <div>
          <Live id="state" path={path} on={waiting} also={["refund-list", "timeline"]}>
            <section class="panel" aria-labelledby="summary">
              <h2 id="summary">
                <Status status={payment.status} />
              </h2>
              <Summary payment={payment} />
              <Actions payment={payment} />
            </section>
            <NextStep payment={payment} />
          </Live>
          <section class="panel" aria-labelledby="refunds">
            <h2 id="refunds">Refunds</h2>
            <div id="refund-list">
              <Refunds refunds={refunds} />
              {payment.status === "succeeded" ? null : (
                <p class="quiet">Possible once the payment has succeeded.</p>
              )}
            </div>
            <RefundForm timeline={timeline} refused={failed?.action === "refund" ? failed : null} />
          </section>
        </div>
        <section class="panel" aria-labelledby="timeline-title">
          <h2 id="timeline-title">Timeline</h2>
          <div id="timeline">
            <TimelineList timeline={timeline} />
          </div>
          {Object.keys(payment.metadata).length === 0 ? null : (
            <Disclosure summary="Metadata">
              <Json value={payment.metadata} label="Metadata" />
            </Disclosure>
          )}
          <Disclosure summary="The payment as JSON">
            <Json value={payment} label="The payment as JSON" />
          </Disclosure>
        </section>
      </div>
    </>,
  );
}

export const paymentDetailPage: Page = {
  method: "get",
  path: "/payments/:id",
  scope: "merchant",
  title: "Payment",
  handler: async (c) => {
    const answer = await loadPayment(c);
    return answer.ok ? paymentPage(c, answer.body) : refused(c, answer);
  },
};
