/**
 * Platform certificates: older merchants download WeChat Pay's certificates, encrypted with the
 * APIv3 key, and a serial that is not known yet means that they were rotated. Newer merchants have
 * a public key instead and get 404 here. Certificates live in the memory of an isolate.
 */
import * as z from "zod";

import { CHANNEL_TIMEOUT_MS } from "../../constants.ts";
import { gcmDecrypt } from "../../crypto/aes-gcm.ts";
import { importVerifyingKey } from "../../crypto/rsa.ts";
import { readCertificate } from "../../crypto/x509.ts";
import type { ChannelAccount, ChannelIo } from "../adapter.ts";
import { parseJson } from "../json.ts";
import { normaliseSerial, PUBLIC_KEY_ID_PREFIX } from "./credentials.ts";
import type { AccountKeys, PlatformKey } from "./keys.ts";
import { normaliseCode } from "./error-table.ts";
import { readRefusal } from "./mapping.ts";
import { sendSigned } from "./send.ts";
import { checkSignature } from "./signing.ts";

/** WeChat Pay asks for less than 12 hours; a withdrawn certificate is trusted no longer than this. */
const REFRESH_AFTER_MS = 6 * 3_600_000;

/**
 * Between two downloads for one account, failed ones included. Anybody can post a callback with an
 * invented serial; without this gap each of them would make us call WeChat Pay.
 */
const REFRESH_GAP_MS = 60_000;

/** Accounts remembered per isolate; the one that was added first goes first. */
const REMEMBERED_ACCOUNTS = 1_000;

interface Downloaded {
  certificates: ReadonlyMap<string, PlatformKey>;
  /** When the certificates were fetched and when it was last tried, in ms since 1970. */
  fetchedAt: number;
  triedAt: number;
  running: Promise<void> | null;
}

/**
 * By account id and mchid, not by account object, which the isolate renews every few seconds. Never
 * by mchid alone: a test account may carry a live merchant's number and other certificates.
 */
const downloads = new Map<string, Downloaded>();

function downloadsOf(account: ChannelAccount, keys: AccountKeys): Downloaded {
  const name = `${account.id}:${keys.mchid}`;
  const known = downloads.get(name);
  if (known !== undefined) return known;
  const [oldest] = downloads.keys();
  if (downloads.size >= REMEMBERED_ACCOUNTS && oldest !== undefined) downloads.delete(oldest);
  const fresh: Downloaded = {
    certificates: new Map(),
    fetchedAt: Number.NEGATIVE_INFINITY,
    triedAt: Number.NEGATIVE_INFINITY,
    running: null,
  };
  downloads.set(name, fresh);
  return fresh;
}

const inDate = (key: PlatformKey | undefined, now: number): key is PlatformKey =>
  key !== undefined && key.notBefore <= now && now < key.notAfter;

/**
 * The trusted key with this id or serial: from the credentials, else from the downloaded
 * certificates, else after one download. Null: not ours, and the message must be refused.
 */
