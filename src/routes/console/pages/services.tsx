/** Services: what the merchant offers, found by agents and paid by `service_id`. */
import { formatMoney } from "../../../money.ts";
import { Empty, LinkButton, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field } from "../fields.tsx";
import { refused, show } from "../frame.tsx";
import { listOf, Pages } from "./act.tsx";
import { FilterForm } from "./filters.tsx";
import { channelName } from "./payments.tsx";
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

async function list(c: ConsoleContext) {
  const q = (c.req.query("q") ?? "").trim();
  const answer = await listOf<ServiceView>(c, "/v1/services", { mine: "true", q });
  const problem = answer.ok ? null : answer.error;
  if (!answer.ok && answer.status !== 400) return refused(c, answer);
  const add = (
    <LinkButton href="/console/services/new" kind="primary">
      Register a service
    </LinkButton>
  );
  return show(
    c,
    { title: "Services", aside: add, wide: true, status: answer.status },
    <>
      <FilterForm action="/console/services" label="Services">
        <Field name="q" label="Search" type="search" value={q} problem={problem} />
      </FilterForm>
      {answer.ok ? <Found services={answer.body.data} filtered={q !== ""} /> : null}
      {answer.ok ? <Pages c={c} list={answer.body} filters={{ q }} /> : null}
    </>,
  );
}

function Found({ services, filtered }: { services: readonly ServiceView[]; filtered: boolean }) {
  if (services.length === 0) {
    return filtered ? (
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
    );
  }
  return (
    <Table
      caption="Services, newest first"
      rows={services}
      columns={[
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
      ]}
    />
  );
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
