/**
 * `POST /v3/security/echo`: WeChat Pay's own test of signatures and encryption in both directions.
 * It moves no money and proves no product permission.
 */
import * as z from "zod";

import { toHex } from "../../crypto/encoding.ts";
import { oaepDecrypt, oaepEncrypt } from "../../crypto/rsa.ts";
import type { ChannelAccount, ChannelIo, Outcome } from "../adapter.ts";
import { parseJson } from "../json.ts";
import { unknown } from "../outcomes.ts";
import { encryptionKey } from "./encryption.ts";
import { exchange, withKeys } from "./exchange.ts";

const echoSchema = z.looseObject({
  echo_message: z.string(),
  encrypted_echo_message: z.string().optional(),
});

type Checked = Outcome<{ readonly detail: string }>;

/** Sends a random text in clear and encrypted, and expects both back. */
export const selfCheck = (account: ChannelAccount, io: ChannelIo): Promise<Checked> =>
  withKeys(account, async (keys): Promise<Checked> => {
    const text = toHex(io.random(16));
    const platform = await encryptionKey(account, keys, io);
    const encrypted =
      platform === null
        ? {}
        : { encrypted_echo_message: await oaepEncrypt(platform.publicKey, text) };
    const reply = await exchange(account, keys, io, {
      method: "POST",
      path: "/v3/security/echo",
      body: JSON.stringify({ echo_message: text, ...encrypted }),
      ...(platform === null ? {} : { platformKeyId: platform.id }),
    });
    if (reply.kind === "refused") return { kind: reply.outcome, error: reply.error };
    if (reply.kind === "unknown") return reply;
    const echo = echoSchema.safeParse(parseJson(reply.body));
    if (!echo.success || echo.data.echo_message !== text) {
      return unknown("echo_differs", "The echo is not what was sent.");
    }
    const { encrypted_echo_message: sealed } = echo.data;
    if (platform === null || sealed === undefined) {
      return { kind: "ok", value: { detail: "Signatures verified in both directions." } };
    }
    const opened = await oaepDecrypt(keys.privateKey, sealed);
    if (!opened.ok || opened.value !== text) {
      const message = "The encrypted echo cannot be decrypted with the private key.";
      return unknown("echo_not_decrypted", message);
    }
    const detail = `Signatures and encryption verified in both directions with ${platform.id}.`;
    return { kind: "ok", value: { detail } };
  });
