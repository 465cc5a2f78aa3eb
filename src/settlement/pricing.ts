/**
 * What the platform charges for a payment. Pure; whole minor units, rounded half up. A payment keeps
 * the rate of its creation, and refunds give the fee back in proportion: the parts always sum to it.
 */
import type { Money } from "../money.ts";

export const FEE_KINDS = ["domestic", "cross_border", "crypto"] as const;

/** `cross_border`: the merchant is settled in another currency than the buyer pays. */
export type FeeKind = (typeof FEE_KINDS)[number];

export interface FeeRate {
  readonly kind: FeeKind;
  /** Hundredths of a per cent. */
  readonly basis_points: number;
  /** Minor units of the payment's currency, on top of the share. */
  readonly fixed: number;
}

/** One row of the price list. Empty merchant or channel: every one. */
export interface FeePlan {
  readonly merchant_id: string;
  readonly channel: string;
  readonly kind: FeeKind;
  readonly basis_points: number;
  /** Currency -> minor units. */
  readonly fixed: Readonly<Record<string, number>>;
}

/** Where no row says otherwise: the public price list's commission (domestic, abroad, crypto). */
export const DEFAULT_BASIS_POINTS: Readonly<Record<FeeKind, number>> = {
  domestic: 50,
  cross_border: 80,
  crypto: 30,
};

const CRYPTO = new Set(["USDC", "USDT"]);

/** @param settlementCurrency null: the merchant is settled in whatever was paid */
export function feeKind(currency: string, settlementCurrency: string | null): FeeKind {
  if (CRYPTO.has(currency)) return "crypto";
  return settlementCurrency === null || settlementCurrency === currency
    ? "domestic"
    : "cross_border";
}

const specificity = ({ merchant_id, channel }: Pick<FeePlan, "merchant_id" | "channel">): number =>
  (merchant_id === "" ? 0 : 2) + (channel === "" ? 0 : 1);

/** Whose row a rate comes from, by how specific the row is. */
const PLAN_SOURCES = ["everybody", "channel", "merchant", "merchant_channel"] as const;

/** `default`: no row says anything. */
export const RATE_SOURCES = [...PLAN_SOURCES, "default"] as const;

export type RateSource = (typeof RATE_SOURCES)[number];

/**
 * The most specific row counts: merchant and channel, merchant, channel, everybody.
 * @param plans rows of this merchant and of everybody
 * @returns null where no row says anything
 */
export function planFor(
  plans: readonly FeePlan[],
  { channel, kind }: { channel: string; kind: FeeKind },
): FeePlan | null {
  const [plan] = plans
    .filter((row) => row.kind === kind && (row.channel === "" || row.channel === channel))
    .toSorted((a, b) => specificity(b) - specificity(a));
  return plan ?? null;
}

export const sourceOf = (plan: Pick<FeePlan, "merchant_id" | "channel"> | null): RateSource =>
  (plan === null ? undefined : PLAN_SOURCES[specificity(plan)]) ?? "default";

/**
 * What a payment is charged: {@link planFor}'s row, else the default.
 * @param plans rows of this merchant and of everybody
 */
export function rateFor(
  plans: readonly FeePlan[],
  { channel, currency, kind }: { channel: string; currency: string; kind: FeeKind },
): FeeRate {
  const plan = planFor(plans, { channel, kind });
  return {
    kind,
    basis_points: plan?.basis_points ?? DEFAULT_BASIS_POINTS[kind],
    fixed: plan?.fixed[currency] ?? 0,
  };
}

/** `a * b / c`, rounded half up; exact, because products pass 2^53. None of them negative. */
export const shareOf = (a: number, b: number, c: number): number =>
  Number((2n * BigInt(a) * BigInt(b) + BigInt(c)) / (2n * BigInt(c)));

/** The fee of a payment in its minor units: never more than the payment itself. */
export const feeOf = ({ basis_points, fixed }: FeeRate, { value }: Money): number =>
  Math.min(value, shareOf(value, basis_points, 10_000) + fixed);

/**
 * What all refunds so far give back of the fee. A refund's own part is the difference that it makes,
 * so that the parts of any number of refunds sum to the fee exactly when everything is given back.
 * @param refunded sum of the succeeded refunds (minor units)
 */
export const feeReturned = (fee: number, { value }: Money, refunded: number): number =>
  shareOf(fee, refunded, value);
