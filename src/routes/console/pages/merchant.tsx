/** Operators: one merchant – whether it may act, who it is, and what it is charged. */
import { api } from "../client.ts";
import { Button, Copy, Details, LinkButton, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { confirmation, segment } from "./act.tsx";
import { FEE_PLAN_TABLE, type FeePlanView } from "./fee-plans.tsx";
import { listOf } from "./list.tsx";
import { MERCHANT_FIELDS, MerchantFields, MERCHANTS } from "./merchants.tsx";
import type { MerchantView } from "./views.ts";

const NOTICES = {
  saved: "Saved.",
  active: "The merchant is active: its keys work within 10 seconds, everywhere.",
  suspended: "The merchant is suspended: its keys are refused within 10 seconds, everywhere.",
};

const pathOf = (id: string): string => `/console/merchants/${id}`;
const apiPath = (c: ConsoleContext): string => `/v1/admin/merchants/${segment(c)}`;

const Actions = ({ merchant: { id, status } }: { merchant: MerchantView }) => (
  <div class="actions">
    {status === "active" ? null : (
      <LinkButton href={`${pathOf(id)}/activate`} kind="primary">
        {status === "unverified" ? "Verify" : "Lift the suspension"}
      </LinkButton>
    )}
    {status === "suspended" ? null : (
      <LinkButton href={`${pathOf(id)}/suspend`}>Suspend</LinkButton>
    )}
    <LinkButton href={`/console/fee-plans/new?merchant_id=${id}`}>Set a price</LinkButton>
    <LinkButton href={`/console/audit?merchant=${id}`}>Audit log</LinkButton>
  </div>
);

async function merchantPage(c: ConsoleContext, form: Form | null, refusal: Refusal | null) {
  const [answer, plans] = await Promise.all([
    api<MerchantView>(c, "GET", apiPath(c)),
    listOf<FeePlanView>(c, "/v1/admin/fee-plans", { merchant_id: c.req.param("id"), limit: 100 }),
  ]);
  if (!answer.ok) return refused(c, answer);
  if (!plans.ok) return refused(c, plans);
  const merchant = answer.body;
  const problem = refusal?.error ?? null;
  return show(
    c,
    { title: merchant.name, back: MERCHANTS, notices: NOTICES, status: refusal?.status ?? 200 },
    <>
      <Problem problem={problem} fields={MERCHANT_FIELDS} />
      <div class="panel">
        <Details
          rows={[
            ["Status", <Status status={merchant.status} />],
            ["Id", <Copy text={merchant.id} />],
            ["Email", merchant.email ?? "none"],
            ["Settled in", merchant.settlement_currency ?? "the currency of each payment"],
            ["Since", <Time at={merchant.created_at} />],
            ["Changed", <Time at={merchant.updated_at} />],
          ]}
        />
      </div>
      <Actions merchant={merchant} />
      <section class="part" aria-labelledby="prices">
        <h2 id="prices">Prices of its own</h2>
        {plans.body.data.length > 0 ? (
          <Table {...FEE_PLAN_TABLE} rows={plans.body.data} />
        ) : (
          <p>
            None: it is charged as <a href="/console/fee-plans">everybody</a>.
          </p>
        )}
      </section>
      <section class="part" aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        <ActionForm action={pathOf(merchant.id)} label="Settings">
          <MerchantFields
            name={form?.text("name") ?? merchant.name}
            email={form?.text("email") ?? merchant.email ?? ""}
            settlement={form?.text("settlement_currency") ?? merchant.settlement_currency ?? ""}
            problem={problem}
          />
          <p class="buttons">
            <Button>Save</Button>
          </p>
        </ActionForm>
      </section>
    </>,
  );
}

const save: Page = {
  method: "post",
  path: "/merchants/:id",
  scope: "operator",
  title: "Merchant",
  handler: async (c) => {
    const form = await readForm(c);
    const [email, settlement] = [form.text("email"), form.text("settlement_currency")];
    const answer = await api(c, "PATCH", apiPath(c), {
      name: form.text("name"),
      email: email === "" ? null : email,
      settlement_currency: settlement === "" ? null : settlement,
    });
    return answer.ok ? done(c, pathOf(segment(c)), "saved") : merchantPage(c, form, answer);
  },
};

const load = (c: ConsoleContext) => api<MerchantView>(c, "GET", apiPath(c));
const back = ({ id, name }: MerchantView) => ({ href: pathOf(id), label: name });

const setStatus = (status: "active" | "suspended") => async (c: ConsoleContext) => {
  const answer = await api(c, "PATCH", apiPath(c), { status });
  return answer.ok ? done(c, pathOf(segment(c)), status) : answer;
};

const suspend = confirmation<MerchantView>({
  path: "/merchants/:id/suspend",
  scope: "operator",
  title: "Suspend the merchant",
  load,
  back,
  button: "Suspend",
  ask: ({ name }) => (
    <p>
      Every key of <strong>{name}</strong> is refused within 10 seconds, and its people are signed
      out. Open payments still end, and buyers who have paid are still told.
    </p>
  ),
  act: setStatus("suspended"),
});

const activate = confirmation<MerchantView>({
  path: "/merchants/:id/activate",
  scope: "operator",
  title: "Let the merchant act",
  load,
  back,
  button: "Activate",
  kind: "primary",
  ask: ({ name, status }) => (
    <p>
      {status === "unverified" ? (
        <>
          You have checked who <strong>{name}</strong> is: its live keys will work from now on.
        </>
      ) : (
        <>
          The keys of <strong>{name}</strong> will work again, test and live.
        </>
      )}
    </p>
  ),
  act: setStatus("active"),
});

export const merchantDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/merchants/:id",
    scope: "operator",
    title: "Merchant",
    handler: (c) => merchantPage(c, null, null),
  },
  save,
  ...suspend,
  ...activate,
];
