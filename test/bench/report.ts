/** The figures as text: a table for the terminal, a page for the docs. */
import { cpus, totalmem } from "node:os";

import type { Cost } from "./count.ts";
import type { Counts } from "./counts.ts";
import type { Comparison } from "./contest.ts";
import type { CodeSpeed } from "./emvco.ts";
import type { StatementSpeed } from "./reconciliation.ts";
import type { ListReport } from "./lists.ts";

interface Budget {
  readonly figure: string;
  /** Null: shown beside the figure above it, without a budget of its own. */
  readonly limit: number | null;
  readonly value: (counts: Cost) => number;
}

const CPU_LIMIT = 1.2;
/** p95 with a million payments over p95 with ten thousand. */
const LIST_LIMIT = 1.5;

const requests: Budget["value"] = ({ total }) => total.objectRequests;

/** The budgets of docs/design.md, operation by operation. */
const BUDGETS: Readonly<Record<string, readonly Budget[]>> = {
  "create, cold": [
    { figure: "object requests", limit: 1, value: requests },
    { figure: "channel calls", limit: 1, value: ({ total }) => total.channelCalls },
    { figure: "D1 reads before the answer", limit: 1, value: ({ atAnswer }) => atAnswer.d1Reads },
    { figure: "D1 writes before the answer", limit: 0, value: ({ atAnswer }) => atAnswer.d1Writes },
  ],
  "create, warm": [
    { figure: "object requests", limit: 1, value: requests },
    { figure: "channel calls", limit: 1, value: ({ total }) => total.channelCalls },
    { figure: "D1 reads before the answer", limit: 0, value: ({ atAnswer }) => atAnswer.d1Reads },
    { figure: "D1 writes before the answer", limit: 0, value: ({ atAnswer }) => atAnswer.d1Writes },
  ],
  "callback, warm": [
    { figure: "object requests", limit: 1, value: requests },
    { figure: "D1 reads before the answer", limit: 0, value: ({ atAnswer }) => atAnswer.d1Reads },
  ],
  status: [
    { figure: "object requests", limit: 1, value: requests },
    { figure: "D1 calls", limit: 0, value: ({ total }) => total.d1Reads + total.d1Writes },
  ],
  "whole life, paid": [
    {
      figure: "rows written in the object",
      limit: 10,
      value: ({ total }) => total.objectRowsWritten,
    },
    {
      figure: "rows inserted or updated in D1",
      limit: 10,
      value: ({ total }) => total.d1RowsChanged,
    },
    {
      figure: "rows in D1 as billed, index entries included",
      limit: null,
      value: ({ total }) => total.d1RowsWritten,
    },
    { figure: "queue messages", limit: 3, value: ({ total }) => total.queueMessages },
  ],
};

const COLUMNS: readonly (readonly [title: string, figure: keyof Counts])[] = [
  ["object requests", "objectRequests"],
  ["alarms fired", "alarmsFired"],
  ["rows written in the object", "objectRowsWritten"],
  ["setAlarm calls", "setAlarms"],
  ["channel calls", "channelCalls"],
  ["D1 calls, reading", "d1Reads"],
  ["D1 calls, writing", "d1Writes"],
  ["D1 statements", "d1Statements"],
  ["D1 rows read", "d1RowsRead"],
  ["D1 rows inserted or updated", "d1RowsChanged"],
  ["D1 rows as billed, index entries included", "d1RowsWritten"],
  ["queue messages", "queueMessages"],
];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(Math.max(width - 1, 1))}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
};

function verdict(value: number, limit: number | null): string {
  if (limit === null) return "";
  return value <= limit ? "ok" : "OVER";
}

const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const times = (value: number) => `${value.toFixed(2)} x`;

export function speedTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ operation, gateway, floor, ratios }) =>
    (
      [
        ["gateway", gateway],
        ["floor", floor],
      ] as const
    )
      .map(([who, side]) => [
        `${operation}, ${who}`,
        ms(side.p50),
        ms(side.p95),
        ms(side.p99),
        side.throughput.toFixed(0),
        side.cpu.toFixed(2),
      ])
      .concat([
        [
          `${operation}, ratio`,
          times(ratios.p50),
          times(ratios.p95),
          times(ratios.p99),
          times(ratios.throughput),
          times(ratios.cpu),
        ],
      ]),
  );
  return table(["operation", "p50 ms", "p95 ms", "p99 ms", "requests/s", "CPU ms/request"], rows);
}

export const countTable = (costs: readonly Cost[]): string =>
  table(
    ["figure", ...costs.map(({ operation }) => operation)],
    [
      ...COLUMNS.map(([title, figure]) => [
        title,
        ...costs.map(({ total }) => String(total[figure])),
      ]),
      [
        "D1 calls before the answer",
        ...costs.map(({ operation, atAnswer }) =>
          operation.startsWith("whole life") ? "-" : String(atAnswer.d1Reads + atAnswer.d1Writes),
        ),
      ],
    ],
  );

