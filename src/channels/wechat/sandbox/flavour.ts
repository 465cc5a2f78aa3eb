/** What differs between the simulated WeChat Pay of the mainland and the one abroad. */
import type * as z from "zod";

import type { SandboxOrderRecord, SandboxRefund } from "../../../sandbox/simulator.ts";

/** The kinds of order: the last part of the path that makes one. */
export type Make = "native" | "jsapi" | "app" | "h5";

/** The numbers of an order, in either mode. */
export interface Ids {
  readonly appid?: string | undefined;
  readonly mchid?: string | undefined;
  readonly sp_appid?: string | undefined;
  readonly sp_mchid?: string | undefined;
  readonly sub_appid?: string | undefined;
  readonly sub_mchid?: string | undefined;
}

export interface OrderBody extends Ids {
  readonly out_trade_no: string;
  readonly notify_url: string;
  readonly time_expire?: string | undefined;
  readonly attach?: string | undefined;
  readonly amount: { readonly total: number; readonly currency?: string | undefined };
  readonly payer?:
    | { readonly sub_openid?: string | undefined; readonly sp_openid?: string | undefined }
    | undefined;
}

export interface RefundBody extends Ids {
  readonly out_trade_no?: string | undefined;
  readonly out_refund_no: string;
  readonly notify_url?: string | undefined;
  readonly amount: { readonly refund: number; readonly total: number; readonly currency: string };
}

/** Where a refund is told of. */
export type RefundPlace = "created" | "queried" | "notice";

export interface Flavour {
  readonly slug: string;
  /** `trade_type` of each kind of order. */
  readonly tradeTypes: Readonly<Record<Make, string>>;
  /** The strict form of a new order. */
  orderForm(make: Make, partner: boolean): z.ZodType<OrderBody>;
  refundForm(partner: boolean): z.ZodType<RefundBody>;
  readonly homeCurrency: string;
  /** The member that carries the page's address. */
  readonly pageMember: string;
  /** The transaction's number, under its name. */
  tradeNumber(record: SandboxOrderRecord): Record<string, unknown>;
  /** A refund in the words of the place; without the merchant's numbers. */
  refund(
    record: SandboxOrderRecord,
    refund: SandboxRefund,
    place: RefundPlace,
  ): Record<string, unknown>;
}
