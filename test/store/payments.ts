/** Copies of payments, put into D1 as the queue's consumer would. */
import { env } from "cloudflare:workers";

import { randomId } from "../../src/ids.ts";
import { database } from "../../src/store/db.ts";
import type { PaymentRow } from "../../src/store/payment-intents.ts";
import { paymentIntents } from "../../src/store/schema.ts";

export const db = database(env.DB);

/** A paid payment in live mode. */
export function paymentOf(merchantId: string, changes: Partial<PaymentRow> = {}): PaymentRow {
  const id = changes.id ?? randomId("paymentIntent");
  return {
    id,
    merchant_id: merchantId,
    livemode: true,
    sequence: 3,
    status: "succeeded",
    channel: "wechat",
    channel_account: "ca_1",
    method: "qr",
    merchant_order_id: null,
    channel_transaction_id: null,
    currency: "CNY",
    value: 699,
    refunded: 0,
    fee: 3,
    call_ms: 120,
    succeeded_at: 1_000,
    created_at: 1_000,
    deadline: null,
    snapshot: JSON.stringify({ id }),
    ...changes,
  };
}

export async function plant(rows: readonly PaymentRow[]): Promise<void> {
  const [first, ...rest] = rows.map((row) => db.insert(paymentIntents).values(row));
  if (first !== undefined) await db.batch([first, ...rest]);
}
