/** The charts of a report: one for each question and currency, a bucket for each day. */
import { CURRENCY_DECIMALS } from "../../../money.ts";
import type { ReportLine } from "../../../store/reports.ts";
import { Bars, type Chart, Lines } from "../charts.tsx";
import { moneyText } from "../components.tsx";
import { Figure, whole } from "./figures.tsx";
import { rateOf, type ReportDay } from "./report-sums.ts";

/** Significant digits, not places: an axis up to CNY 0.08 must not read 0.1, 0.1, 0, 0. */
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** `99.12 %`. */
export const percent = (rate: number): string => `${Math.round(rate * 10_000) / 100} %`;

/** Those that are sums of money. */
type Sum = "volume" | "refunded" | "platform_fee" | "channel_fee";

const total = (lines: readonly ReportLine[], currency: string, name: Sum): number =>
  lines.reduce((sum, line) => (line.currency === currency ? sum + line[name] : sum), 0);

const SUMS: readonly Sum[] = ["volume", "refunded", "platform_fee", "channel_fee"];

/** Those in which something was paid, given back or charged: a currency of zeros says nothing. */
export const currenciesOf = (lines: readonly ReportLine[]): string[] =>
  [...new Set(lines.map(({ currency }) => currency))].filter((currency) =>
    SUMS.some((sum) => total(lines, currency, sum) !== 0),
  );

/** What is looked at first. Currencies are never added up. */
export function ReportFigures({ lines }: { lines: readonly ReportLine[] }) {
  const rate = rateOf(lines);
  const count = (name: "created" | "payments" | "refunds") =>
    whole(lines.reduce((sum, line) => sum + line[name], 0));
  return (
    <div class="figures">
      <Figure
        label="Payments paid"
        value={count("payments")}
        beside={`${count("created")} created, ${count("refunds")} refunds`}
      />
      <Figure label="Success rate" value={rate === null ? "–" : percent(rate)} />
      {currenciesOf(lines).map((currency) => {
        const text = (name: Sum) => moneyText({ currency, value: total(lines, currency, name) });
        const fees = total(lines, currency, "platform_fee") + total(lines, currency, "channel_fee");
        return (
          <>
            <Figure
              label={`Volume in ${currency}`}
              value={text("volume")}
              beside={`given back ${text("refunded")}`}
            />
            <Figure
              label={`Fees in ${currency}`}
              value={moneyText({ currency, value: fees })}
              beside={`of it the platform's ${text("platform_fee")}`}
            />
          </>
        );
      })}
    </div>
  );
}

type Common = Pick<Chart, "starts" | "bucketHours" | "names">;

const commonOf = (days: readonly ReportDay[]): Common => ({
  // The days of another clock, drawn by their names.
  starts: days.map(({ name }) => `${name}T00:00:00.000Z`),
  bucketHours: 24,
  names: { head: "Day", of: days.map(({ name }) => name) },
});

const inMoney = (currency: string): Pick<Chart, "format" | "short"> => {
  const unit = 10 ** (CURRENCY_DECIMALS[currency] ?? 2);
  return {
    format: (value) => moneyText({ currency, value }),
    // Labels of the axis only: amounts themselves stay integers.
    short: (value) => compact.format(value / unit),
  };
};

const countChart = (common: Common, days: readonly ReportDay[]): Chart => ({
  ...common,
  id: "exceptions",
  title: "Exceptions found",
  summary: "How many exceptions were found of each day, by whether somebody is done with them.",
  series: [
    { name: "Closed", values: days.map((day) => found(day, true)) },
    { name: "Still open", values: days.map((day) => found(day, false)) },
  ],
  format: whole,
  short: (value) => compact.format(value),
});

const CLOSED = new Set(["resolved", "written_off"]);

const found = ({ exceptions }: ReportDay, closed: boolean): number =>
  exceptions.reduce(
    (sum, { state, count }) => (CLOSED.has(state) === closed ? sum + count : sum),
    0,
  );

const rateChart = (common: Common, days: readonly ReportDay[]): Chart => ({
  ...common,
  id: "success-rate",
  title: "Success rate",
  summary: "The share of the payments that ended which succeeded; gaps where none has ended.",
  series: [{ name: "Success rate", values: days.map(({ lines }) => rateOf(lines)) }],
  format: percent,
  short: percent,
  top: 1,
});

function moneyChart(
  common: Common,
  days: readonly ReportDay[],
  currency: string,
  chart: Pick<Chart, "id" | "title" | "summary"> & { readonly sums: readonly [Sum, string][] },
): Chart {
  const { sums, ...rest } = chart;
  return {
    ...common,
    ...inMoney(currency),
    ...rest,
    series: sums.map(([sum, name]) => ({
      name,
      values: days.map(({ lines }) => total(lines, currency, sum)),
    })),
  };
}

export function ReportCharts({ days }: { days: readonly ReportDay[] }) {
  const common = commonOf(days);
  const lines = days.flatMap((day) => day.lines);
  const currencies = currenciesOf(lines);
  return (
    <div class="charts">
      {currencies.map((currency) => (
        <>
          <Bars
            chart={moneyChart(common, days, currency, {
              id: `volume-${currency}`,
              title: `Volume in ${currency}`,
              summary: `What was paid in ${currency} on each day, as bars.`,
              sums: [["volume", "Volume"]],
            })}
          />
          <Lines
            chart={moneyChart(common, days, currency, {
              id: `fees-${currency}`,
              title: `Fees in ${currency}`,
              summary: `What the platform and the channels charged in ${currency} on each day.`,
              sums: [
                ["platform_fee", "The platform's"],
                ["channel_fee", "The channels'"],
              ],
            })}
          />
          {total(lines, currency, "refunded") === 0 ? null : (
            <Bars
              chart={moneyChart(common, days, currency, {
                id: `refunds-${currency}`,
                title: `Given back in ${currency}`,
                summary: `What refunds gave back in ${currency} on each day, as bars.`,
                sums: [["refunded", "Given back"]],
              })}
            />
          )}
        </>
      ))}
      <Lines chart={rateChart(common, days)} />
      <Bars chart={countChart(common, days)} />
    </div>
  );
}
