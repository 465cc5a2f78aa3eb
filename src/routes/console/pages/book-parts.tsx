/** Parts that the pages of the books share. */
import { CURRENCY_DECIMALS, fromDecimal } from "../../../money.ts";
import { api, type ApiList, type ApiProblem } from "../client.ts";
import type { ConsoleContext } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import { ObjectLink } from "./object-link.tsx";
import type { AccountView } from "./views.ts";

/** Pages of one place beside each other. */
export const Tabs = (props: {
  label: string;
  path: string;
  tabs: readonly (readonly [href: string, text: string])[];
}) => (
  <nav class="tabs" aria-label={props.label}>
    {props.tabs.map(([href, text]) => (
      <a href={href} aria-current={href === props.path ? "page" : undefined}>
        {text}
      </a>
    ))}
  </nav>
);

/** The accounts that may be chosen. Empty too for a key that may not read them. */
export type Accounts = readonly AccountView[];

export async function accountsOf(c: ConsoleContext): Promise<Accounts> {
  const answer = await api<ApiList<AccountView>>(c, "GET", "/v1/channel-accounts", undefined, {
    query: { limit: 100 },
  });
  return answer.ok ? answer.body.data : [];
}

/** Its name, as a link to it. */
export function AccountLink({ accounts, id }: { accounts: Accounts; id: string }) {
  const name = accounts.find((account) => account.id === id)?.display_name;
  return name === undefined ? (
    <ObjectLink id={id} />
  ) : (
    <a href={`/console/accounts/${id}`}>{name}</a>
  );
}

/** One of the accounts; where they are not known, its id. */
export function AccountField(props: {
  accounts: Accounts;
  value: string;
  problem: ApiProblem | null;
  /** The text of no choice; without it one has to be made. */
  none?: string;
}) {
  const { accounts, value, problem, none } = props;
  const common = { name: "channel_account", label: "Account", value, problem };
  if (accounts.length === 0) {
    return <Field {...common} placeholder="ca_…" required={none === undefined} maxlength={64} />;
  }
  const options = accounts
    .map(({ id, display_name: name }) => [id, name] as const)
    .toSorted(([, one], [, other]) => one.localeCompare(other));
  // The only one there is needs no choosing, and no other is chosen by itself.
  if (none === undefined && accounts.length === 1) return <Select {...common} options={options} />;
  return (
    <Select
      {...common}
      required={none === undefined}
      options={[["", none ?? "Choose an account"], ...options]}
    />
  );
}

/** The same where all of them may be meant. */
export const AccountFilter = (props: {
  accounts: Accounts;
  values: { readonly channel_account: string };
  problem: ApiProblem | null;
}) => (
  <AccountField
    accounts={props.accounts}
    value={props.values.channel_account}
    problem={props.problem}
    none="All"
  />
);

/** How an amount of a currency is typed, for hints. */
export const decimalHint = (currency: string): string => {
  const decimals = CURRENCY_DECIMALS[currency] ?? 2;
  return decimals === 0 ? "a whole number, like 1200" : `like 12.${"5".padEnd(decimals, "0")}`;
};

/** A typed decimal as minor units; null when it is none. Negative where a sign may stand. */
export function minorUnits(text: string, currency: string): number | null {
  const [, sign = "", digits = ""] = /^([-−]?)(.*)$/.exec(text) ?? [];
  const value = fromDecimal(digits, CURRENCY_DECIMALS[currency] ?? 2);
  if (value === null) return null;
  return sign === "" || value === 0 ? value : -value;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
