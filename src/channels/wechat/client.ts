/**
 * What the buyer's page or app hands to WeChat to open the payment, signed with the merchant's
 * private key: four lines, each ended by LF. https://pay.weixin.qq.com/doc/v3/merchant/4012365340
 */
import * as z from "zod";

import { signSha256 } from "../../crypto/rsa.ts";
import type { ChargeAction, ChannelIo } from "../adapter.ts";
import type { AccountKeys } from "./keys.ts";
import { requestNonce } from "./signing.ts";

/** An order's numbers, as its stored text has them: WeChat compares the signed appid with them. */
const sentSchema = z.looseObject({
  appid: z.string().optional(),
  mchid: z.string().optional(),
  sp_appid: z.string().optional(),
  sp_mchid: z.string().optional(),
  sub_appid: z.string().optional(),
  payer: z.looseObject({ sub_openid: z.string().optional() }).optional(),
});

type Sent = z.infer<typeof sentSchema>;

/** Null: the text is not an order of ours. */
export function readSent(payload: string): Sent | null {
  try {
    const read = sentSchema.safeParse(JSON.parse(payload));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** The text under a client's signature. `subject` is the package, or for apps the bare prepay id. */
export const clientMessage = (
  appid: string,
  timestamp: string,
  nonce: string,
  subject: string,
): string => `${appid}\n${timestamp}\n${nonce}\n${subject}\n`;

async function signed(keys: AccountKeys, io: ChannelIo, appid: string, subject: string) {
  const timestamp = String(Math.floor(io.now() / 1000));
  const nonce = requestNonce(io.random);
  const message = clientMessage(appid, timestamp, nonce, subject);
  return { timestamp, nonce, signature: await signSha256(keys.signingKey, message) };
}

/**
 * For a page inside WeChat (WeixinJSBridge) or a mini program (wx.requestPayment). The appid is that
 * of the openid which the order names. Null: the order names none.
 */
export async function jsapiAction(
  prepayId: string,
  sent: Sent,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<ChargeAction | null> {
  const appid =
    sent.appid ?? (sent.payer?.sub_openid === undefined ? sent.sp_appid : sent.sub_appid);
  if (appid === undefined) return null;
  const subject = `prepay_id=${prepayId}`;
  const { timestamp, nonce, signature } = await signed(keys, io, appid, subject);
  const params = {
    appId: appid,
    timeStamp: timestamp,
    nonceStr: nonce,
    package: subject,
    signType: "RSA",
    paySign: signature,
  };
  return { type: "invoke_sdk", sdk: "wechat_jsapi", params };
}

/**
 * For WeChat's SDK in an app. In a service provider's mode the app is the sub-merchant's where it
 * has one, and the partner is the provider, as WeChat Pay's Java SDK has it.
 */
export async function appAction(
  prepayId: string,
  sent: Sent,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<ChargeAction | null> {
  const appid = sent.appid ?? sent.sub_appid ?? sent.sp_appid;
  const partner = sent.mchid ?? sent.sp_mchid;
  if (appid === undefined || partner === undefined) return null;
  const { timestamp, nonce, signature } = await signed(keys, io, appid, prepayId);
  const params = {
    appid,
    partnerid: partner,
    prepayid: prepayId,
    package: "Sign=WXPay",
    noncestr: nonce,
    timestamp,
    sign: signature,
  };
  return { type: "invoke_sdk", sdk: "wechat_app", params };
}
