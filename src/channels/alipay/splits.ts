/**
 * The platform's share of a trade: `alipay.trade.order.settle`, and its way back by a refund of
 * nothing but the share. What was taken is told by the queries of both, never by the acceptance of
 * the request: an answer's signature covers neither the request nor its number.
 */
import * as z from "zod";

import type { Failure } from "../../errors.ts";
import type { Result } from "../../result.ts";
import type { ChannelIo, Outcome, SplitDesk, SplitOrder, SplitReport } from "../adapter.ts";
import { anotherOrder, incomplete, isBusinessFailure, isSuccess, refuse } from "./answers.ts";
import { askGateway, type GatewayAnswer } from "./exchange.ts";
import { type AlipayKeys, keysOf } from "./keys.ts";
import { fromYuan } from "./mapping.ts";
import {
  type RoyaltyAccount,
  type RoyaltyShare,
  refundRoyaltyParameters,
  settleContent,
} from "./royalty.ts";

/** Alipay wants the trade to be settled for half a minute; as much again for clocks that differ. */
const DELAY_MS = 60_000;

function receiverOf({ receiver: { type, account, name } }: SplitOrder): RoyaltyAccount {
  if (type === "userId") return { type, account };
  return { type: "loginName", account, ...(name === null ? {} : { name }) };
}

const sharesOf = (order: SplitOrder): RoyaltyShare[] =>
  order.amount.value === 0
    ? []
    : [{ receiver: receiverOf(order), amount: order.amount, description: order.description }];

interface Call {
  readonly method: string;
  readonly bizContent: string;
}

/** The only share is the last one, so the rest is released to the seller with it. */
function settleCall(order: SplitOrder): Result<Call, Failure> {
  const content = settleContent({
    requestNumber: order.splitNumber,
    tradeNumber: order.transactionId,
    available: order.amount,
    shares: sharesOf(order),
    finish: true,
  });
  return content.ok
    ? { ok: true, value: { method: "alipay.trade.order.settle", bizContent: content.value } }
    : content;
}

/** The buyer's money is a matter of the refund itself; this one moves the receiver's share alone. */
function returnCall(order: SplitOrder): Result<Call, Failure> {
  const parameters = refundRoyaltyParameters(sharesOf(order), order.amount);
  if (!parameters.ok) return parameters;
  const bizContent = JSON.stringify({
    trade_no: order.transactionId,
    refund_amount: "0.00",
    out_request_no: order.splitNumber,
    refund_royalty_parameters: parameters.value,
  });
  return { ok: true, value: { method: "alipay.trade.refund", bizContent } };
}

const report = (
  state: SplitReport["state"],
  channelStatus: string,
  change: Partial<SplitReport> = {},
): Outcome<SplitReport> => ({
  kind: "ok",
  value: { state, amount: null, channelSplitId: null, channelStatus, ...change },
});

const text = z.string().max(64);
const details = z.array(
  z.looseObject({
    operation_type: text.optional(),
    amount: z.union([z.string(), z.number()]).optional(),
    state: text.optional(),
    detail_id: text.optional(),
    error_code: text.optional(),
  }),
);

const DETAIL_STATES: Readonly<Record<string, SplitReport["state"]>> = {
  SUCCESS: "succeeded",
  PROCESSING: "processing",
  FAIL: "failed",
};

/** Alipay's own "not there"; a wrong reading is harmless, the same number is the same share. */
const isAbsent = (answer: GatewayAnswer): boolean =>
  isBusinessFailure(answer) && /NOT_EXISTS?$/.test(answer.subCode ?? "");

const given = (amount: string | number | undefined) =>
  fromYuan(typeof amount === "number" ? amount.toFixed(2) : amount);

