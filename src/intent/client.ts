/** How the rest of the Worker reaches a payment's object. */
import { isId } from "../ids.ts";
import type { PaymentIntentView } from "./view.ts";

/**
 * The object of a payment. The hint only counts at the first touch, so whoever may be first passes
 * the account's.
 */
export const intentObject = (env: Env, id: string, hint?: DurableObjectLocationHint) =>
  env.INTENTS.getByName(id, hint === undefined ? {} : { locationHint: hint });

/** The payment as it is now; null when the id has not the form of one or nothing is there. */
export async function readIntent(env: Env, id: string): Promise<PaymentIntentView | null> {
  if (!isId("paymentIntent", id)) return null;
  const json = await intentObject(env, id).get();
  return json === null ? null : (JSON.parse(json) as PaymentIntentView);
}
