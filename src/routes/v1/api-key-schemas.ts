/** How API keys look on the wire. The key itself is shown once, when it is made. */
import { z } from "@hono/zod-openapi";
import ipaddr from "ipaddr.js";

import { iso, isoOrNull } from "../../clock.ts";
import { PlainText } from "../../plain-text.ts";
import type { ApiKey } from "../../store/merchants.ts";
import { SCOPES } from "../authenticate.ts";
import { Timestamp } from "../http.ts";

export const ApiKeyView = z
  .object({
    id: z.string(),
    object: z.literal("api_key"),
    livemode: z.boolean(),
    public_id: z.string().openapi({ example: "sk_test_4Fh2kQ9xLm0Z" }),
    label: z.string().nullable(),
    scopes: z.array(z.string()),
    ip_allow: z.array(z.string()),
    status: z.enum(["active", "expired", "revoked"]),
    expires_at: Timestamp.nullable(),
    last_used_at: Timestamp.nullable(),
    created_at: Timestamp,
  })
  .openapi("ApiKey");

export const NewApiKey = ApiKeyView.extend({
  key: z.string().openapi({ description: "The whole key, shown this once." }),
}).openapi("NewApiKey");

export const RevokedApiKey = ApiKeyView.extend({
  warning: z.string().nullable().openapi({
    description: "What the revocation leaves behind, when somebody has to act on it.",
  }),
}).openapi("RevokedApiKey");

const ScopeName = z.enum(["*", ...SCOPES], `must be * or one of ${SCOPES.join(", ")}`);

const isRange = (text: string): boolean =>
  text.includes("/") ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text);

export const CreateApiKey = z
  .strictObject({
    label: PlainText(100).optional(),
    scopes: z.array(ScopeName).min(1, "must name at least one scope").max(20),
    ip_allow: z
      .array(z.string().refine(isRange, "must be an IP address or a CIDR range"))
      .max(50)
      .default([]),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .openapi("CreateApiKey");

const WEEK_S = 604_800;

export const RotateApiKey = z.strictObject({
  overlap_seconds: z.int().min(0).max(WEEK_S).default(86_400).openapi({
    description: "How long the old key still works; 0 ends it at once.",
  }),
});

export function statusOf(row: ApiKey, now: number) {
  if (row.revoked_at !== null) return "revoked" as const;
  return row.expires_at !== null && row.expires_at <= now
    ? ("expired" as const)
    : ("active" as const);
}

export const showApiKey = (row: ApiKey, now: number): z.infer<typeof ApiKeyView> => ({
  id: row.id,
  object: "api_key",
  livemode: row.livemode,
  public_id: row.public_id,
  label: row.label,
  scopes: row.scopes,
  ip_allow: row.ip_allow,
  status: statusOf(row, now),
  expires_at: isoOrNull(row.expires_at),
  last_used_at: isoOrNull(row.last_used_at),
  created_at: iso(row.created_at),
});
