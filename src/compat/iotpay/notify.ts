/**
 * IOTPay's notification of a payment, to the `notifyUrl` of its order: a signed form, sent again
 * until the answer is the word `success`. Beside our own webhooks, never instead of them.
 */
import * as z from "zod";

import type { Vault } from "../../crypto/vault.ts";
import type { PaymentIntentView } from "../../intent/view.ts";
import { isId } from "../../ids.ts";
import type { Logger } from "../../log.ts";
import type { PublishedEvents } from "../../messages.ts";
import type { Database } from "../../store/db.ts";
import { findEvent } from "../../store/events.ts";
import { deliver, type DeliveryAnswer, type DeliveryIo } from "../../webhooks/deliver.ts";
import { checkEndpointUrl } from "../../webhooks/policy.ts";
import { orderMembers } from "./answers.ts";
import { openKey } from "./key.ts";
import { isSealed, MEMO_NAME, readMemo } from "./memo.ts";
import { withSign } from "./wire.ts";

/** The message of a notification that is due. */
export const IotpayNotice = z.strictObject({
  iotpay_notify: z.strictObject({
    merchant_id: z.string().min(1),
    livemode: z.boolean(),
    event_id: z.string().refine((id) => isId("event", id), "must be an event id"),
    /** Attempts made before. */
    attempt: z.int().nonnegative(),
  }),
});

export type IotpayNotice = z.infer<typeof IotpayNotice>;

/** What sending needs of the consumer around it. */
export interface Notifier {
  readonly db: Database;
  readonly vault: Vault;
  readonly io: DeliveryIo;
  readonly environment: string;
  readonly ownHosts: readonly string[];
  readonly log: Logger;
  readonly notices: {
    send(notice: IotpayNotice, options: { readonly delaySeconds: number }): Promise<unknown>;
  };
}

const EVENT_TYPE = "payment_intent.succeeded";

/** The notices that these events call for. Cheap for all others: their text is not parsed. */
export const noticesOf = ({ merchant_id, livemode, events }: PublishedEvents): IotpayNotice[] =>
  events
    .filter(({ type, payload }) => type === EVENT_TYPE && payload.includes(`"${MEMO_NAME}":`))
    .filter(({ payload }) => isWanted(dataOf(payload)))
    .map(({ id }) => ({ iotpay_notify: { merchant_id, livemode, event_id: id, attempt: 0 } }));

/**
 * Starts what these events call for. After they are recorded, because the notice reads them back;
 * events that are recorded twice are announced twice, which receivers must bear anyway.
 */
export async function startNotices(
  published: readonly PublishedEvents[],
  notices: Notifier["notices"],
): Promise<void> {
  for (const notice of published.flatMap(noticesOf)) {
    await notices.send(notice, { delaySeconds: 0 });
  }
}

const dataOf = (payload: string): PaymentIntentView =>
  (JSON.parse(payload) as { readonly data: PaymentIntentView }).data;

/** Payments at the till are not announced: IOTPay's apps ask for them. */
const isWanted = ({ metadata }: PaymentIntentView): boolean =>
  readMemo(metadata)?.channelId.endsWith("_MICROPAY") === false;

const MINUTE_S = 60;
const STEADY_S = 15 * MINUTE_S;
const ATTEMPTS = 100;

/**
 * Seconds until the next attempt, after `attempt` of them: a minute more each time, as IOTPay does,
 * and from then on every quarter of an hour for a day. Null: given up.
 */
export const noticeDelay = (attempt: number): number | null =>
  attempt >= ATTEMPTS ? null : Math.min(attempt * MINUTE_S, STEADY_S);

/** The word may come in either case, and with a line end. */
export const isAcknowledged = ({ status, response }: DeliveryAnswer): boolean =>
  status === 200 && response.trim().toLowerCase() === "success";

/** Sends it once and sees to the next attempt. Throws only on our own trouble (D1, the queue). */
export async function sendNotice({ iotpay_notify }: IotpayNotice, to: Notifier): Promise<void> {
  const { event_id, attempt } = iotpay_notify;
  const prepared = await prepare(iotpay_notify, to);
  if (typeof prepared === "string") {
    to.log("warn", "iotpay_notify.dropped", { event: event_id, reason: prepared });
    return;
  }
  const answer = await deliver(prepared.url, {}, prepared.form, asForm(to.io));
  const made = attempt + 1;
  const done = isAcknowledged(answer);
  const delaySeconds = done ? null : noticeDelay(made);
  const { status, latencyMs } = answer;
  to.log("info", "iotpay_notify.attempt", {
    event: event_id,
    attempt: made,
    status,
    latency_ms: latencyMs,
    acknowledged: done,
  });
  if (done) return;
  if (delaySeconds === null) {
    to.log("error", "iotpay_notify.exhausted", { event: event_id, attempts: made });
    return;
  }
  await to.notices.send({ iotpay_notify: { ...iotpay_notify, attempt: made } }, { delaySeconds });
}

/** The delivery of webhooks posts JSON; these are forms. */
const asForm = (io: DeliveryIo): DeliveryIo => ({
  ...io,
  fetch: (url, init) => {
    const headers = new Headers(init.headers);
    headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    return io.fetch(url, { ...init, headers });
  },
});

/** The address and the signed form, or why there is nothing to send. */
async function prepare(
  { merchant_id, livemode, event_id }: IotpayNotice["iotpay_notify"],
  { db, vault, io, environment, ownHosts }: Notifier,
): Promise<{ readonly url: string; readonly form: string } | string> {
  const event = await findEvent(db, merchant_id, livemode, event_id);
  if (event === null) return "the event is gone";
  const payment = dataOf(event.payload);
  const memo = readMemo(payment.metadata);
  if (memo === null) return "the memo cannot be read";
  const opened = await openKey(db, vault, memo.mchId);
  if (opened === null) return "the key is gone";
  const { key, secret } = opened;
  const isOwn = key.merchant_id === merchant_id && key.livemode === livemode;
  if (!isOwn || !(await isSealed(payment.metadata, payment, secret))) {
    return "the memo is not of this door's making";
  }
  const over = key.expires_at !== null && key.expires_at <= io.now();
  if (key.revoked_at !== null || over) return "the key is revoked or has expired";
  // The rules or our own hosts may have changed since the order was made.
  const url = checkEndpointUrl(memo.notifyUrl, { livemode, environment, ownHosts });
  if (!url.ok) return `notifyUrl ${url.error}`;
  const members = { mchId: memo.mchId, ...orderMembers(payment), backType: 2 };
  const entries = Object.entries(withSign(members, secret)).map(([name, value]) => [
    name,
    String(value),
  ]);
  return { url: url.value.href, form: new URLSearchParams(entries).toString() };
}
