/** Reading a payment for its buyer: one request to its object, none to D1. */
import type { BuyerView } from "../../intent/buyer-view.ts";
import { intentObject } from "../../intent/client.ts";
import { isId } from "../../ids.ts";

/** Null: no such payment, or not even the form of an id, which asks no object. */
export async function readBuyer(env: Env, id: string): Promise<BuyerView | null> {
  if (!isId("paymentIntent", id)) return null;
  const json = await intentObject(env, id).buyer();
  return json === null ? null : (JSON.parse(json) as BuyerView);
}
