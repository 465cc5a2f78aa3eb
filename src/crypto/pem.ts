import { type Result, err } from "../result.ts";
import { fromBase64, toBase64 } from "./encoding.ts";
import { type DerKind, kindOf, toPkcs8, toSpki } from "./rsa-der.ts";

/**
 * Keys as people paste them: PEM or the bare base64 of the Alipay key tool, any line ends, newlines
 * escaped as in an environment variable. The form is told from the DER, not from the label.
 */
export interface Block {
  /** `CERTIFICATE`, `RSA PRIVATE KEY`, …; null for bare base64. */
  readonly label: string | null;
  /** Null when the text between the label lines is not base64 (for one, an encrypted old key). */
  readonly der: Uint8Array | null;
}

const BEGIN = "-----BEGIN ";
const DASHES = "-----";

/** All PEM blocks in order, or the one block of bare base64. Text between blocks is skipped. */
export function readBlocks(text: string): readonly Block[] {
  const plain = text.replaceAll("\\r", "\n").replaceAll("\\n", "\n");
  const blocks: Block[] = [];
  let start = plain.indexOf(BEGIN);
  if (start === -1) return [{ label: null, der: decode(plain) }];
  while (start !== -1) {
    const labelStart = start + BEGIN.length;
    const labelEnd = plain.indexOf(DASHES, labelStart);
    if (labelEnd === -1) break;
    const label = plain.slice(labelStart, labelEnd);
    const end = `${DASHES}END ${label}${DASHES}`;
    const bodyStart = labelEnd + DASHES.length;
    const bodyEnd = plain.indexOf(end, bodyStart);
    // Stopping here keeps the work linear for a text of many beginnings and no end.
    if (bodyEnd === -1) break;
    blocks.push({ label, der: decode(plain.slice(bodyStart, bodyEnd)) });
    start = plain.indexOf(BEGIN, bodyEnd + end.length);
  }
  return blocks;
}

function decode(base64: string): Uint8Array | null {
  const bytes = fromBase64(base64.replaceAll(/\s+/g, ""));
  return bytes === null || bytes.length === 0 ? null : bytes;
}

/**
 * An RSA private key in PKCS#8 DER. A file that also holds the certificate is fine. The error names
 * what was found instead and repeats nothing of it.
 */
export const readPrivateKey = (text: string): Result<Uint8Array, string> =>
  readKey(text, "private key", ["pkcs8", "pkcs1 private"], toPkcs8);

/**
 * An RSA public key in SPKI DER. A certificate is refused, although it holds one: whoever pastes
 * the own certificate here would otherwise trust own signatures as the channel's.
 */
export const readPublicKey = (text: string): Result<Uint8Array, string> =>
  readKey(text, "public key", ["spki", "pkcs1 public"], toSpki);

function readKey(
  text: string,
  wanted: string,
  kinds: readonly DerKind[],
  convert: (der: Uint8Array) => Result<Uint8Array, string>,
): Result<Uint8Array, string> {
  const blocks = readBlocks(text);
  for (const { der } of blocks) {
    const kind = der === null ? null : kindOf(der);
    if (der !== null && kind !== null && kinds.includes(kind)) return convert(der);
  }
  return err(explain(blocks[0], wanted));
}

const NAMES: Readonly<Record<DerKind, string>> = {
  pkcs8: "a private key",
  "pkcs1 private": "a private key",
  "pkcs1 public": "a public key",
  spki: "a public key",
  certificate: "a certificate",
  encrypted: "an encrypted private key; export it without a passphrase",
};

/** Why a block is not what was wanted, in words for the person who pasted it. */
export function explain(block: Block | undefined, wanted: string): string {
  if (block === undefined) return `this is not a ${wanted}: the PEM text has no complete block`;
  const kind = block.der === null ? null : kindOf(block.der);
  if (kind !== null) return `this is not a ${wanted} but ${NAMES[kind]}`;
  return block.der === null
    ? `this is not a ${wanted}: it is neither PEM nor base64, or it is encrypted`
    : `this is not a ${wanted} of RSA, or it is damaged`;
}

/** 64 characters a line, with a newline at the end. */
export function toPem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
