/** Recording that a channel's money has arrived: which settlements it pays, and how much came. */
import { CURRENCIES, decimalOf } from "../../../money.ts";
import { api, type ApiList, type ApiProblem } from "../client.ts";
import { Button, moneyText } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Checkboxes, Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { NEEDS } from "./accounts.tsx";
import { localRefusal, utcTime } from "./act.tsx";
import {
  AccountField, AccountLink, type Accounts, accountsOf, decimalHint, minorUnits,
} from "./book-parts.tsx"; // prettier-ignore
import type { PayoutView, SettlementView } from "./book-views.ts";
import { filtersOf } from "./filters.tsx";
import { PAYOUTS } from "./payouts.tsx";
import { NEW_PAYOUT } from "./settlements.tsx";
import type { MoneyView } from "./views.ts";

const FIELDS = [
  "settlements", "currency", "amount", "arrived_at", "bank_reference", "accept_difference",
]; // prettier-ignore

interface Typed {
  readonly account: string;
  readonly settlements: readonly string[];
  readonly currency: string;
  readonly amount: string;
  readonly arrived_at: string;
  readonly bank_reference: string;
  readonly accept: readonly string[];
}

const readTyped = (form: Form): Typed => ({
  account: form.text("channel_account"),
  settlements: form.all("settlements"),
  currency: form.text("currency"),
  amount: form.text("amount"),
  arrived_at: form.text("arrived_at"),
  bank_reference: form.text("bank_reference"),
  accept: form.all("accept_difference"),
});

/** As a browser's field takes it: minutes, UTC. */
const minuteOf = (now: number): string => new Date(now).toISOString().slice(0, 16);

/** What the form begins with; the settlement in the address is chosen, and its amount filled in. */
function startOf(c: ConsoleContext, account: string, open: readonly SettlementView[]): Typed {
  const chosen = open.find(({ id }) => id === c.req.query("settlement"));
  const net = chosen === undefined || chosen.net.value <= 0 ? null : chosen.net;
  return {
    account,
    settlements: chosen === undefined ? [] : [chosen.id],
    currency: (chosen ?? open.find((row) => row.net.value > 0) ?? open[0])?.net.currency ?? "CNY",
    amount: net === null ? "" : decimalOf(net),
    arrived_at: minuteOf(c.var.now),
    bank_reference: "",
    accept: [],
  };
}

const choiceText = ({ day, net }: SettlementView): string => `${day}: ${moneyText(net)}`;

/** What the API says that the settlements sum to, when that is not what was typed. */
function Difference({ problem }: { problem: ApiProblem | null }) {
  const { expected, difference } = (problem?.details ?? {}) as Record<
    string,
    MoneyView | undefined
  >;
  if (expected === undefined || difference === undefined) return null;
  return (
    <p class="note">
      The settlements sum to {moneyText(expected)}; the difference is {moneyText(difference)}.
    </p>
  );
}

const PayoutFields = (props: {
  open: readonly SettlementView[];
  typed: Typed;
  problem: ApiProblem | null;
}) => {
  const { open, typed, problem } = props;
  const currencies = [...new Set(open.map(({ net }) => net.currency))];
  return (
    <>
      <Checkboxes
        name="settlements"
        label="Settlements that it pays"
        values={typed.settlements}
        options={open.map((row) => [row.id, choiceText(row)] as const)}
        problem={problem}
      />
      <div class="row">
        <Field
          name="amount"
          label="Amount that arrived"
          hint={decimalHint(typed.currency)}
          value={typed.amount}
          inputmode="decimal"
          required
          problem={problem}
        />
        <Select
          name="currency"
          label="Currency"
          hint="Of the settlements."
          value={typed.currency}
          options={currencies.map((name) => [name, name] as const)}
          problem={problem}
        />
      </div>
      <div class="row">
        <Field
          name="arrived_at"
          label="When it arrived (UTC)"
          hint="By your bank's statement."
          type="datetime-local"
          value={typed.arrived_at}
          required
          problem={problem}
        />
        <Field
          name="bank_reference"
          label="Bank's reference"
          hint="Optional."
          value={typed.bank_reference}
          maxlength={100}
          problem={problem}
        />
      </div>
      <Checkboxes
        name="accept_difference"
        label="If the settlements sum to something else"
        values={typed.accept}
        options={[["true", "Book the difference as an adjustment"]]}
        problem={problem}
      />
    </>
  );
};

