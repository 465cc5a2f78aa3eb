/**
 * The banks of one national scheme, simulated: a wallet that reads the code, the bank's message in
 * the form of the account's profile, and the API that the profile asks.
 */
import * as z from "zod";

import { toDecimal } from "../../../money.ts";
import { err, ok, type Result } from "../../../result.ts";
import type {
  CallbackFlaw,
  SandboxChannel,
  SandboxKeyring,
  SandboxOrderRecord,
  SandboxWorld,
  Shown,
} from "../../../sandbox/simulator.ts";
import { recordOf, type Settings, settingsOf } from "./accounts.ts";
import { serveBank } from "./api.ts";
import { isWhole, valueAt } from "./code.ts";
import { bankMessage, type Paid } from "./messages.ts";

/** What the simulator must know of a scheme. */
export interface BankSandboxScheme {
  readonly currency: string;
  readonly currencyNumber: string;
  /** Decimals of the currency, and those that its codes are written with. */
  readonly decimals: number;
  readonly written: number;
  /** Where the code names payee and reference: "30.01". More than one where kinds of payee differ. */
  readonly payeeAt: readonly string[];
  readonly referenceAt: string;
  /** The built-in test account: credentials as the bank would hand them out. */
  account(keys: SandboxKeyring, accountId: string): Record<string, unknown>;
  /** What the bank of a built-in account shares with it. */
  builtIn(keys: SandboxKeyring, payee: string): Settings;
  /** The payee of somebody's own credentials, as a code names it; null: not to be seen in them. */
  payeeOf(credentials: Readonly<Record<string, unknown>>): string | null;
}

const stored = z.object({ code: z.string(), reference: z.string() });

/** What the buyer paid, from the record of the order. */
export function paidOf(
  order: SandboxOrderRecord,
  scheme: BankSandboxScheme,
  value: number = order.value,
): Paid {
  const { code, reference } = stored.parse(JSON.parse(order.parameters));
  const unit = 10 ** (scheme.decimals - scheme.written);
  return {
    payee: order.merchant,
    reference,
    code,
    amount: toDecimal(Math.ceil(value / unit), scheme.written),
    value,
    currency: scheme.currency,
    currencyNumber: scheme.currencyNumber,
    transactionId: order.transactionId ?? "",
    paidAt: order.paidAt ?? order.createdAt,
  };
}

/** The wallet reads the code: what is in it decides, not what we believe to have shown. */
async function openCode(
  slug: string,
  scheme: BankSandboxScheme,
  shown: Shown,
  world: SandboxWorld,
): Promise<Result<SandboxOrderRecord, string>> {
  if (shown.action.type !== "show_qr") return err("This channel has codes and nothing else.");
  const { data } = shown.action;
  if (!isWhole(data)) return err("The code cannot be read: its check digits do not fit.");
  if (valueAt(data, "53") !== scheme.currencyNumber) return err("The code is in another currency.");
  const payee = scheme.payeeAt.map((path) => valueAt(data, path)).find((found) => found !== null);
  if (payee !== shown.merchant) return err("The code pays somebody else.");
  const unit = 10 ** (scheme.decimals - scheme.written);
  if (valueAt(data, "54") !== toDecimal(shown.value / unit, scheme.written)) {
    return err("The code asks for another amount.");
  }
  const number = recordOf(shown.paymentId.slice(3).toUpperCase());
  const inCode = valueAt(data, scheme.referenceAt);
  const existing = await world.orders.get(slug, shown.merchant, number);
  if (existing !== null) return ok(existing);
  if (inCode === null || recordOf(inCode) !== number) {
    return err("The code carries no reference of this payment.");
  }
  const { order } = await world.orders.create({
    channel: slug,
    merchant: shown.merchant,
    orderNumber: number,
    parameters: JSON.stringify({ code: data, reference: inCode }),
    currency: scheme.currency,
    value: shown.value,
    notifyUrl: shown.notifyUrl,
    // No bank ends such a code.
    expiresAt: null,
  });
  return ok(order);
}

/** Banks write about payments only; a code that nobody paid is nothing to them. */
async function callback(
  scheme: BankSandboxScheme,
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request | null> {
  if (order.state !== "paid") return null;
  const settings = await settingsOf(order.merchant, scheme.builtIn, world);
  const unit = 10 ** (scheme.decimals - scheme.written);
  const paid = paidOf(order, scheme, order.value + (flaw === "wrong_amount" ? unit : 0));
  const forged = flaw === "wrong_signature" || flaw === "sign_test_probe";
  return bankMessage(paid, settings, forged, order.notifyUrl, world);
}

const ownCredentials = z.looseObject({
  bank: z.looseObject({ profile: z.string() }),
});

export const bankSandbox = (slug: string, scheme: BankSandboxScheme): SandboxChannel => ({
  slug,
  endpoints: [`https://${slug}.sandbox.invalid`],
  mode: "direct",

  credentials: (keys, accountId) => scheme.account(keys, accountId),

  async registration(credentials) {
    const parsed = ownCredentials.safeParse(credentials);
    if (!parsed.success) return null;
    const merchant = scheme.payeeOf(parsed.data);
    if (merchant === null) return null;
    const secrets = Object.fromEntries(
      Object.entries(parsed.data.bank).flatMap(([name, value]) =>
        typeof value === "string" ? [[name, value]] : [],
      ),
    );
    return { merchant, entry: { publicKeys: {}, symmetricKey: null, secrets } };
  },

  platformCertificate: async () => null,
  orderNumber: (paymentId) => recordOf(paymentId.slice(3).toUpperCase()),
  handle: (request, world) => serveBank(slug, scheme, request, world),
  open: (shown, world) => openCode(slug, scheme, shown, world),
  callback: (order, flaw, world) => callback(scheme, order, flaw, world),
  serverError: () => Response.json({ message: "Service Unavailable" }, { status: 503 }),
  // Replies of banks are not signed: TLS and the token are what there is.
  unsigned: async (reply) => reply,
  // Signed anew with the present time: receivers refuse what is older than five minutes.
  repeatsVerbatim: false,
  acknowledged: (status) => status === 200,
});
