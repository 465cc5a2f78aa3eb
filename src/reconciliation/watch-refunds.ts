/** Refunds that do not come to an end: asked for once more, then written down for people. */
import { idKeyOf } from "../crypto/id-key.ts";
import { buildEvent } from "../envelope.ts";
import { derivedId } from "../ids.ts";
import { intentObject } from "../intent/client.ts";
import type { RefundView } from "../intent/refund-record.ts";
import { describeError } from "../log.ts";
import type { PublishedEvents } from "../messages.ts";
import { isOpen } from "../payments/refund.ts";
import { untouched } from "../reconciliation.ts";
import { type Database, database } from "../store/db.ts";
import { lateRefunds, type OpenRefund, raisedAlready, troubledRefunds } from "../store/watch.ts";
import { advise } from "./advice.ts";
import { eachOf, PER_RUN, type Round, RUN_EVERY_MS } from "./watch-pace.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a channel may need: WeChat Pay takes up to three working days to a bank card. */
const PATIENCE_MS = { wechat: 5 * DAY_MS, wechat_global: 5 * DAY_MS, otherwise: DAY_MS };

/** After that it is history, and a person has long seen it. */
const LOOK_BACK_MS = 30 * DAY_MS;

/** At these ages a refund is looked at for trouble that the channel has told of. */
const LOOKS_MS = [RUN_EVERY_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS];

/** Slices overlap, so that a run that did not happen is made up for. */
const SLICE_MS = 3 * RUN_EVERY_MS;

async function refundsToLookAt(db: Database, now: number): Promise<OpenRefund[]> {
  const troubled = LOOKS_MS.map((age) =>
    troubledRefunds(db, now - age - SLICE_MS, now - age, PER_RUN),
  );
  const late = lateRefunds(db, PATIENCE_MS, now - LOOK_BACK_MS, now, PER_RUN);
  const rows = (await Promise.all([late, ...troubled])).flat();
  return [...new Map(rows.map((row) => [row.id, row])).values()].slice(0, PER_RUN);
}

/** The refund as its object has it, after it has done what is due; null: it has come to its end. */
async function stillOpen(env: Env, row: OpenRefund): Promise<RefundView | null> {
  const object = intentObject(env, row.payment_intent);
  await object.wake();
  const owner = { merchantId: row.merchant_id, livemode: row.livemode };
  const json = await object.getRefund(owner, row.id);
  const refund = json === null ? null : (JSON.parse(json) as RefundView);
  return refund !== null && isOpen(refund) ? refund : null;
}

const NOTHING_ELSE = { fee: null, paid_at: null, file: null, line: null, origin: null };

/** What the channel says stands in the way; null: it has said nothing. */
function troubleOf(refund: RefundView) {
  const said = refund.last_error?.details["channel"] as { code?: unknown } | undefined;
  if (refund.last_error === null) return null;
  const status = typeof said?.code === "string" ? said.code : refund.last_error.code;
  return {
    ...NOTHING_ELSE,
    amount: refund.amount,
    status,
    reference: refund.id,
    transaction_id: refund.channel_refund_id,
  };
}

/** The exception and its event, as one queue message; the same for every run that finds it. */
async function message(
  secret: string,
  id: string,
  merchantId: string,
  refund: RefundView,
  now: number,
): Promise<PublishedEvents> {
  const kind = "status_mismatch";
  const channel = troubleOf(refund);
  const gateway = {
    ...NOTHING_ELSE,
    amount: refund.amount,
    status: refund.status,
    reference: refund.id,
    transaction_id: refund.channel_refund_id,
  };
  const { livemode, payment_intent, channel_account } = refund;
  const view = {
    id,
    object: "reconciliation_exception" as const,
    livemode,
    run: null,
    kind,
    state: "open" as const,
    payment_intent,
    channel_account,
    channel_transaction_id: refund.channel_refund_id,
    channel,
    gateway,
    merchant: null,
    ...advise({ kind, lineKind: "refund", channel, gateway, merchant: null }),
    ...untouched(kind, now),
  };
  const event = buildEvent({
    id: await derivedId("event", await idKeyOf(secret), ["exception", id]),
    type: "reconciliation.exception",
    livemode,
    sequence: refund.sequence,
    createdAt: now,
    requestId: null,
    data: view,
  });
  const record = {
    id,
    kind,
    payment_intent,
    channel_account,
    reference: refund.id,
    created_at: now,
    snapshot: JSON.stringify(view),
  };
  return { merchant_id: merchantId, livemode, events: [event], exceptions: [record] };
}

/** @returns how many were written down for people */
export async function watchRefunds({ env, now, log }: Round): Promise<number> {
  const db = database(env.DB);
  const key = await idKeyOf(env.ID_KEY);
  const found = await Promise.all(
    (await refundsToLookAt(db, now)).map(async (row) => ({
      row,
      id: await derivedId("exception", key, ["refund_stuck", row.id]),
    })),
  );
  const known = await raisedAlready(
    db,
    found.map(({ id }) => id),
  );
  let raised = 0;
  await eachOf(
    found.filter(({ id }) => !known.has(id)),
    async ({ row, id }) => {
      try {
        const refund = await stillOpen(env, row);
        if (refund === null) return;
        await env.EVENTS.send(await message(env.ID_KEY, id, row.merchant_id, refund, now));
        raised += 1;
        log("warn", "watch.refund_stuck", { refund: row.id, exception: id });
      } catch (error) {
        log("error", "watch.failed", { refund: row.id, error: describeError(error) });
      }
    },
  );
  return raised;
}
