/** What publications put into the ledger, and what its entries are worth together. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import { randomId, refundIdOf } from "../../src/ids.ts";
import type { PaymentCopy, PublishedEvents, RefundCopy } from "../../src/messages.ts";
import { balancesOf } from "../../src/settlement/balances.ts";
import { entriesOf } from "../../src/settlement/booking.ts";
import { ENTRY_KINDS, type EntryKind, entryOf } from "../../src/settlement/ledger.ts";
import { paymentOf } from "../store/payments.ts";

const MERCHANT = randomId("merchant");
const PAID_AT = 1_795_219_200_000;
const NOW = PAID_AT + 5_000;

function copyOf(fee: number | null, changes: Partial<PaymentCopy> = {}): PaymentCopy {
  const { merchant_id: _merchant, livemode: _mode, ...row } = paymentOf(MERCHANT);
  const snapshot = JSON.stringify({ fee: fee === null ? null : { currency: "CNY", value: fee } });
  return { ...row, succeeded_at: PAID_AT, snapshot, ...changes };
}

const refundOf = (
  payment: PaymentCopy,
  number: number,
  value: number,
  fee: number | null,
  changes: Partial<RefundCopy> = {},
): RefundCopy => ({
  id: refundIdOf(payment.id, number),
  payment_intent: payment.id,
  sequence: 4,
  status: "succeeded",
  channel_account: "ca_1",
  channel_refund_id: null,
  currency: payment.currency,
  value,
  succeeded_at: PAID_AT + number * 1_000,
  created_at: PAID_AT,
  snapshot: JSON.stringify({ fee: fee === null ? null : { currency: "CNY", value: fee } }),
  ...changes,
});

const published = (parts: Partial<PublishedEvents>): PublishedEvents => ({
  merchant_id: MERCHANT,
  livemode: true,
  events: [],
  ...parts,
});

const said = (parts: Partial<PublishedEvents>) =>
  entriesOf(published(parts), NOW).map(({ kind, value, at }) => [kind, value, at]);

describe("a publication", () => {
  it("books a payment that has succeeded, and its fee", ({ expect }) => {
    const copy = copyOf(3);
    const body = copy.id.slice("pi_".length);
    const common = {
      merchant_id: MERCHANT,
      livemode: true,
      at: PAID_AT,
      currency: "CNY",
      cause: copy.id,
      memo: null,
      recorded_at: NOW,
    };
    expect(entriesOf(published({ copy }), NOW)).toEqual([
      {
        ...common,
        id: `le_1${body}`,
        kind: "gross",
        value: 699,
        debit: "channel:ca_1",
        credit: "sales",
      },
      {
        ...common,
        id: `le_2${body}`,
        kind: "fee",
        value: 3,
        debit: "platform_fees",
        credit: "platform",
      },
    ]);
  });

  it("books nothing before there is money, and nothing for a payment without a fee", ({
    expect,
  }) => {
    for (const status of ["pending", "qr_generated", "failed", "expired", "cancelled"]) {
      expect(said({ copy: copyOf(3, { status, succeeded_at: null }) })).toEqual([]);
    }
    expect(said({ copy: copyOf(0) })).toEqual([["gross", 699, PAID_AT]]);
    expect(said({ copy: copyOf(null) })).toEqual([["gross", 699, PAID_AT]]);
  });

  it("books refunds that have succeeded with what they gave back of the fee", ({ expect }) => {
    const copy = copyOf(3);
    const refunds = [
      refundOf(copy, 1, 300, 1),
      refundOf(copy, 2, 399, 2),
      refundOf(copy, 3, 50, null, { status: "processing", succeeded_at: null }),
      refundOf(copy, 4, 50, null, { status: "failed", succeeded_at: null }),
    ];
    expect(said({ refunds })).toEqual([
      ["refund", 300, PAID_AT + 1_000],
      ["fee_refund", 1, PAID_AT + 1_000],
      ["refund", 399, PAID_AT + 2_000],
      ["fee_refund", 2, PAID_AT + 2_000],
    ]);
  });

  it("without events, as a payment is published again, books the same", ({ expect }) => {
    const copy = copyOf(3);
    const refunds = [refundOf(copy, 1, 699, 3)];
    const event = { id: randomId("event"), type: "x", created_at: 1, payload: "{}" };
    const again = entriesOf(published({ copy, refunds }), NOW + 1).map(({ id, at }) => [id, at]);
    expect(again).toEqual(
      entriesOf(published({ copy, refunds, events: [event] }), NOW).map(({ id, at }) => [id, at]),
    );
    expect(again).toHaveLength(4);
  });
});

describe("an entry", () => {
  const posting = {
    kind: "gross",
    merchantId: MERCHANT,
    livemode: true,
    channelAccount: "ca_1",
    at: 1,
    currency: "CNY",
    value: 1,
    cause: "pi_1",
  } as const;

  it("moves a positive whole number, or is none", ({ expect }) => {
    for (const value of [0, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
      expect(() => entryOf({ ...posting, value }, 1)).toThrow(RangeError);
    }
  });

  it("of every kind has an id of its own", ({ expect }) => {
    const kinds = Object.keys(ENTRY_KINDS) as EntryKind[];
    const ids = kinds.map((kind) => entryOf({ ...posting, kind }, 1).id);
    expect(new Set(ids).size).toBe(kinds.length);
  });
});

describe("balances", () => {
  it("say what the channels hold, what is owed and what has arrived", ({ expect }) => {
    const move = (debit: string, credit: string, value: number, currency = "CNY") => ({
      currency,
      debit,
      credit,
      value,
    });
    const movements = [
      move("channel:ca_1", "sales", 1_000),
      move("channel:ca_2", "sales", 500),
      move("platform_fees", "platform", 8),
      move("refunds", "channel:ca_1", 200),
      move("platform", "platform_fees", 1),
      move("channel_fees", "channel:ca_2", 3),
      move("bank", "channel:ca_1", 790),
      move("platform", "bank", 7),
      move("channel:ca_3", "sales", 9, "JPY"),
    ];
    expect(balancesOf(movements)).toEqual([
      {
        currency: "CNY",
        accounts: [
          { account: "bank", debit: 790, credit: 7, balance: 783 },
          { account: "channel:ca_1", debit: 1_000, credit: 990, balance: 10 },
          { account: "channel:ca_2", debit: 500, credit: 3, balance: 497 },
          { account: "channel_fees", debit: 3, credit: 0, balance: 3 },
          { account: "platform", debit: 8, credit: 8, balance: 0 },
          { account: "platform_fees", debit: 8, credit: 1, balance: 7 },
          { account: "refunds", debit: 200, credit: 0, balance: 200 },
          { account: "sales", debit: 0, credit: 1_500, balance: -1_500 },
        ],
        held_at_channels: 507,
        owed_to_platform: 0,
        at_bank: 783,
      },
      expect.objectContaining({ currency: "JPY", held_at_channels: 9, at_bank: 0 }),
    ]);
    expect(balancesOf([])).toEqual([]);
  });

  it("refuse to be wrong where numbers end", ({ expect }) => {
    const most = Number.MAX_SAFE_INTEGER;
    const movement = { currency: "VND", debit: "bank", credit: "sales", value: most };
    expect(balancesOf([movement])[0]?.at_bank).toBe(most);
    expect(() => balancesOf([movement, { ...movement, credit: "platform", value: 1 }])).toThrow(
      RangeError,
    );
    expect(() => balancesOf([{ ...movement, value: most + 1 }])).toThrow(RangeError);
  });

  it("of any movements sum to zero", ({ expect }) => {
    const account = fc.constantFrom("channel:ca_1", "channel:ca_2", "bank", "platform", "sales");
    const movement = fc.record({
      currency: fc.constantFrom("CNY", "USD"),
      debit: account,
      credit: account,
      value: fc.integer({ min: 1, max: 1_000_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(movement, { maxLength: 40 }), (movements) => {
        for (const { accounts } of balancesOf(movements)) {
          expect(accounts.reduce((sum, { balance }) => sum + balance, 0)).toBe(0);
        }
      }),
    );
  });
});
