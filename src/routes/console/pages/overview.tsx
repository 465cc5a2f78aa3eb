/** `/console`: what happened in the last hours, for merchants; how the platform does, for operators. */
import { channelName } from "../../../channels/registry.ts";
import { CURRENCY_DECIMALS } from "../../../money.ts";
import type { CurrencySum, OverviewNumbers } from "../../../store/overview.ts";
import { api } from "../client.ts";
import { Bars, type Chart, Lines, type Series } from "../charts.tsx";
import { moneyText, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { Figure, whole } from "./figures.tsx";
import { operatorOverview } from "./operator-overview.tsx";

type Bucket = OverviewNumbers & { readonly start: string };

/** The answer of `GET /v1/overview`. */
interface Overview {
  readonly hours: number;
  readonly bucket_hours: number;
  readonly counted_at: string;
  readonly totals: OverviewNumbers;
  readonly buckets: readonly Bucket[];
}

const HOURS = [24, 168] as const;

/** Significant digits, not places: an axis up to CNY 0.08 must not read 0.1, 0.1, 0, 0. */
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** `99.12 %`, with as many digits as the API gives. */
const percent = (rate: number): string => `${Math.round(rate * 10_000) / 100} %`;

function Totals({ totals }: { totals: OverviewNumbers }) {
  const { created, succeeded, failed, expired, cancelled, success_rate: rate, amounts } = totals;
  const ended = succeeded + failed + expired + cancelled;
  return (
    <div class="figures">
      <Figure
        label="Payments created"
        value={whole(created)}
        beside={`${whole(created - ended)} still open`}
      />
      <Figure
        label="Success rate"
        value={rate === null ? "–" : percent(rate)}
        beside={`${whole(succeeded)} of ${whole(ended)} that ended`}
      />
      {amounts.map(({ currency, volume, refunded }) => (
        <Figure
          label={`Volume in ${currency}`}
          value={moneyText({ currency, value: volume })}
          beside={
            refunded === 0 ? undefined : `refunded ${moneyText({ currency, value: refunded })}`
          }
        />
      ))}
      {amounts.map(({ currency, fee }) => (
        <Figure label={`Fees in ${currency}`} value={moneyText({ currency, value: fee })} />
      ))}
    </div>
  );
}

type Common = Pick<Chart, "starts" | "bucketHours">;

/** Money of one currency over time. Currencies are never added up. */
function moneyChart(
  common: Common,
  buckets: readonly Bucket[],
  currency: string,
  what: "volume" | "fee",
): Chart {
  const name = what === "volume" ? "Volume" : "Fees";
  const valueOf = ({ amounts }: Bucket): number =>
    amounts.find((sum: CurrencySum) => sum.currency === currency)?.[what] ?? 0;
  const unit = 10 ** (CURRENCY_DECIMALS[currency] ?? 2);
  return {
    ...common,
    id: `${what}-${currency}`,
    title: `${name} in ${currency}`,
    summary: `${name} of payments that succeeded, by the time they were created, as bars.`,
    series: [{ name, values: buckets.map(valueOf) }],
    format: (value) => moneyText({ currency, value }),
    // Labels of the axis only: amounts themselves stay integers.
    short: (value) => compact.format(value / unit),
  };
}

const outcomeChart = (common: Common, buckets: readonly Bucket[]): Chart => ({
  ...common,
  id: "outcomes",
  title: "Payments by outcome",
  summary: "How many payments succeeded, failed, or ran out, by the time they were created.",
  series: [
    { name: "Succeeded", values: buckets.map(({ succeeded }) => succeeded) },
    { name: "Failed", values: buckets.map(({ failed }) => failed) },
    {
      name: "Expired or cancelled",
      values: buckets.map(({ expired, cancelled }) => expired + cancelled),
    },
  ],
  format: (value) => whole(value),
  short: (value) => compact.format(value),
});

const rateChart = (common: Common, buckets: readonly Bucket[]): Chart => ({
  ...common,
  id: "success-rate",
  title: "Success rate",
  summary: "The share of the payments that ended which succeeded; gaps where none has ended.",
  series: [{ name: "Success rate", values: buckets.map((bucket) => bucket.success_rate) }],
  format: percent,
  short: percent,
  top: 1,
});

function latencyChart(common: Common, totals: OverviewNumbers, buckets: readonly Bucket[]): Chart {
  const series: Series[] = totals.channels.map(({ channel }) => ({
    name: channelName(channel),
    values: buckets.map(
      ({ channels }) => channels.find((each) => each.channel === channel)?.p95_ms ?? null,
    ),
  }));
  return {
    ...common,
    id: "latency",
    title: "Time to place an order",
    summary: "95 of 100 orders were taken by the channel within this time, as lines by channel.",
    series,
    format: (value) => `${whole(value)} ms`,
    short: (value) => `${compact.format(value)} ms`,
  };
}

async function merchantOverview(c: ConsoleContext): Promise<Response> {
  const hours = c.req.query("hours") ?? "24";
  const answer = await api<Overview>(c, "GET", "/v1/overview", undefined, { query: { hours } });
  if (!answer.ok) return refused(c, answer);
  const { totals, buckets, bucket_hours: bucketHours, counted_at: countedAt } = answer.body;
  const common = { starts: buckets.map(({ start }) => start), bucketHours };
  const currencies = totals.amounts.map(({ currency }) => currency);
  return show(
    c,
    { title: "Overview", wide: true, aside: <Range hours={answer.body.hours} /> },
    <>
      <Totals totals={totals} />
      {totals.created === 0 ? <FirstSteps /> : null}
      <div class="charts">
        {currencies.map((currency) => (
          <Bars chart={moneyChart(common, buckets, currency, "volume")} />
        ))}
        <Lines chart={rateChart(common, buckets)} />
        <Bars chart={outcomeChart(common, buckets)} />
        <Lines chart={latencyChart(common, totals, buckets)} />
        {currencies.map((currency) => (
          <Bars chart={moneyChart(common, buckets, currency, "fee")} />
        ))}
      </div>
      <p class="quiet">
        Counted <Time at={countedAt} />, by the time each payment was created.
      </p>
    </>,
  );
}

const RANGES: Readonly<Record<number, string>> = { 24: "24 hours", 168: "7 days" };

const Range = ({ hours }: { hours: number }) => (
  <nav class="range" aria-label="Time">
    {HOURS.map((each) => (
      <a
        href={each === 24 ? "/console" : `/console?hours=${each}`}
        aria-current={each === hours ? "true" : undefined}
      >
        {RANGES[each]}
      </a>
    ))}
  </nav>
);

const FirstSteps = () => (
  <p class="note">
    No payment was created in this time. <a href="/docs">The documentation</a> shows how to create
    one; <a href="/console/payments">all payments</a> are in the list.
  </p>
);

export const overviewPage: Page = {
  method: "get",
  path: "/",
  scope: "both",
  title: "Overview",
  nav: { group: "Home", label: "Overview" },
  handler: (c) => (c.var.session.kind === "operator" ? operatorOverview(c) : merchantOverview(c)),
};
