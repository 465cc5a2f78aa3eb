/**
 * What differs between WeChat Pay in the mainland and abroad: paths, members and words. The flow and
 * the signatures are the same, so both channels share everything else.
 */
import type * as z from "zod";

import type { ChargeOrder, Method, ReportedRefundState } from "../adapter.ts";
import type { Version } from "./keys.ts";
import {
  REFUND_STATES,
  refundNoticeSchema,
  refundReplySchema,
  tradeSchema,
  type RefundNews,
  type Trade,
} from "./mapping.ts";
import { merchantIds, type Party } from "./party.ts";

/** The methods that WeChat Pay has for an order that the buyer confirms. */
export const WECHAT_METHODS = ["qr", "jsapi", "app", "wap"] as const satisfies readonly Method[];

export type WechatMethod = (typeof WECHAT_METHODS)[number];

export const isWechatMethod = (method: Method): method is WechatMethod =>
  (WECHAT_METHODS as readonly Method[]).includes(method);

export interface Dialect {
  /** Where orders are made, asked for and closed. */
  ordersPath(party: Party): string;
  /** The last part of the path that makes an order. */
  readonly makes: Readonly<Record<WechatMethod, string>>;
  /** Members of an order that the other territory does not have. */
  orderExtras(order: ChargeOrder, version: Version): Readonly<Record<string, string>>;
  /** What a page outside WeChat must say about itself. */
  pageInfo(order: ChargeOrder): Readonly<Record<string, unknown>>;
  /** The currency of messages that name none; null: they always do. */
  readonly homeCurrency: string | null;
  readonly trade: z.ZodType<Trade>;
  readonly refunds: RefundDialect;
}

interface RefundDialect {
  readonly createPath: string;
  queryPath(refundNumber: string, party: Party): string;
  /** The merchant's numbers in a new refund. */
  ids(party: Party): Readonly<Record<string, string>>;
  readonly created: z.ZodType<RefundNews>;
  readonly queried: z.ZodType<RefundNews>;
  readonly notice: z.ZodType<RefundNews>;
  readonly states: Readonly<Record<string, ReportedRefundState>>;
}

export const queryString = (ids: Readonly<Record<string, string>>): string =>
  Object.keys(ids).length === 0 ? "" : `?${new URLSearchParams(ids).toString()}`;

const SYSTEMS = { ios: "iOS", android: "Android" } as const;

const REFUNDS = "/v3/refund/domestic/refunds";

/** Both modes refund on one path; the sub-merchant is named where there is one. */
const subMerchant = (party: Party): Readonly<Record<string, string>> =>
  party.kind === "direct" ? {} : { sub_mchid: party.subMchid };

export const MAINLAND: Dialect = {
  ordersPath: ({ kind }) =>
    kind === "direct" ? "/v3/pay/transactions" : "/v3/pay/partner/transactions",
  makes: { qr: "native", jsapi: "jsapi", app: "app", wap: "h5" },
  orderExtras: () => ({}),
  pageInfo: ({ osType }) => ({ h5_info: { type: osType === null ? "Wap" : SYSTEMS[osType] } }),
  homeCurrency: "CNY",
  trade: tradeSchema,
  refunds: {
    createPath: REFUNDS,
    queryPath: (number, party) =>
      `${REFUNDS}/${encodeURIComponent(number)}${queryString(subMerchant(party))}`,
    ids: subMerchant,
    created: refundReplySchema,
    queried: refundReplySchema,
    notice: refundNoticeSchema,
    states: REFUND_STATES,
  },
};

/** The path of one order, as queries and closes name it. */
export const orderPath = (dialect: Dialect, party: Party, paymentId: string): string =>
  `${dialect.ordersPath(party)}/out-trade-no/${encodeURIComponent(paymentId)}`;

export const queryPath = (dialect: Dialect, party: Party, paymentId: string): string =>
  orderPath(dialect, party, paymentId) + queryString(merchantIds(party));
