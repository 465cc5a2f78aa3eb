/** Certificates and the echo test. */
import { gcmEncrypt } from "../../../crypto/aes-gcm.ts";
import { readPrivateKey, readPublicKey } from "../../../crypto/pem.ts";
import { oaepDecrypt, oaepEncrypt } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { platformCertificate } from "./identity.ts";
import { readEcho } from "./forms.ts";
import { isRefusal, paramError, refuse, type Answer } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";
import { base62 } from "./words.ts";

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, "+00:00");

/** The platform certificate, encrypted with the merchant's APIv3 key. */
export async function listCertificates(
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const { apiV3Key } = request.merchant;
  if (apiV3Key === null) return refuse(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书");
  const certificate = await platformCertificate(world.keys);
  const nonce = base62(world.random, 12);
  const associatedData = "certificate";
  const ciphertext = await gcmEncrypt(apiV3Key, nonce, associatedData, certificate.pem);
  const entry = {
    serial_no: certificate.serial,
    effective_time: time(certificate.notBefore),
    expire_time: time(certificate.notAfter),
    encrypt_certificate: {
      algorithm: "AEAD_AES_256_GCM",
      nonce,
      associated_data: associatedData,
      ciphertext,
    },
  };
  return { status: 200, body: { data: [entry] } };
}

/** Gives the text back, and what came encrypted to the platform goes back encrypted to the merchant. */
export async function echo(request: AuthenticRequest, world: SandboxWorld): Promise<Answer> {
  const read = readEcho(request.body);
  if (isRefusal(read)) return read;
  const { echo_message, encrypted_echo_message } = read.value;
  if (!request.namesPlatformKey) return paramError("Wechatpay-Serial", "is required", "header");
  if (encrypted_echo_message === undefined) return { status: 200, body: { echo_message } };
  const platform = mustRead(readPrivateKey(world.keys.platformPrivateKey));
  const merchant = mustRead(readPublicKey(request.merchant.publicKey));
  const opened = await oaepDecrypt(platform, encrypted_echo_message);
  if (!opened.ok) return paramError("/encrypted_echo_message", "cannot be decrypted");
  const sealed = await oaepEncrypt(merchant, opened.value);
  return { status: 200, body: { echo_message, encrypted_echo_message: sealed } };
}
