/** Columns that hold JSON text or NULL. */

export const jsonOrNull = (value: unknown): string | null =>
  value === null ? null : JSON.stringify(value);

export const parseOrNull = (text: string | null): unknown =>
  text === null ? null : JSON.parse(text);
