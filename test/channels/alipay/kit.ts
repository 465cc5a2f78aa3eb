/** What the Alipay tests share: keys, accounts, an io, and a simulated channel's orders in memory. */
import type {
  ChannelAccount,
  ChannelIo,
  ChargeOrder,
  RefundOrder,
  SentOrder,
} from "../../../src/channels/adapter.ts";
import { toPem } from "../../../src/crypto/pem.ts";
import { generateRsaPair, importSigningKey, signSha256 } from "../../../src/crypto/rsa.ts";
import { fromBase64 } from "../../../src/crypto/encoding.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type {
  FaultScript,
  RegisteredMerchant,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import { makeKeyring } from "../../../src/sandbox/keyring.ts";
import { refundIdOf, secureRandom } from "../../../src/ids.ts";
import vectors from "../../vectors/alipay-antom.json";
import { chargeOrder, memoryOrders, memoryReferences, refundOrder, sentOrder } from "../kit.ts";

export const { openapi, keys: vectorKeys } = vectors;

/** 2026-05-27 09:30:00 in China. */
export const NOW = Date.parse("2026-05-27T01:30:00Z");

export const NOTIFY_URL = "https://gw.example/v1/callbacks/alipay/ca_1";

let serial = 0;
export const newPaymentId = (): string => {
  serial += 1;
  return `pi_${String(serial).padStart(26, "0")}`;
};

const MINUTE_MS = 60_000;

export const order = (changes: Partial<ChargeOrder> = {}): ChargeOrder =>
  chargeOrder({
    paymentId: newPaymentId(),
    notifyUrl: NOTIFY_URL,
    expiresAt: NOW + 15 * MINUTE_MS,
    createdAt: NOW,
    ...changes,
  });

/** An order after it was sent. */
export const sent = (paymentId: string, changes: Partial<SentOrder> = {}): SentOrder =>
  sentOrder(paymentId, { createdAt: NOW, expiresAt: NOW + 15 * MINUTE_MS, ...changes });

/** The nth refund of an order. */
export const refundOf = (
  payment: SentOrder,
  number: number,
  changes: Partial<RefundOrder> = {},
): RefundOrder =>
  refundOrder(payment, {
    refundId: refundIdOf(payment.paymentId, number),
    notifyUrl: NOTIFY_URL,
    createdAt: NOW + MINUTE_MS,
    ...changes,
  });

export const accountOf = (version: unknown, ...older: unknown[]): ChannelAccount => ({
  id: "ca_test",
  channel: "alipay",
  mode: "direct",
  livemode: false,
  versions: [version, ...older],
});

/** The vectors' application in public-key mode. */
export const vectorCredentials = {
  app_id: "2021000123456789",
  private_key: vectorKeys.app.pkcs8_b64,
  alipay_public_key: vectorKeys.alipay.public_spki_b64,
};

/** The same application in certificate mode. */
export const vectorCertificates = {
  app_id: "2021000123456789",
  private_key: vectorKeys.app.pkcs1_pem,
  app_cert: openapi.cert_sn.throwaway_chain.app_crt,
  alipay_cert: openapi.cert_sn.throwaway_chain.alipay_crt,
  alipay_root_cert: openapi.cert_sn.throwaway_chain.root_crt,
};

/** A service provider's application, and the merchant that has authorised it. */
export const isvCredentials = {
  ...vectorCredentials,
  app_auth_token: "202605BBdcba1e3347de4e75ba3fed2c9abebE36",
  auth_app_id: "2021000999999999",
};

export const isvAccountOf = (version: unknown, ...older: unknown[]): ChannelAccount => ({
  ...accountOf(version, ...older),
  mode: "isv",
});

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
    endpoints: ["https://alipay.sandbox.invalid/gateway.do"],
    attempt: 0,
    pages: "https://gw.example/sandbox/pages/alipay",
    references: memoryReferences(),
    log: (level, event, fields) => lines.push({ level, event, fields }),
    lines,
    ...changes,
  };
}

const alipayKey = importSigningKey(fromBase64(vectorKeys.alipay.pkcs8_b64) ?? new Uint8Array());

export const signAsAlipay = async (text: string): Promise<string> =>
  signSha256(await alipayKey, text);

/** A reply of the vectors' Alipay, signed unless told otherwise. */
export async function signedBody(method: string, node: unknown, signed = true): Promise<string> {
  const text = JSON.stringify(node).replaceAll("/", "\\/");
  const name = `${method.replaceAll(".", "_")}_response`;
  return signed
    ? `{"${name}":${text},"sign":"${await signAsAlipay(text)}"}`
    : `{"${name}":${text}}`;
}

export const html = (body: string, status = 200): Response =>
  new Response(body, { status, headers: { "content-type": "text/html;charset=utf-8" } });

/** The method that a request names. */
export const methodOf = (request: Request): string =>
  new URL(request.url).searchParams.get("method") ?? "";

/** Answers each method with a node, signed; keeps what was asked. */
export function scripted(nodes: Readonly<Record<string, unknown>>, signed = true) {
  const asked: string[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const method = methodOf(request);
    asked.push(method);
    return html(await signedBody(method, nodes[method], signed));
  };
  return { ...ioWith(fetch), asked };
}

const pems = async () => {
  const pair = await generateRsaPair();
  return {
    privateKey: toPem("PRIVATE KEY", pair.privateKey),
    publicKey: toPem("PUBLIC KEY", pair.publicKey),
  };
};

const keyring = makeKeyring();

/** A simulated Alipay with its own orders, and an io that talks to it. */
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
    publicBase: "https://gw.example",
  });
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(methodOf(request));
    return alipaySandbox.handle(request, world());
  };
  return { ...store, keys, registered, world, asked, fetch, io: ioWith(fetch, { now }) };
}

export const newPems = pems;

/** A request's raw callback, as the route hands it over. */
export const rawCallback = (body: string | Uint8Array) => ({
  method: "POST",
  target: "/v1/callbacks/alipay/ca_1",
  headers: new Headers({ "content-type": "application/x-www-form-urlencoded; charset=utf-8" }),
  body: typeof body === "string" ? new TextEncoder().encode(body) : body,
});

/**
 * The published notice of a kind (how its name begins) with changes, signed anew; undefined removes
 * a field.
 */
export async function signedNotice(
  kind: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const vector = openapi.notify.find(({ name }) => name.startsWith(kind));
  const fields: Record<string, string> = Object.fromEntries(
    new URLSearchParams(vector?.wire ?? ""),
  );
  delete fields["sign"];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete fields[name];
    else fields[name] = value;
  }
  const text = Object.keys(fields)
    .filter((name) => name !== "sign_type")
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${fields[name] ?? ""}`)
    .join("&");
  return new URLSearchParams({ ...fields, sign: await signAsAlipay(text) }).toString();
}
