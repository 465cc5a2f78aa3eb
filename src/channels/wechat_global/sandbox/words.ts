/** The forms and words of the simulated global API. */
import * as z from "zod";

import type { SandboxOrderRecord, SandboxRefund } from "../../../sandbox/simulator.ts";
import type { Flavour, Make, RefundPlace } from "../../wechat/sandbox/flavour.ts";
import {
  clientIp,
  directIds,
  orderMembers,
  partnerIds,
  payer,
  refundMembers,
  rfc3339,
  scene,
  shortText,
} from "../../wechat/sandbox/forms.ts";
import { chinaTime } from "../../wechat/sandbox/words.ts";

const TRADE_TYPES: Readonly<Record<Make, string>> = {
  native: "NATIVE",
  jsapi: "JSAPI",
  app: "APP",
  h5: "MWEB",
};

const currency = z.string().regex(/^[A-Z]{3}$/, "must be ISO 4217 in capitals");

const members = {
  ...orderMembers,
  merchant_category_code: shortText(16),
  limit_pay: z.literal("no_credit").optional(),
  time_start: rfc3339.optional(),
  amount: z.strictObject({ total: z.int().min(1), currency }),
  scene_info: z.strictObject(scene).optional(),
};

function orderForm(make: Make, partner: boolean) {
  const ids = partner ? partnerIds : directIds;
  const form = z.strictObject({
    ...ids,
    ...members,
    trade_type: z.literal(TRADE_TYPES[make]),
  });
  if (make === "h5") {
    return form.extend({ scene_info: z.strictObject({ ...scene, payer_client_ip: clientIp }) });
  }
  return make === "jsapi" ? form.extend({ payer: payer(partner) }) : form;
}

const refundForm = (partner: boolean) =>
  z.strictObject({
    ...(partner ? partnerIds : directIds),
    ...refundMembers,
    source: z.enum(["REFUND_SOURCE_UNSETTLED_FUNDS", "REFUND_SOURCE_RECHARGE_FUNDS"]).optional(),
    amount: z.strictObject({ refund: z.int().min(1), total: z.int().min(1), currency }),
  });

const STATES: Readonly<Record<SandboxRefund["state"], string>> = {
  processing: "PROCESSING",
  succeeded: "SUCCESS",
  abnormal: "ABNORMAL",
};

function refundAs(record: SandboxOrderRecord, refund: SandboxRefund, place: RefundPlace) {
  const { refundedAt, value } = refund;
  const taken = {
    id: refund.channelRefundId,
    out_refund_no: refund.refundNumber,
    create_time: chinaTime(refund.createdAt),
    amount: {
      refund: value,
      currency: record.currency,
      payer_refund: value,
      payer_currency: record.currency,
    },
  };
  if (place === "created") return taken;
  return {
    ...taken,
    transaction_id: record.transactionId,
    out_trade_no: record.orderNumber,
    channel: "ORIGINAL",
    recv_account: "支付用户零钱",
    ...(refundedAt === null ? {} : { success_time: chinaTime(refundedAt) }),
    [place === "notice" ? "refund_status" : "status"]: STATES[refund.state],
  };
}

export const abroad: Flavour = {
  slug: "wechat_global",
  tradeTypes: TRADE_TYPES,
  orderForm,
  refundForm,
  homeCurrency: "HKD",
  pageMember: "mweb_url",
  tradeNumber: (record) => ({ id: record.transactionId }),
  refund: refundAs,
};
