/** Days and months in numbers: what was paid, given back and charged, with charts and as files. */
import { CHINA_OFFSET_MINUTES } from "../../../constants.ts";
import { channelName } from "../../../channels/registry.ts";
import { dayAt, dayBefore } from "../../../days.ts";
import { isMonth, nextMonth } from "../../../settlement/months.ts";
import type { ReportExceptions, ReportLine } from "../../../store/reports.ts";
import { api, withQuery } from "../client.ts";
import { Amount, Empty, LinkButton, Status, Table, Time, words } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Problem } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { whole } from "./figures.tsx";
import { FilterForm, filtersOf } from "./filters.tsx";
import { passOn } from "./pass-on.ts";
import { percent, ReportCharts, ReportFigures } from "./report-charts.tsx";
import { exceptionsBy, linesBy, rateOf, type ReportView } from "./report-sums.ts";

const WEEK_DAYS = 7;

const REPORTS = "/console/reports";

interface Range {
  readonly from: string;
  readonly to: string;
  /** Empty: not a month. */
  readonly month: string;
}

function weekOf(today: string): Range {
  let from = today;
  for (let day = 1; day < WEEK_DAYS; day += 1) from = dayBefore(from);
  return { from, to: today, month: "" };
}

/** What the address asks for: a month, some days, or the last week. What is no day the API refuses. */
function rangeOf(c: ConsoleContext): Range {
  const { from, to, month } = filtersOf(c, ["from", "to", "month"]);
  if (isMonth(month)) {
    return { from: `${month}-01`, to: dayBefore(`${nextMonth(month)}-01`), month };
  }
  if (month !== "") return { from: month, to: month, month: "" };
  if (from === "" && to === "") return weekOf(dayAt(c.var.now, CHINA_OFFSET_MINUTES));
  return { from: from === "" ? to : from, to: to === "" ? from : to, month: "" };
}

const money = (head: string, name: "volume" | "refunded" | "platform_fee" | "channel_fee") => ({
  head,
  number: true,
  cell: (line: ReportLine) => <Amount money={{ currency: line.currency, value: line[name] }} />,
});

const ByChannel = ({ lines }: { lines: readonly ReportLine[] }) => (
  <section class="part" aria-labelledby="by-channel">
    <h2 id="by-channel">By channel</h2>
    <Table
      caption="By channel and currency"
      rows={lines}
      columns={[
        {
          head: "Channel",
          name: true,
          cell: ({ channel, currency }) =>
            `${channel === null ? "not chosen" : channelName(channel)}, ${currency}`,
        },
        { head: "Created", number: true, cell: ({ created }) => whole(created) },
        {
          head: "Success",
          number: true,
          cell: (line) => {
            const rate = rateOf([line]);
            return rate === null ? "–" : percent(rate);
          },
        },
        money("Volume", "volume"),
        money("Given back", "refunded"),
        money("Platform", "platform_fee"),
        money("Channel's fee", "channel_fee"),
      ]}
    />
  </section>
);

const Exceptions = ({ rows }: { rows: readonly ReportExceptions[] }) => (
  <section class="part" aria-labelledby="found">
    <h2 id="found">Exceptions</h2>
    {rows.length === 0 ? (
      <p>None was found.</p>
    ) : (
      <Table
        caption="Exceptions by kind and state"
        rows={rows}
        columns={[
          {
            head: "Kind",
            name: true,
            cell: ({ kind, state }) => (
              <a href={withQuery("/console/exceptions", { kind, state })}>{words(kind)}</a>
            ),
          },
          { head: "State", cell: ({ state }) => <Status status={state} /> },
          { head: "How many", number: true, cell: ({ count }) => whole(count) },
        ]}
      />
    )}
  </section>
);

const FIELDS = ["from", "to", "month"];

const Downloads = ({ range }: { range: Range }) => {
  const { from, to, month } = range;
  return (
    <>
      <LinkButton href={withQuery(`${REPORTS}.csv`, { from, to })}>Days as CSV</LinkButton>
      {month === "" ? null : (
        <LinkButton href={withQuery(`${REPORTS}.csv`, { month })}>Month as CSV</LinkButton>
      )}
    </>
  );
};

async function page(c: ConsoleContext) {
  const range = rangeOf(c);
  const { from, to, month } = range;
  const query = { from, to };
  const answer = await api<ReportView>(c, "GET", "/v1/reports/daily", undefined, { query });
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  const problem = answer.ok ? null : answer.error;
  return show(
    c,
    { title: "Reports", wide: true, status: answer.status, aside: <Downloads range={range} /> },
    <>
      <FilterForm action={REPORTS} label="Reports">
        <Field
          name="from"
          label="First day"
          type="date"
          value={month === "" ? from : ""}
          problem={problem}
        />
        <Field
          name="to"
          label="Last day"
          type="date"
          value={month === "" ? to : ""}
          problem={problem}
        />
        <Field
          name="month"
          label="Or a month"
          type="month"
          value={month}
          placeholder="2026-11"
          problem={problem}
        />
      </FilterForm>
      <Problem problem={problem} fields={FIELDS} />
      {answer.ok ? <Report report={answer.body} /> : null}
    </>,
  );
}

function Report({ report }: { report: ReportView }) {
  const lines = linesBy(report);
  const first = report.data[0]?.name ?? "";
  const last = report.data.at(-1)?.name ?? "";
  if (lines.length === 0) {
    return (
      <Empty title="Nothing happened in this time.">
        <p>
          {first} to {last}, by China's clock.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <ReportFigures lines={lines} />
      <ReportCharts days={report.data} />
      <ByChannel lines={lines} />
      <Exceptions rows={exceptionsBy(report)} />
      <p class="quiet">
        {first} to {last}, by China's clock; counted <Time at={report.counted_at} />. Payments stand
        on the day they were made, money on the day it moved.
      </p>
    </>
  );
}

function exportCsv(c: ConsoleContext) {
  const { from, to, month } = filtersOf(c, ["from", "to", "month"]);
  const format = "csv";
  return month === ""
    ? passOn(c, { path: "/v1/reports/daily", query: { from, to, format } })
    : passOn(c, { path: "/v1/reports/monthly", query: { month, format } });
}

export const reportPages: readonly Page[] = [
  {
    method: "get",
    path: "/reports",
    scope: "merchant",
    title: "Reports",
    nav: { group: "Books", label: "Reports" },
    handler: page,
  },
  { method: "get", path: "/reports.csv", scope: "merchant", title: "Export", handler: exportCsv },
];
