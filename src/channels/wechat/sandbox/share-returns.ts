/** Returns of shares: money that comes back from a receiver, done at once. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import type { SandboxShare } from "../../../sandbox/shares.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { readForm } from "./forms.ts";
import { isRefusal, paramError, type Answer } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";
import {
  common,
  findShare,
  mchid,
  noOrder,
  REFUSED,
  shareNumber,
  SHARING,
  sharingParties,
} from "./shares.ts";
import { chinaTime } from "./words.ts";

const returnForm = z.strictObject({
  ...common,
  out_order_no: shareNumber,
  out_return_no: shareNumber,
  return_mchid: mchid,
  amount: z.int().min(1),
});

const returned = (share: SandboxShare, order: SandboxOrderRecord) => ({
  order_id: order.transactionId ?? "",
  out_order_no: share.original,
  out_return_no: share.number,
  return_id: share.channelNumber,
  return_mchid: share.receiver,
  amount: share.value,
  description: "Return",
  result: share.state === "succeeded" ? "SUCCESS" : "PROCESSING",
  create_time: chinaTime(share.createdAt),
  finish_time: chinaTime(share.createdAt),
});

export async function createReturn(
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const read = readForm(returnForm, request.body);
  if (isRefusal(read)) return read;
  const { sub_mchid, out_order_no, out_return_no, return_mchid, amount } = read.value;
  const parties = sharingParties(request, sub_mchid);
  const named = { number: out_order_no, transactionId: null };
  const found = await findShare(out_order_no, parties, named, world);
  if (found === null || found.share.receiver !== return_mchid) return noOrder;
  const answer = await world.orders.share(SHARING, parties.payee, found.order.orderNumber, {
    number: out_return_no,
    kind: "return",
    original: out_order_no,
    parameters: canonicalJson({ out_order_no, return_mchid, amount }),
    value: amount,
    receiver: return_mchid,
    finishes: false,
    settles: "now",
    most: 0,
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind];
  return { status: 200, body: returned(answer.share, found.order) };
}

export async function queryReturn(
  wanted: string,
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const { searchParams } = request.url;
  const original = searchParams.get("out_order_no");
  if (original === null) return paramError("out_order_no", "is required", "query");
  const parties = sharingParties(request, searchParams.get("sub_mchid"));
  const found = await findShare(wanted, parties, { number: original, transactionId: null }, world);
  if (found === null || found.share.original !== original) return noOrder;
  return { status: 200, body: returned(found.share, found.order) };
}
