/**
 * What merchants' systems are told of a day: each exception, and the end of the run. Event ids are
 * made of what they tell, so that telling again tells nobody twice.
 */
import { utf8 } from "../crypto/encoding.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { buildEvent } from "../envelope.ts";
import { derivedId } from "../ids.ts";
import type { EventRecord } from "../messages.ts";
import { findingsOf } from "../store/exceptions.ts";
import { countOpenDays, daysOf, type RunRow } from "../store/reconciliation-runs.ts";
import type { ReconciliationContext } from "./context.ts";
import type { DayDesk } from "./desk.ts";
import { runView } from "./view.ts";

/**
 * A file of the wrong shop would bring a million exceptions. They are all on the list; events are
 * raised for the first of them, and the run's own event has the counts.
 */
export const EVENTS_PER_RUN = 1_000;

/** Exceptions that are told together. */
const EVENTS_PER_PAGE = 25;

/**
 * A queue message holds 128,000 bytes. An exception's event has some two thousand, and with long
 * names in a script of three bytes a letter several times that.
 */
const MESSAGE_BYTES = 96_000;

/** The same in messages that a queue takes. */
function* messagesOf(events: readonly EventRecord[]): Generator<EventRecord[]> {
  let message: EventRecord[] = [];
  let bytes = 0;
  for (const event of events) {
    // As it travels: a text inside of JSON.
    const { length } = utf8(JSON.stringify(event));
    if (bytes + length > MESSAGE_BYTES && message.length > 0) {
      yield message;
      [message, bytes] = [[], 0];
    }
    message.push(event);
    bytes += length;
  }
  if (message.length > 0) yield message;
}

const START = "0";

async function exceptionEvent(
  key: CryptoKey,
  { id, snapshot, created_at }: { id: string; snapshot: string; created_at: number },
  livemode: boolean,
): Promise<EventRecord> {
  return buildEvent({
    id: await derivedId("event", key, ["exception", id]),
    type: "reconciliation.exception",
    livemode,
    sequence: 1,
    createdAt: created_at,
    requestId: null,
    data: JSON.parse(snapshot),
  });
}

/** Tells of a run's exceptions. False: it has to go on in the next part. */
export async function announce(desk: DayDesk): Promise<boolean> {
  const { context, run } = desk;
  const key = await idKeyOf(context.idKey);
  for (let told = Number(desk.day.cursor.split(" ")[0]); told < EVENTS_PER_RUN;) {
    const after = desk.day.cursor === START ? "" : (desk.day.cursor.split(" ")[1] ?? "");
    const findings = await findingsOf(context.db, run.id, after, EVENTS_PER_PAGE);
    const last = findings.at(-1);
    if (last === undefined) break;
    const all = await Promise.all(findings.map((one) => exceptionEvent(key, one, run.livemode)));
    for (const events of messagesOf(all)) {
      await context.events.send({ merchant_id: run.merchant_id, livemode: run.livemode, events });
    }
    told += findings.length;
    await desk.mark({ cursor: `${told} ${last.id}` });
    if (desk.isTired) return false;
  }
  return true;
}

/** Tells that a run has ended, if no day of it is left. */
export async function announceEnd(context: ReconciliationContext, run: RunRow): Promise<void> {
  const { db, idKey, events } = context;
  if ((await countOpenDays(db, run.id)) > 0) return;
  const view = runView(run, await daysOf(db, [run.id]));
  await events.send({
    merchant_id: run.merchant_id,
    livemode: run.livemode,
    events: [
      buildEvent({
        id: await derivedId("event", await idKeyOf(idKey), ["run", run.id]),
        type: "reconciliation.completed",
        livemode: run.livemode,
        sequence: 1,
        createdAt: Date.parse(view.updated_at),
        requestId: null,
        data: view,
      }),
    ],
  });
}
