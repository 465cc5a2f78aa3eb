/**
 * Profit sharing: a share of a paid order for another merchant, its return, and the release of what
 * is still frozen. https://pay.weixin.qq.com/doc/v3/merchant/4012525185
 *
 * The share is the only one of its order, so the rest is released with it.
 */
import { oaepEncrypt } from "../../crypto/rsa.ts";
import type {
  ChannelAccount,
  ChannelError,
  ChannelIo,
  Outcome,
  SplitDesk,
  SplitOrder,
  SplitReport,
} from "../adapter.ts";
import { encryptionKey } from "./encryption.ts";
import { exchange, type Exchange, failed, withKeys } from "./exchange.ts";
import type { AccountKeys } from "./keys.ts";
import type { Party } from "./party.ts";
import type { WechatRequest } from "./send.ts";
import { ok, readReply } from "./split-replies.ts";

const PATH = "/v3/profitsharing/orders";
const RETURN_PATH = "/v3/profitsharing/return-orders";

/** WeChat Pay takes no share in the first minute; half a minute for clocks that differ. */
const DELAY_MS = 90_000;

const subMerchant = (party: Party): Record<string, string> =>
  party.kind === "direct" ? {} : { sub_mchid: party.subMchid };

const apps = (party: Party): Record<string, string> =>
  party.kind === "direct"
    ? { appid: party.appid }
    : { appid: party.spAppid, ...(party.subAppid === null ? {} : { sub_appid: party.subAppid }) };

const returnRequest = (order: SplitOrder, { party }: AccountKeys): WechatRequest => ({
  method: "POST",
  path: RETURN_PATH,
  body: JSON.stringify({
    ...subMerchant(party),
    out_order_no: order.original,
    out_return_no: order.splitNumber,
    return_mchid: order.receiver.account,
    amount: order.amount.value,
    description: order.description,
  }),
});

const releaseRequest = (order: SplitOrder, { party }: AccountKeys): WechatRequest => ({
  method: "POST",
  path: `${PATH}/unfreeze`,
  body: JSON.stringify({
    ...subMerchant(party),
    transaction_id: order.transactionId,
    out_order_no: order.splitNumber,
    description: order.description,
  }),
});

/** @returns null: there is no key to encrypt the receiver's name with */
async function shareRequest(
  order: SplitOrder,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<WechatRequest | null> {
  const { type, account: number, name } = order.receiver;
  const key = name === null ? null : await encryptionKey(account, keys, io);
  if (name !== null && key === null) return null;
  const sealed =
    name === null || key === null ? {} : { name: await oaepEncrypt(key.publicKey, name) };
  const share = { amount: order.amount.value, description: order.description };
  return {
    method: "POST",
    path: PATH,
    body: JSON.stringify({
      ...subMerchant(keys.party),
      ...apps(keys.party),
      transaction_id: order.transactionId,
      out_order_no: order.splitNumber,
      receivers: [{ type, account: number, ...sealed, ...share }],
      unfreeze_unsplit: true,
    }),
    ...(key === null ? {} : { platformKeyId: key.id }),
  };
}

const noKey: Outcome<never> = {
  kind: "rejected",
  error: {
    code: "CHANNEL_NOT_CONFIGURED",
    channelCode: "platform_keys",
    message: "The account holds no key of WeChat Pay to encrypt with: add a platform key.",
    retryable: false,
  },
};

const final = (error: ChannelError): Outcome<never> => ({
  kind: "rejected",
  error: { ...error, retryable: false },
});

/**
 * NOT_ENOUGH is three things: nothing is frozen any more, so a release has nothing to do and a share
 * comes too late; or the receiver has not the money to give back, which it may have tomorrow.
 */
function refused(reply: Exclude<Exchange, { kind: "success" }>, order: SplitOrder) {
  if (reply.kind !== "refused" || reply.code !== "NOTENOUGH" || order.kind === "return") {
    return failed(reply);
  }
  return order.amount.value === 0
    ? ok({ state: "succeeded", amount: null, channelSplitId: null, channelStatus: "NOT_ENOUGH" })
    : final(reply.error);
}

const create: SplitDesk["create"] = (order, account, io) =>
  withKeys(account, async (keys): Promise<Outcome<SplitReport>> => {
    const request =
      order.kind === "return"
        ? returnRequest(order, keys)
        : order.amount.value === 0
          ? releaseRequest(order, keys)
          : await shareRequest(order, account, keys, io);
    if (request === null) return noKey;
    const reply = await exchange(account, keys, io, request);
    return reply.kind === "success" ? readReply(reply.body, order) : refused(reply, order);
  });

function queryPath(order: SplitOrder, { party }: AccountKeys): string {
  const isReturn = order.kind === "return";
  const query = new URLSearchParams({
    ...(isReturn
      ? { out_order_no: order.original ?? "" }
      : { transaction_id: order.transactionId }),
    ...subMerchant(party),
  });
  const base = isReturn ? RETURN_PATH : PATH;
  return `${base}/${encodeURIComponent(order.splitNumber)}?${query.toString()}`;
}

const query: SplitDesk["query"] = (order, account, io) =>
  withKeys(account, async (keys): Promise<Outcome<SplitReport>> => {
    const reply = await exchange(account, keys, io, {
      method: "GET",
      path: queryPath(order, keys),
    });
    if (reply.kind === "refused" && reply.code === "RESOURCENOTEXISTS") {
      const channelStatus = reply.error.channelCode;
      return ok({ state: "absent", amount: null, channelSplitId: null, channelStatus });
    }
    return reply.kind === "success" ? readReply(reply.body, order) : failed(reply);
  });

export const splits: SplitDesk = { delayMs: DELAY_MS, maxBasisPoints: 3_000, create, query };
