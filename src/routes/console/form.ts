/** What a person typed. Always text; the API decides what it is worth. */
import { apiError } from "../../errors.ts";
import type { ConsoleContext } from "./env.ts";

/** The session's token in a form, and in the header that htmx sends. */
export const CSRF_FIELD = "_csrf";
export const CSRF_HEADER = "X-CSRF-Token";

/** The field of the key that a form was rendered with. */
export const KEY_FIELD = "_key";

export interface Form {
  /** Trimmed; empty when the form has no such field. */
  text(name: string): string;
  /** As it was typed, for secrets and keys in several lines. */
  raw(name: string): string;
  /** All values of a group of checkboxes. */
  all(name: string): string[];
  has(name: string): boolean;
  /** `Idempotency-Key` for the API. */
  readonly key: string | undefined;
}

/** @throws ApiError for what says that it is a form and is none: no browser sends that. */
async function parse(c: ConsoleContext) {
  try {
    return await c.req.parseBody({ all: true });
  } catch (error) {
    if (error instanceof TypeError) throw apiError("INVALID_REQUEST", "The form is not readable.");
    throw error;
  }
}

/** Reads a form that a page posted. Files are not taken. */
export async function readForm(c: ConsoleContext): Promise<Form> {
  const body = await parse(c);
  const all = (name: string): string[] => {
    const value = body[name];
    const values = Array.isArray(value) ? value : [value];
    return values.filter((item) => typeof item === "string");
  };
  const raw = (name: string) => all(name)[0] ?? "";
  const key = raw(KEY_FIELD);
  return {
    all,
    raw,
    text: (name) => raw(name).trim(),
    has: (name) => all(name).length > 0,
    key: /^[\x21-\x7e]{1,255}$/.test(key) ? key : undefined,
  };
}
