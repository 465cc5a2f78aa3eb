/** What the Alipay tests share: keys, accounts, an io, and a simulated channel's orders in memory. */
import type { ChannelAccount, ChannelIo, ChargeOrder } from "../../../src/channels/adapter.ts";
import { toPem } from "../../../src/crypto/pem.ts";
import { generateRsaPair, importSigningKey, signSha256 } from "../../../src/crypto/rsa.ts";
import { fromBase64 } from "../../../src/crypto/encoding.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type {
  RegisteredMerchant,
  SandboxKeyring,
  SandboxOrderRecord,
  SandboxOrders,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import { secureRandom } from "../../../src/ids.ts";
import vectors from "../../vectors/alipay-antom.json";

export const { openapi, keys: vectorKeys } = vectors;

/** 2026-05-27 09:30:00 in China. */
export const NOW = Date.parse("2026-05-27T01:30:00Z");

export const NOTIFY_URL = "https://gw.example/v1/callbacks/alipay/ca_1";

let serial = 0;
export const newPaymentId = (): string => {
  serial += 1;
  return `pi_${String(serial).padStart(26, "0")}`;
};

export const order = (changes: Partial<ChargeOrder> = {}): ChargeOrder => ({
  paymentId: newPaymentId(),
  amount: { currency: "CNY", value: 699 },
  method: "qr",
  description: "AI summary",
  merchantName: "Demo Shop",
  notifyUrl: NOTIFY_URL,
  returnUrl: null,
  expiresAt: NOW + 15 * 60_000,
  createdAt: NOW,
  payer: null,
  osType: null,
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

const keyOf = (merchant: string, number: string) => `${merchant}:${number}`;

/** The simulated channel's database, with a buyer at hand. */
export function memoryOrders(now: () => number = () => NOW) {
  const rows = new Map<string, SandboxOrderRecord>();
  const set = (record: SandboxOrderRecord) => {
    rows.set(keyOf(record.merchant, record.orderNumber), record);
    return record;
  };
  const orders: SandboxOrders = {
    async create(made) {
      const known = rows.get(keyOf(made.merchant, made.orderNumber));
      if (known === undefined) {
        const record = { ...made, transactionId: null, createdAt: now(), paidAt: null };
        return { kind: "created", order: set({ ...record, state: "open" }) };
      }
      if (known.state === "paid") return { kind: "already_paid", order: known };
      if (known.state === "closed") return { kind: "already_closed", order: known };
      return { kind: known.parameters === made.parameters ? "same" : "conflict", order: known };
    },
    get: async (_channel, merchant, number) => rows.get(keyOf(merchant, number)) ?? null,
    async close(_channel, merchant, number) {
      const known = rows.get(keyOf(merchant, number));
      if (known === undefined) return null;
      return known.state === "paid" ? known : set({ ...known, state: "closed" });
    },
  };
  /** What the buyer's wallet did to the only order with this number. */
  const become = (number: string, state: SandboxOrderRecord["state"]): SandboxOrderRecord => {
    const known = [...rows.values()].find(({ orderNumber }) => orderNumber === number);
    if (known === undefined) throw new Error(`no order ${number}`);
    return set({
      ...known,
      state,
      transactionId: state === "open" ? null : "2026052722001424330500000001",
      paidAt: state === "paid" ? now() : null,
    });
  };
  return { orders, become, rows };
}

const pems = async () => {
  const pair = await generateRsaPair();
  return {
    privateKey: toPem("PRIVATE KEY", pair.privateKey),
    publicKey: toPem("PUBLIC KEY", pair.publicKey),
  };
};

const keyring: Promise<SandboxKeyring> = (async () => {
  const [merchant, platform] = [await pems(), await pems()];
  return {
    merchantPrivateKey: merchant.privateKey,
    merchantPublicKey: merchant.publicKey,
    platformPrivateKey: platform.privateKey,
    platformPublicKey: platform.publicKey,
    symmetricKey: "0123456789abcdef0123456789abcdef",
  };
})();

/** A simulated Alipay with its own orders, and an io that talks to it. */
export async function simulation(now: () => number = () => NOW) {
  const keys = await keyring;
  const registered = new Map<string, RegisteredMerchant>();
  const store = memoryOrders(now);
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: async (merchant) => registered.get(merchant) ?? null,
    orders: store.orders,
    script: null,
    now: now(),
    random: secureRandom,
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
  headers: new Headers({ "content-type": "application/x-www-form-urlencoded; charset=utf-8" }),
  body: typeof body === "string" ? new TextEncoder().encode(body) : body,
});
