/** What each day of an account should bring to the bank, and whether it has arrived. */
import { dayAt } from "../../../days.ts";
import { api } from "../client.ts";
import { Amount, Details, Empty, Id, LinkButton, Status } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Select } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { segment } from "./act.tsx";
import {
  AccountFilter, AccountLink, type Accounts, accountsOf, plural, Tabs,
} from "./book-parts.tsx"; // prettier-ignore
import type { SettlementView } from "./book-views.ts";
import { choicesOf, filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { ObjectLink } from "./object-link.tsx";

export const SETTLEMENTS = { href: "/console/settlements", label: "Settlements" };
export const NEW_PAYOUT = "/console/settlements/payouts/new";

export const SettlementTabs = ({ c }: { c: ConsoleContext }) => (
  <Tabs
    label="Settlements"
    path={c.req.path}
    tabs={[
      [SETTLEMENTS.href, "Settlements"],
      [`${SETTLEMENTS.href}/payouts`, "Payouts"],
      [`${SETTLEMENTS.href}/shares`, "Shares"],
      [`${SETTLEMENTS.href}/invoices`, "Invoices"],
    ]}
  />
);

/**
 * The day on which the money should come, by the channel's clock: its midnight is told, which in UTC
 * is mostly of the day before. Twelve hours later it is that day by every clock of Asia.
 */
function ArrivalDay({ expected_at: at }: SettlementView) {
  const day = dayAt(Date.parse(at), 720);
  return <time datetime={day}>{day}</time>;
}

const columns = (accounts: Accounts) => [
  {
    head: "Day",
    name: true,
    cell: ({ id, day }: SettlementView) => (
      <a href={`${SETTLEMENTS.href}/${id}`}>
        <span class="title">{day}</span> <code class="id">{id}</code>
      </a>
    ),
  },
  {
    head: "Account",
    cell: ({ channel_account: id }: SettlementView) => <AccountLink accounts={accounts} id={id} />,
  },
  {
    head: "Received",
    number: true,
    cell: ({ gross, payments }: SettlementView) => (
      <>
        <Amount money={gross} /> <small class="beneath">{plural(payments, "payment")}</small>
      </>
    ),
  },
  {
    head: "Given back",
    number: true,
    cell: ({ refunded, refunds }: SettlementView) =>
      refunds === 0 ? <span class="quiet">–</span> : <Amount money={refunded} />,
  },
  {
    head: "Channel's fee",
    number: true,
    cell: ({ channel_fee: fee }: SettlementView) =>
      fee === null ? <span class="quiet">not known</span> : <Amount money={fee} />,
  },
  {
    head: "To your bank",
    number: true,
    cell: ({ net }: SettlementView) => (
      <strong>
        <Amount money={net} />
      </strong>
    ),
  },
  { head: "State", cell: ({ state }: SettlementView) => <Status status={state} /> },
  {
    head: "Arrival",
    cell: (row: SettlementView) =>
      row.payout === null ? (
        <>
          expected <ArrivalDay {...row} />
        </>
      ) : (
        <ObjectLink id={row.payout} />
      ),
  },
];

async function list(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  const values = filtersOf(c, ["channel_account", "state", "from", "to"]);
  return showList<SettlementView>(c, {
    title: "Settlements",
    aside: <LinkButton href={NEW_PAYOUT}>Record a payout</LinkButton>,
    path: "/v1/settlements",
    above: <SettlementTabs c={c} />,
    filters: {
      values,
      fields: (problem) => (
        <>
          <AccountFilter accounts={accounts} values={values} problem={problem} />
          <Select
            name="state"
            label="State"
            value={values.state}
            options={choicesOf(["expected", "paid"])}
            problem={problem}
          />
          <Field name="from" label="First day" type="date" value={values.from} problem={problem} />
          <Field name="to" label="Last day" type="date" value={values.to} problem={problem} />
        </>
      ),
    },
    table: { caption: "Settlements, newest first", columns: columns(accounts) },
    empty: (narrowed) => (
      <Empty title={narrowed ? "No settlement fits." : "No settlement yet."}>
        <p>
          Each day of an account becomes one when its statement was compared, with what should
          arrive at your bank. <a href="/console/reconciliation">See the runs</a>
        </p>
      </Empty>
    ),
  });
}

async function one(c: ConsoleContext) {
  const [answer, accounts] = await Promise.all([
    api<SettlementView>(c, "GET", `/v1/settlements/${segment(c)}`),
    accountsOf(c),
  ]);
  if (!answer.ok) return refused(c, answer);
  const settlement = answer.body;
  const { gross, refunded, channel_fee: fee, net, payout, run, splits } = settlement;
  const platform = splits.find(({ account }) => account === "platform");
  const shared = platform === undefined || platform.amount.value === 0 ? null : platform.amount;
  const less = (money: typeof gross) => <Amount money={{ ...money, value: -money.value }} />;
  return show(
    c,
    { title: `Settlement of ${settlement.day}`, back: SETTLEMENTS },
    <>
      <div class="panel">
        <Details
          rows={[
            ["State", <Status status={settlement.state} />],
            ["Account", <AccountLink accounts={accounts} id={settlement.channel_account} />],
            [`Received in ${plural(settlement.payments, "payment")}`, <Amount money={gross} />],
            [
              `Given back in ${plural(settlement.refunds, "refund")}`,
              refunded.value === 0 ? null : less(refunded),
            ],
            ["The channel's fee", fee === null ? "not known" : less(fee)],
            ["The platform's share", shared === null ? null : less(shared)],
            [
              "To your bank",
              <strong>
                <Amount money={net} />
              </strong>,
            ],
          ]}
        />
      </div>
      <div class="panel">
        <Details
          rows={[
            [
              "Counted from",
              settlement.source === "statement" ? "the channel's statement" : "the payments here",
            ],
            ["Compared by", run === null ? null : <ObjectLink id={run} />],
            [
              "Expected",
              <>
                <ArrivalDay {...settlement} /> by the channel's clock
              </>,
            ],
            ["Arrived with", payout === null ? null : <ObjectLink id={payout} />],
            ["Id", <Id>{settlement.id}</Id>],
          ]}
        />
      </div>
      {settlement.state === "expected" ? (
        <p>
          <LinkButton
            href={`${NEW_PAYOUT}?channel_account=${settlement.channel_account}&settlement=${settlement.id}`}
            kind="primary"
          >
            It has arrived
          </LinkButton>
        </p>
      ) : null}
    </>,
  );
}

export const settlementPages: readonly Page[] = [
  {
    method: "get",
    path: "/settlements",
    scope: "merchant",
    title: "Settlements",
    nav: { group: "Books", label: "Settlements" },
    handler: list,
  },
];

/** After those whose addresses are words. */
export const settlementDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/settlements/:id",
    scope: "merchant",
    title: "Settlement",
    handler: one,
  },
];
