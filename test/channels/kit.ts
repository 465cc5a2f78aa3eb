/** What the tests of every channel share: orders, an `io` of a kind, and a simulated database. */
import type {
  ChargeOrder,
  ChannelIo,
  RawCallback,
  RefundOrder,
  SentOrder,
} from "../../src/channels/adapter.ts";
import { randomId } from "../../src/ids.ts";
import { paymentBooking, refundBooking } from "../../src/sandbox/order-bookings.ts";
import { book } from "../../src/sandbox/refunds.ts";
import { bookShare, type SandboxShare } from "../../src/sandbox/shares.ts";
import type {
  FaultScript,
  SandboxOrderRecord,
  SandboxOrders,
  SandboxRefund,
} from "../../src/sandbox/simulator.ts";
import { type Booking, bookingDay } from "../../src/sandbox/statement.ts";

/** 2026-11-21T00:00:00Z. */
export const NOW = Date.UTC(2026, 10, 21);

/** A whole order; tests name what they are about. */
export const chargeOrder = (changes: Partial<ChargeOrder> = {}): ChargeOrder => ({
  paymentId: randomId("paymentIntent"),
  amount: { currency: "CNY", value: 699 },
  method: "qr",
  description: "AI summary",
  merchantName: "Corner Shop",
  notifyUrl: "https://gateway.example/v1/callbacks/x/ca_01j9zq4c7n8m2x5v6k3w1t0ryb",
  returnUrl: null,
  expiresAt: NOW + 900_000,
  createdAt: NOW,
  payer: null,
  osType: null,
  paymentMethodType: null,
  settlementCurrency: null,
  profitSharing: false,
  ...changes,
});

/** The same order after it was sent. */
export const sentOrder = (
  paymentId: string = randomId("paymentIntent"),
  changes: Partial<SentOrder> = {},
): SentOrder => ({
  paymentId,
  amount: { currency: "CNY", value: 699 },
  method: "qr",
  payload: "{}",
  channelTransactionId: null,
  createdAt: NOW,
  expiresAt: NOW + 900_000,
  ...changes,
});

/** The first refund of a paid order, of CNY 3.00. */
export const refundOrder = (
  payment: SentOrder = sentOrder(),
  changes: Partial<RefundOrder> = {},
): RefundOrder => ({
  refundId: `re_${payment.paymentId.slice(3)}01`,
  payment,
  amount: { currency: payment.amount.currency, value: 300 },
  reason: "size does not fit",
  notifyUrl: "https://gateway.example/v1/callbacks/x/ca_01j9zq4c7n8m2x5v6k3w1t0ryb",
  createdAt: NOW + 60_000,
  ...changes,
});

/** A request as the gateway hands it to an adapter. */
export async function rawCallback(request: Request): Promise<RawCallback> {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    target: pathname + search,
    headers: request.headers,
    body: new Uint8Array(await request.clone().arrayBuffer()),
  };
}

/** References in memory. */
export function memoryReferences(): ChannelIo["references"] {
  const kept = new Map<string, string>();
  return {
    async keep(reference, paymentId) {
      const holder = kept.get(reference) ?? paymentId;
      kept.set(reference, holder);
      return holder;
    },
    find: async (reference) => kept.get(reference) ?? null,
  };
}

/** Where no test of an adapter looks. */
export const NOWHERE = {
  pages: "https://gateway.example/sandbox/pages/x",
  references: memoryReferences(),
} as const;

const keyOf = (merchant: string, number: string) => `${merchant}:${number}`;

/** What an order adds to its merchant's books. */
function bookingsOf(order: SandboxOrderRecord, script: FaultScript | null): Booking[] {
  const paid = order.paidAt === null ? [] : [paymentBooking(order, order.paidAt, script)];
  const refunds = order.refunds.flatMap((refund) =>
    refund.refundedAt === null ? [] : [refundBooking(order, refund, refund.refundedAt)],
  );
  return [...paid, ...refunds];
}

