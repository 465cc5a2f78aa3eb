/** Bodies over 64 KiB are refused before anything reads them (API.md section 1). */
import { bodyLimit } from "hono/body-limit";

import { BODY_LIMIT_BYTES } from "../constants.ts";
import { apiError } from "../errors.ts";

export const limitedBody = bodyLimit({
  maxSize: BODY_LIMIT_BYTES,
  onError: () => {
    throw apiError("BODY_TOO_LARGE", "Send at most 64 KiB.");
  },
});
