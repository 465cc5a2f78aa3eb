/** Asking for payments, ending them, and trying an account out. */
import { base32Id } from "../../ids.ts";
import type { ChannelIo, Outcome, PaymentReport, SentOrder } from "../adapter.ts";
import { bareReport } from "../outcomes.ts";
import { refusalOf } from "./api.ts";
import { askBank, type BankDesk, callWithToken, freshValues } from "./ask.ts";
import { readPrepared } from "./charge.ts";
import { bankFailure } from "./error-table.ts";
import { sampleCode } from "./examine.ts";
import { toReport } from "./message.ts";
import { deskOf, type Opened } from "./opened.ts";
import { type BankCredentials, type BankScheme, issueOf, referenceOf } from "./scheme.ts";
import { forgetToken, tokenOf } from "./token.ts";

const bare = (...terms: Parameters<typeof bareReport>): Outcome<PaymentReport> => ({
  kind: "ok",
  value: bareReport(...terms),
});

/**
 * What the bank knows of a payment. `absent` also where nobody can be asked: a code is no order at
 * the bank, which hears of it only with the money.
 */
export async function query(
  { paymentId, payload, createdAt }: SentOrder,
  desk: BankDesk | null,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  if (desk === null) return bare(paymentId, "absent", "no_query");
  const { reference } = readPrepared(payload);
  const answer = await askBank(desk, { reference, code: null, createdAt }, io);
  if (answer.kind !== "ok") return answer;
  if (answer.news === null) return bare(paymentId, "absent", "no_payment");
  return { kind: "ok", value: toReport(paymentId, answer.news) };
}

/**
 * Codes that were made here cannot be taken back; the payment is over for us, and money that comes
 * all the same is a late payment. Where the bank has made the code, it is told.
 */
export async function close(
  order: SentOrder,
  desk: BankDesk | null,
  io: ChannelIo,
): Promise<Outcome<PaymentReport>> {
  const call = desk?.api.close;
  if (desk === null || call === undefined) return bare(order.paymentId, "closed", "no_close");
  const { reference } = readPrepared(order.payload);
  const { reply } = await callWithToken(desk, call, { reference }, io);
  if (reply.kind !== "reply") return reply;
  if (refusalOf(reply, call.success) === null) return bare(order.paymentId, "closed", "closed");
  // Paid, run out, or never made: asking tells which.
  return query(order, desk, io);
}

const done = (detail: string) => ({ kind: "ok", value: { detail } }) as const;

/** Makes a code and reads it; then fetches a token, or asks for a payment that was never made. */
export async function selfCheck<C extends BankCredentials>(
  scheme: BankScheme<C>,
  opened: Opened<C>,
  io: ChannelIo,
): Promise<Outcome<{ readonly detail: string }>> {
  const { account, credentials, version } = opened;
  const { profile, settings } = version;
  const refused = scheme.refuse?.(credentials, account) ?? null;
  const isMadeHere = issueOf(profile, settings) === null;
  if (refused !== null || (isMadeHere && !sampleCode(scheme, credentials).ok)) {
    return bankFailure("code_not_buildable");
  }
  const desk = deskOf(opened);
  if (desk === null) {
    return done(`A code can be made and read back. ${profile.name}: there is no call to try.`);
  }
  if (desk.api.token !== undefined) {
    forgetToken(version);
    const token = await tokenOf(version, desk.api, freshValues(desk, io), io);
    return token.kind === "token" ? done(`${profile.name} gave an access token.`) : token;
  }
  const reference = referenceOf(`pi_${base32Id(io.random(17))}`, scheme.referenceLength);
  const answer = await askBank(desk, { reference, code: null, createdAt: io.now() }, io);
  if (answer.kind !== "ok") return answer;
  return done(`${profile.name} answers to this account's credentials.`);
}