const openOf = (c: ConsoleContext, account: string) =>
  api<ApiList<SettlementView>>(c, "GET", "/v1/settlements", undefined, {
    query: { channel_account: account, state: "expected", limit: 100 },
  });

/** First whose money it is: a payout is of one account. */
function chooseAccount(c: ConsoleContext, accounts: Accounts, account: string, none: boolean) {
  return show(
    c,
    { title: "Record a payout", back: PAYOUTS },
    <>
      {none ? (
        <p class="note">Nothing of this account is expected at your bank. Choose another one.</p>
      ) : null}
      <form method="get" action={NEW_PAYOUT} class="form" aria-label="Account">
        <AccountField accounts={accounts} value={account} problem={null} />
        <p class="buttons">
          <button class="primary">Go on</button>
        </p>
      </form>
    </>,
  );
}

async function formPage(c: ConsoleContext, sent: Typed | null, refusal: Refusal | null) {
  const { channel_account: asked } = filtersOf(c, ["channel_account"]);
  const account = sent?.account ?? asked;
  const accounts = await accountsOf(c);
  if (account === "") return chooseAccount(c, accounts, "", false);
  const answer = await openOf(c, account);
  if (!answer.ok) return refused(c, refusal ?? answer);
  const open = answer.body.data;
  if (open.length === 0 && refusal === null) return chooseAccount(c, accounts, account, true);
  const typed = sent ?? startOf(c, account, open);
  const problem = refusal?.error ?? null;
  return show(
    c,
    { title: "Record a payout", back: PAYOUTS, status: refusal?.status ?? 200 },
    <>
      <p>
        Money of <AccountLink accounts={accounts} id={account} /> has arrived at your bank. The
        settlements that it pays are marked, and it is booked from the channel to the bank.
      </p>
      <Problem problem={problem} fields={FIELDS} />
      <Difference problem={problem} />
      <ActionForm action={PAYOUTS.href} label="Record a payout">
        <input type="hidden" name="channel_account" value={account} />
        <PayoutFields open={open} typed={typed} problem={problem} />
        <p class="buttons">
          <Button needs={NEEDS}>Record the payout</Button>
        </p>
      </ActionForm>
    </>,
  );
}

async function record(c: ConsoleContext) {
  const form = await readForm(c);
  const typed = readTyped(form);
  const { currency, settlements, bank_reference: reference } = typed;
  const known = CURRENCIES.includes(currency) ? currency : "CNY";
  const value = minorUnits(typed.amount, known);
  if (value === null || value <= 0) {
    const issue = { path: "amount", message: `must be ${decimalHint(known)}` };
    return formPage(c, typed, localRefusal(c, "The amount cannot be read.", [issue]));
  }
  const body = {
    settlements,
    amount: { currency: known, value },
    arrived_at: utcTime(typed.arrived_at),
    ...(reference === "" ? {} : { bank_reference: reference }),
    accept_difference: typed.accept.length > 0,
  };
  const answer = await api<PayoutView>(c, "POST", "/v1/payouts", body, { key: form.key });
  if (!answer.ok) return formPage(c, typed, answer);
  return done(c, `${PAYOUTS.href}/${answer.body.id}`, "recorded");
}

export const newPayoutPages: readonly Page[] = [
  {
    method: "get",
    path: "/settlements/payouts/new",
    scope: "merchant",
    title: "Record a payout",
    handler: (c) => formPage(c, null, null),
  },
  {
    method: "post",
    path: "/settlements/payouts",
    scope: "merchant",
    title: "Record a payout",
    handler: record,
  },
];
