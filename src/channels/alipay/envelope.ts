/**
 * The frame of a gateway reply: one JSON object whose members must be had as the bytes that were
 * sent, because the signature covers the raw text of one member (`\/`, `\u…` and blanks included).
 * Alipay's "response format and verification" page; no cryptography here.
 */
import { err, ok, type Result } from "../../result.ts";
import { parseJson } from "../json.ts";

/** Real replies nest three or four deep. Deeper text is not a reply. */
const NESTING_LIMIT = 32;

/** Member name -> the member's value exactly as it was sent, without the blanks around it. */
export type RawMembers = ReadonlyMap<string, string>;

const isBlank = (char: string | undefined): boolean =>
  char === " " || char === "\t" || char === "\n" || char === "\r";

const skipBlanks = (text: string, from: number): number => {
  let at = from;
  while (isBlank(text[at])) at += 1;
  return at;
};

/** The index after the closing quote of the string that opens at `from`. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The index after the value that begins at `from`, in text that is known to be JSON. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at];
    if (char === '"') {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    if (depth === 0 && (char === "," || isBlank(char))) return at;
    at += 1;
  }
  return at;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const char = text[at];
    if (char === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") depth -= 1;
    if (depth > NESTING_LIMIT) return true;
    at += 1;
  }
  return false;
}

/**
 * The top-level members of a JSON object as raw slices. Never throws. The native parser first
 * proves that the whole text is one JSON value with nothing behind it, so the walk that follows
 * only has to find the borders.
 *
 * Duplicate names are refused, compared after their escapes are read. Attack:
 * `{"X_response":{genuine},"sign":"genuine","X_response":{forged}}` makes a reader that verifies
 * the first member and uses the last one accept a forged payment.
 */
export function readEnvelope(text: string): Result<RawMembers, string> {
  if (isTooDeep(text)) return err("nested too deeply");
  const parsed = parseJson(text);
  if (parsed === undefined) return err("not JSON");
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return err("not a JSON object");
  }
  const members = new Map<string, string>();
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const name = parseJson(text.slice(at, nameEnd));
    const colon = skipBlanks(text, nameEnd);
    const from = skipBlanks(text, colon + 1);
    const end = valueEnd(text, from);
    if (typeof name !== "string") return err("not a JSON object");
    if (members.has(name)) return err("duplicate top-level member");
    members.set(name, text.slice(from, end));
    at = skipBlanks(text, end);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
  }
  return ok(members);
}

/** The member that answers `method`, as raw text. Gateway errors have a name of their own. */
export const answerNode = (members: RawMembers, method: string): string | null =>
  members.get(`${method.replaceAll(".", "_")}_response`) ??
  members.get("error_response") ??
  members.get("null_response") ??
  null;

/** A member that must be a JSON string. */
export function stringMember(members: RawMembers, name: string): string | null {
  const raw = members.get(name);
  const value = raw === undefined ? undefined : parseJson(raw);
  return typeof value === "string" ? value : null;
}
