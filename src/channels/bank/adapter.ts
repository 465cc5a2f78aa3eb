/**
 * A national scheme of bank codes as a channel. The code is the order: nobody is asked before it is
 * shown, no bank enforces its end, and it can be paid as long as somebody has a picture of it. What
 * was paid is learned from the bank's message, or by asking the bank where its profile says how.
 */
import { base32Id } from "../../ids.ts";
import type {
  ChannelAccount,
  ChannelAdapter,
  ChannelIo,
  Outcome,
  PaymentReport,
  ReportedState,
  SentOrder,
} from "../adapter.ts";
import { refusalOf } from "./api.ts";
import { askBank, type BankDesk, callWithToken, freshValues } from "./ask.ts";
import { readCallback } from "./callback.ts";
import { charge, prepareIssue, prepareLocal, readPrepared } from "./charge.ts";
import { bankErrors, bankFailure } from "./errors.ts";
import { directMode, payeeOf, sampleCode } from "./examine.ts";
import { toReport } from "./message.ts";
import { type BankCredentials, type BankScheme, issueOf, referenceOf } from "./scheme.ts";
import type { Values } from "./template.ts";
import { forgetToken, tokenOf } from "./token.ts";
import { type BankVersion, versionsOf } from "./verifier.ts";

/** An account as this file works with it. */
interface Opened<C> {
  readonly credentials: C;
  readonly version: BankVersion;
  readonly values: Values;
}

const report = (
  paymentId: string,
  state: ReportedState,
  channelStatus: string,
): Outcome<PaymentReport> => ({
  kind: "ok",
  value: {
    paymentId,
    state,
    amount: null,
    channelTransactionId: null,
    paidAt: null,
    channelStatus,
  },
});

export function bankAdapter<C extends BankCredentials>(scheme: BankScheme<C>): ChannelAdapter {
  const opened = new WeakMap<ChannelAccount, Opened<C>>();

  /** @throws Error when stored credentials do not parse: they were examined when they were saved. */
  function open(account: ChannelAccount): Opened<C> {
    const known = opened.get(account);
    if (known !== undefined) return known;
    const parsed = scheme.credentials.safeParse(account.versions[0]);
    if (!parsed.success) throw new Error(`the credentials of ${account.id} cannot be read`);
    const credentials = parsed.data as unknown as C;
    const payee = payeeOf(scheme, credentials);
    if (!payee.ok) throw new Error(`no code can be made of the credentials of ${account.id}`);
    const values = { ...scheme.values?.(credentials), payee: payee.value };
    const [version] = versionsOf(account);
    const value = { credentials, version, values };
    opened.set(account, value);
    return value;
  }

  function deskOf(account: ChannelAccount, version: BankVersion): BankDesk | null {
    const { api } = version.profile;
    return api === undefined ? null : { account, version, api, scheme: open(account).values };
  }

  const issueFor = ({ profile, settings }: BankVersion) => issueOf(profile, settings);

  async function query(
    order: SentOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>> {
    const { paymentId, payload, createdAt } = order;
    const desk = deskOf(account, open(account).version);
    // Nobody can say: a payment of which nothing was heard is one that is not there.
    if (desk === null) return report(paymentId, "absent", "no_query");
    const { reference } = readPrepared(payload);
    const answer = await askBank(desk, { reference, code: null, createdAt }, io);
    if (answer.kind !== "ok") return answer;
    if (answer.news === null) return report(paymentId, "absent", "no_payment");
    return { kind: "ok", value: toReport(paymentId, answer.news) };
  }

  /**
   * Codes that were made here cannot be taken back; the payment is over for us, and money that comes
   * all the same is a late payment. Where the bank has made the code, it is told.
   */
  async function close(
    order: SentOrder,
    account: ChannelAccount,
    io: ChannelIo,
  ): Promise<Outcome<PaymentReport>> {
    const { paymentId, payload } = order;
    const desk = deskOf(account, open(account).version);
    const call = desk?.api.close;
    if (desk === null || call === undefined) return report(paymentId, "closed", "no_close");
    const { reference } = readPrepared(payload);
    const { reply } = await callWithToken(desk, call, { reference }, io);
    if (reply.kind !== "reply") return reply;
    if (refusalOf(reply, call.success) === null) return report(paymentId, "closed", "closed");
    // Paid, run out, or never made: asking tells which.
    return query(order, account, io);
  }

  return {
    info: scheme.info,
    modes: { direct: directMode(scheme) },
    errors: bankErrors(scheme.profiles),

    prepareCharge(order, account) {
      const { credentials, version } = open(account);
      const refused = scheme.refuse?.(credentials, account) ?? null;
      if (refused !== null) return { ok: false, error: refused };
      const issue = issueFor(version);
      const { paymentId, amount, merchantName, expiresAt } = order;
      if (issue !== null) return prepareIssue(order, referenceOf(paymentId, issue.referenceLength));
      const reference = referenceOf(paymentId, scheme.referenceLength);
      const details = { amount, reference, merchantName, expiresAt };
      return prepareLocal(order, reference, scheme.code(credentials, details));
    },

    createCharge(payload, order, account, io) {
      const { version } = open(account);
      return charge(payload, order, deskOf(account, version), issueFor(version), io);
    },

    queryPayment: query,
    closePayment: close,

    verifyCallback: (callback, account, io) =>
      readCallback(
        callback,
        account,
        open(account).values,
        (version) => deskOf(account, version),
        io,
      ),

    acknowledge: {
      accepted: () => ({ status: 200, body: "", contentType: null }),
      // Nothing about why: it would tell a forger how far he came. Banks send again.
      refused: () => ({ status: 400, body: "", contentType: null }),
    },

    selfCheck: (account, io) => selfCheck(scheme, open(account), account, io),
  };
}

/** Fetches a token, or asks for a payment that was never made; else makes a code and reads it. */
async function selfCheck<C extends BankCredentials>(
  scheme: BankScheme<C>,
  { credentials, version, values }: Opened<C>,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<{ readonly detail: string }>> {
  const { api, name } = version.profile;
  const done = (detail: string) => ({ kind: "ok", value: { detail } }) as const;
  const refused = scheme.refuse?.(credentials, account) ?? null;
  if (refused !== null) return bankFailure("code_not_buildable");
  if (issueOf(version.profile, version.settings) === null && !sampleCode(scheme, credentials).ok) {
    return bankFailure("code_not_buildable");
  }
  if (api === undefined) {
    return done(`A code can be made and read back. ${name} has no call that could be tried.`);
  }
  const desk = { account, version, api, scheme: values };
  if (api.token !== undefined) {
    forgetToken(version);
    const token = await tokenOf(version, api, freshValues(desk, io), io);
    return token.kind === "token" ? done(`${name} gave an access token.`) : token;
  }
  const reference = referenceOf(`pi_${base32Id(io.random(17))}`, scheme.referenceLength);
  const answer = await askBank(desk, { reference, code: null, createdAt: io.now() }, io);
  return answer.kind === "ok" ? done(`${name} answers to this account's credentials.`) : answer;
}
