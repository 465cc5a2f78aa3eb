/** `/v1/payments/pay`: what the reply gives the buyer to scan or to open. */
import type { ChannelIo, Charge, ChargeAction, ChargeOrder, Outcome } from "../adapter.ts";
import { sameMoney } from "../../money.ts";
import { unknown } from "../outcomes.ts";
import { ask, refusal, type AntomAnswer } from "./exchange.ts";
import { DEFAULT_LIFE_MS } from "./info.ts";
import type { AntomKeys } from "./keys.ts";
import {
  channelNumber,
  type Fields,
  fromAmount,
  fromTime,
  objectOr,
  textOrNull,
} from "./mapping.ts";

/** The one U that is no trouble: the order is there, and the buyer has not paid yet. */
const IN_PROCESS = "PAYMENT_IN_PROCESS";

/** Schemes that run something in the page that follows the link. */
const DANGEROUS = ["javascript:", "data:", "vbscript:", "blob:", "file:", "about:"];

function webLink(value: unknown): string | null {
  const text = textOrNull(value);
  const protocol = text === null ? null : URL.parse(text)?.protocol;
  return protocol === "https:" || protocol === "http:" ? text : null;
}

/** A link that a wallet's app answers to. */
function appLink(value: unknown): string | null {
  const text = textOrNull(value);
  const protocol = text === null ? undefined : URL.parse(text)?.protocol;
  return protocol === undefined || DANGEROUS.includes(protocol) ? null : text;
}

/**
 * Where the buyer goes. A browser prefers the page, an app the universal link, which opens the
 * wallet at once; the scheme URL goes beside it for those who can use it.
 */
function linkAction(method: ChargeOrder["method"], fields: Fields): ChargeAction | null {
  const page = webLink(fields["normalUrl"]);
  const universal = webLink(fields["applinkUrl"]);
  const scheme = appLink(fields["schemeUrl"]);
  const url = method === "app" ? (universal ?? page ?? scheme) : (page ?? universal ?? scheme);
  if (url === null) return null;
  return { type: "redirect", url, ...(scheme === null ? {} : { scheme_url: scheme }) };
}

/**
 * The text to draw: of the forms that Antom offers only TEXT is one, the others are links to
 * pictures of it. It is a URL or an EMV text, as the wallet has it, and is passed on unchanged.
 */
function codeAction(form: Fields): ChargeAction | null {
  const details = Array.isArray(form["codeDetails"]) ? form["codeDetails"].map(objectOr) : [];
  const texts = details.filter(
    ({ displayType, codeValueType }) =>
      (displayType ?? "TEXT") === "TEXT" && codeValueType !== "BARCODE",
  );
  const chosen = texts.find(({ codeValueType }) => codeValueType === "QRCODE") ?? texts[0];
  const data = textOrNull(chosen?.["codeValue"]);
  return data === null ? null : { type: "show_qr", data };
}

function actionOf(method: ChargeOrder["method"], fields: Fields): ChargeAction | null {
  if (method === "barcode") return null;
  return method === "qr"
    ? codeAction(objectOr(fields["orderCodeForm"]))
    : linkAction(method, fields);
}

/** The form of a code says when it dies; else the deadline that was asked for, else Antom's own. */
function expiryOf(payload: string, order: ChargeOrder, fields: Fields, now: number): number {
  const asked = fromTime(objectOr(JSON.parse(payload))["paymentExpiryTime"]);
  const begun = fromTime(fields["paymentCreateTime"]) ?? now;
  const end =
    fromTime(objectOr(fields["orderCodeForm"])["expireTime"]) ?? asked ?? begun + DEFAULT_LIFE_MS;
  return Math.min(order.expiresAt, end);
}

/**
 * A success is read only when it names this order and its amount: the signature covers the path and
 * the reply, not the request, so a signed reply about another order can be put in its place.
 */
function readCharge(
  answer: AntomAnswer,
  payload: string,
  order: ChargeOrder,
  now: number,
): Outcome<Charge> {
  const { fields, status } = answer;
  const amount = fromAmount(fields["paymentAmount"]);
  const isOther =
    fields["paymentRequestId"] !== order.paymentId ||
    (amount !== null && !sameMoney(amount, order.amount));
  if (isOther) {
    return unknown("another_order", "Antom's reply is not about this order; it was not believed.");
  }
  const number = channelNumber(fields["paymentId"]);
  const known = {
    expiresAt: expiryOf(payload, order, fields, now),
    ...(number === null ? {} : { channelTransactionId: number }),
  };
  const action = actionOf(order.method, fields);
  // With something left to scan or to open, S only says that the call was carried out.
  if (action !== null) return { kind: "ok", value: { action, ...known } };
  if (status === "U") {
    return order.method === "barcode"
      ? { kind: "ok", value: { action: { type: "wait" }, ...known } }
      : unknown("incomplete_reply", "Antom's reply holds nothing to pay with.");
  }
  if (amount === null || number === null) {
    return unknown("incomplete_reply", "Antom's reply does not say what was paid.");
  }
  const report = {
    paymentId: order.paymentId,
    state: "paid",
    amount,
    channelTransactionId: number,
    paidAt: fromTime(fields["paymentTime"]),
    channelStatus: answer.code,
  } as const;
  return { kind: "ok", value: { action: { type: "wait" }, ...known, report } };
}

/** Safe to repeat: the same `paymentRequestId` with the same body gets the same answer. */
export async function pay(
  payload: string,
  order: ChargeOrder,
  keys: AntomKeys,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const answer = await ask("pay", payload, keys, io);
  if (answer.kind === "unknown") return answer;
  const isAccepted = answer.status === "S" || (answer.status === "U" && answer.code === IN_PROCESS);
  return answer.authenticated && isAccepted
    ? readCharge(answer, payload, order, io.now())
    : refusal(answer, order.method === "barcode" ? "doubted" : "believed");
}
