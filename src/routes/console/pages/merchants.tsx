/** Operators: the merchants of this deployment, and a new one with its first keys. */
import { CURRENCIES } from "../../../money.ts";
import type { ApiProblem } from "../client.ts";
import { Button, Details, Empty, Id, LinkButton, ShownOnce, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { type Refusal, show } from "../frame.tsx";
import { AlreadyShown, filled, postOnce } from "./act.tsx";
import { type ListPage, showList } from "./list.tsx";
import type { MerchantView } from "./views.ts";

export const MERCHANTS = { href: "/console/merchants", label: "Merchants" };

export const MERCHANT_FIELDS = ["name", "email", "settlement_currency"];

const currencyOptions = [
  ["", "The currency of each payment"] as const,
  ...CURRENCIES.map((currency) => [currency, currency] as const),
];

/** The same fields when a merchant is made and when it is changed. */
export const MerchantFields = (props: {
  name: string;
  email: string;
  settlement: string;
  problem: ApiProblem | null;
}) => (
  <>
    <Field
      name="name"
      label="Name"
      hint="Buyers see it when they pay."
      value={props.name}
      maxlength={100}
      required
      problem={props.problem}
    />
    <Field
      name="email"
      label="Email"
      type="email"
      value={props.email}
      maxlength={254}
      problem={props.problem}
    />
    <Select
      name="settlement_currency"
      label="Settled in"
      value={props.settlement}
      options={currencyOptions}
      problem={props.problem}
    />
  </>
);

const add = (
  <LinkButton href="/console/merchants/new" kind="primary">
    Create a merchant
  </LinkButton>
);

const TABLE: ListPage<MerchantView>["table"] = {
  caption: "Merchants, newest first",
  columns: [
    {
      head: "Merchant",
      name: true,
      cell: ({ id, name }) => <a href={`/console/merchants/${id}`}>{name}</a>,
    },
    { head: "Status", cell: ({ status }) => <Status status={status} /> },
    { head: "Id", cell: ({ id }) => <Id>{id}</Id> },
    { head: "Email", cell: ({ email }) => email ?? "–" },
    { head: "Since", cell: ({ created_at: at }) => <Time at={at} /> },
  ],
};

const list = (c: ConsoleContext) =>
  showList(c, {
    title: "Merchants",
    aside: add,
    path: "/v1/admin/merchants",
    table: TABLE,
    empty: () => (
      <Empty title="There is no merchant yet.">
        <p>Create one: it comes with a test key, a live key and sandbox accounts.</p>
      </Empty>
    ),
  });

function formPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  return show(
    c,
    { title: "Create a merchant", back: MERCHANTS, status: refusal?.status ?? 200 },
    <>
      <Problem problem={problem} fields={MERCHANT_FIELDS} />
      <ActionForm action="/console/merchants" label="Create a merchant">
        <MerchantFields
          name={form?.text("name") ?? ""}
          email={form?.text("email") ?? ""}
          settlement={form?.text("settlement_currency") ?? ""}
          problem={problem}
        />
        <p class="buttons">
          <Button>Create the merchant</Button>
        </p>
      </ActionForm>
    </>,
  );
}

type WithKeys = MerchantView & { readonly keys: { readonly test: string; readonly live: string } };

async function create(c: ConsoleContext) {
  const form = await readForm(c);
  const body = {
    name: form.text("name"),
    ...filled({
      email: form.text("email"),
      settlement_currency: form.text("settlement_currency"),
    }),
  };
  const answer = await postOnce<WithKeys>(c, "/v1/admin/merchants", body, form.key);
  if (!answer.ok) return formPage(c, form, answer);
  const { id, name, keys } = answer.body;
  return show(
    c,
    { title: "The merchant is made", back: MERCHANTS, status: 201 },
    <>
      {answer.repeated ? (
        <AlreadyShown>
          If nobody has copied the keys, suspend this merchant and create another one.
        </AlreadyShown>
      ) : (
        <>
          <ShownOnce label="Test key" secret={keys.test} />
          <ShownOnce label="Live key" secret={keys.live} />
        </>
      )}
      <Details
        rows={[
          ["Name", name],
          ["Id", <Id>{id}</Id>],
        ]}
      />
      <p>
        <LinkButton href={`/console/merchants/${id}`}>Open the merchant</LinkButton>
      </p>
    </>,
  );
}

export const merchantPages: readonly Page[] = [
  {
    method: "get",
    path: "/merchants",
    scope: "operator",
    title: "Merchants",
    nav: { group: "Operations", label: "Merchants" },
    handler: list,
  },
  {
    method: "get",
    path: "/merchants/new",
    scope: "operator",
    title: "Create a merchant",
    handler: (c) => formPage(c, null, null),
  },
  {
    method: "post",
    path: "/merchants",
    scope: "operator",
    title: "Create a merchant",
    handler: create,
  },
];
