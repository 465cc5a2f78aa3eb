/**
 * A bank's message as a flat list: "data.amount" -> its text exactly as it was written. Amounts keep
 * their digits that way; JSON.parse would turn 10.10 into a float first.
 *
 * Attack: where a name is given twice, each reader picks its own. Such a message is refused, as are
 * texts that nest or spread without end.
 */
import { err, ok, type Result } from "../../result.ts";

export interface Scalar {
  readonly kind: "text" | "number" | "boolean" | "null";
  /** Unescaped for texts, verbatim for all others. */
  readonly text: string;
}

/** Path -> value; members are joined by dots, items of lists are named 0, 1, 2 … */
export type Fields = ReadonlyMap<string, Scalar>;

/** Real messages carry about thirty. */
const FIELD_LIMIT = 500;
const DEPTH_LIMIT = 16;

interface Frame {
  readonly path: string;
  readonly list: boolean;
  /** The next item of a list. */
  index: number;
  /** The member whose value is being read; null: a name comes next. */
  name: string | null;
  readonly names: Set<string>;
}

const TOKEN = /\s*([{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+)/y;

function scalarOf(token: string): Scalar {
  if (token.startsWith('"')) return { kind: "text", text: JSON.parse(token) as string };
  if (token === "null") return { kind: "null", text: token };
  if (token === "true" || token === "false") return { kind: "boolean", text: token };
  return { kind: "number", text: token };
}

const pathIn = (frame: Frame | undefined): string => {
  if (frame === undefined) return "";
  const name = frame.list ? String(frame.index) : (frame.name ?? "");
  return frame.path === "" ? name : `${frame.path}.${name}`;
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The scalars of a JSON text. */
export function readJson(text: string): Result<Fields, string> {
  // From here on the tokens are known to come in a legal order.
  if (!isJson(text)) return err("the body is not JSON");
  const fields = new Map<string, Scalar>();
  const frames: Frame[] = [];
  const tokens = new RegExp(TOKEN);
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const token = match[1] ?? "";
    const frame = frames.at(-1);
    if (token === "{" || token === "[") {
      if (frames.length >= DEPTH_LIMIT) return err("the body is nested too deeply");
      const path = pathIn(frame);
      frames.push({ path, list: token === "[", index: 0, name: null, names: new Set() });
    } else if (token === "}" || token === "]") {
      frames.pop();
    } else if (token === ",") {
      if (frame !== undefined) [frame.index, frame.name] = [frame.index + 1, null];
    } else if (token !== ":") {
      const fault = takeToken(token, frame, fields);
      if (fault !== null) return err(fault);
    }
  }
  return ok(fields);
}

/** A name or a scalar. */
function takeToken(
  token: string,
  frame: Frame | undefined,
  fields: Map<string, Scalar>,
): string | null {
  if (frame !== undefined && !frame.list && frame.name === null) {
    const name = JSON.parse(token) as string;
    if (frame.names.has(name)) return "a field is given twice";
    frame.names.add(name);
    frame.name = name;
    return null;
  }
  const path = pathIn(frame);
  // {"a.b": 1} and {"a": {"b": 2}} would be one path.
  if (fields.has(path)) return "a field is given twice";
  if (fields.size >= FIELD_LIMIT) return "too many fields";
  fields.set(path, scalarOf(token));
  return null;
}

/** The fields of a form, decoded once. */
export function readForm(text: string): Result<Fields, string> {
  const fields = new Map<string, Scalar>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) return err("a field is given twice");
    if (fields.size >= FIELD_LIMIT) return err("too many fields");
    fields.set(name, { kind: "text", text: value });
  }
  return ok(fields);
}

/** A text or the digits of a number; null when it is neither, absent or empty. */
export function textAt(fields: Fields, path: string): string | null {
  const found = fields.get(path);
  if (found === undefined || found.text === "") return null;
  return found.kind === "text" || found.kind === "number" ? found.text : null;
}

/** The fields below a path, by the rest of their names. */
export const below = (fields: Fields, path: string): Fields =>
  new Map(
    [...fields].flatMap(([name, value]) =>
      name.startsWith(`${path}.`) ? [[name.slice(path.length + 1), value] as const] : [],
    ),
  );

/** The items of a list; "" stands for a text that is a list itself. */
export function itemsAt(fields: Fields, path: string): Fields[] {
  const items: Fields[] = [];
  const prefix = path === "" ? "" : `${path}.`;
  for (let index = 0; index < FIELD_LIMIT; index += 1) {
    const item = below(fields, `${prefix}${index}`);
    if (item.size === 0) return items;
    items.push(item);
  }
  return items;
}