/** One share has one detail of a transfer; a mere release has none. */
function readSettlement({ fields }: GatewayAnswer, order: SplitOrder): Outcome<SplitReport> {
  if (fields["out_request_no"] !== order.splitNumber) return anotherOrder();
  const list = details.safeParse(fields["royalty_detail_list"] ?? []);
  if (!list.success) return incomplete();
  if (order.amount.value === 0) return report("succeeded", "released");
  const [detail, ...more] = list.data.filter(({ operation_type }) => operation_type === "transfer");
  if (detail === undefined) return report("processing", "no detail yet");
  const state = DETAIL_STATES[detail.state ?? ""];
  const amount = given(detail.amount);
  if (more.length > 0 || state === undefined || amount === null) return incomplete();
  const reason = detail.error_code === undefined ? "" : ` ${detail.error_code}`;
  const channelSplitId = detail.detail_id ?? null;
  return report(state, `${detail.state ?? ""}${reason}`, { amount, channelSplitId });
}

const royalties = z.array(
  z.looseObject({
    refund_amount: z.union([z.string(), z.number()]).optional(),
    result_code: text.optional(),
  }),
);

/** A number that Alipay does not have gets a bare success, as with every refund. */
function readReturn({ fields }: GatewayAnswer, order: SplitOrder): Outcome<SplitReport> {
  if (fields["out_request_no"] === undefined) {
    const isBare = fields["refund_status"] === undefined && fields["refund_royaltys"] === undefined;
    return isBare ? report("absent", "no such return") : incomplete();
  }
  if (fields["out_request_no"] !== order.splitNumber) return anotherOrder();
  const list = royalties.safeParse(fields["refund_royaltys"]);
  const [royalty] = list.success ? list.data : [];
  const amount = given(royalty?.refund_amount);
  if (royalty === undefined || amount === null) return incomplete();
  const word = royalty.result_code ?? "";
  return report(word === "SUCCESS" ? "succeeded" : "processing", word, { amount });
}

async function query(
  order: SplitOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<SplitReport>> {
  const isReturn = order.kind === "return";
  const names = { trade_no: order.transactionId, out_request_no: order.splitNumber };
  const call = isReturn
    ? { method: "alipay.trade.fastpay.refund.query", bizContent: JSON.stringify(names) }
    : { method: "alipay.trade.order.settle.query", bizContent: JSON.stringify(names) };
  const answer = await askGateway(call, keys, io);
  if (answer.kind === "unknown") return answer;
  if (isAbsent(answer)) return report("absent", answer.subCode ?? "");
  if (!isSuccess(answer)) return refuse(answer, "doubted");
  return isReturn ? readReturn(answer, order) : readSettlement(answer, order);
}

/**
 * A refusal ends a share, so it must be true that nothing was moved: the first try, whose answer was
 * lost, may have gone through. Only "not there" beside the refusal makes it final.
 */
async function create(
  order: SplitOrder,
  keys: AlipayKeys,
  io: ChannelIo,
): Promise<Outcome<SplitReport>> {
  const call = order.kind === "return" ? returnCall(order) : settleCall(order);
  if (!call.ok) {
    const { code, message } = call.error;
    const error = { code, channelCode: "order", message, retryable: false };
    return { kind: "rejected", error };
  }
  const answer = await askGateway(call.value, keys, io);
  if (answer.kind === "unknown") return answer;
  const number = answer.fields["trade_no"];
  if (number !== undefined && number !== order.transactionId) return anotherOrder();
  const refused = isSuccess(answer) ? null : refuse(answer, "doubted");
  if (refused?.kind === "unknown") return refused;
  const found = await query(order, keys, io);
  if (found.kind === "ok" && found.value.state !== "absent") return found;
  if (found.kind !== "ok") return { kind: "unknown", error: (refused ?? found).error };
  // Accepted, and not to be found yet: it is asked about again, and sent again if it is not there.
  return refused ?? report("processing", "accepted");
}

export const splits: SplitDesk = {
  delayMs: DELAY_MS,
  // The contract between the merchant and Alipay decides, and no call tells it.
  maxBasisPoints: null,
  create: async (order, account, io) => create(order, await keysOf(account), io),
  query: async (order, account, io) => query(order, await keysOf(account), io),
};
