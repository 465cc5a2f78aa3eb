/**
 * Closing a merchant's month, and taking note that an invoice was paid. Both may be done again at
 * any time and by several at once: what is there is found.
 */
import type { Owner } from "../owner.ts";
import { buildEvent } from "../envelope.ts";
import type { AlsoItem } from "../store/audit-log.ts";
import {
  addInvoice,
  findInvoice,
  type Invoiced,
  invoicedSoFar,
  type InvoicePayment,
  type InvoiceRow,
  invoicesOfMonth,
  type NewInvoice,
  payInvoice,
} from "../store/invoices.ts";
import { accountNames, firstEntryAt, owedSums, owedTotals, underWay } from "../store/owed.ts";
import { type Recorder, startDeliveries } from "../webhooks/record.ts";
import { LOST_AFTER_MS } from "../webhooks/schedule.ts";
import { causedId } from "./caused-id.ts";
import { draftInvoice, DUE_AFTER_MS, type InvoiceDraft, owed, type OwedSum } from "./invoices.ts";
import { showInvoice } from "./invoice-view.ts";
import { entryOf } from "./ledger.ts";
import { monthBefore, monthsBetween, nextMonth, startOfMonth } from "./months.ts";

/**
 * What the merchant came to owe before a month, as far as it is written down by now. Month by month,
 * so that each read is bounded however long the history is.
 */
async function owedBefore(
  { db }: Recorder,
  books: Owner,
  first: number,
  month: string,
): Promise<OwedSum[]> {
  const sums: OwedSum[] = [];
  for (const each of monthsBetween(first, monthBefore(month))) {
    const end = startOfMonth(nextMonth(each));
    sums.push(...(await owedTotals(db, books, startOfMonth(each), end)));
  }
  return sums;
}

interface Accounts {
  readonly month: readonly OwedSum[];
  readonly before: readonly OwedSum[];
  readonly invoiced: readonly Invoiced[];
}

/** What is to be asked for, currency by currency, with the sum of the invoices it was made with. */
async function drafts(
  { db }: Recorder,
  { month, before, invoiced }: Accounts,
  closed: (latest: Invoiced) => boolean,
): Promise<(InvoiceDraft & { readonly invoiced: number })[]> {
  const ids = month.flatMap(({ account }) => account ?? []);
  const names = new Map((await accountNames(db, ids)).map((account) => [account.id, account]));
  const nameOf = (id: string | null): string => {
    const account = names.get(id ?? "");
    return account === undefined ? (id ?? "other") : `${account.display_name} (${account.channel})`;
  };
  const currencies = [...new Set([...month, ...before].map(({ currency }) => currency))];
  return currencies.toSorted().flatMap((currency) => {
    const latest = invoiced.find((each) => each.currency === currency);
    if (latest !== undefined && closed(latest)) return [];
    const earlier = owed(before.filter((sum) => sum.currency === currency));
    const total = latest?.total ?? 0;
    const draft = draftInvoice({ currency, month, before: earlier, invoiced: total }, nameOf);
    return draft === null ? [] : [{ ...draft, invoiced: total }];
  });
}

/**
 * Closes a month for a merchant in one mode: an invoice in each currency in which anything is owed
 * by its end. A month is closed only once, and none after a later one: what is written down after
 * that is on the next invoice.
 * @returns the month's invoices, those that were there before too
 * @throws RangeError while the month runs: its fees are not all there
 */
export async function closeMonth(
  recorder: Recorder,
  books: Owner,
  month: string,
  now: number,
): Promise<InvoiceRow[]> {
  const end = startOfMonth(nextMonth(month));
  if (end > now) throw new RangeError(`${month} has not ended`);
  const { db, deliveries: queue } = recorder;
  const first = await firstEntryAt(db, books);
  if (first === null || first >= end) return [];
  // Read first: what is invoiced meanwhile makes the draft void, never the sum wrong.
  const invoiced = await invoicedSoFar(db, books);
  const before = await owedBefore(recorder, books, first, month);
  const entries = await owedSums(db, books, startOfMonth(month), end);
  const own = [...entries, ...(await underWay(db, books, end)).filter(({ value }) => value > 0)];
  const closed = (latest: Invoiced) => latest.month >= month;
  let isOvertaken = false;
  for (const draft of await drafts(recorder, { month: own, before, invoiced }, closed)) {
    const invoice = await numberless(books, draft, month, now);
    const event = await createdEvent(invoice, now);
    const started = await addInvoice(db, invoice, event, now, now + LOST_AFTER_MS);
    if (started === null) isOvertaken = true;
    else await startDeliveries(queue, started);
  }
  // Each time somebody else has written an invoice: of this month, or of one before or behind it.
  return isOvertaken ? closeMonth(recorder, books, month, now) : invoicesOfMonth(db, books, month);
}

/** The same invoice whoever drafts it: its id is made of whose it is and of the month. */
const numberless = async (
  books: Owner,
  draft: InvoiceDraft & { readonly invoiced: number },
  month: string,
  now: number,
): Promise<NewInvoice> => {
  const mode = books.livemode ? "live" : "test";
  const id = await causedId("invoice", "invoice", books.merchantId, mode, draft.currency, month);
  return { ...books, ...draft, id, month, dueAt: now + DUE_AFTER_MS };
};

/** `number` is given by the database, in the transaction that writes the event. */
const createdEvent = async (invoice: NewInvoice, now: number) =>
  buildEvent({
    id: await causedId("event", "invoice.created", invoice.id),
    type: "invoice.created",
    livemode: invoice.livemode,
    sequence: 1,
    createdAt: now,
    requestId: null,
    data: showInvoice({
      id: invoice.id,
      merchant_id: invoice.merchantId,
      livemode: invoice.livemode,
      number: "",
      currency: invoice.currency,
      month: invoice.month,
      total: invoice.total,
      lines: [...invoice.lines],
      state: "open",
      due_at: invoice.dueAt,
      paid_at: null,
      payment_reference: null,
      created_at: now,
      updated_at: now,
    }),
  });

/**
 * Notes that an open invoice was paid, books it and tells the merchant.
 * @param alsoOf what stands behind the change to the invoice that is given to it
 * @returns the invoice as it is now: paid, by this payment or by another
 */
export async function noteInvoicePayment(
  { db, deliveries: queue }: Recorder,
  row: InvoiceRow,
  payment: InvoicePayment,
  alsoOf: (paid: InvoiceRow) => readonly AlsoItem[],
  { now, requestId }: { readonly now: number; readonly requestId: string | null },
): Promise<InvoiceRow> {
  const { id, merchant_id: merchantId, livemode, currency, total: value } = row;
  const { paidAt: at, reference } = payment;
  const paid: InvoiceRow = {
    ...row,
    state: "paid",
    paid_at: at,
    payment_reference: reference,
    updated_at: now,
  };
  const kind = "invoice_payment";
  const posting = { kind, merchantId, livemode, channelAccount: "", at, currency, value } as const;
  const started = await payInvoice(db, row, payment, {
    entry: entryOf({ ...posting, cause: id, memo: row.number }, now),
    event: buildEvent({
      id: await causedId("event", "invoice.paid", id),
      type: "invoice.paid",
      livemode,
      sequence: 2,
      createdAt: now,
      requestId,
      data: showInvoice(paid),
    }),
    also: alsoOf(paid),
    now,
    feedAt: now + LOST_AFTER_MS,
  });
  if (started !== null) await startDeliveries(queue, started);
  return (await findInvoice(db, null, id)) ?? row;
}
