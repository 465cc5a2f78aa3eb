/** The reference: every resource with its object and its operations, from the document alone. */
import { ERROR_CODES } from "../errors.ts";
import { isShown, objectAnchor, tagAnchor } from "./anchors.ts";
import { curlOf } from "./curl.ts";
import { exampleOf } from "./examples.ts";
import { fieldRows, parameterRow } from "./fields.ts";
import {
  type ApiDocument,
  operationsOf,
  type Parameter,
  type PlacedOperation,
  refName,
  refTo,
  type Reply,
  type Schema,
} from "./model.ts";
import { Code, ErrorLink, FieldTable, json, ObjectLink, Text } from "./parts.tsx";
import { OBJECTS } from "./tags.ts";

interface Site {
  readonly document: ApiDocument;
  /** Where the API is, without a slash at the end. */
  readonly origin: string;
}

/** Channels call these, nobody else: there is nothing to paste. */
const NOT_FOR_PASTING = new Set(["receiveCallback"]);

export const operationsWith = (document: ApiDocument, tag: string): PlacedOperation[] =>
  operationsOf(document).filter(({ operation }) => operation.tags?.includes(tag) === true);

export const Reference = ({ document, origin }: Site) => (
  <>
    {document.tags.map(({ name, description }) => (
      <section class="resource" id={tagAnchor(name)} aria-labelledby={`${tagAnchor(name)}-title`}>
        <h2 id={`${tagAnchor(name)}-title`}>{name}</h2>
        {description === undefined ? null : (
          <p class="lead">
            <Text>{description}</Text>
          </p>
        )}
        {operationsWith(document, name).map((placed) => (
          <OperationSection placed={placed} document={document} origin={origin} />
        ))}
        {(OBJECTS[name] ?? []).map((object) => (
          <ObjectSection name={object} document={document} />
        ))}
      </section>
    ))}
  </>
);

function ObjectSection({ name, document }: { name: string; document: ApiDocument }) {
  const schema = document.components.schemas[name];
  if (schema === undefined) return null;
  const title = `${objectAnchor(name)}-title`;
  return (
    <section class="entry" id={objectAnchor(name)} aria-labelledby={title}>
      <div class="words">
        <h3 id={title}>The {name} object</h3>
        <FieldTable
          label={`Fields of ${name}`}
          rows={fieldRows(schema, document.components.schemas)}
        />
      </div>
      <div class="examples">
        <Code title={name} text={json(exampleOf(refTo(name), document.components.schemas))} />
      </div>
    </section>
  );
}

function OperationSection(props: { placed: PlacedOperation } & Site) {
  const { placed, document, origin } = props;
  const { method, path, operation } = placed;
  const { operationId = "", summary = "", description } = operation;
  const { schemas } = document.components;
  return (
    <section class="entry" id={operationId} aria-labelledby={`${operationId}-title`}>
      <div class="words">
        <h3 id={`${operationId}-title`}>
          <a href={`#${operationId}`}>
            <Text>{summary}</Text>
          </a>
        </h3>
        <p class="endpoint">
          <span class={`verb ${method}`}>{method.toUpperCase()}</span> <code>{path}</code>
        </p>
        <Access placed={placed} />
        {description === undefined ? null : (
          <p>
            <Text>{description}</Text>
          </p>
        )}
        <Parameters placed={placed} schemas={schemas} />
        <Body placed={placed} schemas={schemas} />
        <Answers placed={placed} schemas={schemas} />
        <Errors placed={placed} />
      </div>
      <div class="examples">
        {NOT_FOR_PASTING.has(operationId) ? null : (
          <Code title="Request" text={curlOf(placed, origin, schemas)} shell />
        )}
        <ExampleAnswer placed={placed} />
      </div>
    </section>
  );
}

function Access({ placed: { operation } }: { placed: PlacedOperation }) {
  const schemes = (operation.security ?? []).flatMap((entry) => Object.keys(entry));
  const scope = operation["x-scope"] ?? "";
  const keyed = operation.parameters?.some(({ name }) => name === "Idempotency-Key") === true;
  return (
    <p class="access">
      {schemes.length === 0 ? "Needs no key" : null}
      {schemes.includes("admin") ? "Needs the operator's token" : null}
      {schemes.includes("bearer") && scope === "" ? "Any key" : null}
      {schemes.includes("bearer") && scope !== "" ? (
        <>
          Scope <code>{scope}</code>
        </>
      ) : null}
      {keyed ? (
        <>
          {" · "}
          <a href="#idempotency">Idempotency-Key</a>
        </>
      ) : null}
    </p>
  );
}

