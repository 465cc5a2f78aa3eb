/** What is checked when the credentials of an account are saved. Messages never repeat a value. */
import { readPublicKey } from "../../crypto/pem.ts";
import { sha256Hex } from "../../crypto/digest.ts";
import { fromBase64 } from "../../crypto/encoding.ts";
import type { Issue } from "../../errors.ts";
import { issuesOf } from "../../issues.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CredentialsReport, IntegrationMode } from "../adapter.ts";
import { parseEmv } from "../emvco/parse.ts";
import { isLongEnough } from "../rsa-keys.ts";
import type { BankSettings } from "./profile.ts";
import { profileOf } from "./profiles.ts";
import { type BankCredentials, type BankScheme, issueOf } from "./scheme.ts";

/** Whole in every currency, also in those whose minor units nobody writes. */
const SAMPLE_VALUE = 10_000;

/** A reference of the longest kind. */
const SAMPLE_REFERENCE = "0123456789ABCDEFGHJKMNPQR";

const wrong = (path: string, message: string) => err<Issue[]>([{ path, message }]);

/** The bank's side: keys that can be read. */
async function examineBank(
  settings: BankSettings,
): Promise<Result<Record<string, string>, Issue[]>> {
  const { authentication, api } = profileOf(settings.profile);
  const needed = settings.api_url === undefined ? [] : (api?.query.basic ?? []);
  const missing = needed.filter((name) => name !== "" && settings[name] === undefined);
  if (missing.length > 0) {
    return err(
      missing.map((name) => ({ path: `bank.${name}`, message: "is needed with api_url" })),
    );
  }
  const fingerprints = { bank_profile: settings.profile };
  if (authentication.scheme === "hmac_sha256" && authentication.secretIs === "base64") {
    const bytes = fromBase64(settings.secret ?? "");
    if (bytes === null || bytes.length < 16) {
      return wrong("bank.secret", "must be the base64 text that the dashboard shows");
    }
  }
  if (authentication.scheme !== "rsa_sha256") return ok(fingerprints);
  const spki = readPublicKey(settings.public_key ?? "");
  if (!spki.ok) return wrong("bank.public_key", spki.error);
  if (!isLongEnough(spki.value)) {
    return wrong("bank.public_key", "must be an RSA key of 2048 bits or more");
  }
  return ok({ ...fingerprints, bank_public_key: await sha256Hex(spki.value) });
}

/** Whom a code of this account would pay; an issue when none can be made. */
export function payeeOf<C extends BankCredentials>(
  scheme: BankScheme<C>,
  credentials: C,
): Result<string, Issue[]> {
  const named = scheme.payee(credentials);
  if (named !== null) return ok(named);
  const code = sampleCode(scheme, credentials);
  return code.ok ? code : wrong("", code.error);
}

/** Builds a code and reads it back: the payee as the code names it. */
export function sampleCode<C extends BankCredentials>(
  { info, referenceLength, code }: BankScheme<C>,
  credentials: C,
): Result<string, string> {
  const built = code(credentials, {
    amount: { currency: info.currencies[0] ?? "", value: SAMPLE_VALUE },
    reference: SAMPLE_REFERENCE.slice(0, referenceLength),
    merchantName: "Shop",
    expiresAt: Date.UTC(2030, 0, 1),
  });
  if (!built.ok) return err(`no code can be made of it: ${built.error.message}`);
  const parsed = parseEmv(built.value);
  if (!parsed.ok) return err(`no code can be made of it: ${parsed.error.message}`);
  const payee = parsed.value.schemes.find((one) => one.scheme === info.slug)?.payee;
  return payee === undefined || payee === null
    ? err("no code of this scheme can be made of it")
    : ok(payee.value);
}

/** The one mode that these channels have. */
export const directMode = <C extends BankCredentials>(scheme: BankScheme<C>): IntegrationMode => ({
  credentials: scheme.credentials,

  async examine(input: unknown): Promise<Result<CredentialsReport, Issue[]>> {
    const parsed = scheme.credentials.safeParse(input);
    if (!parsed.success) return err(issuesOf(parsed.error));
    const credentials = parsed.data as unknown as C;
    const bankMakesCode = issueOf(profileOf(credentials.bank.profile), credentials.bank) !== null;
    const issues = scheme.examine(credentials, bankMakesCode);
    if (issues.length > 0) return err([...issues]);
    const bank = await examineBank(credentials.bank);
    if (!bank.ok) return bank;
    const sample = bankMakesCode ? null : sampleCode(scheme, credentials);
    if (sample?.ok === false) return wrong("", sample.error);
    const payee = payeeOf(scheme, credentials);
    if (!payee.ok) return payee;
    return ok({ fingerprints: bank.value, merchantAccount: payee.value });
  },
});
