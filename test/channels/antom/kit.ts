/** What the Antom tests share: keys, accounts, signed replies and notices, and a simulated Antom. */
import { antomSandbox } from "../../../src/channels/antom/sandbox/channel.ts";
import { clientIdOf } from "../../../src/channels/antom/sandbox/identity.ts";
import type { ChannelAccount, ChannelIo, RawCallback } from "../../../src/channels/adapter.ts";
import { fromBase64, utf8 } from "../../../src/crypto/encoding.ts";
import { importSigningKey, signSha256 } from "../../../src/crypto/rsa.ts";
import { secureRandom } from "../../../src/ids.ts";
import { makeKeyring } from "../../../src/sandbox/keyring.ts";
import type {
  FaultScript,
  RegisteredMerchant,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import vectors from "../../vectors/antom.json";
import { memoryOrders, memoryReferences, NOW } from "../kit.ts";

export { vectors };

export const CLIENT_ID = vectors.request.clientId;
export const HOST = "https://antom.example";
export const API = "/ams/sandbox/api/v1/payments/";
export const CALLBACK_PATH = "/v1/callbacks/antom/ca_01j9zq4c7n8m2x5v6k3w1t0ryb";
export const NOTIFY_URL = `https://gateway.example${CALLBACK_PATH}`;

/** The vectors' merchant. */
export const vectorCredentials = {
  client_id: CLIENT_ID,
  private_key: vectors.merchant_private_pkcs8_b64,
  antom_public_key: vectors.platform_public_b64,
};

export const subMerchant = {
  reference_merchant_id: "sub-1",
  merchant_mcc: "5411",
  merchant_name: "Corner Shop",
  store: { reference_store_id: "store-1", store_name: "Main Street" },
};

export const accountOf = (mode: string, version: unknown, ...older: unknown[]): ChannelAccount => ({
  id: "ca_01j9zq4c7n8m2x5v6k3w1t0ryb",
  channel: "antom",
  mode,
  livemode: false,
  versions: [version, ...older],
});

export const account = accountOf("merchant", vectorCredentials);

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: unknown;
}

export function ioWith(
  fetch: (request: Request) => Promise<Response>,
  changes: Partial<ChannelIo> = {},
): ChannelIo & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    fetch,
    now: () => NOW,
    random: secureRandom,
    endpoints: [HOST],
    attempt: 0,
    pages: "https://gateway.example/sandbox/pages/antom",
    references: memoryReferences(),
    log: (level, event, fields) => lines.push({ level, event, fields }),
    lines,
    ...changes,
  };
}

const platformKey = importSigningKey(
  fromBase64(vectors.platform_private_pkcs8_b64) ?? new Uint8Array(),
);

export interface Signing {
  readonly target: string;
  readonly clientId?: string;
  readonly time?: string;
}

/** Base64, as the vectors' Antom signs. */
export const signAsAntom = async (
  { target, clientId = CLIENT_ID, time = String(NOW) }: Signing,
  body: string,
): Promise<string> => signSha256(await platformKey, `POST ${target}\n${clientId}.${time}.${body}`);

export const headerOf = (signature: string): string =>
  `algorithm=RSA256,keyVersion=1,signature=${encodeURIComponent(signature)}`;

export const done = (fields: object = {}) => ({
  result: { resultCode: "SUCCESS", resultStatus: "S", resultMessage: "success" },
  ...fields,
});

export const result = (resultStatus: string, resultCode: string, fields: object = {}) => ({
  result: { resultCode, resultStatus, resultMessage: "their words" },
  ...fields,
});

/** A reply of the vectors' Antom to a call of `operation`, signed. */
export async function signedReply(operation: string, content: unknown): Promise<Response> {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const signature = await signAsAntom({ target: `${API}${operation}` }, body);
  return new Response(body, {
    headers: {
      "content-type": "application/json; charset=UTF-8",
      "client-id": CLIENT_ID,
      "response-time": String(NOW),
      signature: headerOf(signature),
    },
  });
}

/** The same without the header. */
export const unsignedReply = (content: unknown, status = 200): Response =>
  new Response(typeof content === "string" ? content : JSON.stringify(content), { status });

export const operationOf = (request: Request): string =>
  new URL(request.url).pathname.split("/").at(-1) ?? "";

/** Answers each operation with a content, signed; keeps what was asked, in order. */
export function scripted(
  contents: Readonly<Record<string, unknown>>,
  changes: Partial<ChannelIo> = {},
) {
  const asked: string[] = [];
  const seen = new Map<string, number>();
  const io = ioWith(async (request) => {
    const operation = operationOf(request);
    asked.push(operation);
    const content = contents[operation];
    // A list is one answer for each call; the last one stays.
    const count = seen.get(operation) ?? 0;
    seen.set(operation, count + 1);
    const answer = Array.isArray(content) ? content[Math.min(count, content.length - 1)] : content;
    return signedReply(operation, answer);
  }, changes);
  return { ...io, asked };
}

/** A notice of the vectors' Antom, as the gateway hands it over. */
export async function notice(
  content: unknown,
  changes: {
    readonly target?: string;
    readonly signedTarget?: string;
    readonly headers?: Readonly<Record<string, string | null>>;
    readonly method?: string;
    readonly time?: string;
    readonly clientId?: string;
    /** What arrives, when it is not what was signed. */
    readonly body?: string;
  } = {},
): Promise<RawCallback> {
  const {
    target = CALLBACK_PATH,
    time = "2026-11-21T08:00:00+08:00",
    clientId = CLIENT_ID,
  } = changes;
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const signed = { target: changes.signedTarget ?? target, clientId, time };
  const headers = new Headers({
    "client-id": clientId,
    "request-time": time,
    signature: headerOf(await signAsAntom(signed, body)),
  });
  for (const [name, value] of Object.entries(changes.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return { method: changes.method ?? "POST", target, headers, body: utf8(changes.body ?? body) };
}

const keyring = makeKeyring();

export const ACCOUNT_ID = "ca_01j9zq4c7n8m2x5v6k3w1t0ryb";
export const SANDBOX_CLIENT = clientIdOf(ACCOUNT_ID);

/** A simulated Antom with its own orders, an account at it, and an io that talks to it. */
export async function simulation(now: () => number = () => NOW, script: FaultScript | null = null) {
  const keys = await keyring;
  const registered = new Map<string, RegisteredMerchant>();
  const store = memoryOrders(now, script);
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: async (merchant) => registered.get(merchant) ?? null,
    orders: store.orders,
    script,
    now: now(),
    random: secureRandom,
    publicBase: "https://gateway.example",
  });
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(operationOf(request));
    return antomSandbox.handle(request, world());
  };
  const [endpoint] = antomSandbox.endpoints;
  return {
    ...store,
    keys,
    registered,
    world,
    asked,
    fetch,
    account: accountOf("merchant", antomSandbox.credentials(keys, ACCOUNT_ID)),
    io: ioWith(fetch, { now, endpoints: [endpoint] }),
  };
}
