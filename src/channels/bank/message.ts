/** From the fields of a message or a reply to news about a payment, as a profile's map says. */
import { fromDecimal, type Money } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import type { PaymentReport, ReportedState } from "../adapter.ts";
import { currencyOfCode, currencyOfNumber } from "../emvco/currencies.ts";
import { parseEmv } from "../emvco/parse.ts";
import { type Fields, textAt } from "./fields.ts";
import type { MessageMap, StateMap, TimeFormat } from "./profile.ts";
import { fill, type Values } from "./template.ts";

export interface BankNews {
  readonly reference: string;
  /** The whole code, where the bank names payments by it. */
  readonly code: string | null;
  readonly state: ReportedState;
  readonly amount: Money | null;
  readonly transactionId: string | null;
  /** Milliseconds since 1970. */
  readonly paidAt: number | null;
  /** The bank's own word. */
  readonly status: string;
}

export type Reading =
  | { readonly kind: "news"; readonly news: BankNews }
  /** The webhook reports other things as well. */
  | { readonly kind: "other_event" };

/** What a code carries and banks give back: our references, and nothing that could be a path. */
const REFERENCE = /^[0-9A-Z]{10,25}$/;

/** @param values the account's settings, and what was asked for when this is a reply */
export function readMessage(
  map: MessageMap,
  fields: Fields,
  values: Values,
): Result<Reading, string> {
  const { event } = map;
  if (event !== undefined) {
    const name = textAt(fields, event.at);
    if (name === null) return err("the event's name is missing");
    if (!event.is.includes(name)) return ok({ kind: "other_event" });
  }
  const stranger = map.belongs?.find(({ at, is, optional }) => {
    const given = textAt(fields, at);
    const expected = settingOf(is, values);
    if (expected === null || (given === null && optional === true)) return false;
    return given !== expected;
  });
  if (stranger !== undefined) return err(`${stranger.at} is not this account's`);
  const named = referenceOf(map, fields, values);
  if (named === null) return err("the reference is missing");
  const status = textAt(fields, map.state.at) ?? "";
  const state = stateOf(map.state, status);
  // Not acknowledged: the bank sends it again, and somebody may have looked by then.
  if (state === null) return err("the status is not known");
  const amount = amountOf(map, fields);
  if (amount === null && state === "paid") return err("the amount is not an amount");
  const news: BankNews = {
    ...named,
    state,
    amount,
    transactionId: numberOf(textAt(fields, map.transactionId)),
    paidAt: state === "paid" ? timeOf(map.paidAt, fields) : null,
    status: wordOf(status, state),
  };
  return ok({ kind: "news", news });
}

/** Null: the account leaves the setting out, so there is nothing to compare with. */
function settingOf(template: string, values: Values): string | null {
  const name = /^\{([a-z_]+)\}$/.exec(template)?.[1];
  if (name !== undefined && values[name] === undefined) return null;
  return fill(template, values);
}

/**
 * References come back in the letters that the code has. A code as a whole names its payment only
 * if it is one, to the last character of its CRC.
 */
function referenceOf(
  { reference }: MessageMap,
  fields: Fields,
  values: Values,
): Pick<BankNews, "reference" | "code"> | null {
  if ("asked" in reference) return { reference: values["reference"] ?? "", code: null };
  if ("at" in reference) {
    const text = textAt(fields, reference.at)?.trim() ?? "";
    return REFERENCE.test(text) ? { reference: text, code: null } : null;
  }
  const code = textAt(fields, reference.code) ?? "";
  const parsed = parseEmv(code, "lenient");
  const text = parsed.ok ? (parsed.value.additionalData?.referenceLabel ?? "") : "";
  return REFERENCE.test(text) ? { reference: text, code } : null;
}

function stateOf(map: StateMap, word: string): ReportedState | null {
  for (const state of ["paid", "open", "closed", "absent", "reversed"] as const) {
    if (map[state]?.includes(word) === true) return state;
  }
  return map.otherwise ?? null;
}

/** For logs and `last_error`: a word of the bank's, or ours where it has none. */
const wordOf = (status: string, state: ReportedState): string =>
  /^[\w.-]{1,40}$/.test(status) ? status : state;

/** Numbers of banks are short ASCII; anything else is not passed on. */
const numberOf = (text: string | null): string | null =>
  text !== null && /^[\x21-\x7e]{1,64}$/.test(text) ? text : null;

/**
 * Money by its digits. Attack: 1e3, 0x10, 10.999, -5 and "1,000" are amounts to one parser and not
 * to another; only plain decimals with no more places than the currency has are amounts here.
 */
function amountOf({ amount, currency }: MessageMap, fields: Fields): Money | null {
  const written = currencyIn(currency, fields);
  const known = /^\d{3}$/.test(written)
    ? currencyOfNumber(written)
    : currencyOfCode(written.toUpperCase());
  const text = textAt(fields, amount.at);
  if (known === null || text === null) return null;
  const value = fromDecimal(text, amount.unit === "minor" ? 0 : known.decimals);
  if (amount.unit === "minor" && text.includes(".")) return null;
  return value === null ? null : { currency: known.code, value };
}

function currencyIn(currency: MessageMap["currency"], fields: Fields): string {
  if ("fixed" in currency) return currency.fixed;
  const text = textAt(fields, currency.at) ?? "";
  const also = currency.also ?? {};
  return Object.hasOwn(also, text) ? (also[text] ?? "") : text;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(paidAt: MessageMap["paidAt"], fields: Fields): number | null {
  const text = paidAt === undefined ? null : textAt(fields, paidAt.at);
  return paidAt === undefined || text === null ? null : readTime(text, paidAt.written);
}

/** Milliseconds since 1970; null for what is no time, which costs the news nothing. */
export function readTime(text: string, format: TimeFormat): number | null {
  if (format.form === "unix_seconds") return /^\d{10}$/.test(text) ? Number(text) * 1_000 : null;
  if (format.form === "local") {
    const zone = `${format.zone < 0 ? "-" : "+"}${String(Math.abs(format.zone)).padStart(2, "0")}:00`;
    return readTime(`${text.replace(" ", "T")}${zone}`, { form: "iso" });
  }
  const time = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** The news as the heart takes it. An amount that is not the order's stays as it is. */
export const toReport = (paymentId: string, news: BankNews): PaymentReport => ({
  paymentId,
  state: news.state,
  amount: news.amount,
  channelTransactionId: news.transactionId,
  paidAt: news.paidAt,
  channelStatus: news.status,
});
