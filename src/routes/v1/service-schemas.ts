/** How services look on the wire. */
import { z } from "@hono/zod-openapi";

import { ManifestMembers, type ServiceManifest } from "../../agents/manifest.ts";
import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { iso } from "../../clock.ts";
import { CurrencyCode } from "../../money-input.ts";
import { SearchText } from "../../plain-text.ts";
import type { ServiceRow, ServiceVersionRow } from "../../store/services.ts";
import { Timestamp } from "../http.ts";
import { pageQuery } from "../pages.ts";

/** Longest search, in characters. */
const SEARCH_LENGTH = 100;

export const Service = z
  .object({
    id: z.string().openapi({ example: "svc_01k5x0e8m3v7q2r9t4w6y8z0ab" }),
    object: z.literal("service"),
    livemode: z.boolean(),
    status: z
      .enum(["draft", "active", "inactive"])
      .openapi({ description: "Only an active service is found by others and can be paid." }),
    ...ManifestMembers.shape,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi("Service");

export const ServiceVersion = z
  .object({
    object: z.literal("service_version"),
    service: z.string().openapi({ description: "The service's id." }),
    version: z.string().openapi({ description: "SemVer." }),
    manifest: z.object(ManifestMembers.shape).openapi({ description: "As it was in force." }),
    created_at: Timestamp.openapi({ description: "When it went into force." }),
  })
  .openapi("ServiceVersion");

export const ServiceValidation = z
  .object({
    object: z.literal("service_validation"),
    service: z.string().openapi({ description: "The service's id." }),
    valid: z
      .boolean()
      .openapi({ description: "Whether it can be activated: no issue is an error." }),
    issues: z
      .array(
        z.object({
          path: z.string().openapi({ description: "The member of the manifest." }),
          message: z.string().openapi({ description: "For people." }),
          severity: z.enum(["error", "warning"]).openapi({
            description: "A warning does not stand in the way.",
          }),
        }),
      )
      .openapi({ description: "Everything that is to be said of it." }),
  })
  .openapi("ServiceValidation");

export const SearchQuery = z.strictObject({
  q: SearchText(SEARCH_LENGTH)
    .optional()
    .openapi({
      description:
        "Words, or parts of them, that are all in the name, description, provider or tags. Words of " +
        "one or two characters are looked for in names only, and in those of the 2,000 newest.",
    }),
  channel: z
    .enum(CHANNEL_SLUGS)
    .optional()
    .openapi({ description: "Only those that accept this channel." }),
  currency: CurrencyCode.optional().openapi({
    description: "Only those with a one-time price in this currency.",
  }),
  mine: z.enum(["true", "false"]).optional().openapi({
    description: "`true`: all of your own instead, in every state. Needs a key.",
  }),
  ...pageQuery,
});

/** Manifests are checked when they are saved. */
export const manifestOf = (row: Pick<ServiceRow, "manifest">): ServiceManifest =>
  row.manifest as unknown as ServiceManifest;

/** A service as its merchant sees it. */
export const showOwn = (row: ServiceRow) => ({
  id: row.id,
  object: "service" as const,
  livemode: row.livemode,
  status: row.status,
  ...manifestOf(row),
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
});

/** As everybody else does: without the address of the merchant's own server. */
export function showPublic(row: ServiceRow) {
  const { webhook_url: _, ...shown } = showOwn(row);
  return shown;
}

export const showVersion = (row: ServiceVersionRow) => ({
  object: "service_version" as const,
  service: row.service_id,
  version: row.version,
  manifest: manifestOf(row),
  created_at: iso(row.created_at),
});
