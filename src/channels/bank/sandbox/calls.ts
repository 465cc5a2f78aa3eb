/** A call of a simulated bank's API, its access tokens, and the orders that it is about. */
import { sameSecret } from "../../../crypto/constant-time.ts";
import { sha256Hex } from "../../../crypto/digest.ts";
import { hmacHex, importHmacKey } from "../../../crypto/hmac.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { recordOf, type Settings, settingsOf } from "./accounts.ts";
import type { BankSandboxScheme } from "./scheme.ts";

export interface Call {
  readonly slug: string;
  readonly scheme: BankSandboxScheme;
  readonly request: Request;
  readonly url: URL;
  readonly text: string;
  /** Members of a JSON body, or the fields of a form. */
  readonly body: Readonly<Record<string, string>>;
  readonly world: SandboxWorld;
}

export const TOKEN_SECONDS = 1_800;

/**
 * A token names the application and a digest of its secret; who it belongs to is only known when a
 * call names the payee.
 */
export async function newToken({ world }: Call, key: string, secret: string): Promise<string> {
  const until = Math.floor(world.now / 1_000) + TOKEN_SECONDS;
  const claims = `${key}.${(await sha256Hex(secret)).slice(0, 32)}.${until}`;
  return `${claims}.${await sealOf(world, claims)}`;
}

const sealOf = async (world: SandboxWorld, claims: string): Promise<string> =>
  hmacHex(await importHmacKey(`token:${world.keys.symmetricKey}`), claims);

/** Whether the caller's token is of this account and still good. */
export async function isAllowed({ request, world }: Call, settings: Settings): Promise<boolean> {
  const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
  const [key = "", digest = "", until = "", seal = ""] = token.split(".");
  const expected = (await sha256Hex(settings["app_secret"] ?? "")).slice(0, 32);
  return (
    key === settings["app_key"] &&
    digest === expected &&
    Number(until) * 1_000 > world.now &&
    (await sameSecret(seal, await sealOf(world, `${key}.${digest}.${until}`)))
  );
}

/** What the bank of this payee shares with it. */
export const accountOf = ({ scheme, world }: Call, payee: string): Promise<Settings> =>
  settingsOf(payee, scheme.builtIn, world);

/** Null: nothing was ordered under this reference. */
export const orderOf = async (
  { slug, world }: Call,
  payee: string,
  reference: string,
): Promise<SandboxOrderRecord | null> => world.orders.get(slug, payee, recordOf(reference));
