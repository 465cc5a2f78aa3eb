/** A list of the API as a page: filters above it, the other pages below. */
import type { Child } from "hono/jsx";

import { api, type ApiList, type ApiProblem, type CallOptions, withQuery } from "../client.ts";
import { type Column, Pager, Table } from "../components.tsx";
import type { ConsoleContext } from "../env.ts";
import { Problem } from "../fields.tsx";
import { type PageOptions, refused, show } from "../frame.tsx";
import { FilterForm } from "./filters.tsx";

type Query = NonNullable<CallOptions["query"]>;

/** The page of an API list that the address names by `cursor`. */
export const listOf = <T,>(c: ConsoleContext, path: string, query: Query = {}) =>
  api<ApiList<T>>(c, "GET", path, undefined, {
    query: { cursor: c.req.query("cursor"), ...query },
  });

/** Links to the other pages of a list. */
export const Pages = (props: { c: ConsoleContext; list: ApiList<unknown>; filters?: Query }) => (
  <Pager
    path={withQuery(props.c.req.path, props.filters ?? {})}
    next={props.list.next_cursor}
    first={props.c.req.query("cursor") === undefined}
  />
);

/** Whether it may be the filters, or the page, that leave nothing to show. */
export const isNarrowed = (c: ConsoleContext, filters: Readonly<Record<string, string>>): boolean =>
  c.req.query("cursor") !== undefined || Object.values(filters).some((value) => value !== "");

interface Filters {
  /** As the page's address has them. */
  readonly values: Readonly<Record<string, string>>;
  /** As the API takes them, where that differs. */
  readonly query?: Query;
  /** The form's fields. What the API says of one stands at it. */
  readonly fields: (problem: ApiProblem | null) => Child;
}

export interface ListPage<Row> extends Pick<PageOptions, "title" | "aside" | "notices"> {
  /** The API's address of the list. */
  readonly path: string;
  readonly filters?: Filters;
  /** Above the filters: other pages of the same place. */
  readonly above?: Child;
  /** Below the list. */
  readonly below?: Child;
  /** Above the list. */
  readonly intro?: Child;
  readonly table: { readonly caption: string; readonly columns: readonly Column<Row>[] };
  /** In place of a table without rows. */
  readonly empty: (narrowed: boolean) => Child;
}

/** The page of a list, for a `Page`'s handler. */
export async function showList<Row>(c: ConsoleContext, spec: ListPage<Row>): Promise<Response> {
  const { path, filters, above, below, intro, table, empty, ...options } = spec;
  const values = filters?.values ?? {};
  const answer = await listOf<Row>(c, path, filters?.query ?? values);
  // What was typed into a filter is the person's to correct; anything else is not.
  if (!answer.ok && (answer.status !== 400 || filters === undefined)) return refused(c, answer);
  const problem = answer.ok ? null : answer.error;
  const rows = answer.ok ? answer.body.data : [];
  return show(
    c,
    { ...options, wide: true, status: answer.status },
    <>
      {above}
      {filters === undefined ? null : (
        <FilterForm action={c.req.path} label={spec.title}>
          {filters.fields(problem)}
        </FilterForm>
      )}
      <Problem problem={problem} fields={Object.keys(values)} />
      {intro}
      {answer.ok && rows.length === 0 ? empty(isNarrowed(c, values)) : null}
      {rows.length > 0 ? <Table {...table} rows={rows} /> : null}
      {answer.ok ? <Pages c={c} list={answer.body} filters={values} /> : null}
      {below}
    </>,
  );
}
