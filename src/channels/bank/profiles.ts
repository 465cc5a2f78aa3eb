/** All profiles. A new bank is a value in one of the files below; nothing else changes. */
import * as z from "zod";

import type { BankProfile, BankSettings } from "./profile.ts";
import { AGGREGATORS } from "./profiles/aggregators.ts";
import { GENERIC } from "./profiles/generic.ts";
import { MALAYSIA } from "./profiles/malaysia.ts";
import { THAILAND } from "./profiles/thailand.ts";

export const PROFILES: readonly BankProfile[] = [
  ...THAILAND,
  ...MALAYSIA,
  ...AGGREGATORS,
  ...GENERIC,
];

const BY_ID: ReadonlyMap<string, BankProfile> = new Map(PROFILES.map((one) => [one.id, one]));

/** @throws Error for a name that is in no form: accounts are examined when they are saved. */
export function profileOf(id: string): BankProfile {
  const found = BY_ID.get(id);
  if (found === undefined) throw new Error(`no bank profile ${id}`);
  return found;
}

/** The profiles that report payments of every scheme. */
export const GENERIC_IDS = GENERIC.map(({ id }) => id);

/** The member `bank` of an account's credentials, for a scheme with these profiles. */
export function bankSchema(ids: readonly string[]): z.ZodType<BankSettings> {
  const options = ids.map((id) => profileOf(id).settings);
  const [first, ...rest] = options;
  if (first === undefined) throw new Error("a scheme needs a bank profile");
  const known = ids.join(", ");
  const union = z.discriminatedUnion("profile", [first, ...rest] as never, {
    error: (issue) => (issue.code === "invalid_union" ? `must be one of ${known}` : undefined),
  });
  return union;
}
