/**
 * Profit sharing: the parameters that split the money of a trade whose order said `royalty_freeze`.
 * `alipay.trade.order.settle` pays receivers, and `refund_royalty_parameters` of a refund take it
 * back from them. Pure; nothing here calls.
 */
import { failure, type Failure, invalidField } from "../../errors.ts";
import type { Money } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import { cleanText, toYuan } from "./mapping.ts";

/** A receiver by its PID (2088…) or by the name that it logs in with. */
export type RoyaltyAccount =
  | { readonly type: "userId"; readonly account: string }
  | { readonly type: "loginName"; readonly account: string; readonly name?: string };

export interface RoyaltyShare {
  readonly receiver: RoyaltyAccount;
  readonly amount: Money;
  readonly description?: string;
}

export interface Settlement {
  /** Ours, at most 32 letters, digits and underscores; the same number is the same settlement. */
  readonly requestNumber: string;
  readonly tradeNumber: string;
  /** What the trade still holds. */
  readonly available: Money;
  readonly shares: readonly RoyaltyShare[];
  /** The last one: what is left goes to the seller. */
  readonly finish: boolean;
}

function refuseAccount({ type, account }: RoyaltyAccount, path: string): Failure | null {
  const isFine = type === "userId" ? /^2088\d{12}$/.test(account) : /^\S{3,100}$/.test(account);
  return isFine
    ? null
    : invalidField(
        path,
        type === "userId"
          ? "must be 2088 and 12 more digits"
          : "must be an e-mail address or phone",
      );
}

/** Every share is money for one known receiver, and together they are covered. */
function refuseShares(shares: readonly RoyaltyShare[], available: Money): Failure | null {
  const seen = new Set<string>();
  let sum = 0;
  for (const [index, { receiver, amount }] of shares.entries()) {
    const path = `shares.${index}`;
    const wrongAccount = refuseAccount(receiver, `${path}.receiver`);
    if (wrongAccount !== null) return wrongAccount;
    // Two shares for one receiver are more likely a slip than a wish.
    if (seen.has(receiver.account)) return invalidField(`${path}.receiver`, "is named twice");
    seen.add(receiver.account);
    if (amount.currency !== available.currency) {
      return invalidField(`${path}.amount`, `must be in ${available.currency}`);
    }
    if (!Number.isSafeInteger(amount.value) || amount.value < 1) {
      return invalidField(`${path}.amount`, "must be a positive whole number of minor units");
    }
    sum += amount.value;
  }
  if (sum <= available.value) return null;
  return failure("AMOUNT_EXCEEDED", "The shares are more than what is there to share.", {
    requested: { currency: available.currency, value: sum },
    max_allowed: available,
  });
}

const described = (text: string | undefined) => {
  const desc = cleanText(text ?? "");
  return desc === "" ? {} : { desc };
};

/** `biz_content` of alipay.trade.order.settle: from the seller to the receivers. */
export function settleContent(settlement: Settlement): Result<string, Failure> {
  const { requestNumber, tradeNumber, available, shares, finish } = settlement;
  if (!/^\w{1,32}$/.test(requestNumber)) {
    return err(invalidField("requestNumber", "must be 1 to 32 letters, digits or underscores"));
  }
  if (shares.length === 0 && !finish) return err(invalidField("shares", "must not be empty"));
  const refused = refuseShares(shares, available);
  if (refused !== null) return err(refused);
  return ok(
    JSON.stringify({
      out_request_no: requestNumber,
      trade_no: tradeNumber,
      royalty_parameters: shares.map(({ receiver, amount, description }) => ({
        royalty_type: "transfer",
        trans_in_type: receiver.type,
        trans_in: receiver.account,
        ...("name" in receiver && receiver.name !== undefined
          ? { trans_in_name: receiver.name }
          : {}),
        amount: toYuan(amount),
        ...described(description),
      })),
      ...(finish ? { extend_params: { royalty_finish: "true" } } : {}),
    }),
  );
}

/**
 * `refund_royalty_parameters` of alipay.trade.refund: what the receivers give back of a refund. The
 * rest of it is the seller's.
 * @param refund the refund's own amount
 */
export function refundRoyaltyParameters(
  shares: readonly RoyaltyShare[],
  refund: Money,
): Result<readonly Readonly<Record<string, string>>[], Failure> {
  const refused = refuseShares(shares, refund);
  if (refused !== null) return err(refused);
  return ok(
    shares.map(({ receiver, amount, description }) => ({
      royalty_type: "transfer",
      trans_out_type: receiver.type,
      trans_out: receiver.account,
      amount: toYuan(amount),
      ...described(description),
    })),
  );
}
