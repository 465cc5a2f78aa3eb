/** A schema as the rows of a table: one per field, nested objects below their field. */
import { alternatives, isNullable, refName, resolve, type Schema } from "./model.ts";

type Schemas = Readonly<Record<string, Schema>>;

export interface FieldRow {
  /** The names of the objects around it, outermost first. */
  readonly parents: readonly string[];
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Limits in words: "1 to 100", "at most 64 characters". */
  readonly limits: readonly string[];
  /** The only values that there are. */
  readonly values: readonly string[];
  readonly description: string;
}

/** Patterns that read better in words. */
const PATTERNS: Readonly<Record<string, string>> = {
  "^[^\\u0000-\\u001f\\u007f]*$": "no control characters",
  "^[\\x21-\\x7e]{1,64}$": "1 to 64 printable ASCII characters, no spaces",
  "^[0-9A-Za-z]{10,64}$": "10 to 64 letters and digits",
};

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "time",
  uri: "URL",
  email: "e-mail address",
  ip: "IP address",
};

const DEEPEST = 4;

const between = (
  least: number | undefined,
  most: number | undefined,
  unit: string,
): string | null => {
  const after = unit === "" ? "" : ` ${unit}`;
  if (least !== undefined && most !== undefined) return `${least} to ${most}${after}`;
  if (least !== undefined) return `at least ${least}${after}`;
  return most === undefined ? null : `at most ${most}${after}`;
};

const SAFE = Number.MAX_SAFE_INTEGER;
const known = (limit: number | undefined) =>
  limit === undefined || Math.abs(limit) >= SAFE ? undefined : limit;

function limitsOf(schema: Schema): string[] {
  const least = schema.exclusiveMinimum === 0 ? 1 : known(schema.minimum);
  const { pattern } = schema;
  const rule = pattern === undefined ? null : (PATTERNS[pattern] ?? `matches ${pattern}`);
  const shown = schema.default === undefined ? null : JSON.stringify(schema.default);
  return [
    between(least, known(schema.maximum), ""),
    between(schema.minLength, schema.maxLength, "characters"),
    between(schema.minItems, schema.maxItems, "entries"),
    rule,
    shown === null ? null : `default ${shown}`,
  ].filter((limit) => limit !== null);
}

/** The type in words: "list of string", "Money", "string or null". */
function typeOf(schema: Schema, schemas: Schemas): string {
  const name = bare(schema, schemas);
  return isNullable(schema) && name !== "null" ? `${name} or null` : name;
}

function bare(schema: Schema, schemas: Schemas): string {
  if (refName(schema) !== null) return typeOf(resolve(schema, schemas), schemas);
  const options = alternatives(schema);
  if (options[0] !== schema && options.length > 0) {
    return [...new Set(options.map((option) => bare(option, schemas)))].join(" or ");
  }
  if (schema.items !== undefined) return `list of ${typeOf(schema.items, schemas)}`;
  if (schema.prefixItems !== undefined) return `list of ${schema.prefixItems.length}`;
  const types = [schema.type ?? []].flat().filter((type) => type !== "null");
  const [type = schema.type === "null" ? "null" : "any"] = types;
  if (type === "string") return FORMATS[schema.format ?? ""] ?? "string";
  return type === "object" && schema.properties === undefined ? "map" : type;
}

/** The objects that fields are in: of a list its entries, of alternatives each of them. */
function insides(schema: Schema, schemas: Schemas): Schema[] {
  const target = resolve(schema, schemas);
  if (target.items !== undefined) return insides(target.items, schemas);
  const options = alternatives(target);
  if (options[0] !== target) return options.flatMap((option) => insides(option, schemas));
  return target.properties === undefined ? [] : [target];
}

const valuesOf = (schema: Schema): string[] =>
  (schema.const === undefined ? (schema.enum ?? []) : [schema.const])
    .filter((value) => value !== null)
    .map(String);

/** The rows of a schema. Fields that several alternatives have are shown once, values joined. */
export function fieldRows(
  schema: Schema,
  schemas: Schemas,
  parents: readonly string[] = [],
): FieldRow[] {
  if (parents.length >= DEEPEST) return [];
  const objects = insides(schema, schemas);
  const names = [...new Set(objects.flatMap((each) => Object.keys(each.properties ?? {})))];
  return names.flatMap((name) => {
    const holders = objects.filter((each) => each.properties?.[name] !== undefined);
    const versions = holders.flatMap((each) => each.properties?.[name] ?? []);
    const [first] = versions;
    if (first === undefined) return [];
    const target = resolve(first, schemas);
    const entry = target.items === undefined ? target : resolve(target.items, schemas);
    const row: FieldRow = {
      parents,
      name,
      type: typeOf(first, schemas),
      required: objects.every((each) => each.required?.includes(name) === true),
      limits: [...limitsOf(target), ...(entry === target ? [] : limitsOf(entry))],
      values: versions.flatMap((version) => {
        const own = resolve(version, schemas);
        return valuesOf(own.items === undefined ? own : resolve(own.items, schemas));
      }),
      description: first.description ?? target.description ?? "",
    };
    return [row, ...fieldRows(first, schemas, [...parents, name])];
  });
}

/** A parameter's row, as if it were a field. */
export const parameterRow = (
  parameter: {
    name: string;
    required?: boolean;
    description?: string;
    schema?: Schema;
  },
  schemas: Schemas,
): FieldRow => {
  const schema = parameter.schema ?? {};
  const target = resolve(schema, schemas);
  return {
    parents: [],
    name: parameter.name,
    type: typeOf(schema, schemas),
    required: parameter.required === true,
    limits: limitsOf(target),
    values: valuesOf(target),
    description: parameter.description ?? target.description ?? "",
  };
};
