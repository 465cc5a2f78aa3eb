/** Checking and sealing an account's credentials when they are saved. */
import type { ChannelAdapter, CredentialsReport, IntegrationMode } from "../channels/adapter.ts";
import { credentialsContext } from "../channels/connect.ts";
import { openVault } from "../crypto/vault.ts";
import { type Failure, failure, type Issue, invalidField } from "../errors.ts";
import { issuesOf } from "../issues.ts";
import { err, ok, type Result } from "../result.ts";
import type { SealedCredentials } from "../store/schema.ts";

const below = (issues: readonly Issue[]): Issue[] =>
  issues.map(({ path, message }) => ({
    path: path === "" ? "credentials" : `credentials.${path}`,
    message,
  }));

const refusal = (issues: readonly Issue[]): Failure => {
  const [first] = issues;
  return failure(
    "INVALID_REQUEST",
    first === undefined ? "The credentials are not usable." : `${first.path}: ${first.message}.`,
    { issues },
  );
};

/** The integration mode of a channel, or a failure that names those there are. */
export function modeOf(adapter: ChannelAdapter, mode: string): Result<IntegrationMode, Failure> {
  const found = Object.hasOwn(adapter.modes, mode) ? adapter.modes[mode] : undefined;
  if (found !== undefined) return ok(found);
  const message = `must be one of ${Object.keys(adapter.modes).join(", ")}`;
  return err(invalidField("mode", message));
}

/**
 * Parses and examines credentials: keys parse, pairs fit, mix-ups are refused. Messages never
 * repeat what was sent.
 */
export async function examineCredentials(
  mode: IntegrationMode,
  credentials: unknown,
  now: number,
): Promise<Result<CredentialsReport & { readonly parsed: unknown }, Failure>> {
  const parsed = mode.credentials.safeParse(credentials);
  if (!parsed.success) {
    return err(refusal(below(issuesOf(parsed.error))));
  }
  const examined = await mode.examine(parsed.data, now);
  if (!examined.ok) return err(refusal(below(examined.error)));
  return ok({ ...examined.value, parsed: parsed.data });
}

/** One version of credentials as it is stored: sealed, with its fingerprints beside it. */
export async function sealCredentials(
  env: Env,
  accountId: string,
  version: number,
  { parsed, fingerprints }: CredentialsReport & { readonly parsed: unknown },
  now: number,
): Promise<SealedCredentials> {
  const context = credentialsContext(accountId);
  const sealed = await openVault(env.VAULT_KEY).seal(JSON.stringify(parsed), context);
  return { version, sealed, fingerprints, created_at: now };
}
