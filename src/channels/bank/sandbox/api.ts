/** The APIs of the simulated banks: access tokens, codes that the bank makes, and inquiries. */
import { sameSecret } from "../../../crypto/constant-time.ts";
import { sha256Hex } from "../../../crypto/digest.ts";
import { fromBase64, fromUtf8 } from "../../../crypto/encoding.ts";
import { hmacHex, importHmacKey } from "../../../crypto/hmac.ts";
import { fromDecimal } from "../../../money.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { recordOf, type Settings, settingsOf } from "./accounts.ts";
import { type BankSandboxScheme, paidOf } from "./channel.ts";
import { finished, object } from "./code.ts";
import { basic, zoned } from "./messages.ts";

interface Call {
  readonly slug: string;
  readonly scheme: BankSandboxScheme;
  readonly request: Request;
  readonly url: URL;
  /** Members of a JSON body, or the fields of a form. */
  readonly body: Readonly<Record<string, string>>;
  readonly world: SandboxWorld;
}

const TOKEN_SECONDS = 1_800;

/**
 * A token names the application and a digest of its secret; who it belongs to is only known when a
 * call names the payee.
 */
async function newToken({ world }: Call, key: string, secret: string): Promise<string> {
  const until = Math.floor(world.now / 1_000) + TOKEN_SECONDS;
  const claims = `${key}.${(await sha256Hex(secret)).slice(0, 32)}.${until}`;
  return `${claims}.${await sealOf(world, claims)}`;
}

const sealOf = async (world: SandboxWorld, claims: string): Promise<string> =>
  hmacHex(await importHmacKey(`token:${world.keys.symmetricKey}`), claims);

/** Whether the caller's token is of this account and still good. */
async function isAllowed({ request, world }: Call, settings: Settings): Promise<boolean> {
  const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
  const [key = "", digest = "", until = "", seal = ""] = token.split(".");
  const expected = (await sha256Hex(settings["app_secret"] ?? "")).slice(0, 32);
  return (
    key === settings["app_key"] &&
    digest === expected &&
    Number(until) * 1_000 > world.now &&
    (await sameSecret(seal, await sealOf(world, `${key}.${digest}.${until}`)))
  );
}

const accountOf = ({ scheme, world }: Call, payee: string): Promise<Settings> =>
  settingsOf(payee, scheme.builtIn, world);

const orderOf = async (
  { slug, world }: Call,
  payee: string,
  reference: string,
): Promise<SandboxOrderRecord | null> => world.orders.get(slug, payee, recordOf(reference));

const scbStatus = (status: number, code: number, description: string) =>
  Response.json({ status: { code, description } }, { status });

async function scbToken(call: Call): Promise<Response> {
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

async function scbInquiry(call: Call): Promise<Response> {
  const { url, request, scheme } = call;
  const of = (name: string) => url.searchParams.get(name) ?? "";
  const payee = of("billerId");
  const settings = await accountOf(call, payee);
  const owner = request.headers.get("resourceOwnerId") === settings["app_key"];
  if (!owner || !(await isAllowed(call, settings))) {
    return scbStatus(401, 9500, "Invalid authorization credentials");
  }
  const date = of("transactionDate");
  if (of("eventCode") !== "00300100" || !/^\d{4}-\d\d-\d\d$/.test(date) || of("reference1") === "") {
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

async function scbCreate(call: Call): Promise<Response> {
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
  const bill = [
    object("00", "A000000677010112"),
    object("01", ppId),
    object("02", ref1),
  ].join("");
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

/** `?payee=&reference=`, as the profile of our own says. */
async function genericQuery(call: Call): Promise<Response> {
  const { url, request, scheme } = call;
  const payee = url.searchParams.get("payee") ?? "";
  const reference = url.searchParams.get("reference") ?? "";
  const { username, password } = await accountOf(call, payee);
  const expected = basic(username ?? "", password ?? "");
  const given = request.headers.get("authorization") ?? "";
  if (username === undefined || !(await sameSecret(given, expected))) {
    return Response.json({ message: "Unauthorized" }, { status: 401 });
  }
  const order = await orderOf(call, payee, reference);
  const paid = order?.state === "paid" ? paidOf(order, scheme) : null;
  const payments =
    paid === null || paid.reference !== reference
      ? []
      : [
          {
            id: paid.transactionId,
            payee,
            reference,
            amount: paid.amount,
            currency: paid.currency,
            status: "paid",
            paid_at: new Date(paid.paidAt).toISOString(),
          },
        ];
  return Response.json({ payments });
}

async function kbankToken(call: Call): Promise<Response> {
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

async function kbankRequest(call: Call): Promise<Response> {
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
    object("03", `KB${partnerTxnUid}`),
  ].join("");
  const qrCode = finished([
    object("00", "01"),
    object("01", "12"),
    object("30", bill),
    object("53", "764"),
    object("54", txnAmount),
    object("58", "TH"),
  ]);
  const answer = await call.world.orders.create({
    channel: call.slug,
    merchant: merchantId,
    orderNumber: recordOf(partnerTxnUid),
    parameters: JSON.stringify({ code: qrCode, reference: partnerTxnUid }),
    currency: "THB",
    value,
    notifyUrl: "",
    expiresAt: call.world.now + 600_000,
  });
  if (answer.kind !== "created") return kbankError(call, "duplicate_request");
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

async function kbankInquiry(call: Call): Promise<Response> {
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

async function kbankCancel(call: Call): Promise<Response> {
  const refused = await refuseKbank(call);
  if (refused !== null) return refused;
  const { merchantId = "", origPartnerTxnUid = "", partnerTxnUid, partnerId } = call.body;
  const number = recordOf(origPartnerTxnUid);
  const order = await call.world.orders.close(call.slug, merchantId, number);
  if (order === null) return kbankError(call, "invalid_origPartnerTxnUid");
  if (order.state === "paid") return kbankError(call, "qr_paid");
  return Response.json({ partnerTxnUid, partnerId, statusCode: "00", errorCode: null });
}

const ROUTES: Readonly<Record<string, (call: Call) => Promise<Response>>> = {
  "POST /v1/oauth/token": scbToken,
  "GET /v1/payment/billpayment/inquiry": scbInquiry,
  "POST /v1/payment/qrcode/create": scbCreate,
  "GET /": genericQuery,
  "POST /v2/oauth/token": kbankToken,
  "POST /v1/qrpayment/request": kbankRequest,
  "POST /v1/qrpayment/v4/inquiry": kbankInquiry,
  "POST /v1/qrpayment/cancel": kbankCancel,
};

async function bodyOf(request: Request): Promise<Record<string, string>> {
  if (request.method !== "POST") return {};
  const text = await request.text();
  const type = request.headers.get("content-type") ?? "";
  try {
    const parsed: unknown = type.startsWith("application/json")
      ? JSON.parse(text)
      : Object.fromEntries(new URLSearchParams(text));
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, string>) : {};
  } catch {
    return {};
  }
}

/** The API of whichever bank the path belongs to. */
export async function serveBank(
  slug: string,
  scheme: BankSandboxScheme,
  request: Request,
  world: SandboxWorld,
): Promise<Response> {
  const url = new URL(request.url);
  const route = ROUTES[`${request.method} ${url.pathname}`];
  if (route === undefined) {
    const message = "The sandbox does not simulate this call; use another bank profile.";
    return Response.json({ message }, { status: 501 });
  }
  return route({ slug, scheme, request, url, body: await bodyOf(request), world });
}
