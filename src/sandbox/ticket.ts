/**
 * Download links of simulated channels carry what they mean and a code of authenticity under a key
 * that never leaves the sandbox, so nothing has to be kept for them.
 */
import type * as z from "zod";

import { sameSecret } from "../crypto/constant-time.ts";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../crypto/encoding.ts";
import { hmacHex, importHmacKey } from "../crypto/hmac.ts";
import type { SandboxWorld } from "./simulator.ts";

const codeOf = async (body: string, { keys }: SandboxWorld): Promise<string> =>
  hmacHex(await importHmacKey(keys.platformPrivateKey), `ticket:${body}`);

export async function sealTicket(meaning: unknown, world: SandboxWorld): Promise<string> {
  const body = toBase64Url(utf8(JSON.stringify(meaning)));
  return `${body}.${await codeOf(body, world)}`;
}

/** Null: not one of this sandbox's. */
export async function openTicket<T>(
  schema: z.ZodType<T>,
  ticket: string,
  world: SandboxWorld,
): Promise<T | null> {
  const [body = "", code = "", ...rest] = ticket.split(".");
  if (rest.length > 0 || !(await sameSecret(code, await codeOf(body, world)))) return null;
  const bytes = fromBase64Url(body);
  return bytes === null ? null : schema.parse(JSON.parse(fromUtf8(bytes)));
}
