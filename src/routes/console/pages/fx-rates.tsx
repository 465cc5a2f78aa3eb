/** Operators: what payments across currencies are settled at. Rates are only ever added. */
import { CURRENCIES } from "../../../money.ts";
import { api } from "../client.ts";
import { Button, Empty, LinkButton, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { filled, utcTime } from "./act.tsx";
import type { FxRateView } from "./book-views.ts";
import { filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";

const RATES = { href: "/console/fx-rates", label: "Exchange rates" };
const NEW = `${RATES.href}/new`;

const CHOICES = CURRENCIES.map((name) => [name, name] as const);

const COLUMNS = [
  {
    head: "Rate",
    name: true,
    cell: ({ base, quote, rate }: FxRateView) => `1 ${base} = ${rate} ${quote}`,
  },
  { head: "Since", cell: ({ as_of: at }: FxRateView) => <Time at={at} /> },
  { head: "Source", cell: ({ source }: FxRateView) => source },
  {
    head: "Age",
    cell: ({ fresh }: FxRateView) => (fresh ? "counts" : "too old: older than 24 hours"),
  },
];

/** The pair that the address names; a pair has one address, whoever typed it. */
const pairOf = (c: ConsoleContext) => {
  const { base, quote } = filtersOf(c, ["base", "quote"]);
  return { base: base === "" ? "CNY" : base, quote: quote === "" ? "USD" : quote };
};

function list(c: ConsoleContext) {
  const values = pairOf(c);
  return showList<FxRateView>(c, {
    title: "Exchange rates",
    aside: (
      <LinkButton href={`${NEW}?base=${values.base}&quote=${values.quote}`} kind="primary">
        Set a rate
      </LinkButton>
    ),
    notices: { set: "The rate is set. New payments are settled at it within 10 seconds." },
    path: "/v1/admin/fx-rates",
    filters: {
      values,
      fields: (problem) => (
        <>
          <Select
            name="base"
            label="Paid in"
            value={values.base}
            options={CHOICES}
            problem={problem}
          />
          <Select
            name="quote"
            label="Settled in"
            value={values.quote}
            options={CHOICES}
            problem={problem}
          />
        </>
      ),
    },
    intro: (
      <p>
        The newest counts for new payments, until it is 24 hours old. Payments that exist keep
        theirs. One way only: CNY in USD says nothing of USD in CNY.
      </p>
    ),
    table: { caption: `${values.base} in ${values.quote}, newest first`, columns: COLUMNS },
    empty: () => (
      <Empty title={`No rate of ${values.base} in ${values.quote}.`}>
        <p>Payments across these currencies are settled without one: at the channel's own rate.</p>
      </Empty>
    ),
  });
}

const FIELDS = ["base", "quote", "rate", "source", "as_of"];

function formPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  const pair = pairOf(c);
  return show(
    c,
    { title: "Set a rate", back: RATES, status: refusal?.status ?? 200 },
    <>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={RATES.href} label="Set a rate">
        <div class="row">
          <Select
            name="base"
            label="Paid in"
            value={form?.text("base") ?? pair.base}
            options={CHOICES}
            problem={problem}
          />
          <Select
            name="quote"
            label="Settled in"
            value={form?.text("quote") ?? pair.quote}
            options={CHOICES}
            problem={problem}
          />
        </div>
        <Field
          name="rate"
          label="Rate"
          hint="What one unit of the first is worth in the second: one yuan, not one fen."
          value={form?.text("rate") ?? ""}
          inputmode="decimal"
          placeholder="0.1384"
          required
          problem={problem}
        />
        <Field
          name="source"
          label="Source"
          hint="Who says so; stands with every payment that is settled at it."
          value={form?.text("source") ?? ""}
          required
          maxlength={64}
          problem={problem}
        />
        <Field
          name="as_of"
          label="Since (UTC)"
          hint="Empty: now."
          type="datetime-local"
          value={form?.text("as_of") ?? ""}
          problem={problem}
        />
        <p class="buttons">
          <Button>Set the rate</Button>
        </p>
      </ActionForm>
    </>,
  );
}

async function put(c: ConsoleContext) {
  const form = await readForm(c);
  const [base, quote] = [form.text("base"), form.text("quote")];
  const answer = await api(c, "PUT", "/v1/admin/fx-rates", {
    base,
    quote,
    rate: form.text("rate"),
    source: form.text("source"),
    ...filled({ as_of: utcTime(form.text("as_of")) }),
  });
  if (!answer.ok) return formPage(c, form, answer);
  const pair = new URLSearchParams({ base, quote }).toString();
  return done(c, `${RATES.href}?${pair}`, "set");
}

export const fxRatePages: readonly Page[] = [
  {
    method: "get",
    path: "/fx-rates",
    scope: "operator",
    title: "Exchange rates",
    nav: { group: "Books", label: "Exchange rates" },
    handler: list,
  },
  {
    method: "get",
    path: "/fx-rates/new",
    scope: "operator",
    title: "Set a rate",
    handler: (c) => formPage(c, null, null),
  },
  { method: "post", path: "/fx-rates", scope: "operator", title: "Set a rate", handler: put },
];
