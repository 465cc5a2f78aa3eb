/**
 * The simulated `alipay.trade.order.settle` and its query, and the return of a share by a refund of
 * nothing else. The sandbox takes one receiver of a trade, and settles at once.
 */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { fromDecimal, toDecimal } from "../../../money.ts";
import { orderOfShare, type SandboxShare, type ShareAnswer } from "../../../sandbox/shares.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { invalidField, keptOf, yuan } from "./order.ts";
import { businessFailure, success, type Node } from "./reply.ts";
import { tradeNo } from "./state.ts";
import { writeTime } from "./time.ts";
import type { Caller, Content, Handler } from "./trades.ts";

const CHANNEL = "alipay";

const number = z.string().regex(/^\w{1,32}$/);
const account = z.string().min(3).max(100);

const settlement = z.looseObject({
  out_request_no: number,
  trade_no: z.string().min(1),
  royalty_parameters: z
    .array(
      z.looseObject({
        royalty_type: z.literal("transfer"),
        trans_in_type: z.enum(["userId", "loginName"]),
        trans_in: account,
        amount: yuan,
      }),
    )
    .max(1),
  extend_params: z.looseObject({ royalty_finish: z.enum(["true", "false"]) }).optional(),
});

const names = z.looseObject({ out_request_no: number, trade_no: z.string().min(1) });

const royaltyReturn = names.extend({
  refund_amount: yuan,
  refund_royalty_parameters: z.tuple([
    z.looseObject({ royalty_type: z.literal("transfer"), trans_out: account, amount: yuan }),
  ]),
});

const frozen = z.looseObject({ royalty_freeze: z.literal("true") });

const notExist = (): Node => businessFailure("ACQ.TRADE_NOT_EXIST", "交易不存在");

