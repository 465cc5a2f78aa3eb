/** Operators: how the channels do, over all merchants. */
import { api, type ApiList } from "../client.ts";
import { Empty, Live, Status, Table } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import { SparkLine } from "./spark-line.tsx";

interface Counts {
  readonly orders: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly average_ms: number | null;
  readonly longest_ms: number | null;
}

interface HealthView extends Counts {
  readonly channel: string;
  readonly name: string;
  readonly status: string;
  readonly hours: readonly (Counts & { readonly hour: string })[];
}

/** @param orders more than 0 */
const shareOf = (part: number, orders: number): string =>
  `${part} (${((100 * part) / orders).toFixed(1)} %)`;

const ms = (value: number | null): string => (value === null ? "–" : `${value} ms`);

const COLUMNS = [
  { head: "Channel", name: true, cell: ({ name }: HealthView) => name },
  { head: "Now", cell: ({ status }: HealthView) => <Status status={status} /> },
  { head: "Orders", number: true, cell: ({ orders }: HealthView) => orders },
  {
    head: "Orders by hour",
    cell: ({ name, hours }: HealthView) => (
      <SparkLine
        values={hours.map((hour) => hour.orders)}
        label={`Orders at ${name} by hour: at most ${Math.max(...hours.map((hour) => hour.orders))}`}
      />
    ),
  },
  {
    head: "Rejected",
    number: true,
    cell: ({ rejected, orders }: HealthView) => shareOf(rejected, orders),
  },
  {
    head: "No answer",
    number: true,
    cell: ({ unknown, orders }: HealthView) => shareOf(unknown, orders),
  },
  { head: "Average", number: true, cell: ({ average_ms: value }: HealthView) => ms(value) },
  {
    head: "Time by hour",
    cell: ({ name, hours, longest_ms: longest }: HealthView) => (
      <SparkLine
        values={hours.map((hour) => hour.average_ms)}
        label={`Average time of ${name} by hour; the slowest order took ${ms(longest)}`}
      />
    ),
  },
  { head: "Slowest", number: true, cell: ({ longest_ms: value }: HealthView) => ms(value) },
];

/** Those without orders have nothing to show but their names. */
function Channels({ all }: { all: readonly HealthView[] }) {
  const busy = all.filter(({ orders }) => orders > 0);
  const quiet = all.filter(({ orders }) => orders === 0).map(({ name }) => name);
  if (busy.length === 0) {
    return (
      <Empty title="No channel had an order in the last 24 hours.">
        <p>Every payment is counted when its order is placed at a channel.</p>
      </Empty>
    );
  }
  return (
    <>
      <Table caption="Channels" columns={COLUMNS} rows={busy} />
      {quiet.length === 0 ? null : <p class="quiet">{`No orders: ${quiet.join(", ")}.`}</p>}
    </>
  );
}

async function health(c: ConsoleContext) {
  const livemode = c.req.query("livemode") === "false" ? "false" : "true";
  const path = "/v1/admin/channels/health";
  const answer = await api<ApiList<HealthView>>(c, "GET", path, undefined, { query: { livemode } });
  if (!answer.ok) return refused(c, answer);
  const own = `/console/health?livemode=${livemode}`;
  return show(
    c,
    { title: "Channel health", wide: true },
    <>
      <p class="tabs">
        <a href="/console/health" aria-current={livemode === "true" ? "page" : undefined}>
          Live
        </a>
        <a
          href="/console/health?livemode=false"
          aria-current={livemode === "false" ? "page" : undefined}
        >
          Sandbox
        </a>
      </p>
      <p class="quiet">
        The last 24 hours; the state goes by this hour and the one before. Down: at least half of 3
        or more orders got no answer.
      </p>
      <Live id="health" path={own} on seconds={30}>
        <Channels all={answer.body.data} />
      </Live>
    </>,
  );
}

export const healthPages: readonly Page[] = [
  {
    method: "get",
    path: "/health",
    scope: "operator",
    title: "Channel health",
    nav: { group: "Operations", label: "Channel health" },
    handler: health,
  },
];
