/**
 * What an account's newest credentials say beside its keys: for whom it acts, and under which
 * contract. Read without a key import, because preparing an order must not wait.
 */
import * as z from "zod";

import { iso } from "../../clock.ts";
import { failure, type Failure } from "../../errors.ts";
import type { ChannelAccount } from "../adapter.ts";
import { perAccount } from "../per-account.ts";
import { REFUND_WINDOW_DAYS } from "./info.ts";

const terms = z.looseObject({
  app_id: z.string(),
  seller_id: z.string().optional(),
  app_auth_token: z.string().optional(),
  auth_app_id: z.string().optional(),
  app_refresh_token: z.string().optional(),
  app_auth_token_expires_at: z.number().optional(),
  sys_service_provider_id: z.string().optional(),
  refund_window_days: z.number().default(REFUND_WINDOW_DAYS),
});

export type AccountTerms = z.infer<typeof terms>;

/** @throws Error when stored credentials do not parse: they were examined when they were saved. */
export const termsOf = perAccount((account): AccountTerms => {
  const parsed = terms.safeParse(account.versions[0]);
  if (parsed.success) return parsed.data;
  throw new Error(`the Alipay credentials stored for ${account.id} cannot be read`);
});

const authorizePath = (id: string) => `POST /v1/channel-accounts/${id}/authorization`;

/**
 * Why a service provider may not act for the merchant; null when it may. Without the token Alipay
 * would take the order for the service provider's own, and the money would go to the wrong seller.
 * @param now milliseconds since 1970
 */
export function refuseUnauthorized(account: ChannelAccount, now: number): Failure | null {
  if (account.mode !== "isv") return null;
  const { app_auth_token, app_auth_token_expires_at: expiresAt } = termsOf(account);
  if (app_auth_token === undefined) {
    const message = `The merchant has not authorised the application yet: get the link from ${authorizePath(account.id)} and let the merchant open it.`;
    return failure("CHANNEL_NOT_CONFIGURED", message, { reason: "not_authorized" });
  }
  if (expiresAt !== undefined && expiresAt <= now) {
    const message = `The merchant's authorisation of the application ran out at ${iso(expiresAt)}: get a new link from ${authorizePath(account.id)}.`;
    return failure("CHANNEL_NOT_CONFIGURED", message, { reason: "authorization_expired" });
  }
  return null;
}
