/**
 * Profit sharing: shares of an order, their returns, and the release of what is frozen. Unlike the
 * real one the sandbox takes a share at once after the payment, and one receiver of an order.
 */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { readPrivateKey } from "../../../crypto/pem.ts";
import { oaepDecrypt } from "../../../crypto/rsa.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import { orderOfShare, type SandboxShare, type ShareAnswer } from "../../../sandbox/shares.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { readForm, shortText } from "./forms.ts";
import { appidProblem, isOrderOf, type Parties } from "./parties.ts";
import { isRefusal, paramError, refuse, type Answer, type Refusal } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";
import { chinaTime } from "./words.ts";

/** Only the mainland has profit sharing. */
export const SHARING = "wechat";

/** Most of an order that may be shared out, in per cent. */
const MOST_PERCENT = 30n;

export const shareNumber = z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/, "1-64 of 0-9A-Za-z_-|*@");
export const mchid = z.string().regex(/^\d{6,32}$/, "must be digits");
export const common = { sub_mchid: mchid.optional(), description: shortText(80) };

const receiver = z.strictObject({
  type: z.literal("MERCHANT_ID"),
  account: mchid,
  name: z.string().optional(),
  amount: z.int().min(1),
  description: shortText(80),
});

const shareForm = z.strictObject({
  sub_mchid: mchid.optional(),
  appid: z.string(),
  sub_appid: z.string().optional(),
  transaction_id: z.string().min(1),
  out_order_no: shareNumber,
  receivers: z.tuple([receiver]),
  unfreeze_unsplit: z.boolean(),
});

const releaseForm = z.strictObject({
  ...common,
  transaction_id: z.string().min(1),
  out_order_no: shareNumber,
});

const terms = z.looseObject({
  settle_info: z.looseObject({ profit_sharing: z.boolean().optional() }).optional(),
});

export const sharingParties = (
  { merchant }: AuthenticRequest,
  sub: string | null | undefined,
): Parties => ({
  caller: merchant.mchid,
  payee: sub ?? merchant.mchid,
});

export const noOrder = refuse(404, "RESOURCE_NOT_EXISTS", "记录不存在");

/** The paid order behind a number, of this merchant, ordered with profit sharing. */
async function orderFor(
  parties: Parties,
  named: { readonly number: string; readonly transactionId: string | null },
  world: SandboxWorld,
): Promise<SandboxOrderRecord | Refusal> {
  const order = await orderOfShare(world.orders, SHARING, parties.payee, named);
  if (order === null || !isOrderOf(order, parties)) return noOrder;
  const { settle_info } = terms.parse(JSON.parse(order.parameters));
  return settle_info?.profit_sharing === true
    ? order
    : refuse(400, "INVALID_REQUEST", "非分账订单不支持分账");
}

export const REFUSED: Readonly<Record<Exclude<ShareAnswer["kind"], "created" | "same">, Refusal>> =
  {
    no_order: noOrder,
    no_original: noOrder,
    not_paid: refuse(400, "INVALID_REQUEST", "订单未支付"),
    released: refuse(403, "NOT_ENOUGH", "分账金额不足"),
    exceeds: refuse(403, "NOT_ENOUGH", "分账金额不足"),
    conflict: refuse(400, "INVALID_REQUEST", "商户单号重复，参数不一致"),
  };

const RESULTS: Readonly<Record<SandboxShare["state"], string>> = {
  processing: "PENDING",
  succeeded: "SUCCESS",
  failed: "CLOSED",
};

/** A share as replies give it: the receiver, and behind it what is released to the merchant. */
function shown(order: SandboxOrderRecord, share: SandboxShare, { payee }: Parties) {
  const done = share.state !== "processing";
  const times = {
    create_time: chinaTime(share.createdAt),
    ...(done ? { finish_time: chinaTime(share.createdAt) } : {}),
  };
  const given = share.state === "succeeded" ? share.value : 0;
  const rest = {
    type: "MERCHANT_ID",
    account: payee,
    amount: order.value - given,
    description: "解冻给分账方",
    result: done ? "SUCCESS" : "PENDING",
    detail_id: `${share.channelNumber}2`,
    ...times,
  };
  const theirs = {
    type: "MERCHANT_ID",
    account: share.receiver,
    amount: share.value,
    description: "Share",
    result: RESULTS[share.state],
    ...(share.state === "failed" ? { fail_reason: "RECEIVER_HIGH_RISK" } : {}),
    detail_id: `${share.channelNumber}1`,
    ...times,
  };
  return {
    transaction_id: order.transactionId,
    out_order_no: share.number,
    order_id: share.channelNumber,
    state: done ? "FINISHED" : "PROCESSING",
    receivers: [...(share.kind === "share" ? [theirs] : []), ...(share.finishes ? [rest] : [])],
  };
}

