/** A signed request to WeChat Pay. What comes back is not verified here. */
import type { ChannelIo } from "../adapter.ts";
import { callChannel, requestTarget, type ChannelReply } from "../call.ts";
import type { AccountKeys } from "./keys.ts";
import { authorization, requestNonce } from "./signing.ts";

export interface WechatRequest {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  /** The exact JSON text; it is signed and sent as it stands. */
  readonly body?: string;
  /** Names the platform key that fields were encrypted with; default: {@link AccountKeys.replyKeyId}. */
  readonly platformKeyId?: string;
}

/**
 * Signs and sends. `Wechatpay-Serial` goes with every request of a public-key merchant, GET too:
 * it decides which key signs the reply, and without it that would be a certificate.
 */
export async function sendSigned(
  keys: AccountKeys,
  io: ChannelIo,
  request: WechatRequest,
): Promise<ChannelReply> {
  const { method, path, body } = request;
  const platformKeyId = request.platformKeyId ?? keys.replyKeyId;
  const header = await authorization(keys, {
    method,
    target: requestTarget(io, path),
    body: body ?? "",
    timestamp: String(Math.floor(io.now() / 1000)),
    nonce: requestNonce(io.random),
  });
  return callChannel(io, {
    method,
    path,
    headers: {
      Authorization: header,
      ...(platformKeyId === null ? {} : { "Wechatpay-Serial": platformKeyId }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
}