export function budgetTable(costs: readonly Cost[], comparisons: readonly Comparison[]): string {
  const counted = costs.flatMap((cost) =>
    (BUDGETS[cost.operation] ?? []).map(({ figure, limit, value }) => [
      `${cost.operation}: ${figure}`,
      String(value(cost)),
      limit === null ? "-" : String(limit),
      verdict(value(cost), limit),
    ]),
  );
  const cpu = comparisons
    .filter(({ operation }) => /^(create|callback)( without copies)?$/.test(operation))
    .map(({ operation, ratios }) => [
      `${operation}: CPU against the floor`,
      times(ratios.cpu),
      times(CPU_LIMIT),
      verdict(ratios.cpu, CPU_LIMIT),
    ]);
  return table(["budget", "measured", "limit", ""], [...counted, ...cpu]);
}

export const listTable = ({ speeds }: ListReport): string =>
  table(
    ["list or search", "p50 ms", "p95 ms", "CPU ms", "ratio p50", "p95", "CPU", ""],
    speeds.map(({ call, who, small, large, ratios }) => [
      `${call}, ${who}`,
      `${ms(small.p50)} / ${ms(large.p50)}`,
      `${ms(small.p95)} / ${ms(large.p95)}`,
      `${ms(small.cpu)} / ${ms(large.cpu)}`,
      times(ratios.p50),
      times(ratios.p95),
      times(ratios.cpu),
      // The limit is for lists of the same length.
      verdict(ratios.p95, who === "as many" ? LIST_LIMIT : null),
    ]),
  );

const LISTS = "## Lists at a million payments";

export const listSection = (report: ListReport): string => `${LISTS}

${listTable(report)}

\`GET /v1/payment-intents\` over HTTP at the gateway's bundle, with 10,000 / with 1,000,000 payments of
1,000 merchants in the local D1, snapshots of 1.5 KB. One request at a time, one here, one there. Ratios of
latencies are medians over blocks of 40 such pairs, so that a slow moment of the machine spoils one
block; CPU is the processor time of the whole runtime process.

- *as many*: four merchants who have 1,000 payments in both databases. What differs is how much of
  other people's is there. The ratio of p95 may be ${times(LIST_LIMIT)}. ${report.requests["as many"]} pairs of each call.
- *a tenth of all*: one merchant who has 1,000 payments in the one and 100,000 in the other. Two things
  grow with a merchant's own payments: a filter that none of them passes looks at the index entry of
  each, and what a beginning of an order number matches is sorted by time. ${report.requests["a tenth of all"]} pairs.
`;

const STATEMENTS = "## A day's statement";

/** Lines for each processor second that a statement must at least be compared at. */
const LINES_LIMIT = 20_000;

export const statementTable = (speeds: readonly StatementSpeed[]): string => {
  const [first] = speeds;
  return table(
    ["lines", "file, MiB", "seconds", "lines per CPU second", "peak, MiB", "held, MiB", ""],
    speeds.map((speed) => {
      const perSecond = Math.round(speed.lines / speed.cpu);
      // A short run is mostly the warming up of the runtime.
      const isLong = first !== undefined && speed.lines > first.lines;
      return [
        speed.lines.toLocaleString("en"),
        speed.fileMiB.toFixed(1),
        speed.seconds.toFixed(1),
        perSecond.toLocaleString("en"),
        speed.peakMiB.toFixed(0),
        speed.heldMiB.toFixed(0),
        isLong ? (perSecond >= LINES_LIMIT ? "within" : "OVER") : "-",
      ];
    }),
  );
};

export const statementSection = (speeds: readonly StatementSpeed[]): string => `${STATEMENTS}

${statementTable(speeds)}

From the answer to the upload of a gzipped WeChat Pay bill to the end of its run, every line matched with
a payment in the local D1: unpacked, read and checked, kept in pages, compared with the books, written
down. Processor time is the whole runtime process's, with the simulators of D1, R2 and the queue in it; at
least ${LINES_LIMIT.toLocaleString("en")} lines for each second of it. The first size is there for the others: half of
it is the runtime's own start. Memory is the Worker's isolate alone, heap and buffers; a deployment has
128 MiB. *Peak* is looked at every 20 ms in a round of its own and has garbage in it, which the engine
takes out when it is short of memory; *held* is looked at behind a collection of garbage, every 250 ms.
`;

/**
 * The page with one part replaced, or put before the part on QR codes.
 * @param section a heading of the second level and what is below it
 */
