/** Whether a service can go into force: its manifest, and what its merchant has set up around it. */
import type { Issue } from "../errors.ts";
import { issuesOf } from "../issues.ts";
import type { EndpointPolicy } from "../webhooks/policy.ts";
import { ServiceManifest } from "./manifest.ts";
import { channelsFor, mostOf, withCheckedUrls } from "./manifest-rules.ts";

/** An `error` keeps the service from being active; a `warning` only says what will not work. */
export interface Finding extends Issue {
  readonly severity: "error" | "warning";
}

/** What is around a service: of its merchant, in its mode. */
export interface Surroundings {
  readonly policy: EndpointPolicy;
  /** Channels with an account that takes payments; null: every channel has one (test mode). */
  readonly channels: readonly string[] | null;
  /** Where enabled webhook endpoints are. */
  readonly webhookUrls: readonly string[];
}

const error = ({ path, message }: Issue): Finding => ({ path, message, severity: "error" });

const warning = (path: string, message: string): Finding => ({
  path,
  message,
  severity: "warning",
});

function checkChannel(
  { pricing }: ServiceManifest,
  slug: string,
  path: string,
  usable: readonly string[] | null,
): Finding[] {
  if (usable !== null && !usable.includes(slug)) {
    const message = `you have no active account for ${slug}: POST /v1/channel-accounts`;
    return [error({ path, message })];
  }
  const prices = pricing.one_time.map(mostOf).filter((most) => most !== null);
  const takesOne = prices.some(({ currency }) => channelsFor([slug], currency).length > 0);
  return takesOne || prices.length === 0
    ? []
    : [warning(path, `${slug} takes none of the prices' currencies, so it is never offered`)];
}

const NOT_YET = "is announced only: nothing can be paid this way yet";

function notesOn(manifest: ServiceManifest, { webhookUrls }: Surroundings): Finding[] {
  const { payment_methods: methods, provider, webhook_url: webhook } = manifest;
  const announced = (["cumulative", "subscription"] as const).filter((name) => methods[name]);
  return [
    ...announced.map((name) => warning(`payment_methods.${name}`, NOT_YET)),
    ...(provider.kyc_level === "none"
      ? []
      : [warning("provider.kyc_level", "is shown as your own word: nobody has verified it here")]),
    ...(webhook === undefined || webhookUrls.includes(webhook)
      ? []
      : [
          warning(
            "webhook_url",
            "is no enabled webhook endpoint of yours, so no events go there: POST /v1/webhook-endpoints",
          ),
        ]),
  ];
}

/**
 * Everything that is to be said of a manifest, as saved or as sent. It is read anew: channels may
 * have left the deployment and rules may have changed since it was saved.
 */
export function examineManifest(manifest: unknown, around: Surroundings): Finding[] {
  const parsed = ServiceManifest.safeParse(manifest);
  if (!parsed.success) return issuesOf(parsed.error).map(error);
  const urls = withCheckedUrls(parsed.data, around.policy);
  return [
    ...(urls.ok ? [] : urls.error.map(error)),
    ...parsed.data.accepted_channels.flatMap((slug, index) =>
      checkChannel(parsed.data, slug, `accepted_channels.${index}`, around.channels),
    ),
    ...notesOn(parsed.data, around),
  ];
}

export const faultsOf = (findings: readonly Finding[]): Issue[] =>
  findings
    .filter(({ severity }) => severity === "error")
    .map(({ path, message }) => ({ path, message }));
