/**
 * What is wrong and what to do about it, in words for the owner of a shop: one entry of a table per
 * kind of exception, with the numbers of the sides that disagree. Pure. The evidence beside it is for
 * those who want to look it up.
 */
import { formatMoney, type Money, sameMoney } from "../money.ts";
import type { EXCEPTION_KINDS } from "../reconciliation.ts";

/** What one side says of a payment or a refund. */
export interface Evidence {
  readonly amount: Money;
  /** The side's own word or ours, such as `succeeded`. */
  readonly status: string;
  /** What the channel keeps, in minor units; negative: given back. Here: what its contract says. */
  readonly fee?: number | null;
  /** Milliseconds since 1970. */
  readonly at?: number | null;
  /** What the side calls it. */
  readonly reference?: string | null;
  readonly transaction_id?: string | null;
  /** The statement's name, and the line in it from 1. */
  readonly file?: string | null;
  readonly line?: number | null;
  /** Where the file came from. Null or absent: the side told us itself. */
  readonly origin?: "download" | "upload" | null;
}

export interface Finding {
  readonly kind: (typeof EXCEPTION_KINDS)[number];
  readonly lineKind: "payment" | "refund";
  /** A side that knows nothing of it is null. */
  readonly channel: Evidence | null;
  readonly gateway: Evidence | null;
  readonly merchant: Evidence | null;
}

export interface Advice {
  readonly explanation: string;
  readonly proposed_fix: string;
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  pending: "not paid yet",
  qr_generated: "not paid yet",
  scanning: "not paid yet",
  authorized: "not paid yet",
  captured: "not paid yet",
  requested: "not answered yet",
  processing: "still under way",
  succeeded: "done",
  failed: "failed",
  expired: "expired without a payment",
  cancelled: "cancelled",
  reversed: "taken back",
};

const statusWords = ({ status }: Evidence): string => STATUS_WORDS[status] ?? `“${status}”`;

/** Signed, because a channel may give a fee back. */
const signedMoney = ({ currency, value }: Money): string =>
  value < 0
    ? `${formatMoney({ currency, value: -value })} given back`
    : formatMoney({ currency, value });

const money = (side: Evidence): string => formatMoney(side.amount);

const feeOf = (side: Evidence | null): string =>
  side === null || typeof side.fee !== "number"
    ? "an unknown amount"
    : signedMoney({ currency: side.amount.currency, value: side.fee });

/** Where to look: "bill.csv, line 12"; empty where there is no file. */
function place(side: Evidence | null): string {
  if (side === null || typeof side.file !== "string") return "";
  const line = typeof side.line === "number" ? `, line ${side.line}` : "";
  return ` (${side.file}${line})`;
}

/** The two sides that disagree, in the words they are told with. */
interface Sides {
  readonly one: string;
  readonly other: string;
  readonly first: Evidence;
  readonly second: Evidence;
}

/**
 * The pair of sides that differs in the given respect: the channel's word weighs more than the
 * merchant's, so it is looked at first.
 */
function disagreeing(
  { channel, gateway, merchant }: Finding,
  agree: (a: Evidence, b: Evidence) => boolean,
): Sides | null {
  const pairs: readonly (readonly [string, Evidence | null, string, Evidence | null])[] = [
    ["The channel", channel, "we", gateway],
    ["Your own records", merchant, "we", gateway],
    ["The channel", channel, "your own records", merchant],
  ];
  const known = pairs.flatMap(([one, first, other, second]) =>
    first === null || second === null ? [] : [{ one, other, first, second }],
  );
  return known.find(({ first, second }) => !agree(first, second)) ?? known[0] ?? null;
}

const NOT_THE_CHANNELS =
  "Correct your own records; the channel and we agree, so no money has to move.";

const noun = ({ lineKind }: Finding): string => lineKind;

