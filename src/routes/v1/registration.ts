/**
 * Strangers register themselves as merchants, where the deployment wants that. They get test keys
 * that work and live keys that do not, until an operator has verified them.
 */
import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import ipaddr from "ipaddr.js";

import { hmacHex } from "../../crypto/hmac.ts";
import { idKeyOf } from "../../crypto/id-key.ts";
import { ApiError, apiError, failure, invalidField } from "../../errors.ts";
import { readableBody } from "../body.ts";
import { type App, type AppContext, type AppEnv, errors, jsonBody, jsonReply } from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { limitRate } from "../rate-limit.ts";
import { MerchantWithKeys, RegisterMerchant } from "./merchant-schemas.ts";
import { newMerchant } from "./new-merchant.ts";

/** More from one place in an hour is a script, not a company that starts. */
const PER_PLACE = 5;
const HOUR_MS = 3_600_000;

/**
 * A repeat is answered with the keys again, and nothing but its Idempotency-Key says whose it is.
 * Attack: a stranger guesses a short one, and who registered with it.
 */
const SHORTEST_REPEAT_KEY = 32;
const REPEAT_KEY = `must have at least ${SHORTEST_REPEAT_KEY} characters that nobody can guess, such as a random UUID`;

/** For the document; it is checked before the request is remembered. */
const RepeatKey = z
  .string()
  .min(SHORTEST_REPEAT_KEY, REPEAT_KEY)
  .max(255)
  .optional()
  .openapi({
    description:
      "A repeat with the same key and body gets the first answer again, keys included. It " +
      `${REPEAT_KEY}.`,
    example: "0b2c6a8e-51f4-4d07-9a2e-7c3f1d5e8b60",
  });

/** The network that a client belongs to: a customer with IPv6 has a whole /64 to change in. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 4).join(":") : ip.toString();
}

/** The same name for the same network; without the deployment's key it tells nothing of it. */
async function placeOf(c: AppContext): Promise<string> {
  const network = networkOf(c.req.header("CF-Connecting-IP") ?? "");
  const mac = await hmacHex(await idKeyOf(c.env.ID_KEY), `registration:${network}`);
  return `address_${mac.slice(0, 32)}`;
}

/** Anybody, where registration is open; not too often from one place. */
const anybody = createMiddleware<AppEnv>(async (c, next) => {
  if (c.env.OPEN_REGISTRATION !== "true") {
    throw apiError(
      "FORBIDDEN",
      "Registration is not open on this deployment; ask its operator for an account.",
    );
  }
  const place = await placeOf(c);
  c.set("actor", { type: "registration", id: place });
  await limitRate(c, `registration:${place}`);
  const repeatKey = c.req.header("Idempotency-Key");
  if (repeatKey !== undefined && repeatKey.length < SHORTEST_REPEAT_KEY) {
    throw new ApiError(invalidField("Idempotency-Key", REPEAT_KEY));
  }
  await next();
});

const register = createRoute({
  method: "post",
  path: "/v1/merchants",
  tags: ["Merchants"],
  operationId: "registerMerchant",
  summary: "Register as a merchant",
  description:
    "Where the operator has opened registration; else 403. Needs no key. Answers with a test and a " +
    "live key, shown this once. The test key works at once, with all channels; the live key is " +
    `refused until an operator has verified the merchant. At most ${PER_PLACE} an hour from one place.`,
  middleware: [anybody, readableBody, idempotent],
  request: {
    headers: z.object({ "Idempotency-Key": RepeatKey }),
    body: jsonBody(RegisterMerchant),
  },
  responses: {
    201: jsonReply(MerchantWithKeys, "The merchant, unverified, and its first keys."),
    ...errors(400, 403, 409, 413, 415, 422, 429),
  },
});

export function registerRegistration(app: App): void {
  app.openapi(register, async (c) => {
    const quota = {
      place: c.var.actor.id ?? "",
      since: c.var.now - HOUR_MS,
      limit: PER_PLACE,
    };
    const made = await newMerchant(c, c.req.valid("json"), "unverified", quota);
    if (made !== null) return c.json(made, 201);
    const wait = String(HOUR_MS / 1000);
    throw new ApiError(
      failure("RATE_LIMITED", "Too many registrations from your address; try again in an hour."),
      {
        "Retry-After": wait,
        "RateLimit-Limit": String(PER_PLACE),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": wait,
      },
    );
  });
}
