/**
 * Alipay's gateway as a simulator, written from its documentation and independent of the adapter:
 * gateway.do with orders, refunds, authorisations and bills, the links that buyers open, and the
 * notifications. Agreements and settlements are not here.
 */
import * as z from "zod";

import { readPrivateKey, toPem } from "../../../crypto/pem.ts";
import { publicKeyOf } from "../../../crypto/rsa.ts";
import { readCertificate } from "../../../crypto/x509.ts";
import type {
  RegisteredMerchant,
  SandboxChannel,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { appIdOf, platformCertificate, sellerIdOf, serialNumber } from "./identity.ts";
import { authorize, AUTHORIZE_PATH } from "./authorization.ts";
import { BILL_PATH, downloadBill } from "./bills.ts";
import { decrypted } from "./content.ts";
import { open } from "./links.ts";
import { answer } from "./methods.ts";
import { notification, refundNotification } from "./notification.ts";
import { errorReply, signedReply } from "./reply.ts";
import { actsFor, readParameters, refuseRequest } from "./request.ts";

const ownCredentials = z.looseObject({
  app_id: z.string(),
  seller_id: z.string().optional(),
  private_key: z.string(),
  app_cert: z.string().optional(),
  aes_key: z.string().optional(),
});

const serverError = (): Response =>
  new Response(
    JSON.stringify({
      error_response: {
        code: "20000",
        msg: "Service Currently Unavailable",
        sub_code: "isp.unknow-error",
        sub_msg: "系统繁忙",
      },
    }),
    { status: 500, headers: { "Content-Type": "text/html;charset=utf-8" } },
  );

async function unsigned(reply: Response): Promise<Response> {
  // Quotes inside the signed node are escaped: only the member beside it can match.
  const text = (await reply.text()).replace(/,"sign":"[^"]*"/, "");
  return new Response(text, { status: reply.status, headers: reply.headers });
}

export const alipaySandbox: SandboxChannel = {
  slug: "alipay",
  endpoints: ["https://alipay.sandbox.invalid/gateway.do"],
  mode: "direct",

  credentials(keys, accountId) {
    const appId = appIdOf(accountId);
    return {
      app_id: appId,
      seller_id: sellerIdOf(appId),
      private_key: keys.merchantPrivateKey,
      alipay_public_key: keys.platformPublicKey,
    };
  },

  async registration(credentials) {
    const parsed = ownCredentials.safeParse(credentials);
    if (!parsed.success) return null;
    const { app_id, seller_id, private_key, app_cert, aes_key } = parsed.data;
    const pkcs8 = readPrivateKey(private_key);
    if (!pkcs8.ok) return null;
    const pem = toPem("PUBLIC KEY", await publicKeyOf(pkcs8.value));
    const certificate = app_cert === undefined ? null : readCertificate(app_cert);
    if (certificate?.ok === false) return null;
    const name = certificate === null ? "" : await serialNumber(certificate.value);
    // The seller's number stands beside the key as a second name for it: notifications carry it.
    const seller = seller_id === undefined ? {} : { [seller_id]: pem };
    const entry: RegisteredMerchant = {
      publicKeys: { [name]: pem, ...seller },
      symmetricKey: aes_key ?? null,
    };
    return { merchant: app_id, entry };
  },

  handle: serve,
  open,

  callback: notification,
  refundCallback: refundNotification,
  platformCertificate,
  serverError,
  unsigned,
  repeatsVerbatim: true,
  acknowledged: (status, body) => status === 200 && body === "success",
};

const notFound = () =>
  new Response("<html><body><h1>404 Not Found</h1></body></html>", {
    status: 404,
    headers: { "content-type": "text/html;charset=utf-8" },
  });

async function serve(request: Request, world: SandboxWorld): Promise<Response> {
  const { pathname, origin } = new URL(request.url);
  if (request.method === "GET" && pathname === AUTHORIZE_PATH) return authorize(request, world);
  if (request.method === "GET" && pathname === BILL_PATH) {
    return (await downloadBill(request, world)) ?? notFound();
  }
  if (request.method !== "POST" || pathname !== "/gateway.do") return notFound();
  const parameters = await readParameters(request);
  if (parameters === null) {
    const error = { code: "40002", subCode: "isv.invalid-parameter", subMessage: "参数重复" };
    return errorReply(undefined, error, world);
  }
  const method = parameters.get("method");
  const refused = await refuseRequest(parameters, world);
  if (refused !== null) return errorReply(method, refused, world);
  const grant = await actsFor(parameters, world);
  if (!grant.ok) return errorReply(method, grant.error, world);
  const readable = await decrypted(parameters, world);
  if (!readable.ok) return errorReply(method, readable.error, world);
  const node = await answer(readable.value, grant.value, origin, world);
  if (node === null) {
    const error = { code: "40002", subCode: "isv.invalid-method", subMessage: "不存在的方法名" };
    return errorReply(method, error, world);
  }
  return signedReply(parameters, node, world);
}
