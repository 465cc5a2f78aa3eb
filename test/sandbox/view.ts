/** A payment's public JSON, and payments' objects that answer it, for tests of what only reads. */
import { env } from "cloudflare:workers";

import type { BuyerView } from "../../src/intent/buyer-view.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import { qrType } from "../../src/qr/classify.ts";

export interface ViewChoice {
  readonly id: string;
  readonly status: PaymentIntentView["status"];
  /** The code; null: none yet. */
  readonly data: string | null;
  readonly livemode?: boolean;
  readonly channel?: string;
  readonly merchantAccount?: string;
  readonly description?: string | null;
  readonly metadata?: Record<string, string>;
}

export function testView(choice: ViewChoice): PaymentIntentView {
  const time = "2026-11-01T08:00:00.000Z";
  const { id, data } = choice;
  return {
    id,
    object: "payment_intent",
    livemode: choice.livemode ?? false,
    type: "one_time",
    status: choice.status,
    amount: { currency: "CNY", value: 699 },
    amount_refunded: { currency: "CNY", value: 0 },
    settlement: null,
    fee: null,
    description: choice.description ?? null,
    merchant_order_id: null,
    service_id: null,
    channel: choice.channel ?? "wechat",
    channels: null,
    method: "qr",
    channel_account: "ca_00000000000000000000000001",
    channel_transaction_id: null,
    payer: null,
    payee: {
      merchant_id: "m_00000000000000000000000001",
      merchant_account: choice.merchantAccount ?? "1900000001",
    },
    qr:
      data === null
        ? null
        : {
            charge_id: id.replace(/^pi_/, "qr_"),
            type: qrType(data),
            data,
            image_url: `https://pay.example/v1/qr/${id}.svg`,
            scan_url: data,
            expires_at: time,
          },
    next_action: { type: "wait" },
    checkout_url: `https://pay.example/pay/${id}`,
    last_error: null,
    metadata: choice.metadata ?? {},
    sequence: 1,
    created_at: time,
    updated_at: time,
    expires_at: time,
    succeeded_at: null,
  };
}

/** The same as its buyer sees it. */
export const testBuyer = (
  intent: PaymentIntentView,
  changes: Partial<BuyerView> = {},
): BuyerView => ({
  intent,
  order_number: intent.id,
  merchant_name: "Corner Shop",
  return_url: null,
  options: [{ channel: intent.channel ?? "wechat" }],
  openid_known: false,
  ...changes,
});

/** The bindings with objects that know these payments and nothing else. */
export function envWith(
  intents: ReadonlyMap<string, PaymentIntentView>,
  changes: ReadonlyMap<string, Partial<BuyerView>> = new Map(),
): {
  readonly env: Env;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const INTENTS = {
    getByName: (id: string) => ({
      get: async () => {
        asked.push(id);
        const view = intents.get(id);
        return view === undefined ? null : JSON.stringify(view);
      },
      buyer: async () => {
        asked.push(id);
        const view = intents.get(id);
        return view === undefined ? null : JSON.stringify(testBuyer(view, changes.get(id)));
      },
    }),
  };
  // A copy: to assign to what inherits from the Worker's own bindings changes those.
  return { env: { ...env, INTENTS: INTENTS as unknown as Env["INTENTS"] }, asked };
}
