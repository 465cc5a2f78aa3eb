/**
 * Orders that never pass through a call of ours: a signed link that the buyer's browser opens, or a
 * signed text that the merchant's app hands to Alipay's SDK. "Page and app entry calls" of Alipay's
 * manual. RSASSA-PKCS1-v1_5 knows no randomness and the time is the order's own, so every repeat
 * gives the same bytes.
 */
import type { ChargeAction, ChargeOrder, Method } from "../adapter.ts";
import type { AlipayKeys } from "./keys.ts";
import { publicParameters } from "./public-parameters.ts";
import { signRequest } from "./signing.ts";

const METHODS = {
  app: "alipay.trade.app.pay",
  wap: "alipay.trade.wap.pay",
  web: "alipay.trade.page.pay",
} as const satisfies Partial<Record<Method, string>>;

export type LinkMethod = keyof typeof METHODS;

/** `k=v` joined by `&`, values escaped so that also an app's SDK can read them: `%20`, never `+`. */
export const writeParameters = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");

/**
 * @param pages where the buyer's browser reaches Alipay, without a query
 * @param payload the prepared `biz_content`
 */
export async function linkAction(
  method: LinkMethod,
  payload: string,
  order: ChargeOrder,
  keys: AlipayKeys,
  pages: string,
): Promise<ChargeAction> {
  const signed = writeParameters(
    await signRequest(
      {
        ...publicParameters(keys, METHODS[method], order.createdAt),
        notify_url: order.notifyUrl,
        // Comfort for the buyer, not proof of a payment: what it carries is never believed.
        return_url: order.returnUrl ?? "",
        biz_content: payload,
      },
      keys.signingKey,
    ),
  );
  return method === "app"
    ? { type: "invoke_sdk", sdk: "alipay_app", params: { orderStr: signed } }
    : { type: "redirect", url: `${pages}?${signed}` };
}
