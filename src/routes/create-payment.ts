/**
 * Creating a payment for an authenticated merchant, whatever the request looked like on the wire:
 * `POST /v1/payment-intents` and the doors of other gateways' protocols all come through here.
 */
import { channelOf } from "../channels/registry.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { ApiError, invalidField } from "../errors.ts";
import { derivedId, randomId } from "../ids.ts";
import type { Answer } from "../intent/answers.ts";
import { intentObject } from "../intent/client.ts";
import type { CreateRequest } from "../intent/reserve.ts";
import type { LockedRate, PaymentOption } from "../intent/record.ts";
import { regionOf } from "../regions.ts";
import { FAULT_SCRIPTS } from "../sandbox/simulator.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import { feeKind, rateFor } from "../settlement/pricing.ts";
import { checkChoices, type Demand, demandOf } from "./demand.ts";
import { type AppContext, publicOrigin, traceOf } from "./http.ts";
import { lockedRate } from "./lock-rate.ts";
import { usableAccount } from "./usable-account.ts";
import { callbackUrl } from "./v1/channel-account-access.ts";
import type { CreateBody } from "./v1/schemas.ts";

/** A code that the buyer's phone shows is paid at once or not at all. */
const DEFAULT_LIFE_S = { shown: 900, scanned: 60 } as const;

/** What a repeat of the request is recognised by. */
export interface RequestIdentity {
  /** Null: the order number, where there is one, stands for it. */
  readonly idempotencyKey: string | null;
  /** SHA-256 of the request's content: a repeat with another content is refused. */
  readonly fingerprint: string;
}

/** A misspelt fault script would silently test nothing. */
function checkScript(body: CreateBody, livemode: boolean): void {
  const script = body.metadata["sandbox"];
  if (livemode || script === undefined) return;
  if (FAULT_SCRIPTS.some((known) => known === script)) return;
  const message = `must be one of ${FAULT_SCRIPTS.join(", ")}`;
  throw new ApiError(invalidField("metadata.sandbox", message));
}

/** Merchant and mode: ids of one caller mean nothing to another. */
const scopeOf = (c: AppContext): string[] => {
  const { merchant, key } = c.var.principal;
  return [merchant.id, key.livemode ? "live" : "test"];
};

/** The id of the payment that has only this order number, and of the object that keeps the number. */
export const orderId = async (c: AppContext, merchantOrderId: string): Promise<string> =>
  derivedId("paymentIntent", await idKeyOf(c.env.ID_KEY), [
    ...scopeOf(c),
    "order",
    merchantOrderId,
  ]);

interface Ids {
  readonly id: string;
  /** The object of the order number, when the id is not derived from it. */
  readonly orderKeeper: string | null;
}

/**
 * Every retry of a request reaches the same object, from any continent, without a table or a lock:
 * the id is derived from the Idempotency-Key, else from the order number, else it is random.
 */
async function idsFor(c: AppContext, body: CreateBody, key: string | null): Promise<Ids> {
  const order = body.merchant_order_id;
  const byOrder = order === undefined ? null : await orderId(c, order);
  if (key === null) return { id: byOrder ?? randomId("paymentIntent"), orderKeeper: null };
  const secret = await idKeyOf(c.env.ID_KEY);
  const id = await derivedId("paymentIntent", secret, [...scopeOf(c), "key", key]);
  return { id, orderKeeper: byOrder };
}

/** The currency that the merchant is settled in; null: in whatever was paid. */
const settledIn = (c: AppContext, body: CreateBody): string | null =>
  body.settlement_currency ?? c.var.principal.merchant.settlement_currency;

/** An account with its terms of today: the payment keeps them. */
function optionFor(
  c: AppContext,
  body: CreateBody,
  { amount }: Demand,
  account: ChannelAccountRow,
): PaymentOption {
  const { feePlans } = c.var.principal;
  const { currency } = amount;
  const kind = feeKind(currency, settledIn(c, body));
  return {
    channel: account.channel,
    accountId: account.id,
    merchantAccount: account.merchant_account,
    notifyUrl: callbackUrl(c, account),
    latePayment: account.late_payment,
    fee: rateFor(feePlans, { channel: account.channel, currency, kind }),
    ...splitOf(account),
  };
}

