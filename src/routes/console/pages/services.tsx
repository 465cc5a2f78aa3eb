/** Services: what the merchant offers, found by agents and paid by `service_id`. */
import { channelName } from "../../../channels/registry.ts";
import { formatMoney } from "../../../money.ts";
import { Empty, LinkButton, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field } from "../fields.tsx";
import { filtersOf } from "./filters.tsx";
import { type ListPage, showList } from "./list.tsx";
import type { PriceView, ServiceView } from "./views.ts";

export const SERVICES = { href: "/console/services", label: "Services" };
export const NEEDS = "services:write" as const;

/** “CNY 6.99”, or “CNY 1.00 to CNY 100.00”. */
export function priceText({ amount, min, max }: PriceView): string {
  if (amount !== undefined) return formatMoney(amount);
  if (max === undefined) return "no amount";
  return min === undefined
    ? `up to ${formatMoney(max)}`
    : `${formatMoney(min)} to ${formatMoney(max)}`;
}

const pricesOf = ({ pricing }: ServiceView): string =>
  pricing.one_time.map(priceText).join("; ") || "none";

const add = (
  <LinkButton href="/console/services/new" kind="primary">
    Register a service
  </LinkButton>
);

const TABLE: ListPage<ServiceView>["table"] = {
  caption: "Services, newest first",
  columns: [
    {
      head: "Service",
      name: true,
      cell: ({ id, name }) => <a href={`/console/services/${id}`}>{name}</a>,
    },
    { head: "Status", cell: ({ status }) => <Status status={status} /> },
    { head: "Version", cell: ({ version }) => version },
    { head: "Prices", cell: pricesOf },
    {
      head: "Channels",
      cell: ({ accepted_channels: channels }) => channels.map(channelName).join(", "),
    },
    { head: "Changed", cell: ({ updated_at: at }) => <Time at={at} /> },
  ],
};

function list(c: ConsoleContext) {
  const values = filtersOf(c, ["q"]);
  return showList(c, {
    title: "Services",
    aside: add,
    path: "/v1/services",
    filters: {
      values,
      query: { mine: "true", ...values },
      fields: (problem) => (
        <Field name="q" label="Search" type="search" value={values.q} problem={problem} />
      ),
    },
    table: TABLE,
    empty: (filtered) =>
      filtered ? (
        <Empty title="No service fits.">
          <p>
            <a href="/console/services">Show all services</a>
          </p>
        </Empty>
      ) : (
        <Empty title="You offer no service yet.">
          <p>
            Register what you sell with its price: agents find it by a search, and payments name it
            instead of an amount.
          </p>
        </Empty>
      ),
  });
}

export const servicePages: readonly Page[] = [
  {
    method: "get",
    path: "/services",
    scope: "merchant",
    title: "Services",
    nav: { group: "Settings", label: "Services" },
    handler: list,
  },
];
