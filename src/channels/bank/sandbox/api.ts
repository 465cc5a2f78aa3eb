/** The APIs of the simulated banks, by method and path: no two of them share one. */
import { sameSecret } from "../../../crypto/constant-time.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { ambankGenerate, ambankInquiry } from "./ambank.ts";
import { accountOf, type Call, orderOf } from "./calls.ts";
import { kbankCancel, kbankInquiry, kbankRequest, kbankToken } from "./kbank.ts";
import { basic } from "./messages.ts";
import { scbCreate, scbInquiry, scbToken } from "./scb.ts";
import { type BankSandboxScheme, paidOf } from "./scheme.ts";

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

const ROUTES: Readonly<Record<string, (call: Call) => Promise<Response>>> = {
  "POST /v1/oauth/token": scbToken,
  "GET /v1/payment/billpayment/inquiry": scbInquiry,
  "POST /v1/payment/qrcode/create": scbCreate,
  "GET /": genericQuery,
  "POST /v2/oauth/token": kbankToken,
  "POST /v1/qrpayment/request": kbankRequest,
  "POST /v1/qrpayment/v4/inquiry": kbankInquiry,
  "POST /v1/qrpayment/cancel": kbankCancel,
  "POST /api/oauth/v2.0/token": kbankToken,
  "POST /api/DuitNowQR/v1.0/GenQR": ambankGenerate,
};

/** With a number of the call's own at the end. */
const PREFIXES: readonly (readonly [path: string, serve: (call: Call) => Promise<Response>])[] = [
  ["POST /api/MerchantQR/v1.0/GetQTNotification/", ambankInquiry],
];

function bodyOf(request: Request, text: string): Record<string, string> {
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
  const called = `${request.method} ${url.pathname}`;
  const route = ROUTES[called] ?? PREFIXES.find(([path]) => called.startsWith(path))?.[1];
  if (route === undefined) {
    const message = "The sandbox does not simulate this call; use another bank profile.";
    return Response.json({ message }, { status: 501 });
  }
  const text = await request.text();
  const body = bodyOf(request, text);
  return route({ slug, scheme, request, url, text, body, world });
}
