/** A new merchant with its first keys and test accounts, made by an operator or by itself. */
import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { issueKey } from "../../onboarding/keys.ts";
import { sandboxAccounts } from "../../onboarding/sandbox-accounts.ts";
import { addChannelAccounts } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import {
  type ApiKey,
  insertMerchant,
  type Merchant,
  type RegistrationQuota,
} from "../../store/merchants.ts";
import { auditEntry } from "../audit.ts";
import type { AppContext } from "../http.ts";
import { showApiKey } from "./api-key-schemas.ts";
import { showMerchant } from "./merchant-schemas.ts";

/** A key with all rights, for a merchant that has none. */
export const fullKey = async (
  c: AppContext,
  merchantId: string,
  livemode: boolean,
  label: string,
) =>
  issueKey(
    c.env,
    {
      id: await c.var.newId("apiKey", livemode ? "live" : "test"),
      merchant_id: merchantId,
      livemode,
      label,
      scopes: ["*"],
      ip_allow: [],
      expires_at: null,
    },
    c.var.now,
  );

/** The audit log's entry for a key that no key of the merchant's made. */
export const keyCreated = (c: AppContext, row: ApiKey) =>
  auditEntry(c, {
    merchantId: row.merchant_id,
    livemode: row.livemode,
    action: "api_key.created",
    target: row.id,
    before: null,
    after: showApiKey(row, c.var.now),
  });

export interface NewMerchant {
  readonly name: string;
  readonly email?: string | undefined;
  readonly settlement_currency?: Merchant["settlement_currency"] | undefined;
}

/**
 * Who makes it is the context's actor.
 * @returns what to answer, with the keys in clear; null: the quota is used up
 */
export async function newMerchant(
  c: AppContext,
  fields: NewMerchant,
  status: "active" | "unverified",
  quota: RegistrationQuota | null = null,
) {
  const { now } = c.var;
  const row: Merchant = {
    id: await c.var.newId("merchant"),
    name: fields.name,
    email: fields.email ?? null,
    settlement_currency: fields.settlement_currency ?? null,
    status,
    created_at: now,
    updated_at: now,
  };
  const test = await fullKey(c, row.id, false, "first key");
  const live = await fullKey(c, row.id, true, "first key");
  const accounts = await sandboxAccounts(c.env, row.id, CHANNEL_SLUGS, now);
  const db = database(c.env.DB);
  const shown = showMerchant(row);
  const made = auditEntry(c, {
    merchantId: row.id,
    livemode: null,
    action: status === "active" ? "merchant.created" : "merchant.registered",
    target: row.id,
    before: null,
    after: shown,
  });
  const also = { merchant: made, key: (key: ApiKey) => keyCreated(c, key) };
  if (!(await insertMerchant(db, row, [test.row, live.row], also, quota))) return null;
  await addChannelAccounts(db, accounts);
  return { ...shown, keys: { test: test.key, live: live.key } };
}
