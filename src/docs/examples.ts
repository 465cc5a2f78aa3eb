/** Example values, made from a schema: its own example first, then a sample, then its shape. */
import {
  alternatives,
  isNullable,
  type Operation,
  refName,
  resolve,
  type Schema,
} from "./model.ts";
import { ANSWERS, BODIES, SAMPLES } from "./samples.ts";

type Schemas = Readonly<Record<string, Schema>>;

const BY_FORMAT: Readonly<Record<string, string>> = {
  "date-time": "2026-11-01T08:30:00.000Z",
  uri: "https://shop.example/",
  email: "owner@corner.example",
};

function plain({ type: types, format, minimum }: Schema): unknown {
  const [type] = [types ?? []].flat();
  if (type === "string") return BY_FORMAT[format ?? ""] ?? "text";
  if (type === "integer" || type === "number") return minimum ?? 1;
  return type === "boolean" ? false : null;
}

/** A value that fits the schema. `all` shows optional fields too, else only required ones. */
export function exampleOf(schema: Schema, schemas: Schemas, all = true): unknown {
  const name = refName(schema);
  const sample = name === null ? undefined : SAMPLES[name];
  if (sample !== undefined) return sample;
  const target = resolve(schema, schemas);
  if (target.example !== undefined) return target.example;
  if (target.const !== undefined) return target.const;
  if (target.default !== undefined) return target.default;
  if (isNullable(target)) return null;
  const [first] = alternatives(target);
  if (first !== undefined && first !== target) return exampleOf(first, schemas, all);
  if (target.enum !== undefined) return target.enum[0];
  if (target.items !== undefined) return [exampleOf(target.items, schemas, all)];
  if (target.type === "object") return objectExample(schema, target, schemas, all);
  return plain(target);
}

function objectExample(schema: Schema, target: Schema, schemas: Schemas, all: boolean) {
  // Of an object that extends a component, the component's sample is the better part.
  const parts = (schema.allOf ?? []).map((part) => exampleOf(part, schemas, all));
  const fields = Object.entries(target.properties ?? {}).filter(
    ([field]) => all || target.required?.includes(field) === true,
  );
  const made = Object.fromEntries(
    fields.map(([field, inner]) => [field, exampleOf(inner, schemas, all)]),
  );
  return { ...made, ...(Object.assign({}, ...parts) as Record<string, unknown>) };
}

/** The example body of an operation, or undefined when it takes none. */
export function bodyExample(operation: Operation, schemas: Schemas): unknown {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (schema === undefined) return undefined;
  return BODIES[operation.operationId ?? ""] ?? exampleOf(schema, schemas, false);
}

/** The example answer of an operation in one of its success responses. */
export function answerExample(operation: Operation, schema: Schema, schemas: Schemas): unknown {
  const made = exampleOf(schema, schemas);
  const change = ANSWERS[operation.operationId ?? ""];
  return change === undefined ? made : { ...(made as Record<string, unknown>), ...change };
}
