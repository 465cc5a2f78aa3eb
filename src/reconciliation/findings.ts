/** A finding as it is written down: evidence of every side, what it means, and what to do. */
import { isoOrNull } from "../clock.ts";
import { idKeyOf } from "../crypto/id-key.ts";
import { derivedId } from "../ids.ts";
import { EXCEPTION_SLA_MS, untouched } from "../reconciliation.ts";
import type { ExceptionRow } from "../store/exceptions.ts";
import { advise, type Evidence } from "./advice.ts";
import {
  type ExceptionKind,
  type FileSide,
  type GatewaySide,
  contractShare,
  type Sides,
} from "./judge.ts";

const ofFile = (side: FileSide | null): Evidence | null =>
  side === null
    ? null
    : {
        amount: side.amount,
        status: side.status,
        fee: side.fee,
        at: side.at,
        reference: side.reference,
        transaction_id: side.transactionId,
        file: side.file,
        line: side.line,
        origin: side.origin,
      };

const ofGateway = (side: GatewaySide | null, contractFee: number | null): Evidence | null =>
  side === null
    ? null
    : {
        amount: side.amount,
        status: side.status,
        fee: contractFee === null ? null : contractShare(side.amount.value, contractFee),
        at: side.at,
        reference: side.id,
        transaction_id: side.transactionId,
        file: null,
        line: null,
        origin: null,
      };

/** As the API shows it. Times in ISO 8601. */
const shown = (evidence: Evidence | null) =>
  evidence === null
    ? null
    : {
        amount: evidence.amount,
        status: evidence.status,
        fee: evidence.fee ?? null,
        paid_at: isoOrNull(evidence.at ?? null),
        reference: evidence.reference ?? null,
        transaction_id: evidence.transaction_id ?? null,
        file: evidence.file ?? null,
        line: evidence.line ?? null,
        origin: evidence.origin ?? null,
      };

export interface Discovery {
  readonly merchantId: string;
  readonly livemode: boolean;
  readonly accountId: string;
  readonly runId: string;
}

/**
 * The same finding of the same thing always has the same id, whichever run comes upon it.
 * @param reference the payment's or refund's id, or what the file calls it
 */
export async function findingRow(
  secret: string,
  { merchantId, livemode, accountId, runId }: Discovery,
  reference: string,
  kind: ExceptionKind,
  sides: Sides,
  now: number,
): Promise<ExceptionRow> {
  const parts = ["statement", accountId, sides.kind, reference, kind];
  // Two payments under one number are two findings when there is a third.
  if (kind === "duplicate") parts.push(sides.channel?.transactionId ?? "");
  const id = await derivedId("exception", await idKeyOf(secret), parts);
  const channel = ofFile(sides.channel);
  const gateway = ofGateway(sides.gateway, sides.contractFee);
  const merchant = ofFile(sides.merchant);
  const advice = advise({ kind, lineKind: sides.kind, channel, gateway, merchant });
  const payment = sides.gateway?.paymentId ?? null;
  return {
    id,
    merchant_id: merchantId,
    livemode,
    run_id: runId,
    kind,
    state: "open",
    payment_intent: payment,
    channel_account: accountId,
    reference,
    assignee: null,
    notes: [],
    due_at: now + EXCEPTION_SLA_MS[kind],
    resolved_at: null,
    created_at: now,
    updated_at: now,
    snapshot: JSON.stringify({
      id,
      object: "reconciliation_exception",
      livemode,
      run: runId,
      kind,
      state: "open",
      payment_intent: payment,
      channel_account: accountId,
      channel_transaction_id: sides.channel?.transactionId ?? sides.gateway?.transactionId ?? null,
      channel: shown(channel),
      gateway: shown(gateway),
      merchant: shown(merchant),
      explanation: advice.explanation,
      proposed_fix: advice.proposed_fix,
      ...untouched(kind, now),
    }),
  };
}
