/**
 * WeChat Pay APIv3 (mainland, CNY): direct merchants, native (QR) orders.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
import * as z from "zod";

import type {
  ChannelAccount,
  ChannelAdapter,
  ChannelInfo,
  ChannelIo,
  Charge,
  ChargeOrder,
  Outcome,
  PaymentReport,
  ReportedState,
  SentOrder,
} from "../adapter.ts";
import { acknowledge, verifyCallback } from "./callback.ts";
import { exchange, untrusted, withKeys, type Exchange } from "./exchange.ts";
import { directMode } from "./examine.ts";
import type { AccountKeys } from "./keys.ts";
import { parseJson, reportOfTrade, tradeSchema, WECHAT_ERRORS } from "./mapping.ts";
import { prepareOrder } from "./order.ts";
import { selfCheck } from "./self-check.ts";

/** The main host and the backup in another region. There is no test environment. */
export const WECHAT_ENDPOINTS: readonly string[] = [
  "https://api.mch.weixin.qq.com",
  "https://api2.mch.weixin.qq.com",
];

const QR_LIFETIME_SECONDS = 7_200;

const info: ChannelInfo = {
  slug: "wechat",
  name: "WeChat Pay",
  region: "CN",
  currencies: ["CNY"],
  methods: ["qr"],
  requires: {},
  options: [],
  qrStandard: "WeChat Pay code URL",
  qrLifetimeSeconds: QR_LIFETIME_SECONDS,
  // The upper limit is ours (CNY 1,000,000): real ones depend on the merchant, the buyer and the
  // bank, and WeChat Pay does not publish them.
  limits: { min: 1, max: 100_000_000 },
  refunds: { partial: true, maxPartials: 50, windowDays: 365, spacingSeconds: 60 },
  confirmedBy: "channel_callback",
  feeRangeBasisPoints: [20, 60],
  status: "beta",
};

const TRANSACTIONS = "/v3/pay/transactions";

const orderPath = (paymentId: string): string =>
  `${TRANSACTIONS}/out-trade-no/${encodeURIComponent(paymentId)}`;

/** An exchange that did not succeed, as the outcome it stands for. */
const failed = (reply: Exclude<Exchange, { kind: "success" }>): Outcome<never> =>
  reply.kind === "unknown" ? reply : { kind: reply.outcome, error: reply.error };

const malformed: Outcome<never> = {
  kind: "unknown",
  error: untrusted("malformed_reply", "The reply does not have the documented form."),
};

const codeSchema = z.looseObject({ code_url: z.string().min(1).max(1024) });

/** After two hours the same text gives a fresh code, and the old one dies. */
const createCharge = (
  payload: string,
  order: ChargeOrder,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<Charge>> =>
  withKeys(account, async (keys): Promise<Outcome<Charge>> => {
    const path = `${TRANSACTIONS}/native`;
    const reply = await exchange(account, keys, io, { method: "POST", path, body: payload });
    if (reply.kind !== "success") return failed(reply);
    const code = codeSchema.safeParse(parseJson(reply.body));
    // 202 means accepted and not done: the order is asked for again.
    if (reply.status !== 200 || !code.success) return malformed;
    const expiresAt = Math.min(order.expiresAt, io.now() + QR_LIFETIME_SECONDS * 1000);
    const action = { type: "show_qr", data: code.data.code_url } as const;
    return { kind: "ok", value: { action, expiresAt } };
  });

/** A report that says nothing but the state. */
const bare = (paymentId: string, state: ReportedState, channelStatus: string): PaymentReport => ({
  paymentId,
  state,
  amount: null,
  channelTransactionId: null,
  paidAt: null,
  channelStatus,
});

async function query(
  paymentId: string,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const path = `${orderPath(paymentId)}?mchid=${keys.mchid}`;
  const reply = await exchange(account, keys, io, { method: "GET", path });
  if (reply.kind === "refused" && reply.code === "ORDERNOTEXIST") {
    return { kind: "ok", value: bare(paymentId, "absent", reply.error.channelCode) };
  }
  if (reply.kind !== "success") return failed(reply);
  const trade = tradeSchema.safeParse(parseJson(reply.body));
  if (reply.status !== 200 || !trade.success) return malformed;
  const { mchid, appid, out_trade_no } = trade.data;
  const ours = keys.identities.some((own) => own.mchid === mchid && own.appid === appid);
  // The signature does not cover the request: a genuine reply about another order could be put in
  // the place of this one.
  if (!ours || out_trade_no !== paymentId) {
    const message = "The reply is about another order.";
    return { kind: "unknown", error: untrusted("other_order", message) };
  }
  const report = reportOfTrade(trade.data);
  if (report.ok) return { kind: "ok", value: report.value };
  io.log("warn", "wechat_trade_not_understood", { reason: report.error });
  return { kind: "unknown", error: untrusted(report.error, "The order's state is not clear.") };
}

/** Refusals of a close behind which an order may stand that is paid, being paid or closed. */
const CLOSE_NEEDS_QUERY: ReadonlySet<string> = new Set([
  "ORDERPAID",
  "ORDERCLOSED",
  "TRADEERROR",
  "USERPAYING",
  "INVALIDREQUEST",
]);

const closePayment = (
  { paymentId }: SentOrder,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> =>
  withKeys(account, async (keys): Promise<Outcome<PaymentReport>> => {
    const reply = await exchange(account, keys, io, {
      method: "POST",
      path: `${orderPath(paymentId)}/close`,
      body: JSON.stringify({ mchid: keys.mchid }),
    });
    if (reply.kind === "success" && reply.status === 204) {
      return { kind: "ok", value: bare(paymentId, "closed", "CLOSED") };
    }
    if (reply.kind === "unknown") return reply;
    if (reply.kind === "refused") {
      if (reply.code === "ORDERNOTEXIST") {
        return { kind: "ok", value: bare(paymentId, "absent", reply.error.channelCode) };
      }
      if (!CLOSE_NEEDS_QUERY.has(reply.code)) return failed(reply);
    }
    return query(paymentId, account, keys, io);
  });

export const wechat: ChannelAdapter = {
  info,
  modes: { direct: directMode },
  errors: WECHAT_ERRORS,
  prepareCharge: (order, account) => prepareOrder(order, account),
  createCharge,
  queryPayment: ({ paymentId }, account, io) =>
    withKeys(account, (keys) => query(paymentId, account, keys, io)),
  closePayment,
  verifyCallback,
  acknowledge,
  selfCheck,
};
