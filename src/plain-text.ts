/** Texts that callers send, for validators: what cannot be stored or shown is refused at the door. */
import * as z from "zod";

/** Half a surrogate pair has no bytes in UTF-8: what is stored or sent would be another text. */
const unicode = (text: z.ZodString) =>
  text.refine(
    (value) => value.isWellFormed(),
    "must be Unicode text: half a surrogate pair is in it",
  );

/**
 * Attack: a name with one of these turns the rest of a sentence, a table's row or a file's name
 * around. Arabic and Hebrew do without them.
 */
const TURNING = /[\u202A-\u202E\u2066-\u2069]/;

const straight = <T extends z.ZodType<string>>(text: T) =>
  text.refine((value) => !TURNING.test(value), "must not change the direction of the text");

/** Channels and logs trip over control characters. */
const oneLine = (text: z.ZodString) =>
  straight(
    unicode(text)
      // oxlint-disable-next-line no-control-regex -- they are what is refused
      .regex(/^[^\u0000-\u001f\u007f]*$/, "must not contain control characters"),
  );

/** Any text with a limit, such as a name that is only looked up. */
export const ShortText = (max: number) => unicode(z.string().max(max));

/** A line for people. */
export const PlainText = (max: number) => oneLine(z.string().trim().min(1).max(max));

/** What is searched for; empty is everything. */
export const SearchText = (max: number) => oneLine(z.string().trim().max(max));

/** Several lines for people. */
export const Paragraphs = (max: number) =>
  straight(unicode(z.string().trim().min(1).max(max))).refine(
    // oxlint-disable-next-line no-control-regex -- they are what is refused
    (text) => !/[\u0000-\u0009\u000b-\u001f\u007f]/.test(text),
    "must not contain control characters other than line breaks",
  );
