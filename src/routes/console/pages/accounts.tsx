/** Channel accounts: the list. */
import { Empty, LinkButton, Status, Table, Time } from "../components.tsx";
import type { Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { listOf, Pages } from "./act.tsx";
import { labelOf } from "./credentials-fields.ts";
import { channelName } from "./payments.tsx";
import type { AccountView } from "./views.ts";

export const ACCOUNTS = { href: "/console/accounts", label: "Channel accounts" };
export const NEEDS = "channels:write" as const;

const connect = (
  <LinkButton href="/console/accounts/new" kind="primary">
    Connect an account
  </LinkButton>
);

const list: Page = {
  method: "get",
  path: "/accounts",
  scope: "merchant",
  title: "Channel accounts",
  nav: { group: "Settings", label: "Channel accounts" },
  handler: async (c) => {
    const answer = await listOf<AccountView>(c, "/v1/channel-accounts");
    if (!answer.ok) return refused(c, answer);
    return show(
      c,
      { title: "Channel accounts", aside: connect, wide: true },
      <>
        {answer.body.data.length === 0 ? (
          <Empty title="No channel is connected in this mode.">
            <p>
              Payments need an account of yours at WeChat Pay, Alipay, a bank … The money goes to it
              directly. Connect one to take live payments.
            </p>
          </Empty>
        ) : (
          <Table
            caption="Channel accounts"
            rows={answer.body.data}
            columns={[
              {
                head: "Account",
                name: true,
                cell: ({ id, display_name: name }) => (
                  <a href={`/console/accounts/${id}`}>{name}</a>
                ),
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
            ]}
          />
        )}
        <Pages c={c} list={answer.body} />
      </>,
    );
  },
};

export const accountPages: readonly Page[] = [list];
