/** The small parts that the page is made of. Everything is text to the template: it escapes. */
import type { Child } from "hono/jsx";

import { errorAnchor, isShown, objectAnchor } from "./anchors.ts";
import type { FieldRow } from "./fields.ts";
import { guidePath } from "./guides/links.ts";

/** A text with `code` between backticks. */
export const Text = ({ children }: { children: string }) => (
  <>{children.split("`").map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part))}</>
);

/**
 * A block of code. It can be scrolled with the keyboard, so it can be focused. Commands for the
 * shell are wrapped: a line that ends out of sight would look like the whole command.
 */
export const Code = (props: { title: string; text: string; shell?: boolean }) => (
  <figure class={props.shell === true ? "code shell" : "code"}>
    <figcaption>{props.title}</figcaption>
    <pre tabindex={0} role="group" aria-label={props.title}>
      <code>{props.text}</code>
    </pre>
  </figure>
);

export const json = (value: unknown) => JSON.stringify(value, null, 2);

/**
 * A table that becomes a list of cards on a narrow screen. The roles keep it a table for screen
 * readers when its display changes.
 */
export const Table = (props: {
  label: string;
  kind?: "fields";
  head: readonly string[];
  rows: readonly { id?: string; depth?: number; cells: readonly Child[] }[];
}) => (
  <table role="table" class={props.kind} aria-label={props.label}>
    <thead role="rowgroup">
      <tr role="row">
        {props.head.map((name) => (
          <th role="columnheader" scope="col">
            {name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody role="rowgroup">
      {props.rows.map(({ id, depth = 0, cells }) => (
        <tr role="row" id={id} class={`depth-${depth}`}>
          {cells.map((cell, at) =>
            at === 0 ? (
              <th role="rowheader" scope="row">
                {cell}
              </th>
            ) : (
              <td role="cell" data-label={props.head[at]}>
                {cell}
              </td>
            ),
          )}
        </tr>
      ))}
    </tbody>
  </table>
);

/** A name that may break after an underscore or a dot, and nowhere else. */
export const Breakable = ({ name }: { name: string }) => (
  <>
    {name.split(/(?<=[_.])/).map((part, at) => (
      <>
        {at === 0 ? null : <wbr />}
        {part}
      </>
    ))}
  </>
);

export const ErrorLink = ({ code }: { code: string }) => (
  <a href={`#${errorAnchor(code)}`}>
    <code>{code}</code>
  </a>
);

/** To a file of docs/guides. */
export const GuideLink = ({ slug, children }: { slug: string; children: Child }) => (
  <a href={guidePath(slug)}>{children}</a>
);

export const ObjectLink = ({ name }: { name: string }) =>
  isShown(name) ? <a href={`#${objectAnchor(name)}`}>{name}</a> : <>{name}</>;

/** More values than this hide behind a click. */
const VALUES_SHOWN = 10;

const chips = (values: readonly string[]) =>
  values.map((value, at) => (
    <>
      {at === 0 ? "" : " "}
      <code class="chip">{value}</code>
    </>
  ));

function Values({ values }: { values: readonly string[] }) {
  if (values.length === 0) return null;
  if (values.length <= VALUES_SHOWN) {
    return (
      <p class="values">
        {values.length === 1 ? "Always " : "One of "}
        {chips(values)}
      </p>
    );
  }
  return (
    <details class="values">
      <summary>{values.length} values</summary>
      <p>{chips(values)}</p>
    </details>
  );
}

function Limits({ limits }: { limits: readonly string[] }) {
  return limits.length === 0 ? null : <p class="limits">{limits.join(" · ")}</p>;
}

/** Fields or parameters. `asked`: of a request, where it matters which are required. */
export const FieldTable = (props: {
  label: string;
  rows: readonly FieldRow[];
  asked?: boolean;
}) => (
  <Table
    label={props.label}
    kind="fields"
    head={["Name", "Type and limits", "Meaning"]}
    rows={props.rows.map((row) => ({
      depth: row.parents.length,
      cells: [
        <>
          <code class="name">
            <span class="parents">
              <Breakable name={row.parents.map((parent) => `${parent}.`).join("")} />
            </span>
            <wbr />
            <Breakable name={row.name} />
          </code>
          {props.asked === true ? (
            <span class={row.required ? "required" : "optional"}>
              {row.required ? "required" : "optional"}
            </span>
          ) : null}
        </>,
        <>
          <span class="type">{row.type}</span>
          <Limits limits={row.limits} />
        </>,
        <>
          {row.description === "" ? null : <Text>{row.description}</Text>}
          <Values values={row.values} />
        </>,
      ],
    }))}
  />
);
