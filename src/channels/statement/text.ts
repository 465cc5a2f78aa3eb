/** Bytes as text, strictly; and what a wrong encoding looks like from outside. */
import type { Refuse } from "./refuse.ts";

export const ENCODINGS = ["utf-8", "gbk", "big5", "shift_jis", "euc-kr", "windows-1252"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** Enough of a file's start for its header. */
const HEAD_BYTES = 8192;

const encoder = new TextEncoder();

/** What a byte order mark says; null: there is none that counts. */
function markOf([a, b, c]: Uint8Array): "utf-8" | "utf-16" | null {
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return "utf-16";
  return a === 0xef && b === 0xbb && c === 0xbf ? "utf-8" : null;
}

function strictly(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

/** The bytes behind a text that was read as Latin-1; null: it was not. */
const latin1 = (text: string): Uint8Array | null => {
  const codes = Array.from(text, (letter) => WINDOWS_1252.get(letter) ?? letter.charCodeAt(0));
  return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : null;
};

/** What Windows has where Latin-1 has control characters. */
const WINDOWS_1252 = new Map(
  Array.from({ length: 32 }, (_, at): [string, number] => [
    new TextDecoder("windows-1252").decode(Uint8Array.of(0x80 + at)),
    0x80 + at,
  ]),
);

/**
 * Whether a header was encoded twice: `äº¤æ˜“` and `浜ゆ槗` are both 交易 in UTF-8, read as another
 * encoding and written again. Its numbers would still look right, names and texts would not match.
 */
export function encodedTwice(head: Uint8Array, names: readonly string[]): boolean {
  const beyondAscii = names.filter((name) => /[^ -~]/.test(name));
  const text = new TextDecoder("utf-8").decode(head.subarray(0, HEAD_BYTES));
  const mistaken = beyondAscii.map((name) =>
    // An odd last byte is lost in GBK.
    new TextDecoder("gbk").decode(encoder.encode(name)).replace(/[?\ufffd]+$/, ""),
  );
  if (mistaken.some((name) => text.includes(name))) return true;
  return text.split("\n", 8).some((line) => {
    const bytes = latin1(line.replace(/\ufffd+$/, ""));
    if (bytes === null) return false;
    const readings = [strictly(bytes, "utf-8"), strictly(bytes, "gbk")];
    return beyondAscii.some((name) => readings.some((reading) => reading?.includes(name) === true));
  });
}

/**
 * The contents as text. A byte order mark of UTF-8 counts more than the layout's encoding, for
 * spreadsheets write one; UTF-16 is refused.
 * @throws StatementRefused
 */
export async function* textsOf(
  contents: AsyncIterable<Uint8Array>,
  encoding: Encoding,
  refuse: Refuse,
): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null;
  let lines = 0;
  for await (const piece of contents) {
    if (decoder === null) {
      const mark = markOf(piece);
      if (mark === "utf-16") {
        throw refuse("encoding", "The text is UTF-16: save it as CSV in UTF-8.", 1);
      }
      decoder = new TextDecoder(mark ?? encoding, { fatal: true, ignoreBOM: false });
    }
    let text: string;
    try {
      text = decoder.decode(piece, { stream: true });
    } catch {
      const [good = ""] = new TextDecoder(decoder.encoding).decode(piece).split("\ufffd", 1);
      const line = lines + good.split("\n").length;
      throw refuse("encoding", `The text is not in ${decoder.encoding}, or is damaged.`, line);
    }
    // No text has it; UTF-16 without a mark is full of it.
    if (text.includes("\0")) throw refuse("encoding", "The file is not text.", lines + 1);
    lines += newlinesIn(piece);
    yield text;
  }
  if (decoder === null) throw refuse("empty", "The file holds nothing.");
  try {
    decoder.decode();
  } catch {
    throw refuse("truncated", "The file ends in the middle of a character.", lines + 1);
  }
}

/** In every encoding that is read here a byte of 10 is a line's end and nothing else. */
function newlinesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
