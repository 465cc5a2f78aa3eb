/** Small parts of pages. How they are used stands at the top of frame.tsx. */
import type { Child, PropsWithChildren } from "hono/jsx";

import { formatMoney, type Money } from "../../money.ts";
import type { Scope } from "../authenticate.ts";
import { can } from "./env.ts";
import { useSession } from "./frame.tsx";

/** A column: its heading and what stands in a row. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Child;
  /** Numbers are set to the right. */
  readonly number?: boolean;
  /** The row's name: a header cell, the first one that is read. */
  readonly name?: boolean;
}

/** On narrow screens every row becomes a card, with the headings beside the values. */
export function Table<Row>(props: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}) {
  const { caption, columns, rows } = props;
  return (
    <table class="list">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, number }) => (
            <th scope="col" class={number === true ? "number" : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            {columns.map(({ head, cell, number, name }) => {
              const classes = number === true ? "number" : undefined;
              return name === true ? (
                <th scope="row" data-head={head} class={classes}>
                  <div>{cell(row)}</div>
                </th>
              ) : (
                <td data-head={head} class={classes}>
                  <div>{cell(row)}</div>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Names and values; rows whose value is null are left out. */
export const Details = ({ rows }: { rows: readonly (readonly [string, Child | null])[] }) => (
  <dl class="details">
    {rows
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/** `CNY 52,977.32`, or `−CNY 5.00` of balances and fees: for reading, not for typing. */
export const moneyText = ({ currency, value }: Money): string => {
  const text = formatMoney({ currency, value: Math.abs(value) });
  return (value < 0 ? "−" : "") + text.replaceAll(/\d(?=(?:\d{3})+(?:\.|$))/g, "$&,");
};

export const Amount = ({ money }: { money: Money }) => (
  <span class="money">{moneyText(money)}</span>
);

/** `2026-11-01 08:30:00` UTC; console.js shows the reader's own time as a tooltip. */
export function Time({ at }: { at: string | null }) {
  if (at === null) return <span class="quiet">–</span>;
  return <time datetime={at}>{at.slice(0, 19).replace("T", " ")}</time>;
}

/** What a status means for whoever reads the page. Unknown ones are neutral. */
const TONES: Readonly<Record<string, "good" | "bad" | "busy" | "quiet">> = {
  succeeded: "good", active: "good", enabled: "good", delivered: "good", completed: "good",
  ok: "good", verified: "good", resolved: "good", paid: "good", read: "good", matched: "good",
  failed: "bad", rejected: "bad", exhausted: "bad", suspended: "bad", revoked: "bad", down: "bad",
  refused: "bad", open: "bad",
  pending: "busy", qr_generated: "busy", scanning: "busy", authorized: "busy", captured: "busy",
  requested: "busy", processing: "busy", queued: "busy", running: "busy", unknown: "busy",
  degraded: "busy", unverified: "busy", exception: "busy", draft: "busy", waiting: "busy",
  acknowledged: "busy", received: "busy",
}; // prettier-ignore

/** `written off` for `written_off`. */
export const words = (name: string): string => name.replaceAll("_", " ");

export function Status({ status }: { status: string }) {
  const tone = Object.hasOwn(TONES, status) ? TONES[status] : "quiet";
  return <span class={`status ${tone}`}>{words(status)}</span>;
}

/** An id, complete, in the type of codes. */
export const Id = ({ children }: PropsWithChildren) => <code class="id">{children}</code>;

/** Text to take along. The button shows where there is JavaScript. */
export const Copy = ({ text }: { text: string }) => (
  <span class="copy">
    <code>{text}</code>{" "}
    <button type="button" class="plain" aria-label={`Copy ${text.slice(0, 40)}`}>
      Copy
    </button>
  </span>
);

/** A secret that is shown this once. */
export const ShownOnce = ({ label, secret }: { label: string; secret: string }) => (
  <section class="once" aria-label={label}>
    <h2>{label}</h2>
    <p>Copy it now: it is shown this once and cannot be shown again.</p>
    <Copy text={secret} />
  </section>
);

/** JSON, or text that looks like it, set for reading. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const text = typeof value === "string" ? prettyJson(value) : JSON.stringify(value, null, 2);
  // Scrolls, so it must be reachable by keyboard.
  return (
    <pre class="json" tabindex={0} role="region" aria-label={label}>
      <code>{text}</code>
    </pre>
  );
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export const Disclosure = (props: PropsWithChildren<{ summary: Child; open?: boolean }>) => (
  <details class="disclosure" open={props.open === true}>
    <summary>{props.summary}</summary>
    {props.children}
  </details>
);

/** Nothing there yet: says what to do next. */
export const Empty = ({ title, children }: PropsWithChildren<{ title: string }>) => (
  <div class="empty">
    <p class="title">{title}</p>
    {children}
  </div>
);

/** The next page of a list; `path` is the page's address with its filters. */
export function Pager(props: { path: string; next: string | null; first: boolean }) {
  const { path, next, first } = props;
  if (next === null && first) return null;
  const at = new URL(path, "https://console.invalid");
  at.searchParams.delete("cursor");
  const newest = `${at.pathname}${at.search}`;
  if (next !== null) at.searchParams.set("cursor", next);
  return (
    <nav class="pager" aria-label="Pages">
      {first ? null : <a href={newest}>Newest</a>}
      {next === null ? null : (
        <a href={`${at.pathname}${at.search}`} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}

/**
 * A part of the page that htmx fetches again while `on`: the whole page is asked for, and the element
 * of the same id is taken out of it, with those in `also`. Asking does not keep a session alive.
 */
export function Live(
  props: PropsWithChildren<{
    id: string;
    path: string;
    on: boolean;
    seconds?: number;
    /** Ids of other elements that change with it. */
    also?: readonly string[];
  }>,
) {
  const { id, path, on, seconds = 3, also = [], children } = props;
  if (!on) return <div id={id}>{children}</div>;
  return (
    <div
      id={id}
      class="live"
      hx-get={path}
      hx-trigger={`every ${seconds}s`}
      hx-select={`#${id}`}
      hx-select-oob={
        also.length === 0 ? undefined : also.map((each) => `#${each}:outerMorph`).join()
      }
      hx-target="this"
      hx-swap="outerMorph"
      hx-headers='{"X-Console-Poll":"1"}'
    >
      {children}
    </div>
  );
}

/** A button of a form. Disabled, with the reason beside it, when the key lacks the scope. */
export function Button(
  props: PropsWithChildren<{
    needs?: Scope;
    kind?: "primary" | "danger" | "plain";
    name?: string;
    value?: string;
  }>,
) {
  const { needs, kind = "primary", children, name, value } = props;
  const session = useSession();
  const allowed = needs === undefined || (session !== null && can(session, needs));
  return (
    <>
      <button class={kind} name={name} value={value} disabled={!allowed}>
        {children}
      </button>
      {allowed ? null : <small class="lacks">{`The API key lacks the scope ${needs}.`}</small>}
    </>
  );
}

export const LinkButton = (
  props: PropsWithChildren<{ href: string; kind?: "primary" | "plain" }>,
) => (
  <a class={`button ${props.kind ?? "plain"}`} href={props.href}>
    {props.children}
  </a>
);
