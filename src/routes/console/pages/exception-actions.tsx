/** What can be done about an exception. Each asks first: a page whose form acts. */
import type { Child } from "hono/jsx";

import type { Scope } from "../../authenticate.ts";
import { api } from "../client.ts";
import { decimalOf } from "../../../money.ts";
import { Amount, words } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import type { Form } from "../form.ts";
import { done, type Refusal } from "../frame.tsx";
import { NEEDS } from "./accounts.tsx";
import { type Asking, confirmation, filled, localRefusal, segment } from "./act.tsx";
import { decimalHint, minorUnits } from "./book-parts.tsx";
import type { SideView, WholeExceptionView } from "./book-views.ts";
import { EXCEPTIONS, exceptionPath } from "./exceptions.tsx";

interface Action {
  /** On the exception's page. */
  readonly link: string;
  readonly title: string;
  readonly button: string;
  readonly needs: Scope;
  readonly kind?: "danger" | "primary";
  readonly fields?: readonly string[];
  readonly ask: (exception: WholeExceptionView, asking: Asking) => Child;
  /** The body beside `action`, or what is wrong with what was typed. */
  readonly body: (c: ConsoleContext, subject: WholeExceptionView, form: Form) => object | Refusal;
}

const sidesOf = ({ channel, gateway, merchant }: WholeExceptionView): SideView[] =>
  [channel, gateway, merchant].filter((side) => side !== null);

/** The currencies that the sides speak of; the books can be corrected in no other. */
const currenciesOf = (exception: WholeExceptionView): string[] => [
  ...new Set(sidesOf(exception).map(({ amount }) => amount.currency)),
];

/** A typed amount, or the page again with what is wrong with it. */
function amountFrom(
  c: ConsoleContext,
  form: Form,
  currency: string,
): { currency: string; value: number } | Refusal {
  const value = minorUnits(form.text("amount"), currency);
  if (value !== null && value > 0) return { currency, value };
  const message = `must be ${decimalHint(currency)}, in ${currency}`;
  return localRefusal(c, "The amount cannot be read.", [{ path: "amount", message }]);
}

const isRefusal = (value: object): value is Refusal => "ok" in value;

const currencyOf = (exception: WholeExceptionView, form: Form | null): string => {
  const all = currenciesOf(exception);
  const typed = form?.text("currency") ?? "";
  return all.includes(typed) ? typed : (all[0] ?? "CNY");
};

const AmountField = (props: { currency: string; asking: Asking; hint: string }) => (
  <Field
    name="amount"
    label={`Amount in ${props.currency}`}
    hint={props.hint}
    value={props.asking.form?.text("amount") ?? ""}
    inputmode="decimal"
    problem={props.asking.problem}
  />
);

const ReceivedText = ({ channel }: WholeExceptionView) =>
  channel === null ? (
    <>The channel has nothing of it.</>
  ) : (
    <>
      The channel says <Amount money={channel.amount} />, {words(channel.status)}.
    </>
  );

const ASK_CHANNEL: Action = {
  link: "Ask the channel",
  title: "Ask the channel",
  button: "Ask now",
  kind: "primary",
  needs: NEEDS,
  ask: () => (
    <p>
      The channel is asked about this payment now. If its answer and our books agree, the exception
      is resolved by that; if not, the note says what it answered. No money moves.
    </p>
  ),
  body: () => ({}),
};

const ACCEPT_LATE: Action = {
  link: "Accept the late payment",
  title: "Accept the late payment",
  button: "Accept it as paid",
  needs: NEEDS,
  ask: (exception) => (
    <>
      <p>
        <ReceivedText {...exception} />
      </p>
      <p>
        The payment then counts as paid, you are told by webhook, and your shop delivers what was
        bought. If the account gives late payments back, that is what happens instead. It cannot be
        taken back.
      </p>
    </>
  ),
  body: () => ({}),
};

const REFUND: Action = {
  link: "Refund",
  title: "Refund the payment",
  button: "Refund",
  needs: "refunds:write",
  fields: ["amount", "reason"],
  ask: (exception, asking) => {
    const currency = currencyOf(exception, null);
    return (
      <>
        <p>
          <ReceivedText {...exception} /> The money goes back to the buyer.
        </p>
        <AmountField
          currency={currency}
          asking={asking}
          hint={`Empty: all that is left. Else ${decimalHint(currency)}.`}
        />
        <Field
          name="reason"
          label="Reason"
          hint="Optional; the buyer may see it."
          value={asking.form?.text("reason") ?? ""}
          maxlength={256}
          problem={asking.problem}
        />
      </>
    );
  },
  body: (c, exception, form) => {
    const reason = filled({ reason: form.text("reason") });
    if (form.text("amount") === "") return reason;
    const amount = amountFrom(c, form, currencyOf(exception, null));
    return isRefusal(amount) ? amount : { ...reason, amount };
  },
};