const isOrder = (found: SandboxOrderRecord | Refusal): found is SandboxOrderRecord =>
  !isRefusal(found);

/** The receiver's name has to open with the platform's key, which the request has to name. */
async function nameProblem(
  name: string | undefined,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Refusal | null> {
  if (name === undefined) return null;
  if (!request.namesPlatformKey) return paramError("Wechatpay-Serial", "is required", "header");
  const platform = mustRead(readPrivateKey(world.keys.platformPrivateKey));
  const opened = await oaepDecrypt(platform, name);
  return opened.ok ? null : paramError("/receivers/0/name", "cannot be decrypted");
}

export async function createShare(request: AuthenticRequest, world: SandboxWorld): Promise<Answer> {
  const read = readForm(shareForm, request.body);
  if (isRefusal(read)) return read;
  const { sub_mchid, appid, transaction_id, out_order_no, receivers, unfreeze_unsplit } =
    read.value;
  const [to] = receivers;
  const problem =
    appidProblem({ appid }, request.merchant) ?? (await nameProblem(to.name, request, world));
  if (problem !== null) return problem;
  const parties = sharingParties(request, sub_mchid);
  if (to.account === parties.payee) return refuse(403, "NO_AUTH", "分账接收方不能是分账方");
  const named = { number: out_order_no, transactionId: transaction_id };
  const order = await orderFor(parties, named, world);
  if (!isOrder(order)) return order;
  const { name: _, ...clear } = to;
  const answer = await world.orders.share(SHARING, parties.payee, order.orderNumber, {
    number: out_order_no,
    kind: "share",
    original: null,
    // An encrypted name is never the same twice.
    parameters: canonicalJson({ transaction_id, ...clear, unfreeze_unsplit }),
    value: to.amount,
    receiver: to.account,
    finishes: unfreeze_unsplit,
    settles: "later",
    most: Number((BigInt(order.value) * MOST_PERCENT) / 100n),
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind];
  return { status: 200, body: shown(order, answer.share, parties) };
}

export async function release(request: AuthenticRequest, world: SandboxWorld): Promise<Answer> {
  const read = readForm(releaseForm, request.body);
  if (isRefusal(read)) return read;
  const { sub_mchid, transaction_id, out_order_no } = read.value;
  const parties = sharingParties(request, sub_mchid);
  const named = { number: out_order_no, transactionId: transaction_id };
  const order = await orderFor(parties, named, world);
  if (!isOrder(order)) return order;
  const answer = await world.orders.share(SHARING, parties.payee, order.orderNumber, {
    number: out_order_no,
    kind: "release",
    original: null,
    parameters: canonicalJson({ transaction_id }),
    value: 0,
    receiver: parties.payee,
    finishes: true,
    settles: "later",
    most: 0,
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind];
  return { status: 200, body: shown(order, answer.share, parties) };
}

/** The share of this number, of this merchant. */
export async function findShare(
  wanted: string,
  parties: Parties,
  named: { readonly number: string; readonly transactionId: string | null },
  world: SandboxWorld,
) {
  const order = await orderFor(parties, named, world);
  if (!isOrder(order)) return null;
  const shares = await world.orders.shares(SHARING, parties.payee, order.orderNumber);
  const share = shares.find((it) => it.number === wanted);
  return share === undefined ? null : { order, share };
}

export async function queryShare(
  wanted: string,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const { searchParams } = request.url;
  const transactionId = searchParams.get("transaction_id");
  if (transactionId === null) return paramError("transaction_id", "is required", "query");
  const parties = sharingParties(request, searchParams.get("sub_mchid"));
  const found = await findShare(wanted, parties, { number: wanted, transactionId }, world);
  if (found === null || found.share.kind === "return") return noOrder;
  return { status: 200, body: shown(found.order, found.share, parties) };
}
