/** Operators: everybody's invoices, closing a month, and noting that one was paid. */
import { dayAt } from "../../../days.ts";
import { monthAt, monthBefore } from "../../../settlement/months.ts";
import { api, withQuery } from "../client.ts";
import { Amount, Button, Details, Empty, Id, LinkButton } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { confirmation, filled, localRefusal, segment, utcTime } from "./act.tsx";
import type { InvoiceView } from "./book-views.ts";
import { choicesOf, filtersOf } from "./filters.tsx";
import { INVOICE_COLUMNS } from "./invoices.tsx";
import { listOf, showList } from "./list.tsx";

const INVOICES = { href: "/console/invoices", label: "Invoices" };
const CLOSE = "Close a month";
const API = "/v1/admin/invoices";

const COLUMNS = [
  {
    head: "Invoice",
    name: true,
    cell: ({ number }: InvoiceView) => number,
  },
  {
    head: "Merchant",
    cell: ({ merchant_id: id }: InvoiceView) => (
      <a href={`/console/merchants/${id}`}>
        <Id>{id}</Id>
      </a>
    ),
  },
  ...INVOICE_COLUMNS,
  {
    head: "Actions",
    cell: ({ id, state, merchant_id, month, number }: InvoiceView) =>
      state === "paid" ? (
        <span class="quiet">–</span>
      ) : (
        <a
          href={withQuery(`${INVOICES.href}/${id}/pay`, { merchant_id, month })}
          aria-label={`Note that ${number} was paid`}
        >
          Paid
        </a>
      ),
  },
];

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["merchant_id", "month", "state"]);
  return showList<InvoiceView>(c, {
    title: "Invoices",
    aside: (
      <LinkButton href={`${INVOICES.href}/new`} kind="primary">
        {CLOSE}
      </LinkButton>
    ),
    notices: {
      closed: "The month is closed; its invoices are in the list.",
      closing: "The month is being closed, some merchants at a time. Load this page again.",
      paid: "The payment is booked, and the merchant is told.",
    },
    path: API,
    filters: {
      values,
      fields: (problem) => (
        <>
          <Field
            name="merchant_id"
            label="Merchant"
            value={values.merchant_id}
            placeholder="m_…"
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
          <Select
            name="state"
            label="State"
            value={values.state}
            options={choicesOf(["open", "paid"])}
            problem={problem}
          />
        </>
      ),
    },
    table: { caption: "Invoices, newest first", columns: COLUMNS },
    empty: (narrowed) => (
      <Empty title={narrowed ? "No invoice fits." : "No invoice yet."}>
        <p>On the first of each month the month before is closed by itself.</p>
      </Empty>
    ),
  });
}

const FIELDS = ["month", "merchant_id"];

function closePage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  return show(
    c,
    { title: CLOSE, back: INVOICES, status: refusal?.status ?? 200 },
    <>
      <p>
        Writes the invoices of a month that has ended, by China's clock. What is closed stays
        closed: what is written down later is on the next invoice.
      </p>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={INVOICES.href} label={CLOSE}>
        <Field
          name="month"
          label="Month"
          type="month"
          value={form?.text("month") ?? monthBefore(monthAt(c.var.now))}
          required
          problem={problem}
        />
        <Field
          name="merchant_id"
          label="Merchant"
          hint="Its id; empty: every merchant."
          value={form?.text("merchant_id") ?? c.req.query("merchant_id") ?? ""}
          placeholder="m_…"
          problem={problem}
        />
        <p class="buttons">
          <Button>Close the month</Button>
        </p>
      </ActionForm>
    </>,
  );
}

async function close(c: ConsoleContext) {
  const form = await readForm(c);
  const body = { month: form.text("month"), ...filled({ merchant_id: form.text("merchant_id") }) };
  const answer = await api<{ state: string }>(c, "POST", API, body, { key: form.key });
  if (!answer.ok) return closePage(c, form, answer);
  return done(c, INVOICES.href, answer.body.state === "queued" ? "closing" : "closed");
}

/** The API has no way to read one: it is among those of its merchant and month. */
async function named(c: ConsoleContext) {
  const { merchant_id, month } = filtersOf(c, ["merchant_id", "month"]);
  const answer = await listOf<InvoiceView>(c, API, { merchant_id, month, limit: 100 });
  if (!answer.ok) return answer;
  const body = answer.body.data.find(({ id }) => id === segment(c));
  if (body !== undefined) return { ok: true as const, status: 200, body };
  const refusal = localRefusal(c, "There is no such invoice.", []);
  return { ...refusal, status: 404, error: { ...refusal.error, code: "NOT_FOUND" as const } };
}

/** Midnight of today, in UTC: it is never in the future. */
const today = (now: number): string => `${dayAt(now, 0)}T00:00`;

const pay = confirmation<InvoiceView>({
  path: "/invoices/:id/pay",
  scope: "operator",
  title: "Note that an invoice was paid",
  load: named,
  back: () => INVOICES,
  button: "It was paid",
  kind: "primary",
  fields: ["paid_at", "payment_reference"],
  ask: (invoice, { c, form, problem }) => (
    <>
      <p>The money is booked, and the merchant is told. It cannot be taken back.</p>
      <Details
        rows={[
          ["Invoice", invoice.number],
          ["Merchant", <Id>{invoice.merchant_id}</Id>],
          ["Total", <Amount money={invoice.total} />],
        ]}
      />
      <Field
        name="paid_at"
        label="When (UTC)"
        type="datetime-local"
        value={form?.text("paid_at") ?? today(c.var.now)}
        required
        problem={problem}
      />
      <Field
        name="payment_reference"
        label="Payment's reference"
        hint="As the bank's statement has it."
        value={form?.text("payment_reference") ?? ""}
        required
        maxlength={100}
        problem={problem}
      />
    </>
  ),
  act: async (c, { id }, form) => {
    const body = {
      paid_at: utcTime(form.text("paid_at")),
      payment_reference: form.text("payment_reference"),
    };
    const answer = await api(c, "POST", `${API}/${id}/pay`, body, { key: form.key });
    return answer.ok ? done(c, INVOICES.href, "paid") : answer;
  },
});

export const operatorInvoicePages: readonly Page[] = [
  {
    method: "get",
    path: "/invoices",
    scope: "operator",
    title: "Invoices",
    nav: { group: "Books", label: "Invoices" },
    handler: list,
  },
  {
    method: "get",
    path: "/invoices/new",
    scope: "operator",
    title: CLOSE,
    handler: (c) => closePage(c, null, null),
  },
  { method: "post", path: "/invoices", scope: "operator", title: CLOSE, handler: close },
  ...pay,
];
