/** Filters above a list: a plain form that names the list's address. */
import { DAY_MS } from "../../../days.ts";
import type { PropsWithChildren } from "hono/jsx";

import type { ApiProblem } from "../client.ts";
import { words } from "../components.tsx";
import type { ConsoleContext } from "../env.ts";
import { Field } from "../fields.tsx";

/** What the address says of these filters; one that it does not name is empty. */
export const filtersOf = <Name extends string>(
  c: ConsoleContext,
  names: readonly Name[],
): Record<Name, string> =>
  Object.fromEntries(names.map((name) => [name, (c.req.query(name) ?? "").trim()])) as Record<
    Name,
    string
  >;

/** For a `Select`: all, or one of these. */
export const choicesOf = (names: readonly string[], text = words) => [
  ["", "All"] as const,
  ...names.map((name) => [name, text(name)] as const),
];

/** The fields are the children; their names are the query's. */
export const FilterForm = (props: PropsWithChildren<{ action: string; label: string }>) => (
  <form method="get" action={props.action} class="filters" role="search" aria-label={props.label}>
    {props.children}
    <div class="buttons">
      <button class="primary">Filter</button>
      <a class="button" href={props.action}>
        Clear
      </a>
    </div>
  </form>
);

interface Days {
  readonly created_gte: string;
  readonly created_lt: string;
}

export const DayFields = ({ days, problem }: { days: Days; problem: ApiProblem | null }) => (
  <>
    <Field
      name="created_gte"
      label="From (UTC)"
      type="date"
      value={days.created_gte}
      problem={problem}
    />
    <Field
      name="created_lt"
      label="To (UTC)"
      type="date"
      value={days.created_lt}
      problem={problem}
    />
  </>
);

/** The first moment of a day (UTC), or of the day after; what is not a day is the API's to refuse. */
function moment(day: string, daysLater: number): string {
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(start) ? day : new Date(start + daysLater * DAY_MS).toISOString();
}

/** As the API takes them: days are whole, the last one included. */
export const momentsOf = ({ created_gte, created_lt }: Days): Days => ({
  created_gte: moment(created_gte, 0),
  created_lt: moment(created_lt, 1),
});
