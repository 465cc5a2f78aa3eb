/** The payment as the checkout page and the sandbox's wallet need it. Not for merchants. */
import { isOrdered, type IntentRecord } from "./record.ts";
import { type PaymentIntentView, toView } from "./view.ts";

export interface BuyerView {
  readonly intent: PaymentIntentView;
  /** Our number of the order at the channel; null: the buyer has not chosen yet. */
  readonly order_number: string | null;
  readonly merchant_name: string;
  /** Where the merchant wants the buyer back. */
  readonly return_url: string | null;
  /** What the buyer may choose from; one entry: there is no choice. */
  readonly options: readonly { readonly channel: string }[];
  /** What the merchant said of the payer that decides about methods. */
  readonly openid_known: boolean;
}

export function toBuyerView(record: IntentRecord): BuyerView {
  const { terms } = record;
  const { openid, sp_openid, sub_openid } = terms.payer ?? {};
  return {
    intent: toView(record),
    order_number: isOrdered(record) ? record.order.number : null,
    merchant_name: terms.merchantName,
    return_url: terms.returnUrl,
    options: terms.options.map(({ channel }) => ({ channel })),
    openid_known: (openid ?? sp_openid ?? sub_openid) !== undefined,
  };
}