/** By how much the sides differ, as it is typed. Fees are booked by the channel's file already. */
function differenceOf({ kind, channel, gateway }: WholeExceptionView): string {
  const [one, other] = [channel?.amount, gateway?.amount];
  const amount = one ?? other;
  if (amount === undefined || kind === "fee_mismatch") return "";
  if (one === undefined || other === undefined) return decimalOf(amount);
  if (one.currency !== other.currency) return "";
  const value = Math.abs(one.value - other.value);
  return decimalOf(value === 0 ? amount : { ...amount, value });
}

const DIRECTIONS = [
  // Nothing is chosen beforehand: the wrong one cannot be taken back.
  ["", "Choose"],
  ["up", "The channel holds more than the books say"],
  ["down", "The channel holds less than the books say"],
] as const;

const ADJUST: Action = {
  link: "Correct the books",
  title: "Correct the books",
  button: "Book the correction",
  needs: NEEDS,
  fields: ["direction", "currency", "amount", "memo"],
  ask: (exception, asking) => {
    const { form, problem } = asking;
    const currencies = currenciesOf(exception);
    const currency = currencyOf(exception, form);
    return (
      <>
        <p>
          One entry of the ledger, once for this exception. It cannot be changed or removed
          afterwards, so look at the amount twice. No money moves.
        </p>
        <Select
          name="direction"
          label="What is true"
          value={form?.text("direction") ?? ""}
          options={DIRECTIONS}
          required
          problem={problem}
        />
        {currencies.length > 1 ? (
          <Select
            name="currency"
            label="Currency"
            value={currency}
            options={currencies.map((name) => [name, name] as const)}
            problem={problem}
          />
        ) : null}
        <Field
          name="amount"
          label={currencies.length > 1 ? "Amount" : `Amount in ${currency}`}
          hint={`The difference: ${decimalHint(currency)}.`}
          value={form?.text("amount") ?? differenceOf(exception)}
          inputmode="decimal"
          required
          problem={problem}
        />
        <Field
          name="memo"
          label="Why"
          hint="Stands in the ledger for good."
          value={form?.text("memo") ?? ""}
          required
          maxlength={256}
          problem={problem}
        />
      </>
    );
  },
  body: (c, exception, form) => {
    const amount = amountFrom(c, form, currencyOf(exception, form));
    if (isRefusal(amount)) return amount;
    return { direction: form.text("direction"), amount, memo: form.text("memo") };
  },
};

/** By the API's names, in the order in which they are tried. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  ask_channel: ASK_CHANNEL,
  accept_late: ACCEPT_LATE,
  refund: REFUND,
  adjust: ADJUST,
};

const apiPath = (c: ConsoleContext): string => `/v1/reconciliation/exceptions/${segment(c)}`;

const pagesOf = ([name, action]: [string, Action]): readonly Page[] =>
  confirmation<WholeExceptionView>({
    path: `/exceptions/:id/${name}`,
    scope: "merchant",
    title: action.title,
    load: async (c) => {
      const answer = await api<WholeExceptionView>(c, "GET", apiPath(c));
      // A form that is sent twice gets its first answer from the API.
      if (!answer.ok || c.req.method === "POST" || answer.body.actions.includes(name)) {
        return answer;
      }
      const refusal = localRefusal(c, "This cannot be done with the exception now.", []);
      return { ...refusal, status: 409, error: { ...refusal.error, code: "INVALID_STATE" } };
    },
    back: ({ id }) => ({ href: exceptionPath(id), label: EXCEPTIONS.label.slice(0, -1) }),
    button: action.button,
    needs: action.needs,
    kind: action.kind ?? "danger",
    fields: action.fields ?? [],
    ask: action.ask,
    act: async (c, exception, form) => {
      const body = action.body(c, exception, form);
      if (isRefusal(body)) return body;
      const path = `${apiPath(c)}/actions`;
      const answer = await api(c, "POST", path, { action: name, ...body }, { key: form.key });
      return answer.ok ? done(c, exceptionPath(exception.id), name) : answer;
    },
  });

export const exceptionActionPages: readonly Page[] = Object.entries(ACTIONS).flatMap(pagesOf);
