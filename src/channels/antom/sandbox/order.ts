/** The body of a simulated `pay`, checked as strictly as Antom's manual describes it. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxOrders } from "../../../sandbox/simulator.ts";
import { CHANNEL, readTime } from "./identity.ts";
import { illegal, type Body } from "./reply.ts";
import type { Call } from "./request.ts";

const MINUTE_MS = 60_000;

/** Without a deadline of its own: a cashier payment, and a code in a store. */
const CASHIER_LIFE_MS = 14 * MINUTE_MS;
const STORE_LIFE_MS = 3 * MINUTE_MS;

/** A deadline of one's own is nearer than this. */
const DEADLINE_BOUND_MS = 10 * MINUTE_MS;

export const orderNumber = z.string().regex(/^[\w-]{1,46}$/);

export const amountFields = z.looseObject({
  currency: z.string().regex(/^[A-Z]{3}$/),
  value: z.string().regex(/^[1-9]\d{0,14}$/),
});

const url = z.url().max(2048);
const text = (limit: number) => z.string().min(1).max(limit);
const mcc = z.string().regex(/^\d{4}$/);

const merchantFields = z.looseObject({
  referenceMerchantId: text(64),
  merchantMCC: mcc,
  merchantName: text(256),
  store: z
    .looseObject({ referenceStoreId: text(64), storeName: text(512), storeMCC: mcc.optional() })
    .optional(),
});

const common = {
  paymentRequestId: orderNumber,
  order: z.looseObject({
    referenceOrderId: text(64),
    orderDescription: z
      .string()
      .refine((description) => description !== "" && Array.from(description).length <= 256),
    orderAmount: amountFields,
    merchant: merchantFields.optional(),
  }),
  paymentAmount: amountFields,
  paymentNotifyUrl: url.optional(),
  paymentExpiryTime: z.string().optional(),
  settlementStrategy: z
    .looseObject({ settlementCurrency: z.string().regex(/^[A-Z]{3}$/) })
    .optional(),
};

const wallet = z.looseObject({ paymentMethodType: text(64) });

const fields = z.discriminatedUnion("productCode", [
  z.looseObject({
    ...common,
    productCode: z.literal("CASHIER_PAYMENT"),
    paymentMethod: wallet,
    paymentRedirectUrl: url,
    env: z.discriminatedUnion("terminalType", [
      z.looseObject({ terminalType: z.literal("WEB") }),
      z.looseObject({
        terminalType: z.literal("WAP"),
        osType: z.enum(["IOS", "ANDROID"]).optional(),
      }),
      z.looseObject({ terminalType: z.literal("APP"), osType: z.enum(["IOS", "ANDROID"]) }),
    ]),
  }),
  z.looseObject({
    ...common,
    productCode: z.literal("IN_STORE_PAYMENT"),
    paymentMethod: z.looseObject({
      paymentMethodType: text(64),
      paymentMethodId: text(128).optional(),
    }),
    paymentFactor: z.looseObject({ inStorePaymentScenario: z.enum(["OrderCode", "PaymentCode"]) }),
  }),
]);

/** How the buyer pays. */
export type Presentation =
  | { readonly type: "link"; readonly terminal: "WEB" | "WAP" | "APP" }
  | { readonly type: "order_code" }
  | { readonly type: "payment_code"; readonly code: string };

export interface PayOrder {
  readonly order: Parameters<SandboxOrders["create"]>[0];
  readonly wallet: string;
  readonly presentation: Presentation;
  /** Why a new order of these terms is refused by its deadline; a repeat is not. */
  readonly deadlineRefusal: Body | null;
}

type Fields = z.infer<typeof fields>;

function presentationOf(content: Fields): Presentation {
  if (content.productCode === "CASHIER_PAYMENT") {
    return { type: "link", terminal: content.env.terminalType };
  }
  return content.paymentFactor.inStorePaymentScenario === "OrderCode"
    ? { type: "order_code" }
    : { type: "payment_code", code: content.paymentMethod.paymentMethodId ?? "" };
}

/** The order as it will be kept, or Antom's answer to one that it does not take. */
export function readPay(call: Call, now: number): Result<PayOrder, Body> {
  const parsed = fields.safeParse(call.content);
  if (!parsed.success) return err(illegal(parsed.error.issues[0]?.path.join(".") ?? "body"));
  const content = parsed.data;
  const { paymentRequestId, paymentAmount, order } = content;
  if (call.isAcquirer && order.merchant === undefined) return err(illegal("order.merchant"));
  const isSame =
    order.orderAmount.currency === paymentAmount.currency &&
    order.orderAmount.value === paymentAmount.value;
  if (!isSame) return err(illegal("order.orderAmount"));
  const deadline =
    content.paymentExpiryTime === undefined ? null : readTime(content.paymentExpiryTime);
  if (content.paymentExpiryTime !== undefined && deadline === null) {
    return err(illegal("paymentExpiryTime"));
  }
  const life = content.productCode === "CASHIER_PAYMENT" ? CASHIER_LIFE_MS : STORE_LIFE_MS;
  const isBadDeadline =
    deadline !== null && (deadline <= now || deadline >= now + DEADLINE_BOUND_MS);
  return ok({
    order: {
      channel: CHANNEL,
      merchant: call.clientId,
      orderNumber: paymentRequestId,
      parameters: canonicalJson(call.content),
      currency: paymentAmount.currency,
      value: Number(paymentAmount.value),
      notifyUrl: content.paymentNotifyUrl ?? "",
      expiresAt: deadline ?? now + life,
    },
    wallet: content.paymentMethod.paymentMethodType,
    presentation: presentationOf(content),
    deadlineRefusal: isBadDeadline ? illegal("paymentExpiryTime") : null,
  });
}
