/**
 * Access tokens (OAuth 2.0 client credentials), one for each version of an account's settings, kept
 * until shortly before they end. They live with the account object in this isolate and nowhere else.
 */
import type { ChannelIo } from "../adapter.ts";
import { callBank, refusalOf } from "./api.ts";
import { bankFailure, type BankFailure } from "./error-table.ts";
import { textAt } from "./fields.ts";
import type { BankApi, BankSettings } from "./profile.ts";
import type { Values } from "./template.ts";
import type { BankVersion } from "./verifier.ts";

interface Kept {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const kept = new WeakMap<BankSettings, Kept>();

/** A token is not used in its last minute: it could end on the way. */
const MARGIN_MS = 60_000;

/** However long a bank says that it lasts. */
const LONGEST_MS = 3_600_000;

const TOKEN = /^[\x21-\x7e]{1,4096}$/;

export type TokenAnswer = { readonly kind: "token"; readonly token: string | null } | BankFailure;

/** The account's token; null where the bank's API has none. */
export async function tokenOf(
  version: BankVersion,
  api: BankApi,
  values: Values,
  io: ChannelIo,
): Promise<TokenAnswer> {
  if (api.token === undefined) return { kind: "token", token: null };
  const { settings } = version;
  const known = kept.get(settings);
  if (known !== undefined && io.now() < known.until) return { kind: "token", token: known.token };
  const reply = await callBank(api, api.token, version, values, io);
  if (reply.kind !== "reply") return reply;
  // The only thing that is asked for is whether these credentials are good.
  if (reply.status === 400) return bankFailure("token_refused");
  const refused = refusalOf(reply, undefined);
  if (refused !== null) return refused;
  const token = textAt(reply.fields, api.token.token);
  const seconds = textAt(reply.fields, api.token.lifetime) ?? "";
  if (token === null || !TOKEN.test(token)) return bankFailure("malformed_reply");
  if (/^\d{1,9}$/.test(seconds)) {
    const life = Math.min(Number(seconds) * 1_000, LONGEST_MS) - MARGIN_MS;
    if (life > 0) kept.set(settings, { token, until: io.now() + life });
  }
  return { kind: "token", token };
}

/** The bank no longer takes it: the next call fetches another. */
export const forgetToken = ({ settings }: BankVersion): void => void kept.delete(settings);