function amounts(finding: Finding): Advice {
  const sides = disagreeing(finding, (a, b) => sameMoney(a.amount, b.amount));
  if (sides === null) return LOOK_IT_UP(finding);
  const { one, other, first, second } = sides;
  const says = one === "Your own records" ? "say" : "says";
  const explanation =
    `${one} ${says} ${money(first)} for this ${noun(finding)}${place(first)}; ` +
    `${other} have ${money(second)}${place(second)}.`;
  if (one === "Your own records") return { explanation, proposed_fix: NOT_THE_CHANNELS };
  const isPayment = finding.lineKind === "payment";
  return {
    explanation,
    proposed_fix: isPayment
      ? "Ask the channel. If its number is right, correct the books by the difference, or give the " +
        "buyer the money back."
      : "Ask the channel how much the buyer got back, and correct the books by the difference. Do " +
        "not refund any more of this payment before you know.",
  };
}

const isDone = (side: Evidence | null): boolean => side?.status === "succeeded";

/** Which of the sides has the money moved decides what to do. */
function paymentStatus(finding: Finding): Advice {
  const { channel, gateway, merchant } = finding;
  if (channel !== null && gateway !== null && isDone(channel) !== isDone(gateway)) {
    if (isDone(channel)) {
      return {
        explanation:
          `The channel says that the buyer paid ${money(channel)}${place(channel)}. Here the ` +
          `payment is ${statusWords(gateway)}.`,
        proposed_fix:
          channel.origin === "upload"
            ? "Ask the channel: the payment changes by its own word, and not by a file that was " +
              "uploaded. If it cannot be asked, check your account there, and correct the books."
            : "Accept the late payment, and refund it if you can no longer deliver.",
      };
    }
    return {
      explanation:
        `Here the payment of ${money(gateway)} is done. The channel's statement says that it is ` +
        `${statusWords(channel)}${place(channel)}.`,
      proposed_fix:
        "Ask the channel before you deliver. If the money was taken back, correct the books by the " +
        "payment's amount.",
    };
  }
  const side = channel ?? gateway;
  if (merchant !== null && side !== null) {
    return {
      explanation:
        `Your own records have this payment of ${money(merchant)} as ` +
        `${statusWords(merchant)}${place(merchant)}; in truth it is ${statusWords(side)}.`,
      proposed_fix: isDone(side)
        ? "Correct your own records, and check that what was bought was delivered."
        : "Correct your own records, and check that nothing was delivered for it.",
    };
  }
  return LOOK_IT_UP(finding);
}

function refundStatus(finding: Finding): Advice {
  const { channel, gateway, merchant } = finding;
  if (gateway !== null && channel === null) {
    return {
      explanation:
        `The refund of ${money(gateway)} is ${statusWords(gateway)}, for longer than refunds take. ` +
        "The channel has not said that the buyer has the money.",
      proposed_fix:
        "Ask the channel. If it needs you, such as for money on your account there or for the " +
        "buyer's bank card, its console says so.",
    };
  }
  if (channel !== null && gateway?.status === "processing" && !isDone(channel)) {
    return {
      explanation:
        `The channel has taken the refund of ${money(gateway)} and cannot pay it out: it says ` +
        `${channel.status}${place(channel)}.`,
      proposed_fix:
        "Settle it in the channel's console, most often to another bank card of the buyer. Do not " +
        "refund it again.",
    };
  }
  if (channel !== null && gateway !== null && isDone(channel) !== isDone(gateway)) {
    return isDone(channel)
      ? {
          explanation:
            `The channel says that the buyer got ${money(channel)} back${place(channel)}. Here the ` +
            `refund is ${statusWords(gateway)}.`,
          proposed_fix:
            "Ask the channel, so that the refund is brought up to date. Do not refund it again.",
        }
      : {
          explanation:
            `Here the refund of ${money(gateway)} is done. The channel's statement says that it is ` +
            `${statusWords(channel)}${place(channel)}.`,
          proposed_fix:
            "Ask the channel whether the buyer has the money. If not, pay it out by hand and write a " +
            "note here.",
        };
  }
  const side = channel ?? gateway;
  if (merchant !== null && side !== null) {
    return {
      explanation:
        `Your own records have this refund of ${money(merchant)} as ` +
        `${statusWords(merchant)}${place(merchant)}; in truth it is ${statusWords(side)}.`,
      proposed_fix: NOT_THE_CHANNELS,
    };
  }
  return LOOK_IT_UP(finding);
}

