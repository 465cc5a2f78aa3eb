/** The parts of an OpenAPI 3.1 document that are read and written here, as types. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  prefixItems?: Schema[];
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
}

export type Content = Record<string, Media>;

export interface Reply {
  description: string;
  content?: Content;
  headers?: Record<string, { $ref: string }>;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  "x-scope"?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, Reply>;
}

/** In the order in which a path's operations are shown: making comes before reading. */
export const METHODS = ["post", "get", "put", "patch", "delete"] as const;
export type Method = (typeof METHODS)[number];
export type PathItem = Partial<Record<Method, Operation>>;

export interface Tag {
  name: string;
  description?: string;
}

export interface ApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers?: { url: string; description?: string }[];
  tags: Tag[];
  paths: Record<string, PathItem>;
  webhooks: Record<string, PathItem>;
  components: {
    schemas: Record<string, Schema>;
    securitySchemes: Record<string, Record<string, unknown>>;
    headers: Record<string, { description: string; schema: Schema }>;
  };
}

export interface PlacedOperation {
  readonly method: Method;
  readonly path: string;
  readonly operation: Operation;
}

/** Every operation of the document with its place, in the document's order. */
export const operationsOf = (document: Pick<ApiDocument, "paths">): PlacedOperation[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method, path, operation }];
    }),
  );

const REF = "#/components/schemas/";

export const refTo = (name: string): Schema => ({ $ref: `${REF}${name}` });

/** The name of the component that a schema points to, or null. */
export const refName = (schema: Schema): string | null =>
  schema.$ref?.startsWith(REF) === true ? schema.$ref.slice(REF.length) : null;

type Schemas = Readonly<Record<string, Schema>>;

/** The schema itself: a reference followed, the parts of an `allOf` merged into one object. */
export function resolve(schema: Schema, schemas: Schemas): Schema {
  const name = refName(schema);
  if (name !== null) {
    const target = schemas[name];
    if (target === undefined) throw new RangeError(`no schema ${name}`);
    return resolve(target, schemas);
  }
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map((part) => resolve(part, schemas));
  return {
    ...schema,
    type: "object",
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})) as Record<
      string,
      Schema
    >,
    required: parts.flatMap((part) => part.required ?? []),
  };
}

/** The alternatives of a schema, `null` left out; the schema itself when it has none. */
export const alternatives = (schema: Schema): Schema[] =>
  (schema.oneOf ?? schema.anyOf ?? [schema]).filter(({ type }) => type !== "null");

/** Whether `null` is among the values. */
export const isNullable = (schema: Schema): boolean =>
  schema.type === "null" ||
  (Array.isArray(schema.type) && schema.type.includes("null")) ||
  (schema.oneOf ?? schema.anyOf ?? []).some(isNullable);
