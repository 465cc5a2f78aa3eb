/** Ids of what follows from something else: whoever concludes it, and however often, it is one. */
import { sha256 } from "../crypto/digest.ts";
import { base32Id, ID_PREFIXES, type IdKind } from "../ids.ts";

/** Not a secret: every read of such a thing asks whose it is. */
export const causedId = async (kind: IdKind, ...cause: readonly string[]): Promise<string> =>
  `${ID_PREFIXES[kind]}_${base32Id(await sha256(cause.join(":")))}`;
