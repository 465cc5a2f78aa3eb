/** What the platform asks the merchant for: the invoices, and each as a page to print. */
import { api, fetchApi, readRefusal } from "../client.ts";
import { Amount, Details, Empty, Id, LinkButton, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { setPageHeaders } from "../headers.ts";
import { segment } from "./act.tsx";
import type { InvoiceView } from "./book-views.ts";
import { choicesOf, filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { SettlementTabs } from "./settlements.tsx";

const INVOICES = { href: "/console/settlements/invoices", label: "Invoices" };

export const INVOICE_COLUMNS = [
  { head: "Month", cell: ({ month }: InvoiceView) => <time datetime={month}>{month}</time> },
  { head: "Total", number: true, cell: ({ total }: InvoiceView) => <Amount money={total} /> },
  {
    head: "State",
    // An invoice waits to be paid: nothing is wrong with it.
    cell: ({ state }: InvoiceView) => <Status status={state === "open" ? "to be paid" : state} />,
  },
  { head: "Due", cell: ({ due_at: at }: InvoiceView) => <Time at={at} /> },
  { head: "Paid", cell: ({ paid_at: at }: InvoiceView) => <Time at={at} /> },
];

const COLUMNS = [
  {
    head: "Invoice",
    name: true,
    cell: ({ id, number }: InvoiceView) => <a href={`${INVOICES.href}/${id}`}>{number}</a>,
  },
  ...INVOICE_COLUMNS,
];

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["state", "month"]);
  return showList<InvoiceView>(c, {
    title: "Invoices",
    path: "/v1/invoices",
    above: <SettlementTabs c={c} />,
    filters: {
      values,
      fields: (problem) => (
        <>
          <Select
            name="state"
            label="State"
            value={values.state}
            options={choicesOf(["open", "paid"])}
            problem={problem}
          />
          <Field
            name="month"
            label="Month"
            type="month"
            value={values.month}
            placeholder="2026-10"
            problem={problem}
          />
        </>
      ),
    },
    table: { caption: "Invoices, newest first", columns: COLUMNS },
    empty: (narrowed) => (
      <Empty title={narrowed ? "No invoice fits." : "No invoice yet."}>
        <p>
          On the first of each month the fees of the month before are invoiced, as far as they were
          not taken at the channel.
        </p>
      </Empty>
    ),
  });
}

type Line = InvoiceView["lines"][number];

async function one(c: ConsoleContext) {
  const answer = await api<InvoiceView>(c, "GET", `/v1/invoices/${segment(c)}`);
  if (!answer.ok) return refused(c, answer);
  const invoice = answer.body;
  return show(
    c,
    {
      title: `Invoice ${invoice.number}`,
      back: INVOICES,
      aside: (
        <LinkButton href={`${INVOICES.href}/${invoice.id}/page`} kind="primary">
          Printable page
        </LinkButton>
      ),
    },
    <>
      <div class="panel">
        <Details
          rows={[
            ["State", <Status status={invoice.state === "open" ? "to be paid" : "paid"} />],
            [
              "Total",
              <strong>
                <Amount money={invoice.total} />
              </strong>,
            ],
            ["Month", `${invoice.month}, by China's clock`],
            ["Due", <Time at={invoice.due_at} />],
            ["Paid", invoice.paid_at === null ? null : <Time at={invoice.paid_at} />],
            ["Payment", invoice.payment_reference],
            ["Id", <Id>{invoice.id}</Id>],
          ]}
        />
      </div>
      <Table
        caption="Lines of the invoice"
        rows={invoice.lines}
        columns={[
          { head: "What", name: true, cell: ({ text }: Line) => text },
          {
            head: "How many",
            number: true,
            cell: ({ quantity }: Line) => quantity.toLocaleString("en"),
          },
          { head: "Amount", number: true, cell: ({ amount }: Line) => <Amount money={amount} /> },
        ]}
      />
      <p class="quiet">The lines sum to the total.</p>
    </>,
  );
}

/** As the API gives it: its policy allows its one style sheet and nothing else. */
async function printable(c: ConsoleContext): Promise<Response> {
  const reply = await fetchApi(c, "GET", `/v1/invoices/${segment(c)}/page`);
  if (!reply.ok) return refused(c, await readRefusal(reply));
  setPageHeaders(c);
  const policy = reply.headers.get("Content-Security-Policy");
  if (policy !== null) c.header("Content-Security-Policy", policy);
  c.header("Content-Type", "text/html; charset=utf-8");
  return c.body(reply.body ?? "");
}

export const invoicePages: readonly Page[] = [
  {
    method: "get",
    path: "/settlements/invoices",
    scope: "merchant",
    title: "Invoices",
    handler: list,
  },
  {
    method: "get",
    path: "/settlements/invoices/:id",
    scope: "merchant",
    title: "Invoice",
    handler: one,
  },
  {
    method: "get",
    path: "/settlements/invoices/:id/page",
    scope: "merchant",
    title: "Invoice",
    handler: printable,
  },
];
