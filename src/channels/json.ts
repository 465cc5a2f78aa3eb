/** JSON from outside. */
import { fromUtf8Strict } from "../crypto/encoding.ts";

/** The value of a text or of a body; undefined when it is not UTF-8 or not JSON. Never throws. */
export function parseJson(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : (fromUtf8Strict(text) ?? ""));
  } catch {
    return undefined;
  }
}
