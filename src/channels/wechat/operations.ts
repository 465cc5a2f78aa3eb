/** Asking for an order, and closing it. */
import type { ChannelAccount, ChannelIo, Outcome, PaymentReport, SentOrder } from "../adapter.ts";
import { parseJson } from "../json.ts";
import { bareReport, unknown } from "../outcomes.ts";
import { orderPath, queryPath, type Dialect } from "./dialect.ts";
import { exchange, failed, malformed, withKeys } from "./exchange.ts";
import type { AccountKeys } from "./keys.ts";
import { reportOfTrade } from "./mapping.ts";
import { merchantIds, namesOrderOf } from "./party.ts";

async function query(
  paymentId: string,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<PaymentReport>> {
  const path = queryPath(dialect, keys.party, paymentId);
  const reply = await exchange(account, keys, io, { method: "GET", path });
  if (reply.kind === "refused" && reply.code === "ORDERNOTEXIST") {
    return { kind: "ok", value: bareReport(paymentId, "absent", reply.error.channelCode) };
  }
  if (reply.kind !== "success") return failed(reply);
  const trade = dialect.trade.safeParse(parseJson(reply.body));
  if (reply.status !== 200 || !trade.success) return malformed;
  // The signature does not cover the request: a genuine reply about another order could be put in
  // the place of this one.
  if (!namesOrderOf(keys.parties, trade.data) || trade.data.out_trade_no !== paymentId) {
    const message = "The reply is about another order.";
    return unknown("other_order", message);
  }
  const report = reportOfTrade(trade.data, dialect.homeCurrency);
  if (report.ok) return { kind: "ok", value: report.value };
  io.log("warn", "wechat_trade_not_understood", { reason: report.error });
  return unknown(report.error, "The order's state is not clear.");
}

export const queryPayment = (
  { paymentId }: SentOrder,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<PaymentReport>> =>
  withKeys(account, (keys) => query(paymentId, account, keys, io, dialect));

/** Refusals of a close behind which an order may stand that is paid, being paid or closed. */
const CLOSE_NEEDS_QUERY: ReadonlySet<string> = new Set([
  "ORDERPAID",
  "ORDERCLOSED",
  "TRADEERROR",
  "USERPAYING",
  "INVALIDREQUEST",
]);

export const closePayment = (
  { paymentId }: SentOrder,
  account: ChannelAccount,
  io: ChannelIo,
  dialect: Dialect,
): Promise<Outcome<PaymentReport>> =>
  withKeys(account, async (keys): Promise<Outcome<PaymentReport>> => {
    const reply = await exchange(account, keys, io, {
      method: "POST",
      path: `${orderPath(dialect, keys.party, paymentId)}/close`,
      body: JSON.stringify(merchantIds(keys.party)),
    });
    if (reply.kind === "success" && reply.status === 204) {
      return { kind: "ok", value: bareReport(paymentId, "closed", "CLOSED") };
    }
    if (reply.kind === "unknown") return reply;
    if (reply.kind === "refused") {
      if (reply.code === "ORDERNOTEXIST") {
        return { kind: "ok", value: bareReport(paymentId, "absent", reply.error.channelCode) };
      }
      if (!CLOSE_NEEDS_QUERY.has(reply.code)) return failed(reply);
    }
    return query(paymentId, account, keys, io, dialect);
  });
