/** What the tests of WeChat Pay share: accounts, a scripted gateway, and the simulated channel. */
import type {
  ChannelAccount,
  ChannelIo,
  ChargeOrder,
  RawCallback,
} from "../../../src/channels/adapter.ts";
import { WECHAT_ENDPOINTS } from "../../../src/channels/wechat/adapter.ts";
import { gcmEncrypt } from "../../../src/crypto/aes-gcm.ts";
import { concat, utf8 } from "../../../src/crypto/encoding.ts";
import { toPem } from "../../../src/crypto/pem.ts";
import { generateRsaPair, importSigningKey, signSha256 } from "../../../src/crypto/rsa.ts";
import { selfSignedCertificate } from "../../../src/crypto/x509-build.ts";
import { randomId, secureRandom } from "../../../src/ids.ts";
import type {
  FaultScript,
  RegisteredMerchant,
  SandboxChannel,
  SandboxKeyring,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import { wechatSandbox } from "../../../src/channels/wechat/sandbox/channel.ts";
import { chargeOrder, memoryOrders, NOW, NOWHERE, rawCallback, sentOrder } from "../kit.ts";

export { NOW, rawCallback, sentOrder };
export const API_V3_KEY = "0123456789abcdefghijklmnopqrstuv";
export const MCHID = "1900000001";
export const APPID = "wxd678efh567hg6787";
export const PUB_KEY_ID = "PUB_KEY_ID_0119000000012026112100000001000001";

/** A key pair of one side, ready to sign. */
export interface Pair {
  readonly privatePem: string;
  readonly publicPem: string;
  readonly pkcs8: Uint8Array;
  readonly spki: Uint8Array;
  readonly signing: CryptoKey;
}

export async function newPair(): Promise<Pair> {
  const { privateKey, publicKey } = await generateRsaPair();
  return {
    privatePem: toPem("PRIVATE KEY", privateKey),
    publicPem: toPem("PUBLIC KEY", publicKey),
    pkcs8: privateKey,
    spki: publicKey,
    signing: await importSigningKey(privateKey),
  };
}

export async function certificateOf(
  pair: Pair,
  serialHex: string,
  validity: { notBefore?: number; notAfter?: number } = {},
): Promise<string> {
  const der = await selfSignedCertificate({
    privateKey: pair.pkcs8,
    publicKey: pair.spki,
    serialHex,
    commonName: "Test",
    organization: "Test",
    notBefore: validity.notBefore ?? NOW - 86_400_000,
    notAfter: validity.notAfter ?? NOW + 86_400_000 * 365,
  });
  return toPem("CERTIFICATE", der);
}

export const SERIAL = "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB";

/** Credentials in public-key mode. */
export const credentialsOf = (
  merchant: Pair,
  platform: Pair,
  changes: Record<string, unknown> = {},
): Record<string, unknown> => ({
  mchid: MCHID,
  appid: APPID,
  private_key: merchant.privatePem,
  serial_no: SERIAL,
  api_v3_key: API_V3_KEY,
  platform_keys: [{ id: PUB_KEY_ID, public_key: platform.publicPem }],
  ...changes,
});

export const SUB_MCHID = "1900000109";
export const SUB_APPID = "wxd678efh567hg9999";

/** A service provider's credentials for one of its merchants, in public-key mode. */
export function partnerCredentialsOf(
  provider: Pair,
  platform: Pair,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  const { mchid, appid, ...keys } = credentialsOf(provider, platform);
  return { sp_mchid: mchid, sp_appid: appid, sub_mchid: SUB_MCHID, ...keys, ...changes };
}

export type FakeAccount = ChannelAccount;

export const accountOf = (first: unknown, ...older: unknown[]): FakeAccount => ({
  id: randomId("channelAccount"),
  channel: "wechat",
  mode: "direct",
  livemode: true,
  versions: [first, ...older],
});

export const partnerAccountOf = (first: unknown, ...older: unknown[]): FakeAccount => ({
  ...accountOf(first, ...older),
  mode: "service_provider",
});

export type Answerer = (request: Request, call: number) => Response | Promise<Response>;

export interface FakeIo extends ChannelIo {
  /** Every request that was sent, with its body read. */
  readonly sent: { readonly request: Request; readonly body: string }[];
  /** Every log line, as one text. */
  readonly lines: string[];
}

/** An `io` whose gateway is `answer`. */
export function fakeIo(answer: Answerer, changes: Partial<ChannelIo> = {}): FakeIo {
  const sent: FakeIo["sent"] = [];
  const lines: string[] = [];
  return {
    sent,
    lines,
    fetch: async (request) => {
      sent.push({ request: request.clone(), body: await request.clone().text() });
      return answer(request, sent.length);
    },
    now: () => NOW,
    random: secureRandom,
    endpoints: WECHAT_ENDPOINTS,
    attempt: 0,
    ...NOWHERE,
    log: (level, event, fields) => lines.push(JSON.stringify({ level, event, ...fields })),
    ...changes,
  };
}

/** The four headers over a body, as the platform signs it. */
export async function signedHeaders(
  platform: Pair,
  body: string | Uint8Array,
  changes: { serial?: string; timestamp?: number; nonce?: string; signature?: string } = {},
): Promise<Record<string, string>> {
  const timestamp = String(changes.timestamp ?? NOW / 1000);
  const nonce = changes.nonce ?? "593BEC0C930BF1AFEB40B4A08C8FB242";
  const bytes = typeof body === "string" ? utf8(body) : body;
  const message = concat(utf8(`${timestamp}\n${nonce}\n`), bytes, utf8("\n"));
  return {
    "Wechatpay-Timestamp": timestamp,
    "Wechatpay-Nonce": nonce,
    "Wechatpay-Serial": changes.serial ?? PUB_KEY_ID,
    "Wechatpay-Signature": changes.signature ?? (await signSha256(platform.signing, message)),
  };
}

/** A signed reply. Status 204 has no body. */
export async function signedReply(
  platform: Pair,
  body: unknown,
  changes: Parameters<typeof signedHeaders>[2] & { status?: number } = {},
): Promise<Response> {
  const text = body === null ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text === "" ? null : text, {
    status: changes.status ?? (text === "" ? 204 : 200),
    headers: await signedHeaders(platform, text, changes),
  });
}

