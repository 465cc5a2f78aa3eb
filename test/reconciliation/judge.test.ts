/** The table of questions: what differs, and what does not. */
import { describe, it } from "vitest";

import {
  type FileSide,
  type GatewaySide,
  judge,
  type Sides,
} from "../../src/reconciliation/judge.ts";
import { daysBetween, isDay, startOfDay } from "../../src/days.ts";
import { windowOf } from "../../src/reconciliation/window.ts";

const cny = (value: number) => ({ currency: "CNY", value });

const file = (changes: Partial<FileSide> = {}): FileSide => ({
  amount: cny(699),
  status: "succeeded",
  fee: null,
  transactionId: "4200",
  at: 1,
  reference: "pi_1",
  file: "bill.csv",
  line: 2,
  origin: "download",
  ...changes,
});

const ours = (changes: Partial<GatewaySide> = {}): GatewaySide => ({
  id: "pi_1",
  paymentId: "pi_1",
  amount: cny(699),
  status: "succeeded",
  transactionId: "4200",
  at: 1,
  refunded: 0,
  ...changes,
});

const said = (changes: Partial<Sides>): string => {
  const verdict = judge({
    kind: "payment",
    channel: file(),
    gateway: ours(),
    merchant: null,
    contractFee: null,
    ...changes,
  });
  return verdict.outcome === "differs" ? verdict.kind : verdict.outcome;
};

const refund = (channel: FileSide["status"], gateway: string): string =>
  said({ kind: "refund", channel: file({ status: channel }), gateway: ours({ status: gateway }) });

describe("what is said of", () => {
  it("a payment", ({ expect }) => {
    expect(said({})).toBe("matched");
    expect(said({ channel: file({ amount: cny(698) }) })).toBe("amount_mismatch");
    const foreign = { currency: "HKD", value: 699 };
    expect(said({ channel: file({ amount: foreign }) })).toBe("currency_mismatch");
    expect(said({ gateway: null })).toBe("missing_at_gateway");
    expect(said({ gateway: null, channel: file({ status: "failed" }) })).toBe("ignored");
    expect(said({ channel: file({ transactionId: "4201" }) })).toBe("duplicate");
    expect(said({ channel: file({ transactionId: null }) })).toBe("matched");
    expect(said({ gateway: ours({ status: "expired" }) })).toBe("news");
    // The amount comes first: news of another amount is none.
    expect(said({ gateway: ours({ status: "expired", amount: cny(1) }) })).toBe("amount_mismatch");
    expect(said({ channel: file({ status: "failed" }) })).toBe("status_mismatch");
    expect(said({ channel: file({ status: "processing" }) })).toBe("matched");
    expect(said({ channel: file({ status: "reversed" }) })).toBe("status_mismatch");
    expect(said({ channel: file({ status: "reversed" }), gateway: ours({ refunded: 699 }) })).toBe(
      "matched",
    );
  });

  it("a refund", ({ expect }) => {
    expect(refund("succeeded", "succeeded")).toBe("matched");
    expect(refund("succeeded", "processing")).toBe("news");
    expect(refund("succeeded", "requested")).toBe("news");
    expect(refund("succeeded", "failed")).toBe("status_mismatch");
    expect(refund("processing", "succeeded")).toBe("matched");
    expect(refund("failed", "succeeded")).toBe("status_mismatch");
    expect(refund("failed", "processing")).toBe("news");
    expect(refund("failed", "failed")).toBe("matched");
  });

  it("a fee, to the minor unit, half up", ({ expect }) => {
    // 0.6 % of 6.99 is 0.04194.
    expect(said({ contractFee: 60, channel: file({ fee: 4 }) })).toBe("matched");
    expect(said({ contractFee: 60, channel: file({ fee: 5 }) })).toBe("fee_mismatch");
    expect(said({ contractFee: 60, channel: file({ fee: null }) })).toBe("matched");
    const half = { amount: cny(250) };
    expect(said({ contractFee: 60, channel: file({ ...half, fee: 2 }), gateway: ours(half) })).toBe(
      "matched",
    );
    expect(said({ contractFee: null, channel: file({ fee: 400 }) })).toBe("matched");
  });

  it("the merchant's own records", ({ expect }) => {
    expect(said({ merchant: file() })).toBe("matched");
    expect(said({ merchant: file({ amount: cny(700) }) })).toBe("amount_mismatch");
    expect(said({ merchant: file({ status: "failed" }) })).toBe("status_mismatch");
    expect(said({ merchant: file({ fee: 3 }), channel: file({ fee: 4 }) })).toBe("fee_mismatch");
    expect(said({ channel: null, gateway: null, merchant: file() })).toBe("missing_at_gateway");
    const unpaid = ours({ status: "expired" });
    expect(said({ channel: null, gateway: unpaid, merchant: file() })).toBe("status_mismatch");
  });
});

describe("days", () => {
  it("are those of the channel's clock", ({ expect }) => {
    expect(startOfDay("2026-11-20", 480)).toBe(Date.parse("2026-11-19T16:00:00Z"));
    const { from, to } = windowOf("2026-11-20", 480);
    expect([new Date(from).toISOString(), new Date(to).toISOString()]).toEqual([
      "2026-11-19T15:30:00.000Z",
      "2026-11-20T15:30:00.000Z",
    ]);
    expect(daysBetween("2026-02-27", "2026-03-01")).toEqual([
      "2026-02-27",
      "2026-02-28",
      "2026-03-01",
    ]);
    expect(daysBetween("2026-03-02", "2026-03-01")).toEqual([]);
    expect(["2026-02-30", "2026-2-03", "20260203", ""].map(isDay)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(isDay("2028-02-29")).toBe(true);
  });
});
