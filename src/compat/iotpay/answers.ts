/** Payments and refunds in the members of IOTPay's replies. */
import type { PaymentStatus } from "../../payments/states.ts";
import type { PaymentIntentView } from "../../intent/view.ts";
import { type Carrier, carrierOf } from "./channel-ids.ts";
import { readMemo } from "./memo.ts";
import { failureMembers, type Members, refusal, success } from "./wire.ts";

/** `status` of an order. 3 (acknowledged) is not told apart from 2. */
export const STATUS_OF: Readonly<Record<PaymentStatus, number>> = {
  pending: 0,
  qr_generated: 0,
  scanning: 1,
  authorized: 1,
  captured: 1,
  succeeded: 2,
  expired: 4,
  cancelled: 9,
  failed: -1,
};

type Action = NonNullable<PaymentIntentView["next_action"]>;

/** Pages and links in the form of 2026-03-10. */
const linkMembers = (url: string, scheme: string | undefined): Members => ({
  retParams: { url, ...(scheme === undefined ? {} : { schemeUrl: scheme }) },
  retDetail: url,
  payParams: scheme ?? url,
});

/** What the wallet's SDK gets: Alipay and UnionPay take one text, WeChat Pay named members. */
function sdkMembers({ params }: Extract<Action, { type: "invoke_sdk" }>): Members {
  const values = Object.values(params);
  const [only] = values;
  if (values.length !== 1 || only === undefined) return { payParams: params };
  return { retParams: only, retDetail: only, payParams: only };
}

/** Null: the payment has nothing of that kind to show. */
function shownBy(carrier: Carrier, action: Action | null): Members | null {
  if (carrier === "nothing") return {};
  if (action === null) return null;
  switch (action.type) {
    case "show_qr": {
      const data = action.qr?.data;
      const member = carrier === "codeUrl" ? "codeUrl" : "qr_code";
      return data === undefined ? null : { [member]: data };
    }
    case "redirect":
      return carrier === "unionpayUrl"
        ? { retParams: { unionpayUrl: action.url } }
        : linkMembers(action.url, action.scheme_url);
    case "invoke_sdk":
      return sdkMembers(action);
    case "wait":
      return null;
  }
}

const numbers = (payment: PaymentIntentView) => ({
  payOrderId: payment.id,
  mchOrderNo: payment.merchant_order_id ?? "",
});

/** The answer to `create_order`. */
export function createdMembers(payment: PaymentIntentView, channelId: string): Members {
  const shown = shownBy(carrierOf(channelId) ?? "nothing", payment.next_action);
  if (shown !== null) return success({ ...numbers(payment), ...shown });
  // The channel has not answered yet, and the same order may be sent again once it was asked for.
  const text = "The wallet has not answered yet: query the order, then send it again.";
  return failureMembers(refusal("timeout", text), numbers(payment));
}

/** What query and notification say about an order. */
export function orderMembers(payment: PaymentIntentView): Members {
  const memo = readMemo(payment.metadata);
  const { succeeded_at: paidAt } = payment;
  return {
    ...numbers(payment),
    channelId: memo?.channelId ?? "",
    currency: payment.amount.currency,
    amount: payment.amount.value,
    status: STATUS_OF[payment.status],
    clientIp: memo?.clientIp ?? "",
    device: memo?.device ?? "",
    subject: memo?.subject ?? payment.description ?? "",
    body: memo?.body ?? "",
    param1: memo?.param1 ?? "",
    param2: memo?.param2 ?? "",
    channelOrderNo: payment.channel_transaction_id ?? "",
    ...(paidAt === null ? {} : { paySuccTime: Date.parse(paidAt) }),
  };
}

/** The answer to `query_order`. */
export function queriedMembers(payment: PaymentIntentView, mchId: string): Members {
  const memo = readMemo(payment.metadata);
  return success({
    mchId,
    ...orderMembers(payment),
    notifyUrl: memo?.notifyUrl ?? "",
    extra: memo?.extra ?? "",
  });
}
