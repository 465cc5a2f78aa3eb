/** Key pairs for both sides of a simulated channel. Apart from the object that keeps them. */
import { toBase64 } from "../crypto/encoding.ts";
import { toPem } from "../crypto/pem.ts";
import { generateRsaPair } from "../crypto/rsa.ts";
import { secureRandom } from "../ids.ts";
import type { Result } from "../result.ts";
import type { SandboxKeyring } from "./simulator.ts";

/** 24 bytes are exactly 32 base64 characters, all of them ASCII. */
const SYMMETRIC_KEY_BYTES = 24;

export async function makeKeyring(): Promise<SandboxKeyring> {
  const [merchant, platform] = await Promise.all([generateRsaPair(), generateRsaPair()]);
  return {
    merchantPrivateKey: toPem("PRIVATE KEY", merchant.privateKey),
    merchantPublicKey: toPem("PUBLIC KEY", merchant.publicKey),
    platformPrivateKey: toPem("PRIVATE KEY", platform.privateKey),
    platformPublicKey: toPem("PUBLIC KEY", platform.publicKey),
    symmetricKey: toBase64(secureRandom(SYMMETRIC_KEY_BYTES)),
  };
}

/** Keys of a keyring were made by the sandbox itself; one that does not parse is a bug. */
export function mustRead<T>(read: Result<T, string>): T {
  if (!read.ok) throw new Error(`the sandbox's own key does not parse: ${read.error}`);
  return read.value;
}