const REFUSED: Readonly<Record<Exclude<ShareAnswer["kind"], "created" | "same">, () => Node>> = {
  no_order: notExist,
  not_paid: () => businessFailure("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
  released: () => businessFailure("ACQ.TRADE_SETTLE_ERROR", "交易分账已完结"),
  exceeds: () => businessFailure("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "分账金额超限"),
  no_original: () => businessFailure("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "无可退分账"),
  conflict: () => businessFailure("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"),
};

/** The caller's own trade behind a number, as the real one finds it by `trade_no` alone. */
async function tradeOf(
  { out_request_no, trade_no }: z.infer<typeof names>,
  caller: Caller,
  world: SandboxWorld,
): Promise<SandboxOrderRecord | null> {
  const named = { number: out_request_no, transactionId: null };
  const order = await orderOfShare(world.orders, CHANNEL, caller.appId, named);
  if (order === null || tradeNo(order) !== trade_no) return null;
  return keptOf(order)?.auth_app_id === caller.authAppId ? order : null;
}

const isFrozen = (order: SandboxOrderRecord): boolean =>
  frozen.safeParse(keptOf(order)?.content["extend_params"]).success;

export const settle: Handler = async (content, caller, world) => {
  const parsed = settlement.safeParse(content);
  if (!parsed.success) return invalidField(String(parsed.error.issues[0]?.path[0]));
  const { out_request_no, trade_no, royalty_parameters, extend_params } = parsed.data;
  const order = await tradeOf(parsed.data, caller, world);
  if (order === null) return notExist();
  if (!isFrozen(order)) return businessFailure("ACQ.TRADE_SETTLE_ERROR", "交易不支持分账");
  const [to] = royalty_parameters;
  const value = to === undefined ? 0 : fromDecimal(to.amount, 2);
  if (value === null || (to !== undefined && value === 0)) return invalidField("amount");
  const answer = await world.orders.share(CHANNEL, caller.appId, order.orderNumber, {
    number: out_request_no,
    kind: to === undefined ? "release" : "share",
    original: null,
    parameters: canonicalJson(content),
    value,
    receiver: to?.trans_in ?? "",
    finishes: extend_params?.royalty_finish === "true",
    settles: "now",
    most: order.value,
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind]();
  return success({ trade_no, settle_no: answer.share.channelNumber });
};

const STATES: Readonly<Record<SandboxShare["state"], string>> = {
  processing: "PROCESSING",
  succeeded: "SUCCESS",
  failed: "FAIL",
};

const FAILURE = { error_code: "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH", error_desc: "分账失败" };

async function shareOf(
  content: Content,
  caller: Caller,
  world: SandboxWorld,
): Promise<SandboxShare | null> {
  const parsed = names.safeParse(content);
  if (!parsed.success) return null;
  const order = await tradeOf(parsed.data, caller, world);
  if (order === null) return null;
  const shares = await world.orders.shares(CHANNEL, caller.appId, order.orderNumber);
  return shares.find((share) => share.number === parsed.data.out_request_no) ?? null;
}

export const settleQuery: Handler = async (content, caller, world) => {
  const share = await shareOf(content, caller, world);
  if (share === null || share.kind === "return") {
    return businessFailure("ACQ.TRADE_SETTLE_NOT_EXIST", "分账单不存在");
  }
  const detail = {
    operation_type: "transfer",
    execute_dt: writeTime(share.createdAt),
    trans_in: share.receiver,
    amount: toDecimal(share.value, 2),
    state: STATES[share.state],
    detail_id: `${share.channelNumber}1`,
    ...(share.state === "failed" ? FAILURE : {}),
  };
  return success({
    out_request_no: share.number,
    operation_dt: writeTime(share.createdAt),
    royalty_detail_list: share.kind === "share" ? [detail] : [],
  });
};

/** A share's return, or a question about one: it is about a share's number, not a refund's. */
export const isRoyaltyReturn = ({ out_request_no }: Content): boolean =>
  typeof out_request_no === "string" && /^sp_\w{28}$/.test(out_request_no);

/** What came back of the trade's share. The buyer gets nothing by it. */
export const returnRoyalty: Handler = async (content, caller, world) => {
  const parsed = royaltyReturn.safeParse(content);
  if (!parsed.success) return invalidField(String(parsed.error.issues[0]?.path[0]));
  const { out_request_no, trade_no, refund_amount, refund_royalty_parameters } = parsed.data;
  if (fromDecimal(refund_amount, 2) !== 0) return invalidField("refund_amount");
  const [from] = refund_royalty_parameters;
  const value = fromDecimal(from.amount, 2);
  if (value === null || value === 0) return invalidField("amount");
  const order = await tradeOf(parsed.data, caller, world);
  if (order === null) return notExist();
  const shares = await world.orders.shares(CHANNEL, caller.appId, order.orderNumber);
  const original = shares.find(
    ({ kind, receiver }) => kind === "share" && receiver === from.trans_out,
  );
  const answer = await world.orders.share(CHANNEL, caller.appId, order.orderNumber, {
    number: out_request_no,
    kind: "return",
    original: original?.number ?? null,
    parameters: canonicalJson(content),
    value,
    receiver: from.trans_out,
    finishes: false,
    settles: "now",
    most: 0,
  });
  if (answer.kind !== "created" && answer.kind !== "same") return REFUSED[answer.kind]();
  return success({
    trade_no,
    out_trade_no: order.orderNumber,
    fund_change: answer.kind === "created" ? "Y" : "N",
    refund_fee: "0.00",
    send_back_fee: "0.00",
  });
};

/** As for any refund, a number that is not there gets a bare success. */
export const returnQuery: Handler = async (content, caller, world) => {
  const share = await shareOf(content, caller, world);
  if (share === null || share.kind !== "return") return success({});
  return success({
    out_request_no: share.number,
    refund_amount: "0.00",
    refund_status: "REFUND_SUCCESS",
    refund_royaltys: [
      {
        royalty_type: "transfer",
        refund_amount: toDecimal(share.value, 2),
        result_code: "SUCCESS",
        trans_out: share.receiver,
      },
    ],
  });
};
