/**
 * The form for a channel's credentials, from the JSON Schema that `GET /v1/channels` answers with, and
 * the way back: what was typed, as the JSON that the API takes. Pure. The API checks the values; the
 * form only knows which kind of field each of them needs.
 */

/** The part of JSON Schema that credentials use. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly description?: string;
  readonly maxLength?: number;
}

export interface CredentialField {
  /** Dotted path, as the API's issues name it: `credentials.bank.secret`. */
  readonly name: string;
  readonly label: string;
  readonly hint: string | null;
  readonly required: boolean;
  /** `pem`: several lines, a key or a certificate. */
  readonly kind: "text" | "pem" | "number" | "choice" | "yes_no";
  readonly options: readonly string[];
  readonly maxLength: number | null;
  /** Never shown again, also not in a form that comes back with an error. */
  readonly secret: boolean;
}

export interface CredentialGroup {
  /** Path of the object that the fields belong to; the first group is `credentials` itself. */
  readonly name: string;
  readonly title: string;
  readonly hint: string | null;
  readonly fields: readonly CredentialField[];
  /** A further row of a list, which most accounts do not need. */
  readonly further: boolean;
}

/** What a list of objects offers at once; more rows come with the new version of the credentials. */
const LIST_ROWS = 3;

const ROOT = "credentials";
const PEM_LENGTH = 4_096;

/** Words that are written in another way than in a field's name. */
const WORDS: Readonly<Record<string, string>> = {
  id: "ID",
  api: "API",
  url: "URL",
  uen: "UEN",
  bin: "BIN",
  fps: "FPS",
  pan: "PAN",
  mcc: "MCC",
  aes: "AES",
  qr: "QR",
  no: "number",
  cert: "certificate",
  mch: "merchant",
  appid: "AppID",
  mchid: "MchID",
  sp: "service provider",
  sub: "sub-merchant",
  sys: "system",
  auth: "authorization",
  wechat: "WeChat",
  alipay: "Alipay",
  antom: "Antom",
  reference2: "reference 2",
};

