/** The mainland's own forms and words. */
import * as z from "zod";

import type { SandboxOrderRecord, SandboxRefund } from "../../../sandbox/simulator.ts";
import type { Flavour, Make, RefundPlace } from "./flavour.ts";
import {
  clientIp,
  directIds,
  orderMembers,
  partnerIds,
  payer,
  refundMembers,
  scene,
} from "./forms.ts";
import { chinaTime } from "./words.ts";

const members = {
  ...orderMembers,
  limit_pay: z.array(z.enum(["no_balance", "no_credit", "no_debit", "balance_only"])).optional(),
  support_fapiao: z.boolean().optional(),
  amount: z.strictObject({
    total: z.int().min(1),
    currency: z.literal("CNY").optional(),
  }),
  scene_info: z.strictObject(scene).optional(),
  settle_info: z.strictObject({ profit_sharing: z.boolean().optional() }).optional(),
};

/** A page outside WeChat has to say whose browser it is in. */
const pageScene = z.strictObject({
  ...scene,
  payer_client_ip: clientIp,
  h5_info: z.looseObject({ type: z.enum(["Wap", "iOS", "Android"]) }),
});

function orderForm(make: Make, partner: boolean) {
  const ids = partner ? partnerIds : directIds;
  const form = z.strictObject({ ...ids, ...members });
  if (make === "h5") return form.extend({ scene_info: pageScene });
  return make === "jsapi" ? form.extend({ payer: payer(partner) }) : form;
}

const directRefund = z.strictObject({
  ...refundMembers,
  funds_account: z.enum(["AVAILABLE", "UNSETTLED"]).optional(),
  amount: z.strictObject({
    refund: z.int().min(1),
    total: z.int().min(1),
    currency: z.literal("CNY"),
  }),
});

const partnerRefund = directRefund.extend({ sub_mchid: z.string() });

const STATES: Readonly<Record<SandboxRefund["state"], string>> = {
  processing: "PROCESSING",
  succeeded: "SUCCESS",
  abnormal: "ABNORMAL",
};

function refundAs(record: SandboxOrderRecord, refund: SandboxRefund, place: RefundPlace) {
  const { refundedAt, value } = refund;
  const amount = { total: record.value, refund: value, payer_total: record.value };
  const common = {
    refund_id: refund.channelRefundId,
    out_refund_no: refund.refundNumber,
    transaction_id: record.transactionId,
    out_trade_no: record.orderNumber,
    user_received_account: "支付用户零钱",
    ...(refundedAt === null ? {} : { success_time: chinaTime(refundedAt) }),
  };
  if (place === "notice") {
    const refund_status = STATES[refund.state];
    return { ...common, refund_status, amount: { ...amount, payer_refund: value } };
  }
  return {
    ...common,
    channel: "ORIGINAL",
    create_time: chinaTime(refund.createdAt),
    status: STATES[refund.state],
    funds_account: "AVAILABLE",
    amount: {
      ...amount,
      payer_refund: value,
      settlement_total: record.value,
      settlement_refund: value,
      discount_refund: 0,
      currency: record.currency,
    },
    promotion_detail: [],
  };
}

export const mainland: Flavour = {
  slug: "wechat",
  tradeTypes: { native: "NATIVE", jsapi: "JSAPI", app: "APP", h5: "MWEB" },
  orderForm,
  refundForm: (partner) => (partner ? partnerRefund : directRefund),
  homeCurrency: "CNY",
  pageMember: "h5_url",
  tradeNumber: (record) => ({ transaction_id: record.transactionId }),
  refund: refundAs,
};
