/** Versions of manifests: Semantic Versioning 2.0.0 (semver.org). */

const LENGTH_LIMIT = 64;

/** The specification's own expression: core, pre-release, build. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

const isNumber = (part: string): boolean => /^\d+$/.test(part);

/** Digits without leading zeros, of any length: the longer number is the greater. */
const compareNumbers = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : Number(a > b));

/** Section 11.4: numbers by value and below words, words by their ASCII characters. */
function compareParts(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [isNumber(a), isNumber(b)];
  if (aIsNumber && bIsNumber) return compareNumbers(a, b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const order = compareParts(a[at] ?? "", b[at] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export const isSemVer = (text: string): boolean => text.length <= LENGTH_LIMIT && SEMVER.test(text);

/**
 * Which of two versions takes precedence (section 11): below 0 when it is `b`, 0 when neither does.
 * Build metadata counts for nothing. Both must be versions, see {@link isSemVer}.
 */
export function compareVersions(a: string, b: string): number {
  const [, ...left] = SEMVER.exec(a) ?? [];
  const [, ...right] = SEMVER.exec(b) ?? [];
  const core = compareLists(left.slice(0, 3), right.slice(0, 3));
  if (core !== 0) return core;
  const [before, after] = [left[3], right[3]];
  if (before === after) return 0;
  // A pre-release comes before its release.
  if (before === undefined) return 1;
  return after === undefined ? -1 : compareLists(before.split("."), after.split("."));
}
