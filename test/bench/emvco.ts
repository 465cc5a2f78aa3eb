/**
 * Payment codes per second on one core: ours beside the libraries that merchants use, in the same
 * process and in turns, so that a busy machine slows both. Pure computation, plain Node:
 * `node test/bench/emvco.ts` prints the table.
 */
import PaynowQR from "paynowqr";
import { generate, parse } from "promptparse";

import { parseEmv } from "../../src/channels/emvco/parse.ts";
import { buildPayNow } from "../../src/channels/emvco/schemes/paynow.ts";
import { buildPromptPayBill } from "../../src/channels/emvco/schemes/promptpay-build.ts";
import { toDecimal } from "../../src/money.ts";

export interface CodeSpeed {
  readonly what: string;
  /** Operations per second, the median of the rounds. */
  readonly perSecond: number;
  /** Ours divided by the peer's; null in a peer's row. */
  readonly ratio: number | null;
}

/** A new amount each time, as in a shop: nothing can be remembered. */
type Work = (index: number) => unknown;

interface Duel {
  readonly what: string;
  readonly peer: string;
  readonly ours: Work;
  readonly theirs: Work;
}

const cents = (index: number): number => 100 + (index % 9_999_900);
const float = (index: number): number => Number(toDecimal(cents(index), 2));

const bill = { billerId: "099400016550100", ref1: "PI01H5MKVQS8KZR9P7C3", ref2: "R2" };
const payNow = {
  proxy: { type: "uen", value: "201403121W" },
  expiry: "20301231",
  reference: "INV-2026-000123",
  merchantName: "ACME Pte Ltd.",
} as const;
const published = generate.billPayment({ ...bill, amount: 10.5 });

const DUELS: readonly Duel[] = [
  {
    what: "build a PromptPay bill with its CRC",
    peer: "promptparse",
    ours: (index) =>
      buildPromptPayBill({ ...bill, amount: { currency: "THB", value: cents(index) } }),
    theirs: (index) => generate.billPayment({ ...bill, amount: float(index) }),
  },
  {
    what: "build a PayNow code with its CRC",
    peer: "paynowqr",
    ours: (index) => buildPayNow({ ...payNow, amount: { currency: "SGD", value: cents(index) } }),
    theirs: (index) =>
      new PaynowQR({
        uen: payNow.proxy.value,
        expiry: payNow.expiry,
        refNumber: payNow.reference,
        company: payNow.merchantName,
        amount: float(index),
      }).output(),
  },
  {
    // Theirs splits the objects and checks the CRC; ours checks every rule and names the payee.
    what: "read a PromptPay bill, strictly",
    peer: "promptparse",
    ours: () => parseEmv(published, "strict"),
    theirs: () => parse(published, true),
  },
];

const ROUNDS = 9;
const ROUND_MS = 120;
const BATCH = 2_000;

/** Processor time of this process, in milliseconds: others on the machine do not count. */
const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** Operations per second of one round. */
function round(work: Work, from: number): number {
  const started = processorMs();
  let done = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    for (let index = 0; index < BATCH; index += 1) work(from + done + index);
    done += BATCH;
    elapsed = processorMs() - started;
  }
  return (done / elapsed) * 1_000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** About two seconds a duel. */
export function measureCodes(): readonly CodeSpeed[] {
  return DUELS.flatMap(({ what, peer, ours, theirs }) => {
    // The compiler's time is not the code's.
    round(ours, 0);
    round(theirs, 0);
    const rounds = Array.from({ length: ROUNDS }, (_, index) => ({
      ours: round(ours, index * 1_000_000),
      theirs: round(theirs, index * 1_000_000),
    }));
    const [fast, slow] = [
      median(rounds.map((one) => one.ours)),
      median(rounds.map((one) => one.theirs)),
    ];
    return [
      { what, perSecond: Math.round(fast), ratio: fast / slow },
      { what: `${what}: ${peer}`, perSecond: Math.round(slow), ratio: null },
    ];
  });
}

if (import.meta.main) {
  for (const { what, perSecond, ratio } of measureCodes()) {
    const beside = ratio === null ? "" : `  ${ratio.toFixed(2)} ×`;
    process.stdout.write(`${perSecond.toString().padStart(9)}/s  ${what}${beside}\n`);
  }
}
