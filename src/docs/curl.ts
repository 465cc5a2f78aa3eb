/** An operation as a command for the shell that works when it is pasted. */
import { ID_PREFIXES } from "../ids.ts";
import { bodyExample } from "./examples.ts";
import type { Parameter, PlacedOperation, Schema } from "./model.ts";

const KIND_OF_PREFIX = new Map(
  Object.entries(ID_PREFIXES).map(([kind, prefix]) => [prefix as string, kind]),
);

const upperSnake = (camel: string) =>
  camel.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();

/**
 * What stands for a path parameter: a fixed value where every deployment has it, else a shell
 * variable named after the kind of object, since nobody's ids are known here.
 */
function placeholder({ name, schema = {} }: Parameter): string {
  const given = schema.example ?? schema.enum?.[0] ?? (schema.type === "integer" ? "1" : undefined);
  const example = typeof given === "string" ? given : undefined;
  const prefix = /^([a-z]+)_[0-9a-z]{26}$/.exec(example ?? "")?.[1];
  const kind = prefix === undefined ? undefined : KIND_OF_PREFIX.get(prefix);
  if (kind !== undefined) return `$${upperSnake(kind)}_ID`;
  if (prefix !== undefined) return "$ID";
  return example ?? `$${upperSnake(name)}_ID`;
}

/** Single quotes keep everything as it is, except a single quote. */
const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function credentials({ operation }: PlacedOperation): string[] {
  const schemes = (operation.security ?? []).flatMap((entry) => Object.keys(entry));
  if (schemes.includes("admin")) return ['-H "Authorization: Bearer $ADMIN_TOKEN"'];
  return schemes.includes("bearer") ? ['-H "Authorization: Bearer $KEY"'] : [];
}

/** Money is asked for here: the line that makes a repeat harmless belongs to the example. */
const SHOWN_WITH_KEY: Readonly<Record<string, string>> = { createPaymentIntent: "order-1002" };

function idempotency({ operation }: PlacedOperation): string[] {
  const key = SHOWN_WITH_KEY[operation.operationId ?? ""];
  return key === undefined ? [] : [`-H "Idempotency-Key: ${key}"`];
}

/** `curl` with one argument a line. `origin` has no slash at the end. */
export function curlOf(
  placed: PlacedOperation,
  origin: string,
  schemas: Readonly<Record<string, Schema>>,
): string {
  const { method, path, operation } = placed;
  const url = path.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const parameter = operation.parameters?.find(
      (each) => each.in === "path" && each.name === name,
    );
    return parameter === undefined ? whole : placeholder(parameter);
  });
  const body = bodyExample(operation, schemas);
  const lines = [
    `curl${method === "get" ? "" : ` -X ${method.toUpperCase()}`} "${origin}${url}"`,
    ...credentials(placed),
    ...idempotency(placed),
    ...(body === undefined
      ? []
      : ['-H "Content-Type: application/json"', `-d ${quote(JSON.stringify(body, null, 2))}`]),
  ];
  return lines.join(" \\\n  ");
}
