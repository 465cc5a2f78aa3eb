/** Channel accounts: the list. */
import { channelName } from "../../../channels/registry.ts";
import { Empty, LinkButton, Status, Time } from "../components.tsx";
import type { Page } from "../env.ts";
import { labelOf } from "./credentials-fields.ts";
import { type ListPage, showList } from "./list.tsx";
import type { AccountView } from "./views.ts";

export const ACCOUNTS = { href: "/console/accounts", label: "Channel accounts" };
export const NEEDS = "channels:write" as const;

const connect = (
  <LinkButton href="/console/accounts/new" kind="primary">
    Connect an account
  </LinkButton>
);

const TABLE: ListPage<AccountView>["table"] = {
  caption: "Channel accounts",
  columns: [
    {
      head: "Account",
      name: true,
      cell: ({ id, display_name: name }) => <a href={`/console/accounts/${id}`}>{name}</a>,
    },
    {
      head: "Channel",
      cell: ({ channel, mode }) => `${channelName(channel)} · ${labelOf(mode)}`,
    },
    { head: "Number there", cell: ({ merchant_account: number }) => number },
    { head: "Status", cell: ({ status }) => <Status status={status} /> },
    {
      head: "Verified",
      cell: ({ verified_at: at }) =>
        at === null ? <span class="quiet">not yet</span> : <Time at={at} />,
    },
  ],
};

const list: Page = {
  method: "get",
  path: "/accounts",
  scope: "merchant",
  title: "Channel accounts",
  nav: { group: "Settings", label: "Channel accounts" },
  handler: (c) =>
    showList(c, {
      title: "Channel accounts",
      aside: connect,
      path: "/v1/channel-accounts",
      table: TABLE,
      empty: () => (
        <Empty title="No channel is connected in this mode.">
          <p>
            Payments need an account of yours at WeChat Pay, Alipay, a bank … The money goes to it
            directly. Connect one to take live payments.
          </p>
        </Empty>
      ),
    }),
};

export const accountPages: readonly Page[] = [list];
