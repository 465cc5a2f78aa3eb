/** What a payment for a service costs and who may take it, from the service's manifest. Pure. */
import { type Failure, failure, invalidField } from "../errors.ts";
import { formatMoney, type Money } from "../money.ts";
import { err, ok, type Result } from "../result.ts";
import type { OneTimePrice, ServiceManifest } from "./manifest.ts";
import { channelsWithin, mostOf } from "./manifest-rules.ts";

export interface QuoteRequest {
  readonly serviceId: string;
  /** What the payer named; null: the price's own amount. */
  readonly amount: Money | null;
  /** Null: the only price, or the only one that the amount fits. */
  readonly priceId: string | null;
}

export interface Quote {
  readonly amount: Money;
  readonly priceId: string;
  /** Accepted channels that take this amount, in the manifest's order; at least one. */
  readonly channels: string[];
}

const leastOf = (price: OneTimePrice, currency: string): Money =>
  price.amount ?? price.min ?? { currency, value: 1 };

/** Whether a price can be paid with exactly this amount. */
function fits(price: OneTimePrice, amount: Money): boolean {
  const most = mostOf(price);
  return (
    most !== null &&
    most.currency === amount.currency &&
    leastOf(price, most.currency).value <= amount.value &&
    amount.value <= most.value
  );
}

function choosePrice(
  prices: readonly OneTimePrice[],
  { amount, priceId }: QuoteRequest,
): Result<OneTimePrice, Failure> {
  const ids = prices.map(({ id }) => id).join(", ");
  if (priceId !== null) {
    const named = prices.find(({ id }) => id === priceId);
    return named === undefined ? err(invalidField("price_id", `must be one of ${ids}`)) : ok(named);
  }
  const possible =
    prices.length === 1 || amount === null ? prices : prices.filter((price) => fits(price, amount));
  const [first, ...others] = possible;
  if (first !== undefined && others.length === 0) return ok(first);
  return err(invalidField("price_id", `is required here: one of ${ids}`));
}

/** The amount to ask for, between what the price takes at least and at most. */
function agreedAmount(price: OneTimePrice, request: QuoteRequest): Result<Money, Failure> {
  const most = mostOf(price);
  const { serviceId, amount } = request;
  if (most === null) return err(invalidField("price_id", `the price ${price.id} has no amount`));
  if (amount === null) {
    return price.amount === undefined
      ? err(invalidField("amount", `is required: the price ${price.id} is a range`))
      : ok(price.amount);
  }
  const details = { requested: amount, service_id: serviceId, price_id: price.id };
  if (amount.currency !== most.currency) {
    const message = `amount.currency: must be ${most.currency}, as in the price ${price.id}.`;
    return err(failure("CURRENCY_UNSUPPORTED", message, { ...details, currency: most.currency }));
  }
  if (amount.value > most.value) {
    const message = `amount.value: is over ${formatMoney(most)}, the most of the price ${price.id}.`;
    return err(failure("AMOUNT_EXCEEDED", message, { ...details, max_allowed: most }));
  }
  const least = leastOf(price, most.currency);
  if (amount.value >= least.value) return ok(amount);
  const message = `amount.value: is under ${formatMoney(least)}, the least of the price ${price.id}.`;
  return err(failure("AMOUNT_INVALID", message, { ...details, min_allowed: least }));
}

/**
 * The amount, price and channels of a one-time payment.
 * @returns a failure for the payer: INVALID_REQUEST when a price has to be named, CURRENCY_UNSUPPORTED,
 * AMOUNT_INVALID below the price, AMOUNT_EXCEEDED above it with `max_allowed`
 */
export function quote(manifest: ServiceManifest, request: QuoteRequest): Result<Quote, Failure> {
  const prices = manifest.payment_methods.one_time ? manifest.pricing.one_time : [];
  if (prices.length === 0) {
    return err(invalidField("service_id", "the service takes no one-time payments"));
  }
  const price = choosePrice(prices, request);
  if (!price.ok) return price;
  const amount = agreedAmount(price.value, request);
  if (!amount.ok) return amount;
  const channels = channelsWithin(manifest.accepted_channels, amount.value);
  if (channels.length === 0) {
    const details = { requested: amount.value, service_id: request.serviceId };
    return err(
      failure("AMOUNT_INVALID", "amount: none of the service's channels takes it.", details),
    );
  }
  return ok({ amount: amount.value, priceId: price.value.id, channels });
}
