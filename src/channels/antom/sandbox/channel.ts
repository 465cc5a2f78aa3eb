/**
 * Antom's API as a simulator, written from its documentation and independent of the adapter: pay,
 * inquiry, cancel, refund, and the notices.
 */
import * as z from "zod";

import { readPrivateKey, toPem } from "../../../crypto/pem.ts";
import { publicKeyOf } from "../../../crypto/rsa.ts";
import type { SandboxChannel, SandboxWorld } from "../../../sandbox/simulator.ts";
import { clientIdOf } from "./identity.ts";
import { paymentNotice, refundNotice } from "./notification.ts";
import { cancel, inquiryPayment, pay } from "./payments.ts";
import { bookRefund, inquiryRefund } from "./refunds.ts";
import { refusal, signedReply, unsignedReply, type Body } from "./reply.ts";
import { readCall, type Call } from "./request.ts";

const ownCredentials = z.looseObject({
  client_id: z.string(),
  private_key: z.string(),
  key_version: z.union([z.number(), z.string()]).default(1),
  merchant: z.unknown().optional(),
  agent_token: z.string().optional(),
});

type Handler = (call: Call, world: SandboxWorld) => Promise<Body>;

const OPERATIONS: Readonly<Record<string, Handler>> = {
  pay,
  inquiryPayment,
  cancel,
  refund: bookRefund,
  inquiryRefund,
};

async function serve(request: Request, world: SandboxWorld): Promise<Response> {
  const call = await readCall(request, world);
  if (!call.ok) return call.error;
  const { operation, target, clientId } = call.value;
  const handler = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (handler === undefined) {
    return unsignedReply(refusal("NO_INTERFACE_DEF", "API is not defined."));
  }
  return signedReply(target, clientId, await handler(call.value, world), world);
}

const trouble = {
  result: {
    resultCode: "UNKNOWN_EXCEPTION",
    resultStatus: "U",
    resultMessage: "An unknown exception has occurred.",
  },
};

/** How the channel was registered shows in what the credentials hold. */
function modeOf(agentToken: string | undefined, merchant: unknown): { mode: string } | null {
  if (agentToken !== undefined) return { mode: "isv" };
  return merchant === undefined ? null : { mode: "acquirer" };
}

export const antomSandbox: SandboxChannel = {
  slug: "antom",
  endpoints: ["https://antom.sandbox.invalid"],
  mode: "merchant",

  credentials: (keys, accountId) => ({
    client_id: clientIdOf(accountId),
    private_key: keys.merchantPrivateKey,
    antom_public_key: keys.platformPublicKey,
  }),

  async registration(credentials) {
    const parsed = ownCredentials.safeParse(credentials);
    if (!parsed.success) return null;
    const { client_id, private_key, key_version, merchant, agent_token } = parsed.data;
    const pkcs8 = readPrivateKey(private_key);
    if (!pkcs8.ok) return null;
    const pem = toPem("PUBLIC KEY", await publicKeyOf(pkcs8.value));
    const secrets = modeOf(agent_token, merchant);
    const entry = {
      publicKeys: { [String(key_version)]: pem },
      symmetricKey: null,
      ...(secrets === null ? {} : { secrets }),
    };
    return { merchant: client_id, entry };
  },

  platformCertificate: async () => null,
  handle: serve,
  callback: paymentNotice,
  refundCallback: refundNotice,
  serverError: () => unsignedReply(trouble, 500),

  async unsigned(reply) {
    const headers = new Headers(reply.headers);
    headers.delete("signature");
    return new Response(await reply.text(), { status: reply.status, headers });
  },

  repeatsVerbatim: false,

  acknowledged(status, body) {
    const Ack = z.looseObject({ result: z.looseObject({ resultStatus: z.literal("S") }) });
    try {
      return status === 200 && Ack.safeParse(JSON.parse(body)).success;
    } catch {
      return false;
    }
  },
};
