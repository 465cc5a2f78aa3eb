/**
 * What a simulated channel does with shares of a paid order: money that goes to others than the
 * merchant, its returns, and the release of what is still frozen. Pure but for the order's table.
 */
import { orderNumberOf, paymentOfRefund } from "../ids.ts";
import { faultOf } from "./scripts.ts";
import type { FaultScript, SandboxOrderRecord, SandboxOrders } from "./simulator.ts";

/** A share as the simulated channel keeps it. Amounts in minor units, times in ms since 1970. */
export interface SandboxShare {
  /** The merchant's number of it. */
  readonly number: string;
  /** `release`: frees what is frozen, and gives nothing to anybody. */
  readonly kind: "share" | "return" | "release";
  /** Returns: the number of the share. */
  readonly original: string | null;
  readonly parameters: string;
  readonly value: number;
  readonly receiver: string;
  /** Nothing stays frozen behind it. */
  readonly finishes: boolean;
  readonly state: "processing" | "succeeded" | "failed";
  readonly channelNumber: string;
  readonly createdAt: number;
}

export type ShareAnswer =
  | {
      readonly kind: "created" | "same";
      readonly order: SandboxOrderRecord;
      readonly share: SandboxShare;
    }
  /** `released`: nothing is frozen any more. `no_original`: there is no share to return. */
  | {
      readonly kind: "conflict" | "not_paid" | "released" | "exceeds" | "no_original";
      readonly order: SandboxOrderRecord;
    }
  | { readonly kind: "no_order" };

export type NewShare = Omit<SandboxShare, "state" | "channelNumber" | "createdAt"> & {
  /** Whether the answer knows the end, or says `processing` and queries tell it a moment after. */
  readonly settles: "now" | "later";
  /** Most that may be given to others of an order in all. */
  readonly most: number;
};

/** The part of the simulated channel's database that is about shares. */
export interface SandboxShares {
  /** Books a share, once per number. */
  share(
    channel: string,
    merchant: string,
    orderNumber: string,
    share: NewShare,
  ): Promise<ShareAnswer>;
  /** In the order of their making. */
  shares(channel: string, merchant: string, orderNumber: string): Promise<SandboxShare[]>;
}

export interface BookedShare {
  readonly answer: ShareAnswer;
  /** The share as it stands a moment after the answer; null: nothing new. */
  readonly ends: SandboxShare | null;
}

const sum = (shares: readonly SandboxShare[]): number =>
  shares.reduce((total, { value }) => total + value, 0);

/** Why a new share cannot be booked; null when it can. */
function refusal(
  order: SandboxOrderRecord,
  booked: readonly SandboxShare[],
  share: NewShare,
): "not_paid" | "released" | "exceeds" | "no_original" | null {
  if (order.state !== "paid") return "not_paid";
  const living = booked.filter(({ state }) => state !== "failed");
  if (share.kind === "return") {
    const original = living.find(({ number }) => number === share.original);
    if (original?.state !== "succeeded") return "no_original";
    const returned = sum(living.filter((it) => it.original === share.original));
    return returned + share.value > original.value ? "exceeds" : null;
  }
  const refunded = order.refunds.reduce((total, { value }) => total + value, 0);
  if (refunded >= order.value || booked.some(({ finishes }) => finishes)) return "released";
  const given = sum(living.filter(({ kind }) => kind === "share")) + share.value;
  return given > Math.min(share.most, order.value - refunded) ? "exceeds" : null;
}

const ENDS = { rejected: "failed", stuck: "processing" } as const;

/** A number that was used with the same parameters is answered as it stands. */
export function bookShare(
  order: SandboxOrderRecord,
  booked: readonly SandboxShare[],
  share: NewShare,
  script: FaultScript | null,
  channelNumber: string,
  now: number,
): BookedShare {
  const { settles, most: _, ...terms } = share;
  const known = booked.find(({ number }) => number === share.number);
  if (known !== undefined) {
    const answer: ShareAnswer =
      known.parameters === share.parameters
        ? { kind: "same", order, share: known }
        : { kind: "conflict", order };
    return { answer, ends: null };
  }
  const refused = refusal(order, booked, share);
  if (refused !== null) return { answer: { kind: refused, order }, ends: null };
  const { split } = faultOf(script);
  const isSpoiled = share.kind === "share" && (split === "rejected" || split === "stuck");
  const begun = { ...terms, channelNumber, createdAt: now };
  const ends: SandboxShare = { ...begun, state: isSpoiled ? ENDS[split] : "succeeded" };
  const shown: SandboxShare = settles === "now" ? ends : { ...begun, state: "processing" };
  return { answer: { kind: "created", order, share: shown }, ends };
}

const TABLE = `CREATE TABLE IF NOT EXISTS shares (
  number TEXT PRIMARY KEY,
  share TEXT NOT NULL CHECK (json_valid(share))
) STRICT`;

/** Of one order, in the order of their making. */
export function readShares(sql: SqlStorage): SandboxShare[] {
  const exists = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'shares'").toArray().length > 0;
  if (!exists) return [];
  return sql
    .exec<{ share: string }>("SELECT share FROM shares ORDER BY rowid")
    .toArray()
    .map(({ share }) => JSON.parse(share) as SandboxShare);
}

/** Adds a new share. */
export function writeShare(sql: SqlStorage, share: SandboxShare): void {
  sql.exec(TABLE);
  sql.exec("INSERT INTO shares VALUES (?, ?)", share.number, JSON.stringify(share));
}

/** A payment whose buyer chose anew has later orders; few choose more often than this. */
const ORDERS_LOOKED_AT = 8;

/**
 * The order that a share is of. Channels find it by their own transaction number; the sandbox has no
 * index of those, and finds it by the share's number, which is made from the payment's.
 */
export async function orderOfShare(
  orders: Pick<SandboxOrders, "get">,
  channel: string,
  merchant: string,
  { number, transactionId }: { readonly number: string; readonly transactionId: string | null },
): Promise<SandboxOrderRecord | null> {
  const body = /^sp_([0-9a-z]{26})([0-9a-z]{2})?$/.exec(number)?.[1];
  const payment = body === undefined ? null : paymentOfRefund(`re_${body}00`);
  if (payment === null) return null;
  for (let nth = 1; nth <= ORDERS_LOOKED_AT; nth += 1) {
    const order = await orders.get(channel, merchant, orderNumberOf(payment, nth));
    const isIt = transactionId === null || order?.transactionId === transactionId;
    if (order?.state === "paid" && isIt) return order;
  }
  return null;
}
