/** `/v1/payment-intents` (API.md section 2). Everything that is decided is decided in the object. */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { idKeyOf } from "../../crypto/id-key.ts";
import { ApiError, apiError } from "../../errors.ts";
import { derivedId, isId, randomId } from "../../ids.ts";
import type { Answer, RepeatKey } from "../../intent/answers.ts";
import { intentObject } from "../../intent/client.ts";
import type { CreateRequest } from "../../intent/reserve.ts";
import { STATUSES } from "../../payments/states.ts";
import { regionOf } from "../../regions.ts";
import { FAULT_SCRIPTS } from "../../sandbox/simulator.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { database } from "../../store/db.ts";
import { listPayments } from "../../store/payment-intents.ts";
import { merchantAuth } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  idParam,
  jsonBody,
  jsonReply,
  listOf,
  ownerOf,
  publicOrigin,
  traceOf,
} from "../http.ts";
import { fingerprintOf, readIdempotencyKey } from "../idempotent.ts";
import { pageQuery, pageReply, readPage, withLookahead } from "../pages.ts";
import { usableAccount } from "../usable-account.ts";
import { callbackUrl } from "./channel-account-access.ts";
import { CreatePaymentIntent, noFields, PaymentIntent } from "./schemas.ts";

const tags = ["Payment intents"];
const params = z.object({ id: idParam("id", "pi_01k5x0e8m3v7q2r9t4w6y8z0ab") });
const idempotency = z.object({
  "idempotency-key": z.string().optional().openapi({
    description: "1 to 255 printable ASCII characters. A repeat gets the first answer.",
  }),
});

const create = createRoute({
  method: "post",
  path: "/v1/payment-intents",
  tags,
  operationId: "createPaymentIntent",
  summary: "Create a payment",
  description:
    "Orders the payment at the channel and answers with the code. When the channel's answer is " +
    "not known the payment stays `pending` with `next_action.type` `wait`; a repeat with the same " +
    "key gets the code as soon as there is one.",
  ...merchantAuth("payments:write"),
  request: { headers: idempotency, body: jsonBody(CreatePaymentIntent) },
  responses: {
    201: jsonReply(PaymentIntent, "The payment."),
    ...errors(400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500),
  },
});

const get = createRoute({
  method: "get",
  path: "/v1/payment-intents/{id}",
  tags,
  operationId: "getPaymentIntent",
  summary: "Read a payment",
  description: "Always current: it is read from the payment itself, never from a copy.",
  ...merchantAuth("payments:read"),
  request: { params },
  responses: { 200: jsonReply(PaymentIntent, "The payment."), ...errors(401, 403, 404, 429) },
});

const list = createRoute({
  method: "get",
  path: "/v1/payment-intents",
  tags,
  operationId: "listPaymentIntents",
  summary: "List payments",
  description: "Newest first. The list is a copy: a change shows here a moment after it happened.",
  ...merchantAuth("payments:read"),
  request: {
    query: z.strictObject({
      ...pageQuery,
      status: z.enum(STATUSES).optional(),
      channel: z.enum(CHANNEL_SLUGS).optional(),
      merchant_order_id: z.string().max(64).optional(),
      created_gte: z.iso.datetime({ offset: true }).optional(),
      created_lt: z.iso.datetime({ offset: true }).optional(),
    }),
  },
  responses: {
    200: jsonReply(listOf(PaymentIntent), "A page of payments."),
    ...errors(400, 401, 403, 429),
  },
});

const cancel = createRoute({
  method: "post",
  path: "/v1/payment-intents/{id}/cancel",
  tags,
  operationId: "cancelPaymentIntent",
  summary: "Cancel a payment",
  description:
    "Asks the channel, closes the order there and asks again, so that a buyer who is just paying " +
    "is not lost. 202: the channel has not confirmed yet; we go on.",
  ...merchantAuth("payments:write"),
  request: { params, headers: idempotency, body: noFields },
  responses: {
    200: jsonReply(PaymentIntent, "Cancelled."),
    202: jsonReply(PaymentIntent, "Being cancelled."),
    ...errors(400, 401, 403, 404, 409, 413, 415, 422, 429, 500),
  },
});

const sync = createRoute({
  method: "post",
  path: "/v1/payment-intents/{id}/sync",
  tags,
  operationId: "syncPaymentIntent",
  summary: "Ask the channel now",
  description:
    "For a customer at the counter whose callback is late. Payments that have not ended are also " +
    "asked about without it.",
  ...merchantAuth("payments:write"),
  request: { params, headers: idempotency, body: noFields },
  responses: {
    200: jsonReply(PaymentIntent, "The payment after the channel has spoken."),
    ...errors(400, 401, 403, 404, 413, 415, 422, 429, 500, 502, 503, 504),
  },
});

/** A code that the buyer's phone shows is paid at once or not at all. */
const DEFAULT_LIFE_S = { shown: 900, scanned: 60 } as const;

type CreateBody = z.infer<typeof CreatePaymentIntent>;

/** A misspelt fault script would silently test nothing. */
function checkScript(body: CreateBody, livemode: boolean): void {
  const script = body.metadata["sandbox"];
  if (livemode || script === undefined) return;
  if (FAULT_SCRIPTS.some((known) => known === script)) return;
  const message = `must be one of ${FAULT_SCRIPTS.join(", ")}`;
  throw apiError("INVALID_REQUEST", `metadata.sandbox: ${message}.`, {
    issues: [{ path: "metadata.sandbox", message }],
  });
}

interface Ids {
  readonly id: string;
  /** The object of the order number, when the id is not derived from it. */
  readonly orderKeeper: string | null;
}

/**
 * Every retry of a request reaches the same object, from any continent, without a table or a lock:
 * the id is derived from the Idempotency-Key, else from the order number, else it is random.
 */
