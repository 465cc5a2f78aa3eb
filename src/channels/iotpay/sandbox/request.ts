/** A `create_order` at the simulated IOTPay, checked as its field tables describe it. */
import * as z from "zod";

import { canonicalJson } from "../../../canonical-json.ts";
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxOrders } from "../../../sandbox/simulator.ts";
import type { Members } from "./sign.ts";

export type Operation = "create_order" | "payForSubmit";

interface Terms {
  readonly operation?: Operation;
  readonly currencies?: readonly string[];
  /** Members that this channel id requires. */
  readonly needs?: readonly string[];
  /** Members of the JSON in `extra`. */
  readonly extra?: readonly string[];
}

const PAGE_CURRENCIES = ["CAD", "USD", "CNY"];
const SCAN = ["deviceId", "codeType", "identityCode"];
const MOBILE = ["osType", "returnUrl"];

const CHANNELS: Readonly<Record<string, Terms>> = {
  WX_NATIVE: { currencies: PAGE_CURRENCIES, extra: ["productId"] },
  WX_APP: { extra: ["type", "appId"] },
  WX_MICROPAY: { needs: SCAN },
  ALIPAY_QR: {},
  ALIPAY_MOBILE: { needs: MOBILE },
  ALIPAY_WAP: { needs: MOBILE, currencies: PAGE_CURRENCIES },
  ALIPAY_PC: { needs: ["returnUrl"], currencies: PAGE_CURRENCIES },
  ALIPAY_MICROPAY: { needs: SCAN },
  UPI_QR: { currencies: ["CAD"] },
  UPI_APP: {},
  UPI_SEQ: { needs: ["returnUrl"], currencies: PAGE_CURRENCIES },
  UPI_MICROPAY: { needs: SCAN, currencies: ["CAD"] },
};

const MINI_PROGRAM: Terms = { extra: ["openId", "type", "appId"] };
const WECHAT_BROWSER: Terms = { needs: ["returnUrl"], currencies: PAGE_CURRENCIES };

function termsOf(channelId: string, operation: Operation): Terms | null {
  if (operation === "payForSubmit") return channelId === "WX_JSAPI" ? WECHAT_BROWSER : null;
  if (channelId === "WX_JSAPI") return MINI_PROGRAM;
  return Object.hasOwn(CHANNELS, channelId) ? (CHANNELS[channelId] ?? null) : null;
}

const text = (max: number) => z.string().min(1).max(max);

const fields = z.looseObject({
  mchId: text(30),
  mchOrderNo: text(30),
  channelId: text(24),
  currency: z.string().length(3),
  amount: z.int().positive(),
  clientIp: text(32),
  device: text(64).optional(),
  osType: z.enum(["IOS", "ANDROID"]).optional(),
  notifyUrl: text(200),
  returnUrl: text(200).optional(),
  subject: text(64),
  body: text(255),
  param1: z.string().max(64).optional(),
  param2: z.string().max(64).optional(),
  extra: text(512).optional(),
  jobNo: text(50),
  deviceId: text(64).optional(),
  codeType: z.literal("barcode").optional(),
  identityCode: text(64).optional(),
});

export type OrderFields = z.infer<typeof fields>;

/** How long an order can be paid. */
const LIFE_MS = 3_600_000;

function extraMembers(extra: string | undefined): Members {
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(extra ?? "{}"));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** The order, or the member that is wrong. */
export function readOrder(members: Members, operation: Operation): Result<OrderFields, string> {
  const parsed = fields.safeParse(members);
  if (!parsed.success) return err(String(parsed.error.issues[0]?.path[0]));
  const order = parsed.data;
  const terms = termsOf(order.channelId, operation);
  if (terms === null) return err("channelId");
  if (!(terms.currencies ?? ["CAD", "USD"]).includes(order.currency)) return err("currency");
  const missing = terms.needs?.find((name) => order[name] === undefined);
  if (missing !== undefined) return err(missing);
  const extra = extraMembers(order.extra);
  const isWhole = terms.extra?.every(
    (name) => typeof extra[name] === "string" && extra[name] !== "",
  );
  return isWhole === false ? err("extra") : ok(order);
}

/** What the channel keeps of it. */
export function newOrder(order: OrderFields, now: number): Parameters<SandboxOrders["create"]>[0] {
  const { sign: _, ...parameters } = order;
  return {
    channel: "iotpay",
    merchant: order.mchId,
    orderNumber: order.mchOrderNo,
    parameters: canonicalJson(parameters),
    currency: order.currency,
    value: order.amount,
    notifyUrl: order.notifyUrl,
    expiresAt: now + LIFE_MS,
  };
}

/** The order again, from what the channel kept. */
export const keptFields = (parameters: string): OrderFields => fields.parse(JSON.parse(parameters));