/** The simulated channel's database, with a buyer at hand. */
export function memoryOrders(now: () => number = () => NOW, script: FaultScript | null = null) {
  const rows = new Map<string, SandboxOrderRecord>();
  const set = (record: SandboxOrderRecord) => {
    rows.set(keyOf(record.merchant, record.orderNumber), record);
    return record;
  };
  let transactions = 0;
  const nextNumber = () => {
    transactions += 1;
    return `20261121220014243305${String(transactions).padStart(8, "0")}`;
  };
  const become = (known: SandboxOrderRecord, state: SandboxOrderRecord["state"]) =>
    set({
      ...known,
      state,
      transactionId: state === "open" ? null : (known.transactionId ?? nextNumber()),
      paidAt: state === "paid" ? (known.paidAt ?? now()) : null,
    });
  const bookedOn = (merchant: string, day: string): Booking[] =>
    [...rows.values()]
      .filter((order) => order.merchant === merchant)
      .flatMap((order) => bookingsOf(order, script))
      .filter(({ at }) => bookingDay(at) === day)
      .toSorted((a, b) => a.at - b.at);
  const shares = new Map<string, SandboxShare[]>();
  let refundNumber = 0;
  const orders: SandboxOrders = {
    async ask(_channel, merchant, day) {
      const bookings = bookedOn(merchant, day);
      return { bookings, fault: null, late: false, upTo: bookings.length };
    },
    bookings: async (_channel, merchant, day, upTo) => bookedOn(merchant, day).slice(0, upTo),
    async create(made) {
      const known = rows.get(keyOf(made.merchant, made.orderNumber));
      if (known === undefined) {
        const none = { transactionId: null, paidAt: null, refunds: [] };
        const record = { ...made, ...none, createdAt: now(), state: "open" as const };
        return { kind: "created", order: set(record) };
      }
      if (known.state === "paid") return { kind: "already_paid", order: known };
      if (known.state === "closed") return { kind: "already_closed", order: known };
      return { kind: known.parameters === made.parameters ? "same" : "conflict", order: known };
    },
    get: async (_channel, merchant, number) => rows.get(keyOf(merchant, number)) ?? null,
    async close(_channel, merchant, number) {
      const known = rows.get(keyOf(merchant, number));
      if (known === undefined) return null;
      return known.state === "paid" ? known : set({ ...known, state: "closed" });
    },
    async pay(_channel, merchant, number) {
      const known = rows.get(keyOf(merchant, number));
      return known === undefined ? null : become(known, "paid");
    },
    async refund(_channel, merchant, number, refund) {
      const known = rows.get(keyOf(merchant, number));
      if (known === undefined) return { kind: "no_order" };
      refundNumber += 1;
      const { answer, ends } = book(known, refund, script, `50${refundNumber}`, now());
      if (ends !== null) set({ ...known, refunds: [...known.refunds, ends] });
      return answer;
    },
    async share(_channel, merchant, number, share) {
      const known = rows.get(keyOf(merchant, number));
      if (known === undefined) return { kind: "no_order" };
      const booked = shares.get(number) ?? [];
      const { answer, ends } = bookShare(known, booked, share, script, `3${booked.length}`, now());
      if (ends !== null) shares.set(number, [...booked, ends]);
      return answer;
    },
    shares: async (_channel, _merchant, number) => shares.get(number) ?? [],
  };
  const find = (number: string) =>
    [...rows.values()].find(({ orderNumber }) => orderNumber === number);
  return {
    orders,
    rows,
    find,
    /** What the buyer's wallet did to the only order with this number. */
    become(number: string, state: SandboxOrderRecord["state"]): SandboxOrderRecord {
      const known = find(number);
      if (known === undefined) throw new Error(`no order ${number}`);
      return become(known, state);
    },
    /** Writes a refund as it stands at the channel. */
    putRefund(number: string, refund: SandboxRefund): void {
      const known = find(number);
      if (known === undefined) throw new Error(`no order ${number}`);
      const others = known.refunds.filter((it) => it.refundNumber !== refund.refundNumber);
      set({ ...known, refunds: [...others, refund] });
    },
  };
}
