/**
 * What is to be paid and who may take it: as the request says, or as the service's manifest does.
 */
import { quote } from "../agents/quote.ts";
import { manifestInForce } from "../agents/service-cache.ts";
import { channelOf } from "../channels/registry.ts";
import { ApiError, apiError, invalidField, invalidFields } from "../errors.ts";
import { amountFailure } from "../channels/check-order.ts";
import type { Money } from "../money.ts";
import { type AppContext, ownerOf } from "./http.ts";
import type { CreateBody } from "./v1/schemas.ts";

export interface Demand {
  readonly amount: Money;
  /** One, or several that the buyer chooses from. */
  readonly channels: readonly string[];
  /** The service offers them: one without an account of the merchant is left out. */
  readonly areOffered: boolean;
  /** For the buyer, when the request has none. */
  readonly description: string | null;
}

/** Fields that belong to one channel's order and cannot wait for the buyer's choice. */
const ONLY_WITH_ONE = ["channel_account", "method"] as const;

/** The service's price and channels, narrowed by what the request names. */
async function byService(c: AppContext, body: CreateBody, serviceId: string): Promise<Demand> {
  const manifest = await manifestInForce(c.env, ownerOf(c), serviceId);
  if (!manifest.ok) throw new ApiError(manifest.error);
  const request = { serviceId, amount: body.amount ?? null, priceId: body.price_id ?? null };
  const quoted = quote(manifest.value, request);
  if (!quoted.ok) throw new ApiError(quoted.error);
  const { amount, channels: accepted } = quoted.value;
  const named = body.channel === undefined ? body.channels : [body.channel];
  const foreign = named?.find((slug) => !accepted.includes(slug));
  if (foreign !== undefined) {
    const field = body.channel === undefined ? "channels" : "channel";
    const message = `the service takes ${amount.currency} by ${accepted.join(", ")}`;
    throw new ApiError(invalidField(field, message));
  }
  const areOffered = named === undefined;
  return { amount, channels: named ?? accepted, areOffered, description: manifest.value.name };
}

/** @throws ApiError with every field that is missing or too many */
export async function demandOf(c: AppContext, body: CreateBody): Promise<Demand> {
  const { channel, channels, amount, service_id: serviceId } = body;
  if (channel !== undefined && channels !== undefined) {
    throw new ApiError(invalidField("channels", "give either channel or channels"));
  }
  if (serviceId !== undefined) return byService(c, body, serviceId);
  if (body.price_id !== undefined) {
    throw new ApiError(invalidField("price_id", "belongs to a service_id; leave it out"));
  }
  const named = channel === undefined ? channels : [channel];
  if (amount === undefined || named === undefined) {
    const missing = [
      ...(amount === undefined ? ["amount"] : []),
      ...(named === undefined ? ["channel"] : []),
    ];
    throw new ApiError(invalidFields(missing, "is required without service_id"));
  }
  return { amount, channels: named, areOffered: false, description: null };
}

/** What an aggregate payment cannot have, and which channels could never take its amount. */
export function checkChoices(body: CreateBody, { amount, channels }: Demand): void {
  const foreign = ONLY_WITH_ONE.filter((field) => body[field] !== undefined);
  if (foreign.length > 0) {
    throw new ApiError(invalidFields(foreign, "the buyer chooses; leave it out with channels"));
  }
  for (const slug of channels) {
    const channel = channelOf(slug);
    if (channel === null) throw apiError("NOT_FOUND", "No such channel.");
    const refused = amountFailure(amount, channel.adapter.info);
    if (refused !== null) throw new ApiError(refused);
  }
}
