/** Filters above a list: a plain form that names the list's address; htmx only swaps the page. */
import type { PropsWithChildren } from "hono/jsx";

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

/** A day of a filter as the moment that it begins (UTC); `later` days on. Empty stays empty. */
export function dayStart(text: string, later = 0): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return text;
  const date = new Date(`${text}T00:00:00.000Z`);
  if (Number.isNaN(date.getTime())) return text;
  date.setUTCDate(date.getUTCDate() + later);
  return date.toISOString();
}