/** An error as WeChat Pay sends it: unsigned. */
export const errorReply = (status: number, code: string, message = "说明"): Response =>
  Response.json({ code, message }, { status, headers: { "Request-ID": "08ABC-268448010" } });

/** A paid transaction. */
export const tradeOf = (
  paymentId: string,
  changes: Record<string, unknown> = {},
): Record<string, unknown> => ({
  appid: APPID,
  mchid: MCHID,
  out_trade_no: paymentId,
  transaction_id: "4200000000202611210000000001",
  trade_type: "NATIVE",
  trade_state: "SUCCESS",
  trade_state_desc: "支付成功",
  bank_type: "OTHERS",
  attach: "",
  success_time: "2026-11-21T07:59:30+08:00",
  payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  amount: { total: 699, payer_total: 600, currency: "CNY", payer_currency: "CNY" },
  ...changes,
});

export interface CallbackChanges {
  readonly key?: string;
  readonly nonce?: string;
  readonly sealedWith?: string;
  readonly envelope?: Record<string, unknown>;
  readonly resource?: Record<string, unknown>;
  readonly headers?: Parameters<typeof signedHeaders>[2];
}

/** An encrypted, signed notification about `payload`. */
export async function callbackOf(
  platform: Pair,
  payload: unknown,
  changes: CallbackChanges = {},
): Promise<RawCallback> {
  const nonce = changes.nonce ?? "wCq51qZv4Yfg";
  const plaintext = typeof payload === "string" ? payload : JSON.stringify(payload);
  const aad = changes.sealedWith ?? "transaction";
  const body = JSON.stringify({
    id: "0b2a7d6e-2f5e-5c1c-9f0a-6b0f5a2b7c11",
    create_time: "2026-11-21T08:00:00+08:00",
    resource_type: "encrypt-resource",
    event_type: "TRANSACTION.SUCCESS",
    summary: "支付成功",
    resource: {
      original_type: "transaction",
      algorithm: "AEAD_AES_256_GCM",
      ciphertext: await gcmEncrypt(changes.key ?? API_V3_KEY, nonce, aad, plaintext),
      associated_data: "transaction",
      nonce,
      ...changes.resource,
    },
    ...changes.envelope,
  });
  const headers = new Headers(await signedHeaders(platform, body, changes.headers));
  return { method: "POST", target: "/v1/callbacks/wechat/ca_1", headers, body: utf8(body) };
}

