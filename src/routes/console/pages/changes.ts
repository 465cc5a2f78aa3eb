/** Before and after of an entry of the audit log, as rows that a person can compare. Pure. */

export interface Change {
  /** Dotted path of the field. */
  readonly field: string;
  /** Null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");

function leaves(value: Json, path = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, inner] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (isObject(inner) && Object.keys(inner).length > 0) {
      for (const [below, text] of leaves(inner, at)) found.set(below, text);
    } else {
      found.set(at, textOf(inner));
    }
  }
  return found;
}

/** Every field that one of the sides has and that is not the same on both. */
export function changesOf(before: Json | null, after: Json | null): Change[] {
  const [old, fresh] = [leaves(before ?? {}), leaves(after ?? {})];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .map((field) => ({ field, before: old.get(field) ?? null, after: fresh.get(field) ?? null }))
    .filter((change) => change.before !== change.after);
}
