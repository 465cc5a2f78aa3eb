/**
 * One JSON line for each thing that happened. The only caller of `console`. Callers pass names,
 * numbers and codes; never bodies, headers, keys or whatever a stranger sent.
 */
export type LogLevel = "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  (level: LogLevel, event: string, fields?: LogFields): void;
}

const RANK = { info: 0, warn: 1, error: 2, silent: 3 } as const;

const isLevel = (level: string): level is keyof typeof RANK => Object.hasOwn(RANK, level);

/** A logger with fields that every line repeats, such as the request id. */
export function createLogger(threshold: string, common: LogFields = {}): Logger {
  const floor = RANK[isLevel(threshold) ? threshold : "info"];
  return (level, event, fields) => {
    if (RANK[level] < floor) return;
    // oxlint-disable-next-line no-console -- this is the logger
    console.log(JSON.stringify({ level, event, ...common, ...fields }));
  };
}

/**
 * The message of anything thrown, without its stack. The cause goes first: the message of a failed
 * query holds the statement and its bound values, its cause only says what failed.
 */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "non-error thrown";
  if (thrown.cause instanceof Error) return `${thrown.name}: ${describeError(thrown.cause)}`;
  return `${thrown.name}: ${thrown.message.slice(0, 200)}`;
}
