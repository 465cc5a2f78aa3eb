/** A layout made into a format: file, contents, text, lines, and what the layout makes of them. */
import { contentsOf } from "./container.ts";
import {
  type StatementExpectation,
  type StatementFormat,
  type StatementLine,
  StatementRefused,
  type StatementSource,
} from "./line.ts";
import { refusalsOf, type Refuse } from "./refuse.ts";
import { type Encoding, encodedTwice, textsOf } from "./text.ts";
import type { EntryChoice } from "./zip.ts";

/** Reads one file, line by line. Anything that is not as it must be is thrown. */
export interface LayoutReader {
  /** Null: the line tells of no payment and no refund. Line breaks are cut off. */
  line(text: string, number: number): StatementLine | null;
  /** @param ended whether the last line ended with a line break */
  end(ended: boolean): readonly StatementLine[];
}

export interface Layout {
  readonly name: string;
  readonly offsetMinutes: number;
  readonly encoding: Encoding;
  /** Names of columns, by which a text that was encoded twice is known. */
  readonly names: readonly string[];
  /** Longest line, in characters; default 64 Ki. */
  readonly longestLine?: number;
  /** Which file of a ZIP archive it is. */
  readonly entry?: EntryChoice;
  open(expected: StatementExpectation, refuse: Refuse): LayoutReader;
}

/** WeChat Pay's lines are of some 350 characters. */
const LONGEST_LINE = 64 * 1024;

/**
 * A busy day has a million. Attack: a gigabyte of next to nothing but line breaks, which packs to
 * some megabytes and takes longer to go through than a worker may live.
 */
const MOST_LINES = 3_000_000;

const isText: EntryChoice = (name) => /\.(?:csv|txt)$/i.test(name);

const cutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

/** The start of what passes by, for the question of encodings. */
function remembered(contents: AsyncIterable<Uint8Array>) {
  let head: Uint8Array | null = null;
  return {
    head: () => head,
    async *pieces(): AsyncGenerator<Uint8Array> {
      for await (const piece of contents) {
        head ??= piece.slice(0, 8192);
        yield piece;
      }
    },
  };
}

/** What is wrong in a line without a line break is most likely that its end is missing. */
function lastLine(text: string, number: number, reader: LayoutReader, refuse: Refuse) {
  try {
    return reader.line(text, number);
  } catch (error) {
    const cut = error instanceof StatementRefused && ["cell", "columns"].includes(error.code);
    throw cut ? refuse("truncated", "The file ends in the middle of a line.", number) : error;
  }
}

async function* linesOf(
  texts: AsyncIterable<string>,
  reader: LayoutReader,
  longest: number,
  refuse: Refuse,
): AsyncGenerator<StatementLine[]> {
  const tooLong = (line: number) =>
    refuse("too_large", `A line is longer than ${longest} characters.`, line);
  const tooMany = () =>
    refuse("too_large", `The file has more than ${MOST_LINES} lines.`, MOST_LINES);
  let rest = "";
  let number = 0;
  for await (const text of texts) {
    const found: StatementLine[] = [];
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      const line = cutReturn(rest === "" ? text.slice(from, at) : rest + text.slice(from, at));
      rest = "";
      from = at + 1;
      number++;
      if (line.length > longest) throw tooLong(number);
      if (number > MOST_LINES) throw tooMany();
      const row = reader.line(line, number);
      if (row !== null) found.push(row);
    }
    rest += text.slice(from);
    if (rest.length > longest) throw tooLong(number + 1);
    if (found.length > 0) yield found;
  }
  const last = rest === "" ? null : lastLine(cutReturn(rest), number + 1, reader, refuse);
  const found = [...(last === null ? [] : [last]), ...reader.end(rest === "")];
  if (found.length > 0) yield found;
}

/** Refusals that a text which was encoded twice runs into first. */
const MISREAD: ReadonlySet<string> = new Set(["columns", "encoding", "cell", "truncated"]);

async function* read(
  layout: Layout,
  source: StatementSource,
  expected: StatementExpectation,
): AsyncGenerator<StatementLine[]> {
  const refuse = refusalsOf(source.name);
  const sha1 = expected.sha1?.toLowerCase() ?? null;
  const contents = remembered(contentsOf(source, layout.entry ?? isText, sha1, refuse));
  try {
    const texts = textsOf(contents.pieces(), layout.encoding, refuse);
    const longest = layout.longestLine ?? LONGEST_LINE;
    yield* linesOf(texts, layout.open(expected, refuse), longest, refuse);
  } catch (error) {
    const head = contents.head();
    const misread = error instanceof StatementRefused && MISREAD.has(error.code);
    if (!misread || head === null || !encodedTwice(head, layout.names)) throw error;
    throw refuse("doubly_encoded", "The text was encoded twice: take the file as it came.", 1);
  }
}

export const formatOf = (layout: Layout): StatementFormat => ({
  name: layout.name,
  offsetMinutes: layout.offsetMinutes,
  read: (source, expected) => read(layout, source, expected),
});
