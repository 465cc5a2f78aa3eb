/** Exceptions, put into D1 as the consumer or a run would. */
import { env } from "cloudflare:workers";

import { randomId } from "../../src/ids.ts";
import { advise, type Evidence } from "../../src/reconciliation/advice.ts";
import { type EXCEPTION_KINDS, untouched } from "../../src/reconciliation.ts";
import { database } from "../../src/store/db.ts";
import type { ExceptionRow } from "../../src/store/exceptions.ts";
import { exceptions } from "../../src/store/schema.ts";

const db = database(env.DB);

export const cny = (value: number) => ({ currency: "CNY", value });

interface Planted extends Partial<ExceptionRow> {
  readonly merchant_id: string;
  readonly channel?: Evidence | null;
  readonly gateway?: Evidence | null;
  readonly merchant?: Evidence | null;
}

/** One of a payment of 6.99 that the channel has as paid and we have not, unless told otherwise. */
export async function plantException(planted: Planted): Promise<ExceptionRow> {
  const {
    channel = { amount: cny(699), status: "succeeded" },
    gateway = { amount: cny(699), status: "expired" },
    merchant = null,
    ...changes
  } = planted;
  const now = changes.created_at ?? Date.now();
  const id = changes.id ?? randomId("exception");
  const kind = (changes.kind ?? "status_mismatch") as (typeof EXCEPTION_KINDS)[number];
  const row: ExceptionRow = {
    livemode: false,
    run_id: null,
    kind,
    state: "open",
    payment_intent: null,
    channel_account: "ca_1",
    reference: null,
    assignee: null,
    notes: [],
    due_at: now + 86_400_000,
    resolved_at: null,
    created_at: now,
    updated_at: now,
    ...changes,
    id,
    snapshot: JSON.stringify({
      id,
      object: "reconciliation_exception",
      livemode: changes.livemode ?? false,
      run: changes.run_id ?? null,
      kind,
      state: "open",
      payment_intent: changes.payment_intent ?? null,
      channel_account: changes.channel_account ?? "ca_1",
      channel_transaction_id: channel?.transaction_id ?? null,
      channel,
      gateway,
      merchant,
      ...advise({ kind, lineKind: "payment", channel, gateway, merchant }),
      ...untouched(kind, now),
    }),
  };
  await db.insert(exceptions).values(row);
  return row;
}
