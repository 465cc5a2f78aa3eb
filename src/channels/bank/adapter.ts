/**
 * A national scheme of bank codes as a channel. The code is the order: nobody is asked before it is
 * shown, no bank enforces its end, and it can be paid as long as somebody has a picture of it. What
 * was paid is learned from the bank's message, or by asking the bank where its profile says how.
 */
import type { ChannelAdapter } from "../adapter.ts";
import { readCallback } from "./callback.ts";
import { charge, prepareIssue, prepareLocal } from "./charge.ts";
import { bankErrors } from "./error-table.ts";
import { directMode } from "./examine.ts";
import { deskOf, opener } from "./opened.ts";
import { close, query, selfCheck } from "./operations.ts";
import { type BankCredentials, type BankScheme, issueOf, referenceOf } from "./scheme.ts";
import type { BankVersion } from "./verifier.ts";
import { bankStatement } from "./statement.ts";

const issueFor = ({ profile, settings }: BankVersion) => issueOf(profile, settings);

export function bankAdapter<C extends BankCredentials>(scheme: BankScheme<C>): ChannelAdapter {
  const open = opener(scheme);
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

    async createCharge(payload, order, account, io) {
      const opened = open(account);
      return charge(payload, order, deskOf(opened), issueFor(opened.version), io);
    },

    queryPayment: async (order, account, io) => query(order, deskOf(open(account)), io),

    closePayment: async (order, account, io) => close(order, deskOf(open(account)), io),

    statements: { format: bankStatement(scheme.info.slug) },

    async verifyCallback(callback, account, io) {
      const opened = open(account);
      const desk = (version: BankVersion) => deskOf(opened, version);
      return readCallback(callback, account, opened.values, desk, io);
    },

    acknowledge: {
      accepted: () => ({ status: 200, body: "", contentType: null }),
      // Nothing about why: it would tell a forger how far he came. Banks send again.
      refused: () => ({ status: 400, body: "", contentType: null }),
    },

    selfCheck: async (account, io) => selfCheck(scheme, open(account), io),
  };
}
