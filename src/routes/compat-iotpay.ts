/**
 * The door for apps that speak IOTPay's general order API (v1): they change the base URL to
 * `https://<gateway>/compat/iotpay/v1` and merchant number and key to those of an API key. Always
 * HTTP 200, as IOTPay answers; what went wrong stands in `errCode`.
 */
import * as z from "zod";

import { canonicalJson } from "../canonical-json.ts";
import { createdMembers, queriedMembers } from "../compat/iotpay/answers.ts";
import { targetOf } from "../compat/iotpay/channel-ids.ts";
import { merchantKeyOf } from "../compat/iotpay/key.ts";
import { MEMO_NAME, writeMemo } from "../compat/iotpay/memo.ts";
import {
  Cents,
  Currency,
  memoOf,
  OrderNumber,
  paymentOf,
  readCreateOrder,
  readFields,
} from "../compat/iotpay/order.ts";
import { asRefused, parameterError, Refused, refused } from "../compat/iotpay/refused.ts";
import {
  failureMembers,
  type Fields,
  isAuthentic,
  type Members,
  readRequest,
  refusal,
  success,
  withSign,
} from "../compat/iotpay/wire.ts";
import { sha256Hex } from "../crypto/digest.ts";
import { fromUtf8Strict } from "../crypto/encoding.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { apiError, type ErrorCode } from "../errors.ts";
import { derivedId, isId } from "../ids.ts";
import type { Answer } from "../intent/answers.ts";
import { intentObject } from "../intent/client.ts";
import type { PaymentIntentView } from "../intent/view.ts";
import { describeError } from "../log.ts";
import { checkEndpointUrl, ownHostsOf } from "../webhooks/policy.ts";
import { authenticate, type Scope } from "./authenticate.ts";
import { createPayment, orderId } from "./create-payment.ts";
import { type App, type AppContext, ownerOf, traceOf } from "./http.ts";
import { limitStrangers } from "./rate-limit.ts";

/** The JSON of an object's answer. @throws Refused */
function jsonOf(answer: Answer): string {
  if (answer.kind === "failure") throw refused(answer.failure);
  return answer.body;
}

/** @throws Refused with what is missing or wrong */
function mustRead<S extends z.ZodType>(schema: S, fields: Fields): z.infer<S> {
  const read = readFields(schema, fields);
  if (!read.ok) throw new Refused(read.error);
  return read.value;
}

/**
 * After the signature has proven the secret the request is as good as one that carries the key, and
 * the same rules follow: revoked, expired, address, merchant, rate, scope. @throws ApiError
 */
async function admit(c: AppContext, mchId: string, secret: string, scope: Scope): Promise<void> {
  const { raw } = c.req;
  const headers = new Headers(raw.headers);
  headers.set("Authorization", `Bearer ${mchId}_${secret}`);
  c.req.raw = new Request(raw.url, { method: raw.method, headers });
  try {
    await authenticate(scope)(c, async () => undefined);
  } finally {
    c.req.raw = raw;
  }
}

type Operation = (fields: Fields, c: AppContext, merchantKey: string) => Promise<Members>;

const createOrder: Operation = async (fields, c, merchantKey) => {
  const read = readCreateOrder(fields);
  if (!read.ok) throw new Refused(read.error);
  const order = read.value;
  const { accounts, key } = c.var.principal;
  const { livemode } = key;
  const usable = (channel: string) =>
    !livemode || accounts.some((row) => row.channel === channel && row.status === "active");
  const target = targetOf(order.channelId, order.currency, usable);
  if (target === null) {
    throw parameterError("channelId is not known");
  }
  const { ENVIRONMENT: environment } = c.env;
  const policy = { livemode, environment, ownHosts: ownHostsOf(c.env) };
  const url = checkEndpointUrl(order.notifyUrl, policy);
  if (!url.ok) {
    throw parameterError(`notifyUrl ${url.error}`);
  }
  const amount = { currency: order.currency, value: order.amount };
  const about = { merchant_order_id: order.mchOrderNo, amount };
  const metadata = { [MEMO_NAME]: await writeMemo(memoOf(order), about, merchantKey) };
  // The key may be rotated between an order and its repeat.
  const { sign: _, mchId: _key, ...content } = Object.fromEntries(fields);
  const answer = await createPayment(c, paymentOf(order, target, metadata), {
    idempotencyKey: null,
    fingerprint: await sha256Hex(`iotpay:${canonicalJson(content)}`),
  });
  if (answer.kind === "failure" && IS_REUSE.has(answer.failure.code)) {
    await refuseReuse(c, order.mchOrderNo);
  }
  return createdMembers(JSON.parse(jsonOf(answer)) as PaymentIntentView, order.channelId);
};

const IS_REUSE: ReadonlySet<ErrorCode> = new Set(["IDEMPOTENCY_MISMATCH", "DUPLICATE_ORDER"]);

/** A number that was used for something else: for IOTPay's apps it matters whether that is paid. */
async function refuseReuse(c: AppContext, mchOrderNo: string): Promise<never> {
  const known = await findPayment(c, undefined, mchOrderNo).catch(() => null);
  throw known?.status === "succeeded"
    ? new Refused(refusal("paid", "The order is paid already."), "IDEMPOTENCY_MISMATCH")
    : parameterError("mchOrderNo was used for another order", "IDEMPOTENCY_MISMATCH");
}