/** `api_v3_key` becomes "API v3 key". */
export function labelOf(name: string): string {
  const words = name.split("_").map((word) => WORDS[word] ?? word);
  const text = words.join(" ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const PUBLIC_NAMES = /(^|_)(public_key|cert|certificate)$/;
const SECRET_NAMES = /(^|_)(key|secret|password|token)$/;
const SECRET_WORDS = /api.?key|secret/i;

/** By name, and by what the channel says of it: one bank hides its key in a "username". */
const isSecret = (name: string, { type, description = "" }: Schema): boolean =>
  type === "string" &&
  !PUBLIC_NAMES.test(name) &&
  (SECRET_NAMES.test(name) || SECRET_WORDS.test(description));

function kindOf(name: string, schema: Schema): CredentialField["kind"] {
  if (schema.enum !== undefined) return "choice";
  if (schema.type === "boolean") return "yes_no";
  if (schema.type === "integer" || schema.type === "number") return "number";
  const mayBePem = PUBLIC_NAMES.test(name) || SECRET_NAMES.test(name);
  return mayBePem && (schema.maxLength ?? 0) >= PEM_LENGTH ? "pem" : "text";
}

function fieldOf(path: string, name: string, schema: Schema, required: boolean): CredentialField {
  return {
    name: `${path}.${name}`,
    label: labelOf(name),
    hint: schema.description ?? null,
    required,
    kind: kindOf(name, schema),
    options: (schema.enum ?? []).map(String),
    maxLength: schema.maxLength ?? null,
    secret: isSecret(name, schema),
  };
}

const constantOf = (schema: Schema, name: string): string | null => {
  const value = schema.properties?.[name]?.const;
  return typeof value === "string" ? value : null;
};

/** The choice that decides which fields there are, such as the bank's profile; null: there is none. */
export function variantsOf(schema: Schema): { name: string; options: string[] } | null {
  for (const [name, { oneOf }] of Object.entries(schema.properties ?? {})) {
    if (oneOf === undefined) continue;
    const options = oneOf.flatMap((one) => constantOf(one, "profile") ?? []);
    if (options.length > 0) return { name, options };
  }
  return null;
}

const variantOf = (schema: Schema, variant: string | null): Schema | null =>
  schema.oneOf === undefined
    ? schema
    : (schema.oneOf.find((one) => constantOf(one, "profile") === variant) ?? null);

function groupsBelow(
  path: string,
  title: string,
  schema: Schema,
  variant: string | null,
  needed: boolean,
): CredentialGroup[] {
  const own: CredentialField[] = [];
  const below: CredentialGroup[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.const !== undefined) continue;
    const required = needed && (schema.required ?? []).includes(name);
    const inner = variantOf(property, variant);
    if (inner === null) continue;
    if (inner.type === "array" && inner.items !== undefined) {
      for (let row = 0; row < LIST_ROWS; row += 1) {
        const rowTitle = `${labelOf(name)} · ${row + 1}`;
        const [group] = groupsBelow(
          `${path}.${name}.${row}`,
          rowTitle,
          inner.items,
          variant,
          false,
        );
        if (group === undefined) continue;
        below.push({
          ...group,
          hint: row === 0 ? (inner.description ?? null) : null,
          further: row > 0,
        });
      }
    } else if (inner.properties !== undefined) {
      below.push(...groupsBelow(`${path}.${name}`, labelOf(name), inner, variant, required));
    } else {
      own.push(fieldOf(path, name, inner, required));
    }
  }
  return [
    { name: path, title, hint: schema.description ?? null, fields: own, further: false },
    ...below,
  ];
}

/** @param variant the chosen profile, where {@link variantsOf} says that one is to be chosen */
export const credentialGroups = (schema: Schema, variant: string | null): CredentialGroup[] =>
  groupsBelow(ROOT, "Credentials", schema, variant, true).filter(({ fields }) => fields.length > 0);

/** What was typed, by the field's name; empty when it was not. */
export type Typed = (name: string) => string;

function scalar(schema: Schema, text: string): unknown {
  if (schema.type === "integer" || schema.type === "number") {
    return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
  }
  if (schema.type === "boolean") return text === "true";
  return text;
}

/** Undefined: nothing was typed here, the field is left out. */
function valueOf(path: string, schema: Schema, variant: string | null, typed: Typed): unknown {
  if (schema.const !== undefined) return schema.const;
  const inner = variantOf(schema, variant);
  if (inner === null) return undefined;
  if (inner.type === "array" && inner.items !== undefined) {
    const { items } = inner;
    return Array.from({ length: LIST_ROWS }, (_, row) =>
      valueOf(`${path}.${row}`, items, variant, typed),
    ).filter((entry) => entry !== undefined);
  }
  if (inner.properties === undefined) {
    const text = typed(path).trim();
    return text === "" ? undefined : scalar(inner, text);
  }
  const entries = Object.entries(inner.properties)
    .map(
      ([name, property]) => [name, valueOf(`${path}.${name}`, property, variant, typed)] as const,
    )
    .filter(([, value]) => value !== undefined);
  // A bank that was chosen stays chosen: the API then names what is missing for it.
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** The API's `credentials`, from what was typed. */
export const credentialsFrom = (schema: Schema, variant: string | null, typed: Typed): unknown =>
  valueOf(ROOT, schema, variant, typed) ?? {};

/** What may be shown again of it, by field name: no secrets. Blank rows of lists have moved up. */
export function shownAgain(
  groups: readonly CredentialGroup[],
  credentials: unknown,
): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  for (const { name, secret } of groups.flatMap(({ fields }) => fields)) {
    if (secret) continue;
    let value: unknown = { [ROOT]: credentials };
    for (const part of name.split(".")) {
      value = (value as Record<string, unknown> | undefined)?.[part];
    }
    if (typeof value === "string") shown.set(name, value);
    else if (typeof value === "number" || typeof value === "boolean") shown.set(name, `${value}`);
  }
  return shown;
}
