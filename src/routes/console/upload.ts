/**
 * The one page that takes files. A script sends the file as the body, with the session's token in a
 * header: it is streamed on to the API, which knows how long a file may be. A form without script
 * sends it in parts that have to be read whole, so that one is limited here.
 */
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";

import { apiError } from "../../errors.ts";
import type { ConsoleContext, ConsoleEnv } from "./env.ts";
import { CSRF_HEADER } from "./form.ts";

/** Under /console. */
export const UPLOAD_PATH = "/reconciliation/statements";

/** What a form may send; it is in memory twice. */
export const FORM_FILE_MB = 20;

/** Beside the file: the other fields, and what parts them. */
const AROUND_BYTES = 64 * 1_024;

export const isUpload = (c: ConsoleContext): boolean =>
  c.req.path === `/console${UPLOAD_PATH}` && c.req.method === "POST";

const limitedForm = bodyLimit({
  maxSize: FORM_FILE_MB * 1_048_576 + AROUND_BYTES,
  onError: () => {
    throw apiError(
      "BODY_TOO_LARGE",
      `Without JavaScript a file may have ${FORM_FILE_MB} MB. Switch it on, or use the API.`,
    );
  },
});

/** Attack: a body without end that is read to look for a token in it. Only a header needs no reading. */
export const limitedUpload = createMiddleware<ConsoleEnv>((c, next) => {
  if (c.req.header(CSRF_HEADER) !== undefined) return next();
  return limitedForm(c, next);
});
