/** What a run found, in numbers: how many lines fit, and how many of each kind do not. */
import { EXCEPTION_KINDS } from "../../../reconciliation.ts";
import { withQuery } from "../client.ts";
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

/**
 * Where the exceptions of a run stand. Of the account, not of the run: one that an earlier run had
 * found keeps the name of that run, and would not be among those that are counted here.
 */
export const exceptionsOf = (account: string, kind?: string): string =>
  withQuery("/console/exceptions", { channel_account: account, kind });

/** What fits first, then what does not. */
function talliesOf(counts: Counts, account: string): Tally[] {
  const names = [...Object.keys(SETTLED), ...EXCEPTION_KINDS];
  return names
    .filter((name) => (counts[name] ?? 0) > 0)
    .map((name) => ({
      name: SETTLED[name] ?? words(name),
      value: counts[name] ?? 0,
      tone: isKind(name) ? ("bad" as const) : ("good" as const),
      ...(isKind(name) ? { href: exceptionsOf(account, name) } : {}),
    }));
}

export const Outcomes = ({ counts, account }: { counts: Counts; account: string }) => {
  const tallies = talliesOf(counts, account);
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
