/** `/console/payments/{id}`: one payment, everything that happened to it, and what can be done. */
import type { RefundView } from "../../../intent/refund-record.ts";
import { CURRENCY_DECIMALS, type Money, toDecimal } from "../../../money.ts";
import { isPayable, isTerminal } from "../../../payments/states.ts";
import { api, type ApiAnswer, type ApiProblem } from "../client.ts";
import {
  Amount,
  Button,
  Copy,
  Details,
  Disclosure,
  Id,
  Json,
  Live,
  moneyText,
  Status,
  Time,
  words,
} from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form, keyToKeep, Problem } from "../fields.tsx";
import type { Form as FormValues } from "../form.ts";
import { refused, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import { channelName } from "./channel-name.ts";
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

/** What is neither given back nor on its way back. */
function leftToRefund({ payment, refunds }: PaymentTimeline): Money {
  const open = refunds
    .filter(({ status }) => status === "requested" || status === "processing")
    .reduce((sum, { amount }) => sum + amount.value, 0);
  const value = payment.amount.value - payment.amount_refunded.value - open;
  return { currency: payment.amount.currency, value: Math.max(0, value) };
}

const isWaiting = ({ status }: RefundView): boolean =>
  status === "requested" || status === "processing";

function Summary({ payment }: { payment: Payment }) {
  const { amount_refunded: refunded, fee, last_error: error } = payment;
  const options = payment.channels?.map(channelName).join(", ") ?? null;
  return (
    <Details
      rows={[
        ["Payment", <Copy text={payment.id} />],
        ["For", payment.description],
        [
          "Order",
          payment.merchant_order_id === null ? null : <Copy text={payment.merchant_order_id} />,
        ],
        ["Refunded", refunded.value === 0 ? null : <Amount money={refunded} />],
        ["Fee", fee === null ? null : <FeeLine fee={fee} />],
        ["Channel", payment.channel === null ? null : channelName(payment.channel)],
        ["To choose from", options],
        ["Method", payment.method],
        ["Account", payment.channel_account === null ? null : <Account payment={payment} />],
        [
          "Transaction",
          payment.channel_transaction_id === null ? null : (
            <Copy text={payment.channel_transaction_id} />
          ),
        ],
        ["Service", payment.service_id === null ? null : <Id>{payment.service_id}</Id>],
        ["Created", <Time at={payment.created_at} />],
        ["Paid", payment.succeeded_at === null ? null : <Time at={payment.succeeded_at} />],
        ["Payable until", isTerminal(payment.status) ? null : <Time at={payment.expires_at} />],
        ["Late", payment.late === true ? "Paid after it had ended unpaid." : null],
        ["Last error", error === null ? null : `${error.code}: ${error.message}`],
      ]}
    />
  );
}

const Account = ({ payment }: { payment: Payment }) => (
  <>
    <a href={`/console/accounts/${payment.channel_account}`}>
      <Id>{payment.channel_account}</Id>
    </a>{" "}
    <span class="quiet">{payment.payee.merchant_account}</span>
  </>
);

function FeeLine({ fee }: { fee: NonNullable<Payment["fee"]> }) {
  const { currency, value, refunded, basis_points: points, kind } = fee;
  const rate = `${toDecimal(points, 2)} % ${words(kind)}`;
  return (
    <>
      <Amount money={{ currency, value }} /> <span class="quiet">{rate}</span>
      {refunded === 0 ? null : (
        <>
          {" "}
          <span class="quiet">
            given back <Amount money={{ currency, value: refunded }} />
          </span>
        </>
      )}
    </>
  );
}

/** What the buyer has to do now, for who stands beside him. */
function NextStep({ payment }: { payment: Payment }) {
  if (!isPayable(payment.status)) return null;
  const { qr, next_action: next, checkout_url: checkout } = payment;
  return (
    <section class="panel" aria-labelledby="next">
      <h2 id="next">For the buyer</h2>
      {qr === null ? null : (
        <img
          class="qr"
          src={`/v1/qr/${payment.id}.svg`}
          alt="QR code of the payment"
          width="200"
          height="200"
        />
      )}
      {next?.type === "wait" ? <p>The channel has not answered yet; it is asked again.</p> : null}
      <Details
        rows={[
          ["Checkout page", <a href={checkout}>{checkout}</a>],
          ["Code", qr === null ? null : <Copy text={qr.data} />],
          ["Wallet", next?.type === "redirect" ? <a href={next.url}>{next.url}</a> : null],
          [
            "Sandbox",
            payment.livemode ? null : (
              <a href={`/sandbox/wallet/${payment.id}`}>Pay in the sandbox wallet</a>
            ),
          ],
        ]}
      />
      {next?.type === "invoke_sdk" ? (
        <Disclosure summary={`Parameters for ${next.sdk}`}>
          <Json value={next.params} label="SDK parameters" />
        </Disclosure>
      ) : null}
    </section>
  );
}

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

function RefundForm({ timeline, failed }: { timeline: PaymentTimeline; failed: Refused | null }) {
  const { payment } = timeline;
  const left = leftToRefund(timeline);
  if (payment.status !== "succeeded") return null;
  if (left.value === 0) {
    return <p class="quiet">All of it is refunded, or on its way back.</p>;
  }
  const problem = failed?.action === "refund" ? failed.error : null;
  const form = problem === null ? null : (failed?.form ?? null);
  const decimals = CURRENCY_DECIMALS[left.currency] ?? 2;
  return (
    <Form
      action={`/console/payments/${payment.id}/refund`}
      label="Refund"
      keep={problem === null || form === null ? undefined : keyToKeep(form, problem)}
    >
      <Problem problem={problem} fields={["amount", "reason"]} />
      <Field
        name="amount"
        label={`Amount in ${left.currency}`}
        hint={`At most ${moneyText(left)}.`}
        value={form?.text("amount") ?? toDecimal(left.value, decimals)}
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

function Refunds({ refunds }: { refunds: readonly RefundView[] }) {
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
            <RefundForm timeline={timeline} failed={failed} />
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