const noOrder = () => apiError("PAYMENT_INTENT_NOT_FOUND", "The order does not exist.");

/** The merchant's payment under either of its numbers. @throws ApiError when there is none */
async function findPayment(
  c: AppContext,
  payOrderId: string | undefined,
  mchOrderNo: string | undefined,
): Promise<PaymentIntentView> {
  const owned = async (id: string) => {
    const json = await intentObject(c.env, id).getOwned(ownerOf(c));
    return json === null ? null : (JSON.parse(json) as PaymentIntentView);
  };
  if (payOrderId !== undefined) {
    const found = isId("paymentIntent", payOrderId) ? await owned(payOrderId) : null;
    const other = mchOrderNo !== undefined && found?.merchant_order_id !== mchOrderNo;
    if (found === null || other) throw noOrder();
    return found;
  }
  if (mchOrderNo === undefined) {
    throw parameterError("payOrderId or mchOrderNo is needed");
  }
  const keeper = await orderId(c, mchOrderNo);
  // An order that was made with an Idempotency-Key lives elsewhere; its number leads there.
  const holder = await intentObject(c.env, keeper).keptOrder();
  const found = holder === null ? null : await owned(holder);
  if (found === null) throw noOrder();
  return found;
}

const Which = z.object({ payOrderId: z.string().optional(), mchOrderNo: OrderNumber.optional() });

const queryOrder: Operation = async (fields, c) => {
  const { payOrderId, mchOrderNo } = mustRead(Which, fields);
  const payment = await findPayment(c, payOrderId, mchOrderNo);
  return queriedMembers(payment, c.var.principal.key.public_id);
};

const RefundOrder = Which.extend({
  mchRefundNo: OrderNumber,
  refundAmount: Cents,
  currency: Currency.optional(),
});

const refundOrder: Operation = async (fields, c) => {
  const asked = mustRead(RefundOrder, fields);
  const payment = await findPayment(c, asked.payOrderId, asked.mchOrderNo);
  const currency = asked.currency ?? payment.amount.currency;
  const { merchant, key } = c.var.principal;
  const secret = await idKeyOf(c.env.ID_KEY);
  const scope = [merchant.id, key.livemode ? "live" : "test", "iotpay_refund", asked.mchRefundNo];
  const terms = {
    // The merchant's number makes it one refund, however often it is sent.
    requestKey: await derivedId("request", secret, scope),
    amount: { currency, value: asked.refundAmount },
    reason: null,
    revoke: null,
  };
  const answer = await intentObject(c.env, payment.id).refund(ownerOf(c), terms, traceOf(c));
  const refund = JSON.parse(jsonOf(answer)) as Pick<PaymentIntentView, "id" | "amount">;
  if (refund.amount.value !== asked.refundAmount || refund.amount.currency !== currency) {
    throw parameterError("mchRefundNo was used for another refund", "IDEMPOTENCY_MISMATCH");
  }
  return success({
    payOrderId: payment.id,
    mchOrderNo: payment.merchant_order_id ?? "",
    mchRefundNo: asked.mchRefundNo,
    refundOrderId: refund.id,
    refundAmount: refund.amount.value,
    currency,
  });
};

const OPERATIONS: Readonly<Record<string, readonly [Scope, Operation]>> = {
  create_order: ["payments:write", createOrder],
  query_order: ["payments:read", queryOrder],
  refund_order: ["refunds:write", refundOrder],
};

/** Says no in IOTPay's form; what is not ours to explain is a system error. */
function explain(c: AppContext, thrown: unknown): Members {
  const reason = asRefused(thrown);
  c.set("errorCode", reason?.code ?? "INTERNAL");
  if (reason !== null) return failureMembers(reason.refusal);
  c.var.log("error", "request.failed", { error: describeError(thrown) });
  return failureMembers(refusal("system", "System error: query the order before you repeat it."));
}

async function serve(c: AppContext, [scope, operation]: readonly [Scope, Operation]) {
  let merchantKey: string | null = null;
  try {
    if (c.req.method !== "POST") {
      throw new Refused(refusal("not_post", "The request must be POST."), "METHOD_NOT_ALLOWED");
    }
    const text = fromUtf8Strict(new Uint8Array(await c.req.arrayBuffer()));
    const read = readRequest(text ?? "?");
    if (!read.ok) throw new Refused(read.error);
    const fields = read.value;
    const mchId = fields.get("mchId") ?? "";
    const secret = await merchantKeyOf(c.env, mchId, c.var.now, () => limitStrangers(c));
    if (secret === null) {
      throw new Refused(refusal("merchant", "The merchant does not exist."), "UNAUTHENTICATED");
    }
    if (!(await isAuthentic(fields, secret))) {
      const why = "The signature is wrong: use the secret half of the API key as merchant key.";
      throw new Refused(refusal("signature", why), "SIGNATURE_INVALID");
    }
    // From here on the caller is known, and replies are signed for it.
    merchantKey = secret;
    await admit(c, mchId, secret, scope);
    return c.json(withSign(await operation(fields, c, secret), secret));
  } catch (thrown) {
    return c.json(withSign(explain(c, thrown), merchantKey));
  }
}

export function registerCompatIotpay(app: App): void {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    app.all(`/compat/iotpay/v1/${name}`, (c) => serve(c, operation));
  }
}