export async function findPlatformKey(
  serial: string,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<CryptoKey | null> {
  const id = normaliseSerial(serial);
  const configured = keys.platformKeys.get(id);
  if (inDate(configured, io.now())) return configured.key;
  // A public key comes from the console only; no download can bring it.
  if (id.startsWith(PUBLIC_KEY_ID_PREFIX)) return null;

  const state = downloadsOf(account, keys);
  const known = inDate(state.certificates.get(id), io.now());
  if (!known || io.now() - state.fetchedAt > REFRESH_AFTER_MS) await refresh(state, keys, io);
  const certificate = state.certificates.get(id);
  return inDate(certificate, io.now()) ? certificate.key : null;
}

/** The certificate to encrypt with: of those in date, the one that became valid last. */
export async function newestCertificate(
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<{ readonly id: string; readonly publicKey: Uint8Array } | null> {
  const state = downloadsOf(account, keys);
  if (io.now() - state.fetchedAt > REFRESH_AFTER_MS) await refresh(state, keys, io);
  const usable = [...keys.platformKeys, ...state.certificates]
    .filter(([id, key]) => !id.startsWith(PUBLIC_KEY_ID_PREFIX) && inDate(key, io.now()))
    .toSorted(([, a], [, b]) => b.notBefore - a.notBefore);
  const [newest] = usable;
  return newest === undefined ? null : { id: newest[0], publicKey: newest[1].publicKey };
}

/** One download at a time and per gap; concurrent callers wait for the same one. */
async function refresh(state: Downloaded, keys: AccountKeys, io: ChannelIo): Promise<void> {
  if (io.now() - state.triedAt < REFRESH_GAP_MS) {
    await atMost(state.running, CHANNEL_TIMEOUT_MS);
    return;
  }
  state.triedAt = io.now();
  const running = replaceCertificates(state, keys, io);
  state.running = running;
  await running;
  if (state.running === running) state.running = null;
}

async function replaceCertificates(state: Downloaded, keys: AccountKeys, io: ChannelIo) {
  const certificates = await download(keys, io);
  if (certificates === null) return;
  // The new set replaces the old one: a certificate that is no longer listed is withdrawn.
  state.certificates = certificates;
  state.fetchedAt = io.now();
}

/**
 * Waits for another request's work, but not for ever: when that request is cancelled, its promises
 * never settle.
 */
async function atMost(work: Promise<void> | null, ms: number): Promise<void> {
  if (work === null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

const listSchema = z.looseObject({
  data: z
    .array(
      z.looseObject({
        serial_no: z.string(),
        encrypt_certificate: z.looseObject({
          algorithm: z.literal("AEAD_AES_256_GCM"),
          nonce: z.string(),
          associated_data: z.string().default(""),
          ciphertext: z.string(),
        }),
      }),
    )
    .max(50),
});

/**
 * Downloads the certificates; null when there are none or they cannot be trusted. Nothing can
 * verify the very first download, so trust starts with the APIv3 key: GCM authenticates each
 * certificate, and only then the reply is verified with the certificate just obtained. A reply
 * that fails this second check brings in nothing.
 */
async function download(
  keys: AccountKeys,
  io: ChannelIo,
): Promise<ReadonlyMap<string, PlatformKey> | null> {
  const reply = await sendSigned(keys, io, { method: "GET", path: keys.certificatesPath });
  if (reply.kind === "unknown") return null;
  if (reply.status !== 200) {
    const code = readRefusal(reply.body)?.code ?? "";
    io.log("info", "wechat_certificates_refused", { status: reply.status });
    // This merchant has a public key instead. Any other refusal is tried again later.
    return normaliseCode(code) === "RESOURCENOTEXISTS" ? new Map() : null;
  }
  const certificates = await openList(reply.body, keys);
  const check = await checkSignature(
    reply.headers,
    reply.body,
    (serial) => {
      const id = normaliseSerial(serial);
      const key = keys.platformKeys.get(id) ?? certificates.get(id);
      return Promise.resolve(inDate(key, io.now()) ? key.key : null);
    },
    io.now(),
  );
  if (check === "valid") return certificates;
  io.log("error", "wechat_certificates_not_trusted", { check });
  return null;
}

/** The certificates of a list that decrypt and are what they say; the others are left out. */
async function openList(body: Uint8Array, keys: AccountKeys): Promise<Map<string, PlatformKey>> {
  const found = new Map<string, PlatformKey>();
  for (const { serial_no, encrypt_certificate: sealed } of readList(body)) {
    for (const apiV3Key of keys.apiV3Keys) {
      const opened = await gcmDecrypt(
        apiV3Key,
        sealed.nonce,
        sealed.associated_data,
        sealed.ciphertext,
      );
      const certificate = opened.ok ? readCertificate(opened.value) : opened;
      if (!certificate.ok) continue;
      const { serialHex, publicKey, notBefore, notAfter } = certificate.value;
      const id = normaliseSerial(serialHex);
      if (id !== normaliseSerial(serial_no)) continue;
      const key = await importVerifyingKey(publicKey).catch(() => null);
      if (key !== null) found.set(id, { key, publicKey, notBefore, notAfter });
      break;
    }
  }
  return found;
}

function readList(body: Uint8Array) {
  const list = listSchema.safeParse(parseJson(body));
  return list.success ? list.data.data : [];
}
