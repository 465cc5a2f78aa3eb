/** How the readers of one file say no. */
import { type StatementRefusal, StatementRefused } from "./line.ts";

/**
 * Makes the refusal of one file; the caller throws it. Messages name columns and lines and never
 * repeat a cell: it may be somebody's name, or a formula.
 */
export type Refuse = (
  code: StatementRefusal,
  message: string,
  line?: number,
  column?: number,
) => StatementRefused;

export const refusalsOf =
  (file: string): Refuse =>
  (code, message, line, column) =>
    new StatementRefused(code, message, {
      file,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    });
