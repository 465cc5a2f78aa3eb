/**
 * Requests that the console makes of the API in the same process. They carry who is signed in under
 * a symbol in the bindings, which nothing that comes over the network can set; everything else, from
 * validation and scopes to idempotency and audit, is the API's own.
 */
import type { Principal } from "./http.ts";

const INSIDER: unique symbol = Symbol("insider");

/** Who is signed in; a null principal is an operator. */
export interface Insider {
  readonly principal: Principal | null;
}

type WithInsider = Env & { readonly [INSIDER]?: Insider };

/** The bindings for a request inside. Never hand them to anything but our own app. */
export const inside = (env: Env, insider: Insider): Env =>
  ({ ...env, [INSIDER]: insider }) as WithInsider;

/** Null for everything that came over the network. */
export const insiderOf = (env: Env): Insider | null => (env as WithInsider)[INSIDER] ?? null;
