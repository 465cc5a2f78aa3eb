/** What the platform charges the merchant, channel by channel. */
import { channelName } from "../../../channels/registry.ts";
import { CURRENCY_DECIMALS, toDecimal } from "../../../money.ts";
import { api, type ApiList } from "../client.ts";
import { Table } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";

export interface RateView {
  readonly basis_points: number;
  readonly fixed: Readonly<Record<string, number>>;
}

interface OwnRate extends RateView {
  readonly source: string;
}

interface PricingView {
  readonly channel: string;
  readonly domestic: OwnRate;
  readonly cross_border: OwnRate;
}

/** 50 basis points are “0.50 %”. */
export const percentOf = (basisPoints: number): string => `${toDecimal(basisPoints, 2)} %`;

/** “0.50 % + CNY 0.10”. */
export const rateText = ({ basis_points: basisPoints, fixed }: RateView): string =>
  [
    percentOf(basisPoints),
    ...Object.entries(fixed)
      .filter(([, value]) => value > 0)
      .map(
        ([currency, value]) => `${currency} ${toDecimal(value, CURRENCY_DECIMALS[currency] ?? 2)}`,
      ),
  ].join(" + ");

/** Which row of the price list a rate comes from. */
const SOURCES: Readonly<Record<string, string>> = {
  merchant_channel: "yours for this channel",
  merchant: "yours",
  channel: "for this channel",
  everybody: "for everybody",
  default: "standard",
};

const Rate = ({ rate }: { rate: OwnRate }) => (
  <span>
    {rateText(rate)} <small>{SOURCES[rate.source] ?? rate.source}</small>
  </span>
);

async function own(c: ConsoleContext) {
  const answer = await api<ApiList<PricingView>>(c, "GET", "/v1/pricing");
  if (!answer.ok) return refused(c, answer);
  return show(
    c,
    { title: "Pricing", wide: true },
    <>
      <p>
        A payment keeps the rate of its creation. The fee is charged when it succeeds; refunds give
        it back in proportion. Cross-border: you are settled in another currency than the buyer
        pays.
      </p>
      <Table
        caption="Your rates"
        rows={answer.body.data}
        columns={[
          { head: "Channel", name: true, cell: ({ channel }) => channelName(channel) },
          { head: "Domestic", cell: ({ domestic }) => <Rate rate={domestic} /> },
          { head: "Cross-border", cell: ({ cross_border: rate }) => <Rate rate={rate} /> },
        ]}
      />
    </>,
  );
}

export const pricingPages: readonly Page[] = [
  {
    method: "get",
    path: "/pricing",
    scope: "merchant",
    title: "Pricing",
    nav: { group: "Settings", label: "Pricing" },
    handler: own,
  },
];
