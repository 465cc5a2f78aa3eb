/** What a person does to a payment. Everything is decided by the API; these only carry it there. */
import { CURRENCY_DECIMALS, fromDecimal } from "../../../money.ts";
import { api, type ApiAnswer } from "../client.ts";
import type { ConsoleContext, Page } from "../env.ts";
import { type Form, readForm } from "../form.ts";
import { done, refused } from "../frame.tsx";
import { segment } from "./act.tsx";
import { loadPayment, paymentPage, type Refused } from "./payment.tsx";

const pathOf = (c: ConsoleContext): string => `/console/payments/${segment(c)}`;

/** The page again, with what the API said and what was typed. */
async function again(
  c: ConsoleContext,
  action: Refused["action"],
  refusal: Extract<ApiAnswer<unknown>, { ok: false }>,
  form: Form,
): Promise<Response> {
  const payment = await loadPayment(c);
  if (!payment.ok) return refused(c, refusal);
  const { status, error } = refusal;
  c.set("errorCode", error.code);
  return paymentPage(c, payment.body, { action, status, error, form });
}

/** What is typed as money but cannot be: the API takes integers, so it never sees this. */
function notMoney(c: ConsoleContext, message: string) {
  return {
    ok: false as const,
    status: 400,
    error: {
      code: "AMOUNT_INVALID" as const,
      message: "This amount cannot be refunded.",
      details: {},
      outcome: "none" as const,
      issues: [{ path: "amount", message }],
      requestId: c.var.requestId,
    },
  };
}

async function refund(c: ConsoleContext): Promise<Response> {
  const form = await readForm(c);
  const payment = await loadPayment(c);
  if (!payment.ok) return refused(c, payment);
  const { currency } = payment.body.payment.amount;
  const decimals = CURRENCY_DECIMALS[currency] ?? 2;
  const value = fromDecimal(form.text("amount"), decimals);
  if (value === null) {
    const message =
      decimals === 0
        ? `must be a whole number like 1200: ${currency} has no decimal places`
        : `must be a number like 12.${"5".padEnd(decimals, "0")}, with at most ${decimals} decimal places`;
    return again(c, "refund", notMoney(c, message), form);
  }
  const reason = form.text("reason");
  const body = {
    payment_intent: segment(c),
    amount: { currency, value },
    ...(reason === "" ? {} : { reason }),
  };
  const answer = await api<{ id: string }>(c, "POST", "/v1/refunds", body, { key: form.key });
  if (!answer.ok) return again(c, "refund", answer, form);
  const notice = answer.status === 202 ? "refund_open" : "refunded";
  return done(c, `${pathOf(c)}#${answer.body.id}`, notice);
}

async function cancel(c: ConsoleContext): Promise<Response> {
  const form = await readForm(c);
  const path = `/v1/payment-intents/${segment(c)}/cancel`;
  const answer = await api(c, "POST", path, {}, { key: form.key });
  if (!answer.ok) return again(c, "cancel", answer, form);
  return done(c, pathOf(c), answer.status === 202 ? "cancelling" : "cancelled");
}

async function sync(c: ConsoleContext): Promise<Response> {
  const form = await readForm(c);
  const path = `/v1/payment-intents/${segment(c)}/sync`;
  const answer = await api(c, "POST", path, {}, { key: form.key });
  return answer.ok ? done(c, pathOf(c), "asked") : again(c, "sync", answer, form);
}

async function redeliver(c: ConsoleContext): Promise<Response> {
  const form = await readForm(c);
  const event = /^[\w-]{1,64}$/.test(form.text("event")) ? form.text("event") : "none";
  const path = `/v1/events/${event}/redeliver`;
  const answer = await api(c, "POST", path, {}, { key: form.key });
  return answer.ok ? done(c, pathOf(c), "redelivered") : again(c, "redeliver", answer, form);
}

const ACTIONS = { refund, cancel, sync, redeliver };

export const paymentActionPages: readonly Page[] = Object.entries(ACTIONS).map(
  ([name, handler]): Page => ({
    method: "post",
    path: `/payments/:id/${name}`,
    scope: "merchant",
    title: "Payment",
    handler,
  }),
);
