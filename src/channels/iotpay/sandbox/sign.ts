/** The simulated channel's half of the MD5 signature, from IOTPay's "Signing" page. */
import { md5Hex } from "../../../crypto/md5.ts";

export type Members = Readonly<Record<string, unknown>>;

/** Data for wallets: never signed, because it may be nested. */
const UNSIGNED = new Set(["sign", "payParams", "retParams", "retDetail"]);

function signOf(members: Members, key: string, leaveOut: ReadonlySet<string>): string {
  const names = Object.keys(members).filter((name) => {
    const value = members[name];
    return !leaveOut.has(name) && value !== null && value !== undefined && value !== "";
  });
  const text = names
    .toSorted()
    .map((name) => `${name}=${String(members[name])}`)
    .join("&");
  return md5Hex(`${text}&key=${key}`).toUpperCase();
}

/** A request: everything but `sign` is signed. */
export const isSigned = (members: Members, key: string): boolean =>
  typeof members["sign"] === "string" &&
  members["sign"].toUpperCase() === signOf(members, key, new Set(["sign"]));

export const signedReply = (members: Members, key: string): Members => ({
  ...members,
  sign: signOf(members, key, UNSIGNED),
});