export function withSection(text: string, section: string): string {
  const heading = section.slice(0, section.indexOf("\n"));
  const at = text.indexOf(`${heading}\n`);
  const from = at === -1 ? text.indexOf("## QR codes") : at;
  if (from === -1) throw new Error("docs/benchmarks.md has another form: run the whole bench");
  const next = at === -1 ? from : text.indexOf("\n## ", at) + 1;
  return `${text.slice(0, from)}${section}\n${text.slice(next)}`;
}

export const codeTable = (codes: readonly CodeSpeed[]): string =>
  table(
    ["QR codes, one core", "per second", "ratio"],
    codes.map(({ what, perSecond, ratio }) => [
      what,
      String(perSecond),
      ratio === null ? "" : `${ratio.toFixed(2)} x`,
    ]),
  );

export interface Circumstances {
  readonly date: string;
  readonly versions: readonly string[];
  readonly load: string;
  readonly gzipKiB: string;
  readonly seconds: number;
}

export function page(
  comparisons: readonly Comparison[],
  costs: readonly Cost[],
  codes: readonly CodeSpeed[],
  lists: ListReport,
  statements: readonly StatementSpeed[],
  { date, versions, load, gzipKiB, seconds }: Circumstances,
): string {
  const [processor] = cpus();
  const machine = `${cpus().length} x ${processor?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const overran = comparisons.filter((each) => each.overran).map(({ operation }) => operation);
  const pairs = comparisons
    .map(({ operation, pairs: count }) => `${operation} ${count}`)
    .join(", ");
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. What the budgets are for is in [design.md](design.md).

- ${date}, ${seconds.toFixed(0)} s in all
- ${machine}; load average before the start: ${load}
- ${versions.join(", ")}
- bundle: ${gzipKiB} KiB gzip, as \`wrangler deploy\` would upload it

## Budgets

${budgetTable(costs, comparisons)}

## What an operation costs

${countTable(costs)}

Counted on the same Worker with counters on its bindings (test/bench/counted.ts). *Cold* is the first
request after the process was started again on its storage, *warm* the one after it. *Whole life* is
order, callback, three events, one webhook and the alarm that finds nothing left to do. A call with
several statements in a batch is one D1 call. Rows written in the object are as the database itself
counts them: every index entry is a row, and so is a new object's schema. D1 reports two numbers:
rows inserted or updated (\`changes\`), which the budget is about, and what is billed
(\`rows_written\`), where every index entry is a row as well. Writes to D1 are held back while an
answer is under way, so the calls before the answer are those it really waited for.

## Speed

${speedTable(comparisons)}

Latency is one request after the other; requests/s with eight under way. CPU is the user and system
time of the whole runtime process, from /proc, until it is idle again, divided by the requests.

${listSection(lists)}
${statementSection(statements)}
## QR codes

${codeTable(codes)}

Processor time of one process, in alternating rounds, next to two libraries that build and read the same
codes. They check next to nothing: ours refuses what a wallet would, and names the place.

## How

- The gateway is the bundle of \`wrangler deploy --dry-run\` with a live key; WeChat Pay is an HTTP
  server on 127.0.0.1 whose signed reply was computed beforehand. No sandbox code runs. The only
  changes of configuration are the rate limit, which is lifted, and \`LOG_LEVEL=warn\`.
- The floor (test/bench/floor.ts) is a Worker that does the least for the same job. Order: one RSA
  signature, one write in a SQLite object, one fetch to the same server. Callback: one RSA
  verification, one write. Status: one read in an object. QR: a constant of the same size. No key, no
  checks, no second write, no events.
- Each has a runtime process of its own. Rounds alternate, gateway, floor, gateway, floor, so that a
  machine that slows down slows both; p50 and requests/s are compared pair by pair and the median
  ratio is shown, the rest over all rounds. Pairs: ${pairs}.
- A phase on fresh payments ends before their recovery alarms (15 s after the order). ${
    overran.length === 0
      ? "All did"
      : `This machine was too slow for that in: ${overran.join(", ")}`
  }.

## What these numbers mean

- Ratios travel, milliseconds do not: this is one machine, with the client, the channel and two
  runtimes on the same processors, and no network in between.
- The local D1 and the local queue are simulators that run as JavaScript inside the measured process.
  What the gateway does after its answer (the copy, the events, the queue's consumer) is counted in
  its CPU here; in production D1 and the queues are other machines, and only the calls to them cost
  the Worker anything. The floor does nothing of the kind. The rows *without copies* are the same
  Worker whose payments write no copy and send no event (test/bench/uncopied.ts): what is left is the
  gateway's own work up to the answer. The truth of a deployment lies between the two.
- A write in an object is durable in several places before an answer leaves in production. Here it is
  one local file. Latencies of a real region are not measured.
- p99 comes from a few hundred requests: read it as an order of magnitude.
`;
}
