/** Operators: the price list. The most specific row counts; without any, the standard rates. */
import { channelName } from "../../../channels/registry.ts";
import { DEFAULT_BASIS_POINTS, FEE_KINDS } from "../../../settlement/pricing.ts";
import { withQuery } from "../client.ts";
import { Empty, Id, LinkButton, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { type ListPage, showList } from "./list.tsx";
import { percentOf, rateText, type RateView } from "./pricing.tsx";

export interface FeePlanView extends RateView {
  readonly merchant_id: string | null;
  readonly channel: string | null;
  readonly kind: string;
  readonly updated_at: string;
}

export const PLANS = { href: "/console/fee-plans", label: "Price list" };
export const TITLE = "Set a price";

export const kindText = (kind: string): string => kind.replaceAll("_", "-");

/** The row in an address: what is left out is everybody's. */
export const keyOf = ({ merchant_id, channel, kind }: FeePlanView) => ({
  merchant_id,
  channel,
  kind,
});

export const nameOf = ({ merchant_id: merchant, channel, kind }: FeePlanView): string =>
  [
    merchant ?? "every merchant",
    channel === null ? "every channel" : channelName(channel),
    kindText(kind),
  ].join(" · ");

export const FEE_PLAN_TABLE: ListPage<FeePlanView>["table"] = {
  caption: "Price list",
  columns: [
    {
      head: "Merchant",
      name: true,
      cell: ({ merchant_id: id }) =>
        id === null ? (
          "every merchant"
        ) : (
          <a href={`/console/merchants/${id}`}>
            <Id>{id}</Id>
          </a>
        ),
    },
    {
      head: "Channel",
      cell: ({ channel }) => (channel === null ? "every channel" : channelName(channel)),
    },
    { head: "Kind", cell: ({ kind }) => kindText(kind) },
    { head: "Rate", number: true, cell: rateText },
    { head: "Since", cell: ({ updated_at: at }) => <Time at={at} /> },
    {
      head: "Actions",
      cell: (plan) => (
        <span class="actions">
          <a
            href={withQuery("/console/fee-plans/new", keyOf(plan))}
            aria-label={`Change the price for ${nameOf(plan)}`}
          >
            Change
          </a>
          <a
            href={withQuery("/console/fee-plans/delete", keyOf(plan))}
            aria-label={`Remove the price for ${nameOf(plan)}`}
          >
            Remove
          </a>
        </span>
      ),
    },
  ],
};

const add = (
  <LinkButton href="/console/fee-plans/new" kind="primary">
    {TITLE}
  </LinkButton>
);

const STANDARD_RATES = FEE_KINDS.map(
  (kind) => `${percentOf(DEFAULT_BASIS_POINTS[kind])} ${kindText(kind)}`,
).join(", ");

const list = (c: ConsoleContext) =>
  showList(c, {
    title: "Price list",
    aside: add,
    notices: {
      saved: "The price is set. New payments have it within 10 seconds; others keep theirs.",
      removed: "The price is removed. What is less specific counts again.",
    },
    path: "/v1/admin/fee-plans",
    intro: (
      <p>
        The most specific row counts: merchant and channel, merchant, channel, everybody. Where
        there is none: {STANDARD_RATES}.
      </p>
    ),
    table: FEE_PLAN_TABLE,
    empty: () => (
      <Empty title="Everybody has the standard rates.">
        <p>Set a price for everybody, for a channel, or for one merchant.</p>
      </Empty>
    ),
  });

export const feePlanPages: readonly Page[] = [
  {
    method: "get",
    path: "/fee-plans",
    scope: "operator",
    title: "Price list",
    nav: { group: "Books", label: "Price list" },
    handler: list,
  },
];
