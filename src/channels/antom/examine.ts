/**
 * What is checked when an account's credentials are saved, so that mixed-up keys fail there and not
 * in front of a buyer. Messages never repeat a value.
 */
import { sha256Hex } from "../../crypto/digest.ts";
import { toHex } from "../../crypto/encoding.ts";
import { readPublicKey } from "../../crypto/pem.ts";
import { importVerifyingKey } from "../../crypto/rsa.ts";
import type { Issue } from "../../errors.ts";
import { issuesOf } from "../../issues.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CredentialsReport, IntegrationMode } from "../adapter.ts";
import { examineOwnKey, isLongEnough } from "../rsa-keys.ts";
import { type AntomMode, CREDENTIALS, keyVersionOf, MEMBER_OF } from "./credentials.ts";

const wrong = (path: string, message: string) => err<Issue[]>([{ path, message }]);

/** Members of other modes, each with the mode it belongs to. */
function foreignMembers(input: unknown, mode: AntomMode): Issue[] {
  if (typeof input !== "object" || input === null) return [];
  return Object.entries(MEMBER_OF)
    .filter(([member, owner]) => owner !== mode && Object.hasOwn(input, member))
    .map(([path, owner]) => ({
      path,
      message: `belongs to the mode ${owner}; remove it, or make the account one of that mode`,
    }));
}

/** With this mix-up every reply and notice would fail to verify. */
const OWN_KEY_PASTED =
  "is your own public key; copy Antom's public key from the same page of the dashboard instead";

async function examineTheirKey(
  text: string,
  own: Uint8Array,
): Promise<Result<Uint8Array, Issue[]>> {
  const path = "antom_public_key";
  const spki = readPublicKey(text);
  if (!spki.ok) return wrong(path, spki.error);
  // Also an attack: whoever holds the merchant's key could forge notices that verify with it.
  if (toHex(spki.value) === toHex(own)) return wrong(path, OWN_KEY_PASTED);
  const usable = await importVerifyingKey(spki.value).then(
    () => true,
    () => false,
  );
  return usable && isLongEnough(spki.value)
    ? ok(spki.value)
    : wrong(path, "is not an RSA key of 2048 bits or more");
}

async function examine(
  mode: AntomMode,
  input: unknown,
): Promise<Result<CredentialsReport, Issue[]>> {
  const foreign = foreignMembers(input, mode);
  if (foreign.length > 0) return err(foreign);
  const parsed = CREDENTIALS[mode].safeParse(input);
  if (!parsed.success) return err(issuesOf(parsed.error));
  const { client_id, private_key, antom_public_key, ...rest } = parsed.data;
  const own = await examineOwnKey(private_key);
  if (!own.ok) return wrong("private_key", own.error);
  const theirs = await examineTheirKey(antom_public_key, own.value);
  if (!theirs.ok) return theirs;
  return ok({
    fingerprints: {
      public_key: await sha256Hex(own.value),
      antom_public_key: await sha256Hex(theirs.value),
      key_version: keyVersionOf(rest),
    },
    merchantAccount: client_id,
  });
}

const modeOf = (mode: AntomMode): IntegrationMode => ({
  credentials: CREDENTIALS[mode],
  examine: (credentials) => examine(mode, credentials),
});

export const ANTOM_MODES: Readonly<Record<AntomMode, IntegrationMode>> = {
  merchant: modeOf("merchant"),
  acquirer: modeOf("acquirer"),
  isv: modeOf("isv"),
  integrator: modeOf("integrator"),
};
