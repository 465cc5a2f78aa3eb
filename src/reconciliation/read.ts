/**
 * A file is read once, whole, before anything of it counts: its lines go to the archive in pages,
 * and only when the last of them has been read and its totals and hashes fit is it `read`.
 */
import {
  type StatementFormat,
  type StatementLine,
  StatementRefused,
} from "../channels/statement/line.ts";
import { addLine, type DayTotals } from "../settlement/totals.ts";
import type { StatementError } from "../store/schema.ts";
import { dayOfSameFile, endReading, type StatementRow } from "../store/statements.ts";
import { type Archive, PAGE_LINES } from "./archive.ts";
import type { ReconciliationContext } from "./context.ts";

/** Puts lines into pages of a fixed length, whatever portions they come in. */
class PageWriter {
  readonly #archive: Archive;
  readonly #id: string;
  #lines: StatementLine[] = [];
  #pages = 0;
  written = 0;

  constructor(archive: Archive, id: string) {
    this.#archive = archive;
    this.#id = id;
  }

  async add(lines: readonly StatementLine[]): Promise<void> {
    for (const line of lines) {
      this.#lines.push(line);
      if (this.#lines.length === PAGE_LINES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    await this.#archive.putPage(this.#id, this.#pages, lines);
    this.#pages += 1;
    this.written += lines.length;
  }
}

const errorOf = ({ code, message, file, line, column }: StatementRefused): StatementError => ({
  code,
  message,
  file,
  line,
  column,
});

/**
 * Reads a file that was received. Whoever reads it again writes the same pages.
 * @param merchantAccount the account's number at the channel, which the file must be about
 * @returns the file as it is now: `read`, or `refused` with the reason and the place
 */
export async function readFile(
  { archive, db, now }: ReconciliationContext,
  statement: StatementRow,
  format: StatementFormat,
  merchantAccount: string,
): Promise<StatementRow> {
  const { id, file_name: name, day, sha1 } = statement;
  const source = await archive.open(id, name);
  if (source === null) throw new Error(`the file of ${id} is not in the archive`);
  const pages = new PageWriter(archive, id);
  const totals = new Map<string, DayTotals>();
  try {
    // Its lines may have no times by which to tell.
    const other = await dayOfSameFile(db, statement);
    if (other !== null) {
      const message = `The same file, byte for byte, was read as that of ${other}.`;
      throw new StatementRefused("wrong_day", message, { file: name });
    }
    for await (const lines of format.read(source, { day, merchantAccount, sha1 })) {
      for (const line of lines) addLine(totals, line);
      await pages.add(lines);
    }
    await pages.flush();
  } catch (error) {
    if (!(error instanceof StatementRefused)) throw error;
    const refused = { state: "refused" as const, lines: 0, totals: [], error: errorOf(error) };
    await endReading(db, id, refused, now());
    await archive.dropPages(id);
    return { ...statement, ...refused };
  }
  const read = {
    state: "read" as const,
    lines: pages.written,
    totals: [...totals.values()],
    error: null,
  };
  await endReading(db, id, read, now());
  return { ...statement, ...read };
}