type Part = { placed: PlacedOperation; schemas: Readonly<Record<string, Schema>> };

const PLACES: readonly (readonly [Parameter["in"], string])[] = [
  ["path", "Path parameters"],
  ["query", "Query parameters"],
];

const Parameters = ({ placed: { operation }, schemas }: Part) => (
  <>
    {PLACES.map(([place, title]) => {
      const here = (operation.parameters ?? []).filter((each) => each.in === place);
      return here.length === 0 ? null : (
        <>
          <h4>{title}</h4>
          <FieldTable
            label={title}
            rows={here.map((each) => parameterRow(each, schemas))}
            asked={true}
          />
        </>
      );
    })}
  </>
);

function Body({ placed: { operation }, schemas }: Part) {
  const body = operation.requestBody;
  const schema = body?.content["application/json"]?.schema;
  if (schema === undefined) return null;
  return (
    <>
      <h4>Body</h4>
      {body?.required === true ? null : <p>May be left out.</p>}
      <FieldTable label="Body" rows={fieldRows(schema, schemas)} asked={true} />
    </>
  );
}

const isSuccess = (status: string) => Number(status) < 400;

const repliesOf = ({ operation }: PlacedOperation, success: boolean) =>
  Object.entries(operation.responses).filter(([status]) => isSuccess(status) === success);

/** What an answer holds: an object that the page shows, maybe in a list, maybe with more fields. */
function contentOf(reply: Reply, schemas: Readonly<Record<string, Schema>>) {
  const schema = reply.content?.["application/json"]?.schema;
  if (schema === undefined) return null;
  const entry = schema.properties?.["data"]?.items;
  const list = entry !== undefined && schema.properties?.["has_more"] !== undefined;
  const held = list ? entry : schema;
  const named = refName(held);
  const parts = (named === null ? held : schemas[named])?.allOf;
  const base = parts?.map(refName).find((name) => name !== null) ?? null;
  if (base !== null) {
    const extra = parts?.filter((part) => refName(part) === null) ?? [];
    return { list, name: base, rows: fieldRows({ allOf: extra }, schemas) };
  }
  const shown = named !== null && isShown(named);
  return { list, name: named, rows: shown ? [] : fieldRows(held, schemas) };
}

const Answers = ({ placed, schemas }: Part) => (
  <>
    <h4>Answers</h4>
    <ul class="answers">
      {repliesOf(placed, true).map(([status, reply]) => {
        const content = contentOf(reply, schemas);
        return (
          <li>
            <code class="status">{status}</code> <Text>{reply.description}</Text>{" "}
            {content?.name == null ? null : (
              <span class="holds">
                {content.list ? "List of " : ""}
                <ObjectLink name={content.name} />
              </span>
            )}
            {content === null || content.rows.length === 0 ? null : (
              <FieldTable label={`Fields of answer ${status}`} rows={content.rows} />
            )}
          </li>
        );
      })}
    </ul>
  </>
);

const codesIn = (reply: Reply) =>
  ERROR_CODES.filter((code) => reply.description.split(", ").includes(code));

function Errors({ placed }: { placed: PlacedOperation }) {
  const replies = repliesOf(placed, false).filter(([, reply]) => codesIn(reply).length > 0);
  if (replies.length === 0) return null;
  return (
    <>
      <h4>Errors</h4>
      <dl class="errors">
        {replies.map(([status, reply]) => (
          <>
            <dt>
              <code class="status">{status}</code>
            </dt>
            <dd>
              {codesIn(reply).map((code, at) => (
                <>
                  {at === 0 ? "" : " "}
                  <ErrorLink code={code} />
                </>
              ))}
            </dd>
          </>
        ))}
      </dl>
    </>
  );
}

function ExampleAnswer({ placed }: { placed: PlacedOperation }) {
  const [first] = repliesOf(placed, true);
  if (first === undefined) return null;
  const [status, reply] = first;
  const example = reply.content?.["application/json"]?.example;
  return example === undefined ? null : <Code title={`Answer ${status}`} text={json(example)} />;
}
