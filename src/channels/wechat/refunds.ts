/**
 * Refunds: the same number and the same text on every try, and a query after every outcome that is
 * not clear. A new number after an unclear one could give the money back twice.
 */
import { failure, type Failure } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type {
  ChannelAccount,
  ChannelIo,
  Outcome,
  RefundDesk,
  RefundOrder,
  RefundReport,
} from "../adapter.ts";
import { parseJson } from "../json.ts";
import { unknown } from "../outcomes.ts";
import type { Dialect } from "./dialect.ts";
import { exchange, failed, malformed, withKeys } from "./exchange.ts";
import { newestOf } from "./keys.ts";
import { reportOfRefund, type RefundNews } from "./mapping.ts";
import { notifyUrlFailure } from "./order.ts";
import { FOUR_BYTES } from "./text.ts";

const REASON_LIMIT = 80;

const reasonFailure = (message: string): Failure =>
  failure("INVALID_REQUEST", `The reason does not fit WeChat Pay: ${message}.`, {
    issues: [{ path: "reason", message }],
  });

function checkReason(reason: string): Failure | null {
  if (reason.search(FOUR_BYTES) !== -1) {
    return reasonFailure("remove emoji and other characters of four bytes in UTF-8");
  }
  return reason.length > REASON_LIMIT
    ? reasonFailure(`shorten it to ${REASON_LIMIT} characters`)
    : null;
}

/**
 * `total` is the order's amount, also for a part of it. Without an address of its own the result
 * would be posted in the old XML form to the one of the console.
 */
function prepareRefund(
  { refundId, payment, amount, reason, notifyUrl }: RefundOrder,
  account: ChannelAccount,
  dialect: Dialect,
): Result<string, Failure> {
  const version = newestOf(account);
  if (version === null) {
    return err(failure("CHANNEL_NOT_CONFIGURED", "The WeChat Pay account cannot be used."));
  }
  const words = reason?.trim() ?? "";
  const problem = checkReason(words) ?? notifyUrlFailure(notifyUrl);
  if (problem !== null) return err(problem);
  return ok(
    JSON.stringify({
      ...dialect.refunds.ids(version.party),
      out_trade_no: payment.paymentId,
      out_refund_no: refundId,
      ...(words === "" ? {} : { reason: words }),
      notify_url: notifyUrl,
      amount: { refund: amount.value, total: payment.amount.value, currency: amount.currency },
    }),
  );
}

/** The signature does not cover the request: a genuine reply about another refund proves nothing. */
const isAbout = ({ refundId, payment }: RefundOrder, news: RefundNews): boolean =>
  news.refundNumber === refundId &&
  (news.orderNumber === null || news.orderNumber === payment.paymentId) &&
  (news.amount.total === undefined || news.amount.total === payment.amount.value);

function judge(
  news: RefundNews,
  order: RefundOrder,
  dialect: Dialect,
  io: ChannelIo,
): Outcome<RefundReport> {
  if (!isAbout(order, news)) {
    const message = "The reply is about another refund.";
    return unknown("other_refund", message);
  }
  const report = reportOfRefund(news, dialect.refunds.states, dialect.homeCurrency);
  if (report.ok) return { kind: "ok", value: report.value };
  io.log("warn", "wechat_refund_not_understood", { reason: report.error });
  return unknown(report.error, "The refund's state is not clear.");
}

const createRefund = (
  payload: string,
  order: RefundOrder,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<RefundReport>> =>
  withKeys(account, async (keys): Promise<Outcome<RefundReport>> => {
    const { createPath, created } = dialect.refunds;
    const request = { method: "POST", path: createPath, body: payload } as const;
    const reply = await exchange(account, keys, io, request);
    if (reply.kind !== "success") return failed(reply);
    const news = created.safeParse(parseJson(reply.body));
    if (reply.status !== 200 || !news.success) return malformed;
    return judge(news.data, order, dialect, io);
  });

const queryRefund = (
  order: RefundOrder,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<RefundReport>> =>
  withKeys(account, async (keys): Promise<Outcome<RefundReport>> => {
    const path = dialect.refunds.queryPath(order.refundId, keys.party);
    const reply = await exchange(account, keys, io, { method: "GET", path });
    if (reply.kind === "refused" && reply.code === "RESOURCENOTEXISTS") {
      const absent: RefundReport = {
        refundId: order.refundId,
        state: "absent",
        amount: null,
        channelRefundId: null,
        refundedAt: null,
        channelStatus: reply.error.channelCode,
      };
      return { kind: "ok", value: absent };
    }
    if (reply.kind !== "success") return failed(reply);
    const news = dialect.refunds.queried.safeParse(parseJson(reply.body));
    if (reply.status !== 200 || !news.success) return malformed;
    return judge(news.data, order, dialect, io);
  });

export const refundDesk = (dialect: Dialect): RefundDesk => ({
  prepare: (order, account) => prepareRefund(order, account, dialect),
  create: (payload, order, account, io) => createRefund(payload, order, account, io, dialect),
  query: (order, account, io) => queryRefund(order, account, io, dialect),
});