export const newPaymentId = (): string => randomId("paymentIntent");

export const orderOf = (changes: Partial<ChargeOrder> = {}): ChargeOrder =>
  chargeOrder({ notifyUrl: "https://pay.example/v1/callbacks/wechat/ca_1", ...changes });

export interface Simulation {
  readonly world: SandboxWorld;
  readonly orders: ReturnType<typeof memoryOrders>;
  readonly keys: SandboxKeyring;
  readonly account: FakeAccount;
  readonly io: (changes?: Partial<ChannelIo>) => FakeIo;
}

/** A simulated channel with its keys, and the built-in account of one merchant. */
export async function simulate(
  options: {
    registered?: Record<string, RegisteredMerchant>;
    pairs?: readonly [Pair, Pair];
    now?: number;
    script?: FaultScript;
    sandbox?: SandboxChannel;
  } = {},
): Promise<Simulation> {
  const sandbox = options.sandbox ?? wechatSandbox;
  const [merchant, platform] = options.pairs ?? [await newPair(), await newPair()];
  const now = options.now ?? NOW;
  const keys: SandboxKeyring = {
    merchantPrivateKey: merchant.privatePem,
    merchantPublicKey: merchant.publicPem,
    platformPrivateKey: platform.privatePem,
    platformPublicKey: platform.publicPem,
    symmetricKey: API_V3_KEY,
  };
  const orders = memoryOrders(() => now, options.script ?? null);
  const world: SandboxWorld = {
    keys,
    registeredMerchant: (mchid) => Promise.resolve(options.registered?.[mchid] ?? null),
    orders: orders.orders,
    script: options.script ?? null,
    now,
    random: secureRandom,
    publicBase: "https://gateway.example",
  };
  const id = randomId("channelAccount");
  const account = { ...accountOf(sandbox.credentials(keys, id)), id, channel: sandbox.slug };
  const io = (changes: Partial<ChannelIo> = {}) =>
    fakeIo((request) => sandbox.handle(request, world), { now: () => now, ...changes });
  return { world, orders, keys, account, io };
}

/** The same, for a service provider with credentials of its own and one of its merchants. */
export async function simulateProvider(
  options: {
    changes?: Record<string, unknown>;
    pairs?: readonly [Pair, Pair];
    now?: number;
    sandbox?: SandboxChannel;
  } = {},
): Promise<Simulation> {
  const sandbox = options.sandbox ?? wechatSandbox;
  const [provider, platform] = options.pairs ?? [await newPair(), await newPair()];
  const credentials = partnerCredentialsOf(provider, platform, options.changes);
  const registration = await sandbox.registration(credentials);
  if (registration === null) throw new Error("not registered");
  const simulation = await simulate({
    ...options,
    pairs: [provider, platform],
    registered: { [registration.merchant]: registration.entry },
  });
  return {
    ...simulation,
    account: { ...partnerAccountOf(credentials), channel: sandbox.slug },
  };
}
