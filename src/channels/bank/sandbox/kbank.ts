/** KBank's API: access token, code, inquiry and cancellation by our own number. */
import { fromBase64, fromUtf8 } from "../../../crypto/encoding.ts";
import { fromDecimal } from "../../../money.ts";
import { recordOf } from "./accounts.ts";
import { accountOf, type Call, isAllowed, newToken, orderOf, TOKEN_SECONDS } from "./calls.ts";
import { finished, object } from "./code.ts";
import { paidOf } from "./scheme.ts";

export async function kbankToken(call: Call): Promise<Response> {
  const encoded = (call.request.headers.get("authorization") ?? "").replace(/^Basic /, "");
  const [key = "", secret = ""] = fromUtf8(fromBase64(encoded) ?? new Uint8Array()).split(":");
  if (call.body["grant_type"] !== "client_credentials" || key === "" || secret === "") {
    return Response.json({ error: "invalid_client" }, { status: 401 });
  }
  const access_token = await newToken(call, key, secret);
  return Response.json({ access_token, token_type: "Bearer", expires_in: String(TOKEN_SECONDS) });
}

const kbankError = ({ body }: Call, errorCode: string) =>
  Response.json({
    partnerTxnUid: body["partnerTxnUid"],
    partnerId: body["partnerId"],
    statusCode: "10",
    errorCode,
    errorDesc: errorCode,
  });

/** Everything that KBank's calls have in common; null when the partner is who it says. */
async function refuseKbank(call: Call): Promise<Response | null> {
  const settings = await accountOf(call, call.body["merchantId"] ?? "");
  if (!(await isAllowed(call, settings))) {
    return Response.json({ error: "invalid_token" }, { status: 401 });
  }
  const isPartner =
    call.body["partnerId"] === settings["username"] &&
    call.body["partnerSecret"] === settings["password"];
  return isPartner ? null : kbankError(call, "authentication_error");
}

/** Makes a code. The order is there from the moment that a wallet reads it. */
export async function kbankRequest(call: Call): Promise<Response> {
  const refused = await refuseKbank(call);
  if (refused !== null) return refused;
  const { partnerTxnUid = "", merchantId = "", txnAmount = "", txnCurrencyCode } = call.body;
  const value = fromDecimal(txnAmount, 2);
  if (txnCurrencyCode !== "THB") return kbankError(call, "invalid_currency_code");
  if (value === null || value === 0) return kbankError(call, "invalid_txn_amount");
  if (!/^[0-9A-Z]{1,15}$/.test(partnerTxnUid)) return kbankError(call, "bad_request");
  const bill = [
    object("00", "A000000677010112"),
    object("01", "010753600031508"),
    object("02", merchantId.slice(0, 20)),
    object("03", partnerTxnUid),
  ].join("");
  const qrCode = finished([
    object("00", "01"),
    object("01", "12"),
    object("30", bill),
    object("53", "764"),
    object("54", txnAmount),
    object("58", "TH"),
  ]);
  return Response.json({
    partnerTxnUid,
    partnerId: call.body["partnerId"],
    statusCode: "00",
    errorCode: null,
    errorDesc: null,
    accountName: "Sandbox",
    qrCode,
  });
}

const KBANK_STATES = {
  open: "REQUESTED",
  scanned: "REQUESTED",
  paid: "PAID",
  closed: "CANCELLED",
} as const;

export async function kbankInquiry(call: Call): Promise<Response> {
  const refused = await refuseKbank(call);
  if (refused !== null) return refused;
  const { partnerTxnUid, partnerId, merchantId = "", origPartnerTxnUid = "" } = call.body;
  const order = await orderOf(call, merchantId, origPartnerTxnUid);
  const said = { partnerTxnUid, partnerId, statusCode: "00", errorCode: null, errorDesc: null };
  if (order === null) return Response.json({ ...said, txnStatus: "NOT_FOUND" });
  const paid = paidOf(order, call.scheme);
  return Response.json({
    ...said,
    txnStatus: KBANK_STATES[order.state],
    txnAmount: Number(paid.amount),
    txnCurrencyCode: "THB",
    txnNo: order.transactionId?.slice(0, 20) ?? null,
  });
}

export async function kbankCancel(call: Call): Promise<Response> {
  const refused = await refuseKbank(call);
  if (refused !== null) return refused;
  const { merchantId = "", origPartnerTxnUid = "", partnerTxnUid, partnerId } = call.body;
  const number = recordOf(origPartnerTxnUid);
  const order = await call.world.orders.close(call.slug, merchantId, number);
  if (order === null) return kbankError(call, "invalid_origPartnerTxnUid");
  if (order.state === "paid") return kbankError(call, "qr_paid");
  return Response.json({ partnerTxnUid, partnerId, statusCode: "00", errorCode: null });
}
