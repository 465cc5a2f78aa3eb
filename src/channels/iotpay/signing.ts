/**
 * IOTPay's signature: MD5 over the sorted fields and the merchant key, upper-case hex ("Signing").
 *
 * The key stands at the end, so nobody can extend a signed text. Values stand raw in it: a value
 * that holds `&name=` reads like a field of its own. What we send never does (see texts.ts), and
 * what we receive is refused when it does.
 */
import { md5Hex } from "../../crypto/md5.ts";
import { sameSecret } from "../../crypto/constant-time.ts";

/** What is sent: strings, and numbers where IOTPay's samples have numbers. */
export type Fields = Readonly<Record<string, string | number>>;

type Entry = readonly [name: string, value: string];

/** How names are sorted. IOTPay's page says ASCII; its sample code ignores case. */
const SORTS = ["ascii", "ignoring_case"] as const;

type Sort = (typeof SORTS)[number];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const BY: Readonly<Record<Sort, (a: Entry, b: Entry) => number>> = {
  ascii: ([a], [b]) => compare(a, b),
  // As the system behind IOTPay does it: over "name=value&", not over names.
  ignoring_case: (a, b) => compare(spelled(a).toLowerCase(), spelled(b).toLowerCase()),
};

const spelled = ([name, value]: Entry): string => `${name}=${value}&`;

/** The signed text without its end, the key: all fields but `sign` and empty ones, sorted. */
export const signedText = (entries: Iterable<Entry>, sort: Sort = "ascii"): string =>
  [...entries]
    .filter(([name, value]) => name !== "sign" && value !== "")
    .toSorted(BY[sort])
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

/** The result of the text with its key is all that may leave this function: it ends in the key. */
export const signatureOf = (
  entries: Iterable<Entry>,
  merchantKey: string,
  sort: Sort = "ascii",
): string => md5Hex(`${signedText(entries, sort)}&key=${merchantKey}`).toUpperCase();

/** Fields as text, the way they are signed: numbers in decimal. */
export const entriesOf = (fields: Fields): Entry[] =>
  Object.entries(fields).map(([name, value]) => [name, String(value)]);

/** The fields with their signature. */
export const signed = (fields: Fields, merchantKey: string): Fields => ({
  ...fields,
  sign: signatureOf(entriesOf(fields), merchantKey),
});

/**
 * Whether the signature fits one of the sets of fields in one of the two sorts. Trying several is
 * safe: each is checked with the same key, and each covers every field that is believed.
 */
export async function isSignedBy(
  merchantKey: string,
  signature: string,
  ...candidates: readonly (readonly Entry[])[]
): Promise<boolean> {
  for (const entries of candidates) {
    for (const sort of SORTS) {
      const expected = signatureOf(entries, merchantKey, sort);
      if (await sameSecret(expected, signature.toUpperCase())) return true;
    }
  }
  return false;
}