/** How the platform's fee is taken at the channel, where the operator has named a receiver. */
function splitOf({ channel, split }: ChannelAccountRow): Pick<PaymentOption, "split"> {
  const desk = channelOf(channel)?.adapter.splits;
  if (split === null || desk === undefined) return {};
  const { delayMs, maxBasisPoints } = desk;
  return { split: { receiver: split, delayMs, maxBasisPoints } };
}

function createRequest(
  c: AppContext,
  body: CreateBody,
  { demand, accounts, locked }: Payable,
  { id, orderKeeper }: Ids,
  fingerprint: string,
): CreateRequest {
  const { merchant, key } = c.var.principal;
  const method = accounts.length > 1 ? null : (body.method ?? "qr");
  return {
    terms: {
      id,
      merchantId: merchant.id,
      merchantName: merchant.name,
      livemode: key.livemode,
      options: accounts.map((account) => optionFor(c, body, demand, account)),
      description: body.description ?? demand.description,
      merchantOrderId: body.merchant_order_id ?? null,
      serviceId: body.service_id ?? null,
      settlementCurrency: body.settlement_currency ?? null,
      ...(locked === null ? {} : { lockedRate: locked }),
      payer: body.payer ?? null,
      osType: body.os_type ?? null,
      paymentMethodType: body.payment_method_type ?? null,
      profitSharing: body.profit_sharing,
      returnUrl: body.return_url ?? null,
      metadata: body.metadata,
      publicBase: publicOrigin(c),
    },
    method,
    amount: demand.amount,
    expiresIn: body.expires_in ?? DEFAULT_LIFE_S[method === "barcode" ? "scanned" : "shown"],
    fingerprint,
    orderKeeper,
    trace: traceOf(c),
  };
}

interface Payable {
  readonly demand: Demand;
  /** One, or those that the buyer chooses from. */
  readonly accounts: readonly ChannelAccountRow[];
  /** Null: nothing to convert, or no rate to do it by. */
  readonly locked: LockedRate | null;
}

/** @throws ApiError that says what the merchant has to change */
async function payable(c: AppContext, body: CreateBody): Promise<Payable> {
  const demand = await demandOf(c, body);
  const accounts: ChannelAccountRow[] = [];
  let missing: unknown = null;
  for (const channel of demand.channels) {
    try {
      accounts.push(await usableAccount(c, channel, body.channel_account ?? null));
    } catch (refusal) {
      if (!demand.areOffered || !isMissing(refusal)) throw refusal;
      missing ??= refusal;
    }
  }
  if (accounts.length === 0) throw missing;
  if (accounts.length > 1) checkChoices(body, demand);
  const locked = await lockedRate(c, demand.amount, settledIn(c, body));
  return { demand, accounts, locked };
}

/** The merchant has no account of its own for the channel. */
const isMissing = (refusal: unknown): boolean =>
  refusal instanceof ApiError && refusal.failure.code === "CHANNEL_NOT_CONFIGURED";

/**
 * Creates the payment, or answers as the first time. A repeat is answered also when its account
 * was taken out of use meanwhile: the order may be open and paid. Only a first request is refused.
 * @throws ApiError when no account can be used, or the request names a fault script wrongly
 */
export async function createPayment(
  c: AppContext,
  body: CreateBody,
  { idempotencyKey, fingerprint }: RequestIdentity,
): Promise<Answer> {
  checkScript(body, c.var.principal.key.livemode);
  const ids = await idsFor(c, body, idempotencyKey);
  const found = await payable(c, body).catch((refusal: unknown) => ({ refusal }));
  if ("refusal" in found) {
    const answer = await intentObject(c.env, ids.id).replay(fingerprint, traceOf(c));
    if (answer === null) throw found.refusal;
    return answer;
  }
  const request = createRequest(c, body, found, ids, fingerprint);
  const { hint } = regionOf(c.env.REGIONS, found.accounts[0]?.region ?? null);
  return intentObject(c.env, ids.id, hint).create(request, found.accounts);
}
