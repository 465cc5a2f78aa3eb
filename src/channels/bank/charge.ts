/**
 * Making the code of a payment. Its reference is kept first, so that a payment is never shown that
 * nobody could find again when its money comes.
 */
import * as z from "zod";

import { type Failure, failure } from "../../errors.ts";
import { toDecimal } from "../../money.ts";
import { err, ok, type Result } from "../../result.ts";
import type { Charge, ChannelIo, ChargeOrder, Outcome } from "../adapter.ts";
import { currencyOfCode } from "../emvco/currencies.ts";
import type { EmvError } from "../emvco/issues.ts";
import { parseEmv } from "../emvco/parse.ts";
import { refusalOf } from "./api.ts";
import { type BankDesk, callWithToken } from "./ask.ts";
import { bankFailure } from "./error-table.ts";
import { textAt } from "./fields.ts";
import type { IssueCall } from "./profile.ts";

/**
 * The prepared order. With a `code` there is nothing to ask anybody; without one the bank makes it of
 * the rest.
 */
const preparedOrder = z.strictObject({
  reference: z.string(),
  code: z.string().optional(),
  amount: z.string().optional(),
  minutes: z.string().optional(),
});

export type PreparedOrder = z.infer<typeof preparedOrder>;

/** @throws Error for a text that no adapter of this kind has prepared */
export const readPrepared = (payload: string): PreparedOrder =>
  preparedOrder.parse(JSON.parse(payload));

const MINUTE_MS = 60_000;

/** The amount as banks write it; null for a fraction that the currency's practice does not have. */
function amountText({ amount }: ChargeOrder): string | null {
  const currency = currencyOfCode(amount.currency);
  if (currency === null) return null;
  const unit = 10 ** (currency.decimals - currency.written);
  return amount.value % unit === 0 ? toDecimal(amount.value / unit, currency.written) : null;
}

const wrongAmount = (currency: string): Failure =>
  failure(
    "AMOUNT_INVALID",
    `Banks write no fractions of ${currency}: use a multiple of 100 minor units.`,
  );

/** What a bank that makes the code itself will be told. */
export function prepareIssue(order: ChargeOrder, reference: string): Result<string, Failure> {
  const amount = amountText(order);
  if (amount === null) return err(wrongAmount(order.amount.currency));
  const minutes = Math.max(1, Math.ceil((order.expiresAt - order.createdAt) / MINUTE_MS));
  return ok(JSON.stringify({ reference, amount, minutes: String(minutes) }));
}

/** A code made here. */
export function prepareLocal(
  order: ChargeOrder,
  reference: string,
  code: Result<string, EmvError>,
): Result<string, Failure> {
  if (code.ok) return ok(JSON.stringify({ reference, code: code.value }));
  if (code.error.kind === "EMV_AMOUNT") return err(wrongAmount(order.amount.currency));
  const message = `No code can be made of this account: ${code.error.message}.`;
  return err(failure("CHANNEL_NOT_CONFIGURED", message));
}

/** Keeps the reference and gives the code; the bank is only called where it makes it. */
export async function charge(
  payload: string,
  order: ChargeOrder,
  desk: BankDesk | null,
  issue: IssueCall | null,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const prepared = readPrepared(payload);
  const holder = await io.references.keep(prepared.reference, order.paymentId);
  if (holder !== order.paymentId) return bankFailure("reference_taken");
  const { expiresAt } = order;
  if (prepared.code !== undefined) {
    return { kind: "ok", value: { action: { type: "show_qr", data: prepared.code }, expiresAt } };
  }
  // The account's bank was changed since the order was prepared, and the new one makes no codes.
  if (desk === null || issue === null) return bankFailure("code_not_buildable");
  return issueCode(prepared, order, desk, issue, io);
}

async function issueCode(
  { reference, amount = "", minutes = "" }: PreparedOrder,
  order: ChargeOrder,
  desk: BankDesk,
  issue: IssueCall,
  io: ChannelIo,
): Promise<Outcome<Charge>> {
  const values = { reference, amount, minutes, notify_url: order.notifyUrl };
  const { reply } = await callWithToken(desk, issue, values, io);
  if (reply.kind !== "reply") return reply;
  const refused = refusalOf(reply, issue.success);
  if (refused !== null) return refused;
  const data = textAt(reply.fields, issue.code);
  if (data === null || !isForOrder(data, order, reference, issue)) {
    return bankFailure("another_code");
  }
  const life = (issue.lifetimeSeconds ?? Number.POSITIVE_INFINITY) * 1_000;
  const expiresAt = Math.min(order.expiresAt, io.now() + life);
  return { kind: "ok", value: { action: { type: "show_qr", data }, expiresAt } };
}

/** Attack or mistake: a code of another amount, or one whose money would come back as another's. */
function isForOrder(
  data: string,
  { amount }: ChargeOrder,
  reference: string,
  { referenceInCode }: IssueCall,
): boolean {
  const parsed = parseEmv(data, "lenient");
  if (!parsed.ok) return false;
  const { currency, amount: shown, schemes, additionalData } = parsed.value;
  if (currency?.code !== amount.currency || shown?.value !== amount.value) return false;
  const references = [...schemes.map((scheme) => scheme.reference), additionalData?.referenceLabel];
  return !referenceInCode || references.includes(reference);
}
