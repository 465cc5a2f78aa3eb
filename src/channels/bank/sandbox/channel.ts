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
  SandboxOrderRecord,
  SandboxWorld,
  Shown,
} from "../../../sandbox/simulator.ts";
import { recordOf, recordOfOrder, settingsOf } from "./accounts.ts";
import { serveBank } from "./api.ts";
import { isWhole, valueAt } from "./code.ts";
import { bankMessage } from "./messages.ts";
import { type BankSandboxScheme, paidOf } from "./scheme.ts";

/** No bank ends such a code; the sandbox forgets it after the longest life of a payment. */
const LIFETIME_MS = 7_200_000;

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
  const payees = scheme.payeeAt.map((path) => valueAt(data, path));
  if (!payees.includes(shown.merchant)) return err("The code pays somebody else.");
  const unit = 10 ** (scheme.decimals - scheme.written);
  if (valueAt(data, "54") !== toDecimal(shown.value / unit, scheme.written)) {
    return err("The code asks for another amount.");
  }
  const number = recordOfOrder(shown.paymentId);
  const reference = scheme.referenceAt
    .map((path) => valueAt(data, path))
    .find((found) => found !== null && recordOf(found) === number);
  if (reference === undefined || reference === null) {
    return err("The code carries no reference of this payment.");
  }
  const { order } = await world.orders.create({
    channel: slug,
    merchant: shown.merchant,
    orderNumber: number,
    parameters: JSON.stringify({ code: data, reference }),
    currency: scheme.currency,
    value: shown.value,
    notifyUrl: shown.notifyUrl,
    expiresAt: world.now + LIFETIME_MS,
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
  keyring: "bank",
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
  orderNumber: recordOfOrder,
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
