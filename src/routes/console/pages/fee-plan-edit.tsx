/** Operators: setting a price, and taking one out of the price list. */
import { CHANNEL_SLUGS, channelName } from "../../../channels/registry.ts";
import type { Issue } from "../../../errors.ts";
import { CURRENCY_DECIMALS, fromDecimal, toDecimal } from "../../../money.ts";
import { FEE_KINDS } from "../../../settlement/pricing.ts";
import { api, withQuery } from "../client.ts";
import { Button, Details } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select, TextArea } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { confirmation, localRefusal } from "./act.tsx";
import { type FeePlanView, keyOf, kindText, nameOf, PLANS, TITLE } from "./fee-plans.tsx";
import { linesOf } from "./lines.ts";
import { listOf } from "./list.tsx";
import { rateText } from "./pricing.tsx";

const FIELDS = ["merchant_id", "channel", "kind", "basis_points", "fixed"];

/** What the form begins with: the row that is changed, or only whose it will be. */
const startOf = (c: ConsoleContext, plan: FeePlanView | undefined) => ({
  merchant_id: c.req.query("merchant_id") ?? "",
  channel: c.req.query("channel") ?? "",
  kind: c.req.query("kind") ?? "domestic",
  basis_points: plan === undefined ? "" : String(plan.basis_points),
  fixed: Object.entries(plan?.fixed ?? {})
    .map(([name, value]) => `${name} ${toDecimal(value, CURRENCY_DECIMALS[name] ?? 2)}`)
    .join("\n"),
});

type Typed = ReturnType<typeof startOf>;

const readTyped = (form: Form): Typed => ({
  merchant_id: form.text("merchant_id"),
  channel: form.text("channel"),
  kind: form.text("kind"),
  basis_points: form.text("basis_points"),
  fixed: form.raw("fixed"),
});

function formPage(c: ConsoleContext, typed: Typed, refusal: Refusal | null) {
  const problem = refusal?.error ?? null;
  const channels = CHANNEL_SLUGS.map((slug) => [slug, channelName(slug)] as const);
  return show(
    c,
    { title: TITLE, back: PLANS, status: refusal?.status ?? 200 },
    <>
      <p>It replaces the row with the same merchant, channel and kind.</p>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={PLANS.href} label={TITLE}>
        <Field
          name="merchant_id"
          label="Merchant"
          hint="Its id; empty: every merchant."
          value={typed.merchant_id}
          placeholder="m_…"
          problem={problem}
        />
        <Select
          name="channel"
          label="Channel"
          value={typed.channel}
          options={[["", "Every channel"], ...channels]}
          problem={problem}
        />
        <Select
          name="kind"
          label="Kind"
          hint="Cross-border: the merchant is settled in another currency than the buyer pays."
          value={typed.kind}
          options={FEE_KINDS.map((kind) => [kind, kindText(kind)] as const)}
          problem={problem}
        />
        <Field
          name="basis_points"
          label="Share, in basis points"
          hint="Hundredths of a per cent: 50 is 0.50 %."
          value={typed.basis_points}
          inputmode="numeric"
          required
          problem={problem}
        />
        <TextArea
          name="fixed"
          label="Fixed part"
          hint="Optional, on top of the share: one line for each currency, like CNY 0.10."
          value={typed.fixed}
          rows={3}
          code
          problem={problem}
        />
        <p class="buttons">
          <Button>Set the price</Button>
        </p>
      </ActionForm>
    </>,
  );
}

/** `CNY 0.10` on each line, as minor units. */
function fixedFrom(text: string): { fixed: Record<string, number>; issues: Issue[] } {
  const fixed: Record<string, number> = {};
  const issues: Issue[] = [];
  for (const line of linesOf(text)) {
    const [, name = "", amount = ""] = /^([A-Za-z]{3})\s+(\S+)$/.exec(line) ?? [];
    const currency = name.toUpperCase();
    const decimals = CURRENCY_DECIMALS[currency];
    const value = decimals === undefined ? null : fromDecimal(amount, decimals);
    if (value !== null) fixed[currency] = value;
    else issues.push({ path: "fixed", message: "each line must be like CNY 0.10 or JPY 10" });
  }
  return { fixed, issues: issues.slice(0, 1) };
}

async function put(c: ConsoleContext) {
  const typed = readTyped(await readForm(c));
  const { fixed, issues } = fixedFrom(typed.fixed);
  if (issues.length > 0) {
    return formPage(c, typed, localRefusal(c, "The fixed part cannot be read.", issues));
  }
  const { basis_points: share } = typed;
  const answer = await api(c, "PUT", "/v1/admin/fee-plans", {
    merchant_id: typed.merchant_id === "" ? null : typed.merchant_id,
    channel: typed.channel === "" ? null : typed.channel,
    kind: typed.kind,
    basis_points: /^\d{1,9}$/.test(share) ? Number(share) : share,
    fixed,
  });
  return answer.ok ? done(c, PLANS.href, "saved") : formPage(c, typed, answer);
}

/** The row that the address names. The API has no way to read one: it is among its merchant's. */
async function named(c: ConsoleContext) {
  const [merchant, channel] = [c.req.query("merchant_id"), c.req.query("channel")];
  const answer = await listOf<FeePlanView>(c, "/v1/admin/fee-plans", {
    merchant_id: merchant,
    channel,
    limit: 100,
  });
  if (!answer.ok) return answer;
  const plan = answer.body.data.find(
    (row) =>
      row.merchant_id === (merchant ?? null) &&
      row.channel === (channel ?? null) &&
      row.kind === c.req.query("kind"),
  );
  return { ok: true as const, status: 200, body: plan };
}

const remove = confirmation<FeePlanView>({
  path: "/fee-plans/delete",
  scope: "operator",
  title: "Remove a price",
  load: async (c) => {
    const answer = await named(c);
    if (!answer.ok) return answer;
    const { body } = answer;
    if (body !== undefined) return { ok: true, status: 200, body };
    const refusal = localRefusal(c, "There is no such row in the price list.", []);
    return { ...refusal, status: 404, error: { ...refusal.error, code: "NOT_FOUND" } };
  },
  back: () => PLANS,
  button: "Remove the price",
  ask: (plan) => (
    <>
      <p>What is less specific counts again, for new payments. Others keep their rate.</p>
      <Details
        rows={[
          ["For", nameOf(plan)],
          ["Rate", rateText(plan)],
        ]}
      />
    </>
  ),
  act: async (c, plan) => {
    const answer = await api(c, "DELETE", withQuery("/v1/admin/fee-plans", keyOf(plan)));
    return answer.ok ? done(c, PLANS.href, "removed") : answer;
  },
});

export const feePlanEditPages: readonly Page[] = [
  {
    method: "get",
    path: "/fee-plans/new",
    scope: "operator",
    title: TITLE,
    handler: async (c) => {
      const plan = await named(c);
      return formPage(c, startOf(c, plan.ok ? plan.body : undefined), null);
    },
  },
  { method: "post", path: "/fee-plans", scope: "operator", title: TITLE, handler: put },
  ...remove,
];
