/**
 * A bank's message about a payment. Signed ones are believed as they are. About all others, which
 * anybody could have sent, the bank itself is asked, and only its answer counts.
 *
 * Money under a reference that nobody has is acknowledged, because the bank would go on sending and
 * no repeat makes a payment of it. Proven, it is an orphan, for somebody to find its owner; unproven
 * it is a stranger's word, and the bank is not asked: anybody could make us ask without end.
 */
import { err, ok, type Result } from "../../result.ts";
import type {
  CallbackReply,
  CallbackVerdict,
  ChannelAccount,
  ChannelIo,
  RawCallback,
} from "../adapter.ts";
import { askBank, type BankDesk } from "./ask.ts";
import { authenticate } from "./authenticate.ts";
import type { Fields } from "./fields.ts";
import { type BankNews, readMessage, type Reading, toReport } from "./message.ts";
import type { Acknowledgement } from "./profile.ts";
import { fill, type Values } from "./template.ts";
import { type Verifier, verifiersOf } from "./verifier.ts";

const refused = (reason: string): CallbackVerdict => ({ kind: "refused", reason });

interface Accepted {
  readonly verifier: Verifier;
  readonly fields: Fields;
  readonly reading: Reading;
}

/** The message as the first version of the account's settings understands it. */
async function accept(
  callback: RawCallback,
  verifiers: readonly Verifier[],
  scheme: Values,
  now: number,
): Promise<Result<Accepted, string>> {
  let first: string | null = null;
  for (const verifier of verifiers) {
    const read = await authenticate(verifier, callback, now);
    const { profile, settings } = verifier;
    const reading = read.ok
      ? readMessage(profile.message, read.value, { ...settings, ...scheme })
      : read;
    if (read.ok && reading.ok) return ok({ verifier, fields: read.value, reading: reading.value });
    if (!reading.ok) first ??= reading.error;
  }
  return err(first ?? "the account has no settings");
}

/** The bank's own words for "received". */
function acknowledge(
  acknowledgement: Acknowledgement,
  fields: Fields,
  reference: string,
): CallbackReply {
  if ("text" in acknowledgement) {
    const { text } = acknowledgement;
    return { status: 200, body: text, contentType: text === "" ? null : "text/plain" };
  }
  const values = { ...textsOf(fields), reference };
  const body = Object.fromEntries(
    Object.entries(acknowledgement.json).map(([name, template]) => [
      name,
      template === null ? null : fillFrom(template, values),
    ]),
  );
  return { status: 200, body: JSON.stringify(body), contentType: "application/json" };
}

const textsOf = (fields: Fields): Record<string, string> =>
  Object.fromEntries([...fields].map(([name, { text }]) => [name, text.slice(0, 128)]));

/** Members of the bank's message keep the bank's spelling, capitals too; a missing one is "". */
const fillFrom = (template: string, values: Readonly<Record<string, string>>): string => {
  const name = /^\{(\w+)\}$/.exec(template)?.[1];
  if (name === undefined) return fill(template, {});
  return Object.hasOwn(values, name) ? (values[name] ?? "") : "";
};

/**
 * @param scheme what the scheme adds to the account's settings
 * @param deskOf the bank's API for a version of the account, where it has one
 */
export async function readCallback(
  callback: RawCallback,
  account: ChannelAccount,
  scheme: Values,
  deskOf: (verifier: Verifier) => BankDesk | null,
  io: ChannelIo,
): Promise<CallbackVerdict> {
  const accepted = await accept(callback, await verifiersOf(account), scheme, io.now());
  if (!accepted.ok) return refused(accepted.error);
  const { verifier, fields, reading } = accepted.value;
  const { profile } = verifier;
  if (reading.kind === "other_event") {
    const reply = acknowledge(profile.acknowledgement, fields, "");
    return { kind: "ignored", notificationId: "", reason: "another event", reply };
  }
  const { news } = reading;
  const reply = acknowledge(profile.acknowledgement, fields, news.reference);
  const paymentId = await io.references.find(news.reference);
  if (paymentId === null) return ofNobody(news, profile.believed === "message", reply);
  const proven =
    profile.believed === "message" ? ok(news) : await confirm(news, deskOf(verifier), io);
  if (!proven.ok) return refused(proven.error);
  const reports = [toReport(paymentId, proven.value)];
  return { kind: "reports", notificationId: idOf(news), reports, reply };
}

/** Numbers the notification for the log; banks number the payment, not the message. */
const idOf = ({ transactionId, reference }: BankNews): string => transactionId ?? reference;

/**
 * What the bank says when it is asked about this reference.
 * Attack: "paid" from a stranger. A refusal is not acknowledged: a genuine message that came before
 * the bank's own books knew of the payment is sent again.
 */
async function confirm(
  news: BankNews,
  desk: BankDesk | null,
  io: ChannelIo,
): Promise<Result<BankNews, string>> {
  if (desk === null) return err("the bank cannot be asked");
  const { reference, code } = news;
  const answer = await askBank(desk, { reference, code, createdAt: news.paidAt ?? io.now() }, io);
  if (answer.kind !== "ok") return err("the bank could not be asked");
  if (answer.news === null) return err("the bank knows of no such payment");
  if (news.state === "paid" && answer.news.state === "open") {
    return err("the bank says that it is not paid");
  }
  return ok(answer.news);
}

/** News about a payment that is not here. */
function ofNobody(news: BankNews, proven: boolean, reply: CallbackReply): CallbackVerdict {
  const { reference, state, amount, transactionId, paidAt, status } = news;
  // A stranger's words do not go into the log.
  const notificationId = proven ? idOf(news) : "";
  if (!proven || state !== "paid" || amount === null) {
    const reason = proven ? "no money, and no payment of ours" : "unproven, and no payment of ours";
    return { kind: "ignored", notificationId, reason, reply };
  }
  return {
    kind: "orphan",
    notificationId,
    reference,
    amount,
    channelTransactionId: transactionId,
    paidAt,
    channelStatus: status,
    reply,
  };
}
