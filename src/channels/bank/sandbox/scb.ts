/** SCB's API: access token, code, inquiry by biller ID and first reference. */
import { fromDecimal } from "../../../money.ts";
import { accountOf, type Call, isAllowed, newToken, orderOf, TOKEN_SECONDS } from "./calls.ts";
import { finished, object } from "./code.ts";
import { zoned } from "./messages.ts";
import { paidOf } from "./scheme.ts";

const scbStatus = (status: number, code: number, description: string) =>
  Response.json({ status: { code, description } }, { status });

export async function scbToken(call: Call): Promise<Response> {
  const { applicationKey = "", applicationSecret = "" } = call.body;
  const known = call.request.headers.get("resourceOwnerId") === applicationKey;
  if (!known || applicationKey === "" || applicationSecret === "") {
    return scbStatus(401, 9500, "Invalid authorization credentials");
  }
  const accessToken = await newToken(call, applicationKey, applicationSecret);
  return Response.json({
    status: { code: 1000, description: "Success" },
    data: {
      accessToken,
      tokenType: "Bearer",
      expiresIn: TOKEN_SECONDS,
      expiresAt: Math.floor(call.world.now / 1_000) + TOKEN_SECONDS,
    },
  });
}

export async function scbInquiry(call: Call): Promise<Response> {
  const { url, request, scheme } = call;
  const of = (name: string) => url.searchParams.get(name) ?? "";
  const payee = of("billerId");
  const settings = await accountOf(call, payee);
  const owner = request.headers.get("resourceOwnerId") === settings["app_key"];
  if (!owner || !(await isAllowed(call, settings))) {
    return scbStatus(401, 9500, "Invalid authorization credentials");
  }
  const date = of("transactionDate");
  if (
    of("eventCode") !== "00300100" ||
    !/^\d{4}-\d\d-\d\d$/.test(date) ||
    of("reference1") === ""
  ) {
    return scbStatus(400, 1101, "Missing required parameters");
  }
  const order = await orderOf(call, payee, of("reference1"));
  const data: unknown[] = [];
  if (order?.state === "paid") {
    const paid = paidOf(order, scheme);
    const time = zoned(paid.paidAt, 7);
    // Looks into that day and no other, and for the whole reference.
    if (time.startsWith(date) && paid.reference === of("reference1")) {
      data.push({
        eventCode: "00300100",
        transactionType: "Domestic Transfers",
        reverseFlag: "",
        payeeProxyId: payee,
        payeeProxyType: "BILLERID",
        amount: paid.amount,
        transactionId: paid.transactionId,
        transactionDateandTime: time,
        billPaymentRef1: paid.reference,
        currencyCode: paid.currencyNumber,
      });
    }
  }
  return Response.json({ status: { code: 1000, description: "Success" }, data });
}

export async function scbCreate(call: Call): Promise<Response> {
  const { ppId = "", amount = "", ref1 = "", ref3 = "", qrType, ppType } = call.body;
  const settings = await accountOf(call, ppId);
  if (!(await isAllowed(call, settings))) {
    return scbStatus(401, 9500, "Invalid authorization credentials");
  }
  const value = fromDecimal(amount, 2);
  const fine = qrType === "PP" && ppType === "BILLERID" && /^[0-9A-Z]{1,20}$/.test(ref1);
  if (!fine || value === null || !ref3.startsWith(settings["terminal_id"] ?? "-")) {
    return scbStatus(400, 1101, "Invalid parameters");
  }
  const bill = [object("00", "A000000677010112"), object("01", ppId), object("02", ref1)].join("");
  const qrRawData = finished([
    object("00", "01"),
    object("01", "12"),
    object("30", bill),
    object("53", "764"),
    object("54", amount),
    object("58", "TH"),
    object("62", object("07", ref3)),
  ]);
  return Response.json({
    status: { code: 1000, description: "Success" },
    data: { qrRawData, qrImage: "" },
  });
}
