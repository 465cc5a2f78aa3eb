/**
 * How the gateway's answers are believed. Every success is read only from an authenticated answer
 * that names the order: a signature covers the answer's text, but neither the name of the method
 * nor the request, so a signed answer about something else can be replayed into the place.
 */
import type { PaymentReport, Outcome } from "../adapter.ts";
import { unknown } from "../outcomes.ts";
import { refusal, SUCCESS, type GatewayAnswer, type UnsignedRefusals } from "./exchange.ts";

export const NOT_EXIST = "ACQ.TRADE_NOT_EXIST";

const BUSINESS_FAILURE = "40004";

export const isSuccess = (answer: GatewayAnswer): boolean =>
  answer.authenticated && answer.code === SUCCESS;

export const isBusinessFailure = (answer: GatewayAnswer): boolean =>
  answer.authenticated && answer.code === BUSINESS_FAILURE;

export const says = (answer: GatewayAnswer, subCode: string): boolean =>
  isBusinessFailure(answer) && answer.subCode === subCode;

/** Business failures may leave the number out; when it is there it must be ours. */
export const namesOther = (answer: GatewayAnswer, paymentId: string): boolean =>
  answer.fields["out_trade_no"] !== undefined && answer.fields["out_trade_no"] !== paymentId;

/** One of these fields in the answer means that it is another method's. */
export const holdsAny = (answer: GatewayAnswer, fields: readonly string[]): boolean =>
  fields.some((field) => answer.fields[field] !== undefined);

export const anotherOrder = () =>
  unknown("another_order", "Alipay's reply is not about this order; it was not believed.");

export const incomplete = () =>
  unknown("incomplete_reply", "Alipay's reply lacks what it must hold.");

/** A success without a signature is nobody's word; everything else goes by the error table. */
export const refuse = (answer: GatewayAnswer, unsigned: UnsignedRefusals) =>
  answer.code === SUCCESS
    ? unknown("unsigned_reply", "Alipay's reply was not signed; it was not believed.")
    : refusal(answer, unsigned);

export const okReport = (value: PaymentReport): Outcome<PaymentReport> => ({ kind: "ok", value });
