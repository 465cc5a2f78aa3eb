/** AmBank's API: access token as KBank's, code by GenQR, payments of a day by the whole code. */
import { fromBase64, toBase64, toBase64Url, utf8 } from "../../../crypto/encoding.ts";
import { hmacBase64, importHmacKey } from "../../../crypto/hmac.ts";
import { fromDecimal } from "../../../money.ts";
import { accountOf, type Call, isAllowed, orderOf } from "./calls.ts";
import { finished, object, valueAt } from "./code.ts";
import { zoned } from "./messages.ts";
import { paidOf } from "./scheme.ts";

const refusal = (status: number, ResponseMessage: string): Response =>
  Response.json({ ResponseCode: String(status), ResponseMessage }, { status });

const unpadded = (text: string): string => toBase64(utf8(text)).replaceAll("=", "");

/** Token, channel and signature; null when they are this merchant's. */
async function refuse(call: Call, merchant: string): Promise<Response | null> {
  const settings = await accountOf(call, merchant);
  const { request, url, text } = call;
  if (!(await isAllowed(call, settings))) return refusal(401, "Invalid token");
  if (request.headers.get("channel-token") !== settings["token"]) {
    return refusal(401, "Invalid channel");
  }
  const iat = request.headers.get("ambank-timestamp");
  const header = JSON.stringify({ alg: "HS256", typ: "JWT", uri: url.pathname, iat });
  const key = await importHmacKey(settings["secret"] ?? "-");
  const mac = fromBase64(await hmacBase64(key, `${unpadded(header)}.${unpadded(text)}`));
  const expected = toBase64Url(mac ?? new Uint8Array());
  return request.headers.get("ambank-signature") === expected
    ? null
    : refusal(401, "Invalid signature");
}

export async function ambankGenerate(call: Call): Promise<Response> {
  const { QRId = "", TrxAmount = "", TrxCurrency, ReferenceLabel = "" } = call.body;
  const refused = await refuse(call, QRId);
  if (refused !== null) return refused;
  if (TrxCurrency !== "458" || fromDecimal(TrxAmount, 2) === null || ReferenceLabel === "") {
    return refusal(400, "Invalid request");
  }
  const account = [object("00", "A0000006150001"), object("01", "564169"), object("02", QRId)].join(
    "",
  );
  const QRString = finished([
    object("00", "02"),
    object("01", "12"),
    object("26", account),
    object("52", "5999"),
    object("53", "458"),
    object("54", TrxAmount),
    object("58", "MY"),
    object("59", "SANDBOX"),
    object("60", "KUALA LUMPUR"),
    object("62", object("05", ReferenceLabel)),
    object("82", "0".repeat(64)),
  ]);
  return Response.json({ ResponseCode: "00", QRString, QRCode: "" });
}

export async function ambankInquiry(call: Call): Promise<Response> {
  const { QRString = "", TrxDate } = call.body;
  const merchant = valueAt(QRString, "26.02") ?? "";
  const refused = await refuse(call, merchant);
  if (refused !== null) return refused;
  const order = await orderOf(call, merchant, valueAt(QRString, "62.05") ?? "");
  const paid = order?.state === "paid" ? paidOf(order, call.scheme) : null;
  const time = paid === null ? "" : zoned(paid.paidAt, 8);
  const day = time.slice(0, 10).split("-").toReversed().join("/");
  if (paid === null || paid.code !== QRString || day !== TrxDate) {
    return refusal(404, "No transaction found");
  }
  return Response.json({
    EndID: paid.transactionId,
    BizID: merchant,
    QRString,
    TransactionStatus: "ACSP",
    Reason: null,
    SenderName: "SANDBOX PAYER",
    TrxAmount: paid.amount,
    TrxCurrency: paid.currency,
    AccNo: "8880000000",
    PaymentDt: day,
    PaymentHrs: time.slice(11, 19),
    SourceofFund: "CASA",
  });
}
