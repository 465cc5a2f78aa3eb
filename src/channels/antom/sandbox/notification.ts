/** The simulated notices about payments and refunds: signed JSON, posted to the registered URL. */
import type {
  CallbackFlaw,
  SandboxOrderRecord,
  SandboxRefund,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { paymentIdOf, writeTime } from "./identity.ts";
import { amountOf } from "./payments.ts";
import { describeRefund } from "./refunds.ts";
import { JSON_TYPE, platformSignature, success, type Body } from "./reply.ts";

/** The path and query that were registered are part of what is signed. */
async function post(
  url: string,
  clientId: string,
  content: Body,
  world: SandboxWorld,
  isForged = false,
): Promise<Request> {
  const { pathname, search } = new URL(url);
  const body = JSON.stringify(content);
  const time = writeTime(world.now);
  const signed = isForged ? `${body} ` : body;
  const message = { target: pathname + search, clientId, time, body: signed };
  const signature = encodeURIComponent(await platformSignature(message, world));
  return new Request(url, {
    method: "POST",
    headers: {
      "content-type": JSON_TYPE,
      "client-id": clientId,
      "request-time": time,
      signature: `algorithm=RSA256,keyVersion=1,signature=${signature}`,
    },
    body,
  });
}

/** Antom has no signature probe of its own: `sign_test_probe` is a wrong signature here. */
const isForged = (flaw: CallbackFlaw): boolean =>
  flaw === "wrong_signature" || flaw === "sign_test_probe";

/** Null: the order named no address. */
export async function paymentNotice(
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request | null> {
  if (order.notifyUrl === "") return null;
  const content = {
    notifyType: "PAYMENT_RESULT",
    ...success(),
    paymentRequestId: order.orderNumber,
    paymentId: paymentIdOf(order.merchant, order.orderNumber),
    paymentAmount: amountOf(order, order.value + (flaw === "wrong_amount" ? 1 : 0)),
    paymentCreateTime: writeTime(order.createdAt),
    paymentTime: writeTime(order.paidAt ?? world.now),
  };
  return post(order.notifyUrl, order.merchant, content, world, isForged(flaw));
}

/** Null: no address, or the refund has not ended. */
export async function refundNotice(
  order: SandboxOrderRecord,
  refund: SandboxRefund,
  world: SandboxWorld,
): Promise<Request | null> {
  if (refund.notifyUrl === null || refund.state !== "succeeded") return null;
  const content = {
    notifyType: "REFUND_RESULT",
    ...success(),
    refundStatus: "SUCCESS",
    ...describeRefund(order, refund),
  };
  return post(refund.notifyUrl, order.merchant, content, world);
}