/** The sum that is missing, from whoever knows it. */
const known = ({ channel, gateway, merchant }: Finding): Evidence | null =>
  channel ?? gateway ?? merchant;

const sum = (finding: Finding): string => {
  const side = known(finding);
  return side === null ? "an unknown amount" : money(side);
};

const LOOK_IT_UP = (finding: Finding): Advice => ({
  explanation: `What is known of this ${noun(finding)} of ${sum(finding)} does not agree.`,
  proposed_fix: "Look it up in the channel's console, and write down here what you found.",
});

function missingHere(finding: Finding): Advice {
  const { channel, merchant } = finding;
  if (channel === null) {
    return {
      explanation:
        `Your own records have a ${noun(finding)} of ${sum(finding)}${place(merchant)} that neither ` +
        "the channel nor we know.",
      proposed_fix:
        "Check the order number in your records, and whether it was paid in another way.",
    };
  }
  return finding.lineKind === "payment"
    ? {
        explanation:
          `The channel has a payment of ${money(channel)}${place(channel)} that was not made ` +
          "through this gateway.",
        proposed_fix:
          "If it belongs to another of your systems, write it off with a note. Otherwise find the " +
          "buyer by the channel's number and give the money back in the channel's console.",
      }
    : {
        explanation:
          `The channel gave ${money(channel)} back to a buyer${place(channel)}, and nobody asked ` +
          "for it here.",
        proposed_fix:
          "Find out who made the refund, most likely somebody in the channel's console, and correct " +
          "the books by its amount.",
      };
}

const DUPLICATE: (finding: Finding) => Advice = (finding) => ({
  explanation:
    finding.lineKind === "payment"
      ? `The channel has a second payment of ${sum(finding)} for an order that was already ` +
        `paid${place(finding.channel)}. It is not counted here.`
      : `The channel has a second refund of ${sum(finding)} under the same ` +
        `number${place(finding.channel)}. It is not counted here.`,
  proposed_fix:
    finding.lineKind === "payment"
      ? "The buyer paid twice: give the second payment back in the channel's console."
      : "Ask the channel whether the buyer got the money twice before you refund any more.",
});

const BY_KIND: Readonly<Record<Finding["kind"], (finding: Finding) => Advice>> = {
  amount_mismatch: amounts,
  currency_mismatch: (finding) => ({
    ...amounts(finding),
    proposed_fix:
      "The currencies differ, so nothing can be set off. Ask the channel which of them it books, " +
      "and check the account's settings there.",
  }),
  status_mismatch: (finding) =>
    finding.lineKind === "payment" ? paymentStatus(finding) : refundStatus(finding),
  fee_mismatch: (finding) => ({
    explanation:
      `The channel kept ${feeOf(finding.channel)} of this ${noun(finding)} of ` +
      `${sum(finding)}${place(finding.channel)}; by your contract it should be ` +
      `${feeOf(finding.gateway)}.`,
    proposed_fix:
      "Compare your contract with the channel and the account's channel_fee setting. If the channel " +
      "took too much, claim it back there.",
  }),
  duplicate: DUPLICATE,
  missing_at_channel: (finding) => ({
    explanation:
      `The ${noun(finding)} of ${sum(finding)} is done here, but it is not in the channel's ` +
      "statement of that day or of the days beside it.",
    proposed_fix:
      finding.lineKind === "payment"
        ? "Ask the channel. If it does not know the payment, do not deliver, and correct the books " +
          "by its amount."
        : "Ask the channel whether the buyer got the money. Do not refund it again before you know.",
  }),
  missing_at_gateway: missingHere,
  missing_at_merchant: (finding) => ({
    explanation:
      `The ${noun(finding)} of ${sum(finding)} is known to us` +
      (finding.channel === null ? "" : " and to the channel") +
      ", but it is not in your own records.",
    proposed_fix:
      finding.lineKind === "payment"
        ? "Enter it in your records, and check that what was bought was delivered."
        : "Enter it in your records.",
  }),
};

/** Says what is amiss and proposes what to do about it. */
export const advise = (finding: Finding): Advice => BY_KIND[finding.kind](finding);
