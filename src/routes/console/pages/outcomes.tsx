/** What a run found, in numbers: how many lines fit, and how many of each kind do not. */
import { EXCEPTION_KINDS } from "../../../reconciliation.ts";
import { words } from "../components.tsx";
import { Tallies, type Tally } from "../tallies.tsx";

type Counts = Readonly<Record<string, number>>;

/** The outcomes that leave nobody anything to do, in words. */
const SETTLED: Readonly<Record<string, string>> = {
  matched: "fit",
  recovered: "news that no callback had brought",
  ignored: "not about payments",
  raised_by_payment: "raised by the payment itself",
};

/** How many lines became exceptions. */
export const openOf = (counts: Counts): number =>
  EXCEPTION_KINDS.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);

const isKind = (name: string): boolean => (EXCEPTION_KINDS as readonly string[]).includes(name);

/** What fits first, then what does not. */
function talliesOf(counts: Counts, runId: string): Tally[] {
  const names = [...Object.keys(SETTLED), ...EXCEPTION_KINDS];
  return names
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => ({
      name: SETTLED[name] ?? words(name),
      value: counts[name] ?? 0,
      tone: isKind(name) ? ("bad" as const) : ("good" as const),
      ...(isKind(name) ? { href: `/console/exceptions?run=${runId}&kind=${name}` } : {}),
    }));
}

export const Outcomes = ({ counts, runId }: { counts: Counts; runId: string }) => {
  const tallies = talliesOf(counts, runId);
  if (tallies.length === 0) return null;
  return <Tallies title="Lines by outcome" head="Outcome" unit="Lines" tallies={tallies} />;
};

/** `12 fits, 1 amount mismatch`. */
export const outcomeText = (counts: Counts): string =>
  [...Object.keys(SETTLED), ...EXCEPTION_KINDS]
    .filter((name) => (counts[name] ?? 0) > 0)
    .map(
      (name) =>
        `${(counts[name] ?? 0).toLocaleString("en")} ${name === "matched" ? "fit" : words(name)}`,
    )
    .join(", ");
