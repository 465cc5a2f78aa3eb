/**
 * An invoice for the printer and for the accountant's files: A4 in black on white, nothing to load
 * and nothing that runs. Names are texts: JSX escapes them.
 */
import { raw } from "hono/html";

import { dayAt } from "../days.ts";
import type { InvoiceRow } from "../store/invoices.ts";
import { grouped, signedAmount } from "./invoices.ts";
import { MONTH_OFFSET_MINUTES } from "./months.ts";

const SELLER = "ItPay Edge";

export const INVOICE_STYLE = `
@page { size: A4; margin: 20mm 18mm; }
* { box-sizing: border-box; }
html { background: #e9edf2; color-scheme: light; }
body {
  margin: 32px auto; padding: 56px; max-width: 800px; background: #fff; color: #14202e;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif;
  box-shadow: 0 1px 2px #14202e1f, 0 12px 32px #14202e14; overflow-wrap: anywhere;
}
header { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: baseline;
  justify-content: space-between; border-bottom: 2px solid; padding-bottom: 16px; }
.seller { margin: 0; font-size: 18px; font-weight: 650; }
h1 { margin: 0; font-size: 26px; line-height: 1.2; font-weight: 650; }
.mark { display: inline-block; margin: 24px 0 0; padding: 4px 12px; border: 2px solid;
  border-radius: 4px; font-weight: 650; }
.paid { color: #0a6b3d; }
.test { color: #8a4b00; }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: 24px 48px; margin: 28px 0 36px; }
h2 { margin: 0 0 6px; font-size: 12px; font-weight: 600; color: #4b5b6d; }
.buyer p { margin: 0; }
.buyer .name { font-size: 17px; font-weight: 600; }
.quiet { color: #4b5b6d; font-size: 13px; }
dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: 4px 20px; }
dt { color: #4b5b6d; }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; padding-bottom: 10px; font-weight: 600; }
th { padding: 0; font-size: 12px; font-weight: 600; color: #4b5b6d; text-align: left; }
thead th { border-bottom: 1px solid #9aa7b5; padding-bottom: 6px; vertical-align: bottom; }
td { border-bottom: 1px solid #dde3ea; padding: 10px 0; vertical-align: top; }
th + th, td + td { padding-left: 24px; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
/* Not at the foot of every page. */
tfoot { display: table-row-group; }
tfoot th, tfoot td { border: 0; border-top: 2px solid; padding-top: 14px; font-size: 19px;
  font-weight: 650; color: inherit; vertical-align: baseline; }
footer { margin-top: 48px; padding-top: 12px; border-top: 1px solid #dde3ea; }
footer p { margin: 0; }
tr, footer, .facts { break-inside: avoid; }
@media (max-width: 600px) {
  body { margin: 0; padding: 24px 16px; box-shadow: none; }
  .facts { grid-template-columns: 1fr; }
  th + th, td + td { padding-left: 12px; }
}
@media print {
  html { background: none; }
  body { margin: 0; padding: 0; max-width: none; box-shadow: none; font-size: 10.5pt; }
}
`;

const date = (ms: number): string => dayAt(ms, MONTH_OFFSET_MINUTES);

interface Props {
  readonly invoice: InvoiceRow;
  readonly buyer: { readonly id: string; readonly name: string; readonly email: string | null };
}

const Facts = ({ invoice, buyer }: Props) => (
  <div class="facts">
    <section class="buyer">
      <h2>To</h2>
      <p class="name">{buyer.name}</p>
      {buyer.email === null ? null : <p>{buyer.email}</p>}
      <p class="quiet">{buyer.id}</p>
    </section>
    <dl>
      <dt>Number</dt>
      <dd>{invoice.number}</dd>
      <dt>Month</dt>
      <dd>{invoice.month}</dd>
      <dt>Issued</dt>
      <dd>{date(invoice.created_at)}</dd>
      <dt>Due</dt>
      <dd>{date(invoice.due_at)}</dd>
    </dl>
  </div>
);

const Lines = ({ invoice: { lines, currency, total, month } }: Pick<Props, "invoice">) => (
  <table>
    <caption>{`Fees for ${month}, in ${currency}`}</caption>
    <thead>
      <tr>
        <th scope="col">Description</th>
        <th scope="col" class="number">
          Quantity
        </th>
        <th scope="col" class="number">
          Amount
        </th>
      </tr>
    </thead>
    <tbody>
      {lines.map(({ text, quantity, value }) => (
        <tr>
          <td>{text}</td>
          <td class="number">{grouped(String(quantity))}</td>
          <td class="number">{signedAmount(value, currency)}</td>
        </tr>
      ))}
    </tbody>
    <tfoot>
      <tr>
        <th scope="row">Total</th>
        <td class="number" colspan={2}>
          {`${currency} ${signedAmount(total, currency)}`}
        </td>
      </tr>
    </tfoot>
  </table>
);

const Paid = ({ invoice: { paid_at, payment_reference } }: Pick<Props, "invoice">) =>
  paid_at === null ? null : (
    <p class="mark paid">
      {`Paid on ${date(paid_at)}${payment_reference === null ? "" : ` · ${payment_reference}`}`}
    </p>
  );

export const InvoicePage = ({ invoice, buyer }: Props) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex" />
      <title>{`Invoice ${invoice.number}`}</title>
      <style>{raw(INVOICE_STYLE)}</style>
    </head>
    <body>
      <main>
        <header>
          <h1>Invoice</h1>
          <p class="seller">{SELLER}</p>
        </header>
        {invoice.livemode ? null : <p class="mark test">Test mode: nothing is to be paid</p>}
        <Paid invoice={invoice} />
        <Facts invoice={invoice} buyer={buyer} />
        <Lines invoice={invoice} />
        <footer class="quiet">
          <p>
            The month begins and ends at midnight in China (UTC+8), by whose clock the dates are.
            What is written down later, such as a refund, is on the next invoice.
          </p>
        </footer>
      </main>
    </body>
  </html>
);
