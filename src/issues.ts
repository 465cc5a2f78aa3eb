/** What is wrong with a request, from what the validator found. */
import type { ZodError } from "zod";

import type { Issue } from "./errors.ts";

/** Path and message of each fault. Never the submitted value: it may be a secret. */
export function issuesOf(error: ZodError): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.slice(0, 20).map((name) => ({
        path: [path, name.slice(0, 64)].filter(Boolean).join("."),
        message: "unknown field; remove it",
      }));
    }
    return [{ path, message: issue.message }];
  });
}
