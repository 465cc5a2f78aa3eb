/** Which format the files of an account are read by. */
import { channelOf } from "../registry.ts";
import type { StatementFormat } from "./line.ts";
import { mappedFormat } from "./mapped.ts";
import { plainProfile, StatementProfile } from "./profile.ts";

export { merchantFormat } from "./merchant.ts";

/** For channels that have no layout here; their days are those of UTC. */
const PLAIN = mappedFormat("plain", plainProfile(0));

/**
 * The account's own profile where it has one, else its channel's layout.
 * @param profile as it is stored with the account
 * @throws ZodError when what is stored is no profile: it was checked before it was
 */
export function formatFor(
  channel: string,
  profile: Readonly<Record<string, unknown>> | null,
): StatementFormat {
  if (profile !== null) return mappedFormat(`${channel}_profile`, StatementProfile.parse(profile));
  return channelOf(channel)?.adapter.statements?.format ?? PLAIN;
}
