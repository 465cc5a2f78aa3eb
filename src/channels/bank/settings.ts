/** The forms of a bank's settings, from which each profile picks its own. */
import * as z from "zod";

import { unlessMissing } from "../../issue-messages.ts";

const PEM_LIMIT = 8_192;
const SECRET_LIMIT = 512;

/** Printable ASCII without blanks: what banks hand out, and what a pasted line break is not. */
const printable = (limit: number) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/, unlessMissing("must be printable ASCII without blanks"))
    .max(limit);

export const secret = (description: string) => printable(SECRET_LIMIT).describe(description);

export const identifier = (description: string) => printable(64).describe(description);

export const publicKey = (description: string) =>
  z.string().min(1).max(PEM_LIMIT).describe(description);

/** Names that only mean something inside somebody's network. */
const PRIVATE_NAME =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|onion)$/;

/**
 * Attack: the address is the merchant's input, and we send the account's credentials there and
 * believe what comes back. Only a public name over https; a Worker's fetch reaches nothing private,
 * and literal addresses have no certificate worth the name.
 */
function isBankAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:") return false;
  if (url.username !== "" || url.password !== "" || url.hash !== "" || url.search !== "") {
    return false;
  }
  if (url.port !== "" && Number(url.port) < 1_024) return false;
  const { hostname } = url;
  const isName = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+$/.test(hostname);
  return isName && !PRIVATE_NAME.test(hostname);
}

export const apiUrl = (description: string) =>
  z
    .string()
    .max(256)
    .refine(
      isBankAddress,
      "must be an https address with a public host name and no query, as the bank gives it",
    )
    .describe(description);
