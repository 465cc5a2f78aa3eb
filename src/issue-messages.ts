/** One sentence for every fault that the validator can find: it says what to change. */
import type * as z from "zod";

type RawIssue = z.core.$ZodRawIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  tuple: "a list",
  null: "null",
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: "must be a time like 2026-11-01T08:30:00Z (write + as %2B in a URL)",
  email: "must be an email address",
  url: "must be a URL",
  ipv4: "must be an IP address",
  ipv6: "must be an IP address",
};

/** What a size counts; numbers count nothing. */
const UNITS: Readonly<Record<string, string>> = {
  string: "character",
  array: "item",
  record: "field",
};

const size = (origin: string, side: "most" | "least", limit: number | bigint): string => {
  const unit = UNITS[origin];
  if (unit === undefined) return `must be at ${side} ${limit}`;
  if (side === "least" && limit === 1) return "must not be empty";
  return `must have at ${side} ${limit} ${unit}${limit === 1 ? "" : "s"}`;
};

/**
 * The message of one fault, without the submitted value: it may be a secret. Messages that a schema
 * gives itself come first; this is asked for all others.
 */
export function issueMessage(issue: RawIssue): string {
  if (issue.code === "unrecognized_keys") return "unknown field; remove it";
  if (issue.code === "invalid_key") {
    const [first] = issue.issues ?? [];
    return first === undefined ? "has a name that is not valid" : `its name ${first.message}`;
  }
  if (issue.input === undefined && issue.code !== "custom") return "is required";
  if (issue.input === null) return "must not be null; leave it out";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${TYPES[issue.expected ?? ""] ?? "of another type"}`;
    case "invalid_value":
      return issue.values?.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${(issue.values ?? []).map(String).join(", ")}`;
    case "too_big":
      return issue.inclusive === false
        ? `must be less than ${issue.maximum}`
        : size(issue.origin ?? "", "most", issue.maximum ?? 0);
    case "too_small":
      return issue.inclusive === false
        ? `must be more than ${issue.minimum}`
        : size(issue.origin ?? "", "least", issue.minimum ?? 0);
    case "invalid_format":
      return FORMATS[issue.format ?? ""] ?? "does not have the right form";
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_union":
    case "invalid_element":
    case "custom":
    default:
      return "is not valid";
  }
}

/** A schema's own words, which do not hide that a field is missing or null. */
export const unlessMissing = (message: string) => ({
  error: ({ input }: { readonly input?: unknown }): string | undefined =>
    input === undefined || input === null ? undefined : message,
});