async function idsFor(c: AppContext, body: CreateBody): Promise<Ids> {
  const { merchant, key } = c.var.principal;
  const secret = await idKeyOf(c.env.ID_KEY);
  const scope = [merchant.id, key.livemode ? "live" : "test"];
  const order = body.merchant_order_id;
  const orderId =
    order === undefined
      ? null
      : await derivedId("paymentIntent", secret, [...scope, "order", order]);
  const idempotencyKey = readIdempotencyKey(c);
  if (idempotencyKey === null) {
    return { id: orderId ?? randomId("paymentIntent"), orderKeeper: null };
  }
  const id = await derivedId("paymentIntent", secret, [...scope, "key", idempotencyKey]);
  return { id, orderKeeper: orderId };
}

/**
 * A repeat is answered as the first time, also when its account was taken out of use meanwhile: the
 * order may be open and paid. Only a first request is refused.
 */
async function replayOr(refusal: unknown, c: AppContext, { id }: Ids): Promise<Response> {
  const answer = await intentObject(c.env, id).replay(await fingerprintOf(c), traceOf(c));
  if (answer === null) throw refusal;
  return reply(answer);
}

async function createRequest(
  c: AppContext,
  body: CreateBody,
  account: ChannelAccountRow,
  { id, orderKeeper }: Ids,
): Promise<CreateRequest> {
  const { merchant, key } = c.var.principal;
  return {
    terms: {
      id,
      merchantId: merchant.id,
      merchantName: merchant.name,
      merchantAccount: account.merchant_account,
      livemode: key.livemode,
      channel: account.channel,
      accountId: account.id,
      method: body.method,
      description: body.description ?? null,
      merchantOrderId: body.merchant_order_id ?? null,
      serviceId: body.service_id ?? null,
      settlementCurrency: body.settlement_currency ?? null,
      payer: body.payer ?? null,
      osType: body.os_type ?? null,
      paymentMethodType: body.payment_method_type ?? null,
      profitSharing: body.profit_sharing,
      latePayment: account.late_payment,
      returnUrl: body.return_url ?? null,
      metadata: body.metadata,
      publicBase: publicOrigin(c),
      notifyUrl: callbackUrl(c, account),
    },
    amount: body.amount,
    expiresIn: body.expires_in ?? DEFAULT_LIFE_S[body.method === "barcode" ? "scanned" : "shown"],
    fingerprint: await fingerprintOf(c),
    orderKeeper,
    trace: traceOf(c),
  };
}

/** The object's answer as a reply; its JSON goes out as it was committed. */
function reply(answer: Answer): Response {
  const replayed: Record<string, string> = answer.replayed ? { "Idempotent-Replayed": "true" } : {};
  if (answer.kind === "failure") {
    const retry: Record<string, string> =
      answer.failure.code === "IDEMPOTENCY_IN_FLIGHT" ? { "Retry-After": "2" } : {};
    throw new ApiError(answer.failure, { ...replayed, ...retry });
  }
  return new Response(answer.body, {
    status: answer.status,
    headers: { "Content-Type": "application/json", ...replayed },
  });
}

function readId(id: string): string {
  if (isId("paymentIntent", id)) return id;
  throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
}

/** What a repeated cancel or sync is recognised by; null without a key. */
async function repeatKey(c: AppContext): Promise<RepeatKey | null> {
  const key = readIdempotencyKey(c);
  if (key === null) return null;
  const request = await sha256Hex(`${c.req.path}\n${key}`);
  return { request, fingerprint: await fingerprintOf(c) };
}

/** The copy holds the object's own JSON. */
const shown = (row: { snapshot: string }) =>
  JSON.parse(row.snapshot) as z.infer<typeof PaymentIntent>;

const millis = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));

export function registerPaymentIntents(app: App): void {
  app.openapi(create, async (c) => {
    const body = c.req.valid("json");
    const { principal } = c.var;
    checkScript(body, principal.key.livemode);
    const ids = await idsFor(c, body);
    const account = await usableAccount(c, body.channel, body.channel_account ?? null).catch(
      (refusal: unknown) => replayOr(refusal, c, ids),
    );
    if (account instanceof Response) return account as never;
    const request = await createRequest(c, body, account, ids);
    const { hint } = regionOf(c.env.REGIONS, account.region);
    const answer = await intentObject(c.env, request.terms.id, hint).create(request, account);
    return reply(answer) as never;
  });

  app.openapi(get, async (c) => {
    const id = readId(c.req.valid("param").id);
    const json = await intentObject(c.env, id).getOwned(ownerOf(c));
    if (json === null) throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    return reply({ kind: "intent", status: 200, body: json, replayed: false }) as never;
  });

  app.openapi(list, async (c) => {
    const { merchant, key } = c.var.principal;
    const query = c.req.valid("query");
    const page = readPage(query, "payment_intents", merchant.id);
    const filter = {
      status: query.status,
      channel: query.channel,
      merchantOrderId: query.merchant_order_id,
      createdFrom: millis(query.created_gte),
      createdBefore: millis(query.created_lt),
    };
    const db = database(c.env.DB);
    const rows = await listPayments(db, merchant.id, key.livemode, filter, withLookahead(page));
    return c.json(pageReply(rows, page, "payment_intents", merchant.id, shown), 200);
  });

  app.openapi(cancel, async (c) => {
    const object = intentObject(c.env, readId(c.req.valid("param").id));
    return reply(await object.cancel(ownerOf(c), await repeatKey(c), traceOf(c))) as never;
  });

  app.openapi(sync, async (c) => {
    const object = intentObject(c.env, readId(c.req.valid("param").id));
    return reply(await object.sync(ownerOf(c), await repeatKey(c), traceOf(c))) as never;
  });
}
