/**
 * RSA2 (RSASSA-PKCS1-v1_5 with SHA-256) over sorted parameters: Alipay's "signature" pages.
 * The older RSA type (SHA-1) is neither sent nor accepted.
 */
import { signSha256 } from "../../crypto/rsa.ts";
import { chinaClock } from "../china-time.ts";

export type Parameters = Readonly<Record<string, string>>;

/** `yyyy-MM-dd HH:mm:ss` in GMT+8, which is what every time on this wire is in. */
export const chinaTime = (ms: number): string => chinaClock(ms).replace("T", " ");

const CHINA_TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?$/;

/** The reverse of {@link chinaTime}, in milliseconds since 1970; refund times carry `.SSS`. */
export function fromChinaTime(text: string): number | null {
  const match = CHINA_TIME.exec(text);
  if (match === null) return null;
  const [, day, time, fraction = ""] = match;
  const ms = Date.parse(`${day}T${time}.${fraction.padEnd(3, "0")}+08:00`);
  return Number.isNaN(ms) ? null : ms;
}

const byCodeUnit = ([a]: [string, string], [b]: [string, string]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** `k=v` joined by `&`, sorted by name as plain code units, values raw: nothing is escaped. */
const joinSorted = (entries: readonly [string, string][]): string =>
  entries
    .toSorted(byCodeUnit)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

/**
 * The text that a request's signature covers: everything that is sent except `sign` itself and
 * empty values, which the gateway leaves out on its side. `sign_type` is covered.
 */
export const requestContent = (parameters: Parameters): string =>
  joinSorted(Object.entries(parameters).filter(([name, value]) => name !== "sign" && value !== ""));

/** The parameters with their signature, empty ones gone: exactly what must be sent. */
export async function signRequest(
  parameters: Parameters,
  key: CryptoKey,
): Promise<Record<string, string>> {
  const sent = Object.fromEntries(
    Object.entries(parameters).filter(([name, value]) => name !== "sign" && value !== ""),
  );
  return { ...sent, sign: await signSha256(key, requestContent(sent)) };
}

/**
 * The texts that a notification's signature may cover, likeliest first. Trade notices leave
 * `sign_type` out and application messages keep it; published implementations differ on empty
 * values; certificate mode adds `alipay_cert_sn`, which is not covered. Trying all of them is safe:
 * each is checked with the same pinned key and algorithm, and each covers every value that matters.
 */
export function notifyContents(parameters: ReadonlyMap<string, string>): ReadonlySet<string> {
  const contents = new Set<string>();
  for (const certificate of [false, true]) {
    for (const signType of [false, true]) {
      for (const empties of [true, false]) {
        const covered = [...parameters].filter(
          ([name, value]) =>
            name !== "sign" &&
            (signType || name !== "sign_type") &&
            (certificate || name !== "alipay_cert_sn") &&
            (empties || value !== ""),
        );
        contents.add(joinSorted(covered));
      }
    }
  }
  return contents;
}
