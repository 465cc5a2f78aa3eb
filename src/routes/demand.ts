/**
 * What is to be paid and who may take it: as the request says, or as the service's manifest does.
 */
import { channelOf } from "../channels/registry.ts";
import { ApiError, apiError, invalidField, invalidFields } from "../errors.ts";
import { amountFailure } from "../channels/check-order.ts";
import type { Money } from "../money.ts";
import type { AppContext } from "./http.ts";
import type { CreateBody } from "./create-payment.ts";

export interface Demand {
  readonly amount: Money;
  /** One, or several that the buyer chooses from. */
  readonly channels: readonly string[];
  /** For the buyer, when the request has none. */
  readonly description: string | null;
}

/** Fields that belong to one channel's order and cannot wait for the buyer's choice. */
const ONLY_WITH_ONE = ["channel_account", "method"] as const;

/** @throws ApiError with every field that is missing or too many */
export async function demandOf(_c: AppContext, body: CreateBody): Promise<Demand> {
  const { channel, channels, amount } = body;
  if (channel !== undefined && channels !== undefined) {
    throw new ApiError(invalidField("channels", "give either channel or channels"));
  }
  const named = channel === undefined ? channels : [channel];
  if (amount === undefined || named === undefined) {
    const missing = [
      ...(amount === undefined ? ["amount"] : []),
      ...(named === undefined ? ["channel"] : []),
    ];
    throw new ApiError(invalidFields(missing, "is required without service_id"));
  }
  return { amount, channels: named, description: null };
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
