/**
 * Charts as SVG, drawn on the server: no script, colours from the style sheet (light and dark), and
 * below each one its numbers as a table, for people who cannot see it or want to copy them.
 */
import { scaleBand, scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import type { Child } from "hono/jsx";

/** In units of the drawing; the style sheet scales it to the page. */
const WIDTH = 480;
const HEIGHT = 206;
const MARGIN = { top: 10, right: 8, bottom: 32, left: 50 };
const TICKS = 4;
/** How many labels fit under the drawing; on narrow screens every other is hidden. */
const LABELS = 6;

export interface Series {
  readonly name: string;
  /** One for each bucket, oldest first; null: nothing to say. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in a sentence. */
  readonly summary: string;
  /** When each bucket begins (ISO time). */
  readonly starts: readonly string[];
  /** Length of a bucket in hours: hours are named by time, longer ones by day. */
  readonly bucketHours: number;
  /** How buckets are called where their beginnings in UTC would mislead: days of another clock. */
  readonly names?: { readonly head: string; readonly of: readonly string[] };
  readonly series: readonly Series[];
  /** A value in words, exact: for the table and tooltips. */
  readonly format: (value: number) => string;
  /** A value on the axis, short. */
  readonly short: (value: number) => string;
  /** The top of the axis; without it the greatest value. */
  readonly top?: number;
}

/** Colours repeat after six; the names in the legend and the table never do. */
const colour = (index: number): string => `s${(index % 6) + 1}`;

/** Lines differ by more than colour. */
const DASHES = [undefined, "7 4", "2 3", "10 3 2 3"] as const;

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** What stands under a bucket; null: nothing. Hours are named by their time, longer ones by the day. */
function labelOf(start: string, index: number, { starts, bucketHours }: Chart): string | null {
  if (bucketHours >= 6) return start.slice(11, 13) === "00" ? DAY.format(new Date(start)) : null;
  return index % Math.ceil(starts.length / LABELS) === 0 ? start.slice(11, 16) : null;
}

const longTime = (start: string): string => start.slice(0, 16).replace("T", " ");

/** In the table and in tooltips. */
const bucketName = ({ names, starts }: Chart, index: number): string =>
  names?.of[index] ?? longTime(starts[index] ?? "");

interface Plane {
  readonly x: (index: number) => number;
  readonly bandwidth: number;
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
}

function planeOf({ starts, top }: Chart, greatest: number, least = 0): Plane {
  const band = scaleBand<number>()
    .domain(starts.map((_, index) => index))
    .range([MARGIN.left, WIDTH - MARGIN.right])
    .paddingInner(0.25)
    .paddingOuter(0.15);
  const linear = scaleLinear()
    .domain([Math.min(least, 0), top ?? Math.max(greatest, 1)])
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const y = top === undefined ? linear.nice(TICKS) : linear;
  return {
    x: (index) => band(index) ?? MARGIN.left,
    bandwidth: band.bandwidth(),
    y: (value) => Math.round(y(value) * 10) / 10,
    // Minor units and counts are whole.
    ticks: y.ticks(TICKS).filter((tick) => top !== undefined || Number.isInteger(tick)),
  };
}

/** Grid, axes and their labels. */
function Axes({ chart, plane }: { chart: Chart; plane: Plane }) {
  const bottom = HEIGHT - MARGIN.bottom;
  const labels = chart.starts
    .map((start, index) => ({ index, text: labelOf(start, index, chart) }))
    .filter(({ text }) => text !== null);
  return (
    <>
      {plane.ticks.map((tick) => (
        <>
          <line
            class={tick === 0 ? "axis" : "grid"}
            x1={MARGIN.left}
            x2={WIDTH - MARGIN.right}
            y1={plane.y(tick)}
            y2={plane.y(tick)}
          />
          <text x={MARGIN.left - 6} y={plane.y(tick)} dy="0.35em" text-anchor="end">
            {chart.short(tick)}
          </text>
        </>
      ))}
      {labels.map(({ index, text }, place) => (
        <text
          class={place % 2 === 1 ? "minor" : undefined}
          x={plane.x(index) + plane.bandwidth / 2}
          y={bottom + 22}
          text-anchor="middle"
        >
          {text}
        </text>
      ))}
    </>
  );
}

const Legend = ({ series, lines }: { series: readonly Series[]; lines: boolean }) => (
  <ul class="legend">
    {series.map(({ name }, index) => (
      <li>
        <svg class={colour(index)} viewBox="0 0 20 10" aria-hidden="true">
          {lines ? (
            <path class="line" d="M0 5h20" stroke-dasharray={DASHES[index % DASHES.length]} />
          ) : (
            <rect class="bar" width="20" height="10" rx="2" />
          )}
        </svg>
        {name}
      </li>
    ))}
  </ul>
);

const isQuiet = ({ series }: Chart): boolean =>
  series.every(({ values }) => values.every((value) => value === null || value === 0));

/** Only buckets in which something happened: a table of zeros tells nobody anything. */
function DataTable({ chart }: { chart: Chart }) {
  const head = chart.names?.head ?? "From (UTC)";
  const rows = chart.starts
    .map((start, index) => ({
      start,
      name: bucketName(chart, index),
      values: chart.series.map(({ values }) => values[index] ?? null),
    }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0));
  return (
    <details class="disclosure">
      <summary>{`Numbers: ${chart.title}`}</summary>
      <table class="list">
        <caption class="hidden">{chart.title}</caption>
        <thead>
          <tr>
            <th scope="col">{head}</th>
            {chart.series.map(({ name }) => (
              <th scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ start, name, values }) => (
            <tr>
              <th scope="row" data-head={head}>
                <div>
                  <time datetime={start}>{name}</time>
                </div>
              </th>
              {values.map((value, index) => (
                <td class="number" data-head={chart.series[index]?.name}>
                  <div>{value === null ? "–" : chart.format(value)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** The figure around a drawing. Without anything to draw it says so in words. */
function Figure({ chart, lines, children }: { chart: Chart; lines: boolean; children: Child }) {
  const { id, title, summary } = chart;
  return (
    <figure class="chart panel">
      <figcaption>
        <h2>{title}</h2>
      </figcaption>
      {isQuiet(chart) ? (
        <p class="quiet">Nothing in this time.</p>
      ) : (
        <>
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            role="img"
            aria-labelledby={`${id}-title ${id}-desc`}
          >
            <title id={`${id}-title`}>{title}</title>
            <desc id={`${id}-desc`}>{summary}</desc>
            {children}
          </svg>
          {chart.series.length > 1 ? <Legend series={chart.series} lines={lines} /> : null}
          <DataTable chart={chart} />
        </>
      )}
    </figure>
  );
}

const at = (series: Series, index: number): number => series.values[index] ?? 0;

/** Bars, the series of a bucket on top of each other. Only for values of one unit. */
export function Bars({ chart }: { chart: Chart }) {
  const sums = chart.starts.map((_, index) =>
    chart.series.reduce((sum, series) => sum + at(series, index), 0),
  );
  const plane = planeOf(chart, Math.max(...sums));
  return (
    <Figure chart={chart} lines={false}>
      <Axes chart={chart} plane={plane} />
      {chart.series.map((series, place) => (
        <g class={colour(place)}>
          {chart.starts.map((_, index) => {
            const value = at(series, index);
            if (value === 0) return null;
            const below = chart.series
              .slice(0, place)
              .reduce((sum, each) => sum + at(each, index), 0);
            const y = plane.y(below + value);
            return (
              <rect
                class="bar"
                x={Math.round(plane.x(index) * 10) / 10}
                y={y}
                width={Math.round(plane.bandwidth * 10) / 10}
                // A single small payment must be seen beside a large one.
                height={Math.max(1, Math.round((plane.y(below) - y) * 10) / 10)}
              >
                <title>{`${bucketName(chart, index)} ${series.name}: ${chart.format(value)}`}</title>
              </rect>
            );
          })}
        </g>
      ))}
    </Figure>
  );
}

/** Lines with dots; where there is no value there is a gap. */
export function Lines({ chart }: { chart: Chart }) {
  const known = chart.series.flatMap(({ values }) => values.filter((value) => value !== null));
  const plane = planeOf(chart, Math.max(0, ...known), Math.min(0, ...known));
  const x = (index: number) => plane.x(index) + plane.bandwidth / 2;
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => x(index))
    .y((value) => plane.y(value ?? 0))
    .digits(1);
  return (
    <Figure chart={chart} lines>
      <Axes chart={chart} plane={plane} />
      {chart.series.map((series, place) => (
        <g class={colour(place)}>
          <path
            class="line"
            d={path(series.values) ?? ""}
            stroke-dasharray={DASHES[place % DASHES.length]}
          />
          {series.values.map((value, index) =>
            value === null ? null : (
              <circle class="dot" cx={Math.round(x(index) * 10) / 10} cy={plane.y(value)} r="3">
                <title>
                  {`${bucketName(chart, index)} ${series.name}: ${chart.format(value)}`}
                </title>
              </circle>
            ),
          )}
        </g>
      ))}
    </Figure>
  );
}
