/** Whether the feed, the copies that lists show and the deliveries that it led to fit together. */
import { isId } from "../ids.ts";
import type { Owner } from "../owner.ts";
import { type Database, database } from "../store/db.ts";
import {
  eventsWithoutDelivery,
  lastMerchantPlace,
  lastPaymentPlace,
  type LostDelivery,
  merchantsFrom,
  paymentsAt,
  paymentsBehindFeed,
  type Stretch,
} from "../store/watch.ts";
import { insertDeliveries } from "../store/webhook-deliveries.ts";
import { newDelivery } from "../webhooks/fan-out.ts";
import { startDeliveries } from "../webhooks/record.ts";
import { PER_RUN, type Round, RUN_EVERY_MS, SETTLED_AFTER_MS } from "./watch-pace.ts";
import { publishAgain } from "./watch-payments.ts";

/** Events at the end of each feed. */
const TAIL = 50;

/** What is older was looked at by many runs before. */
const LOOK_BACK_MS = 24 * 3_600_000;

/** Merchants that have payments just now, and as many of all the others, in turn. */
const MERCHANTS = 20;

/** Whose feeds this run looks at. */
async function owners(db: Database, now: number): Promise<Owner[]> {
  const [payment, merchant] = await Promise.all([lastPaymentPlace(db), lastMerchantPlace(db)]);
  const places = Array.from({ length: PER_RUN }, (_, at) => payment - at);
  const busy = (await paymentsAt(db, places)).map(({ merchant_id }) => merchant_id);
  const turns = Math.max(1, Math.ceil(merchant / MERCHANTS));
  const turn = Math.floor(now / RUN_EVERY_MS) % turns;
  const others = await merchantsFrom(db, turn * MERCHANTS, MERCHANTS);
  const ids = new Set([...[...new Set(busy)].slice(0, MERCHANTS), ...others.map(({ id }) => id)]);
  return [...ids].flatMap((merchantId) => [
    { merchantId, livemode: true },
    { merchantId, livemode: false },
  ]);
}

/** The id that the delivery would have had: a publication that comes once more finds it. */
const deliveryIdOf = ({ event_id, endpoint_id }: LostDelivery): string =>
  `wd_${event_id.slice(4, 17)}${endpoint_id.slice(3, 16)}`;

async function deliver(
  env: Env,
  merchantId: string,
  lost: readonly LostDelivery[],
  now: number,
): Promise<void> {
  const rows = await Promise.all(
    lost.map(async (each) => ({
      ...(await newDelivery({ id: each.event_id, merchantId }, each.endpoint_id, now)),
      id: deliveryIdOf(each),
    })),
  );
  await insertDeliveries(database(env.DB), rows);
  await startDeliveries(env.DELIVERIES, rows);
}

/** @returns how many payments were published again, and how many deliveries were begun */
export async function watchFeeds(round: Round): Promise<number> {
  const { env, now, log } = round;
  const db = database(env.DB);
  const stretch: Stretch = { limit: TAIL, from: now - LOOK_BACK_MS, to: now - SETTLED_AFTER_MS };
  let handled = 0;
  for (const owner of await owners(db, now)) {
    const behind = await paymentsBehindFeed(db, owner, stretch);
    const ids = behind.filter((id) => isId("paymentIntent", id));
    handled += await publishAgain(round, ids.slice(0, PER_RUN));
    const lost = await eventsWithoutDelivery(db, owner, stretch);
    if (lost.length === 0) continue;
    await deliver(env, owner.merchantId, lost.slice(0, PER_RUN), now);
    log("warn", "watch.deliveries_begun", { merchant: owner.merchantId, deliveries: lost.length });
    handled += lost.length;
  }
  return handled;
}
