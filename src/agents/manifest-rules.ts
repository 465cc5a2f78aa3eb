/** What the members of a manifest must be together: prices, payment methods and channels. */
import { channelOf } from "../channels/registry.ts";
import type { Issue } from "../errors.ts";
import { formatMoney, type Money } from "../money.ts";
import { err, ok, type Result } from "../result.ts";
import { checkEndpointUrl, type EndpointPolicy } from "../webhooks/policy.ts";
import type { OneTimePrice, ServiceManifest } from "./manifest.ts";

/** What a channel takes; null: it has left this deployment since the manifest was saved. */
const infoOf = (slug: string) => channelOf(slug)?.adapter.info ?? null;

/** The accepted channels that take a currency. */
export const channelsFor = (slugs: readonly string[], currency: string): string[] =>
  slugs.filter((slug) => infoOf(slug)?.currencies.includes(currency) === true);

/** Of channels that take the currency, those that take the amount in one payment. */
export const channelsWithin = (slugs: readonly string[], { currency, value }: Money): string[] =>
  channelsFor(slugs, currency).filter((slug) => {
    const limits = infoOf(slug)?.limits;
    return limits !== undefined && limits.min <= value && value <= limits.max;
  });

/** What is taken at most for a price: fixed, or the end of its range. */
export const mostOf = (price: OneTimePrice): Money | null => price.amount ?? price.max ?? null;

const at = (path: string, message: string): Issue[] => [{ path, message }];

/** Whether somebody could take the money at all. */
function checkTaken(manifest: ServiceManifest, money: Money, path: string): Issue[] {
  const { accepted_channels: accepted } = manifest;
  if (channelsFor(accepted, money.currency).length === 0) {
    return at(`${path}.currency`, "none of accepted_channels takes this currency");
  }
  if (channelsWithin(accepted, money).length === 0) {
    return at(`${path}.value`, "none of accepted_channels takes this much in one payment");
  }
  return [];
}

/** A fixed price or a range, never both and never neither. */
function checkShape({ amount, min, max }: OneTimePrice, path: string): Issue[] {
  if (amount !== undefined) {
    return min === undefined && max === undefined
      ? []
      : at(path, "give either amount, or max with an optional min");
  }
  if (max === undefined) return at(path, "needs amount for a fixed price, or max for a range");
  if (min === undefined) return [];
  if (min.currency !== max.currency) return at(`${path}.min.currency`, "must be that of max");
  return min.value > max.value
    ? at(`${path}.min.value`, `must be at most ${formatMoney(max)}, which is max`)
    : [];
}

function checkOneTime(manifest: ServiceManifest): Issue[] {
  return manifest.pricing.one_time.flatMap((price, index) => {
    const path = `pricing.one_time.${index}`;
    const shape = checkShape(price, path);
    const most = mostOf(price);
    if (shape.length > 0 || most === null) return shape;
    return checkTaken(manifest, most, `${path}.${price.amount === undefined ? "max" : "amount"}`);
  });
}

function checkAnnounced(manifest: ServiceManifest): Issue[] {
  const { cumulative, subscription } = manifest.pricing;
  const counted =
    cumulative === undefined
      ? []
      : checkTaken(manifest, cumulative.amount, "pricing.cumulative.amount");
  const plans = subscription.flatMap((plan, index) =>
    checkTaken(manifest, plan.amount, `pricing.subscription.${index}.amount`),
  );
  return [...counted, ...plans];
}

/** A method without a price could not be paid, a price without its method never is. */
function checkMethods({ payment_methods: methods, pricing }: ServiceManifest): Issue[] {
  const priced = {
    one_time: pricing.one_time.length > 0,
    cumulative: pricing.cumulative !== undefined,
    subscription: pricing.subscription.length > 0,
  };
  const names = ["one_time", "cumulative", "subscription"] as const;
  if (names.every((name) => !methods[name])) {
    return at("payment_methods", "at least one of them must be true");
  }
  return names.flatMap((name) => {
    if (methods[name] === priced[name]) return [];
    return at(
      `pricing.${name}`,
      methods[name]
        ? `is needed, because payment_methods.${name} is true`
        : `must be left out, because payment_methods.${name} is not true`,
    );
  });
}

const repeated = (values: readonly string[], pathOf: (index: number) => string): Issue[] =>
  values.flatMap((value, index) =>
    values.indexOf(value) < index ? at(pathOf(index), "is in the list already") : [],
  );

/** Every fault that a look at one member alone does not show. */
export const checkManifest = (manifest: ServiceManifest): Issue[] => [
  ...checkMethods(manifest),
  ...repeated(manifest.accepted_channels, (index) => `accepted_channels.${index}`),
  ...repeated(
    manifest.pricing.one_time.map(({ id }) => id),
    (index) => `pricing.one_time.${index}.id`,
  ),
  ...repeated(
    manifest.pricing.subscription.map(({ id }) => id),
    (index) => `pricing.subscription.${index}.id`,
  ),
  ...checkOneTime(manifest),
  ...checkAnnounced(manifest),
];

/**
 * The manifest with its URLs as they will be called. They follow the rules for webhook endpoints:
 * agents and browsers go where a stranger's manifest sends them, and with an open rule that is
 * somebody's private network, or a script (`javascript:`).
 */
export function withCheckedUrls(
  manifest: ServiceManifest,
  policy: EndpointPolicy,
): Result<ServiceManifest, Issue[]> {
  const issues: Issue[] = [];
  const checked = (path: string, text: string): string => {
    const url = checkEndpointUrl(text, policy);
    if (url.ok) return url.value.href;
    issues.push({ path, message: url.error });
    return text;
  };
  const { provider, webhook_url: webhook } = manifest;
  const result: ServiceManifest = {
    ...manifest,
    endpoint: checked("endpoint", manifest.endpoint),
    ...(webhook === undefined ? {} : { webhook_url: checked("webhook_url", webhook) }),
    provider: {
      ...provider,
      ...(provider.avatar_url === undefined
        ? {}
        : { avatar_url: checked("provider.avatar_url", provider.avatar_url) }),
    },
  };
  return issues.length === 0 ? ok(result) : err(issues);
}
