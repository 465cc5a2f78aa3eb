/** What is wrong with a request, from what the validator found. */
import * as z from "zod";

import type { Issue } from "./errors.ts";
import { issueMessage } from "./issue-messages.ts";

z.config({ customError: issueMessage });

const NAME_LIMIT = 64;

/** A list of thirty thousand wrong entries must not be answered with megabytes. */
const ISSUES_LIMIT = 100;

/** Path and message of each fault. Never the submitted value: it may be a secret. */
export function issuesOf(error: z.ZodError): Issue[] {
  return error.issues.slice(0, ISSUES_LIMIT).flatMap((issue) => {
    // Names are the caller's too: a path must not carry a whole text back.
    const path = issue.path
      .map((name) => String(name).slice(0, NAME_LIMIT).toWellFormed())
      .join(".");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.slice(0, 20).map((name) => ({
        path: [path, name.slice(0, NAME_LIMIT).toWellFormed()].filter(Boolean).join("."),
        message: issue.message,
      }));
    }
    return [{ path, message: issue.message }];
  });
}
