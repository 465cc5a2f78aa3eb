/** The days of a channel's clock. Pure; `YYYY-MM-DD` and milliseconds since 1970. */

export const DAY_MS = 86_400_000;

export const MINUTE_MS = 60_000;

/** A day that exists: `2026-02-30` does not. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** When the day begins, by a clock that is so many minutes ahead of UTC. */
export const startOfDay = (day: string, offsetMinutes: number): number =>
  Date.parse(`${day}T00:00:00Z`) - offsetMinutes * MINUTE_MS;

/** The day that it is then. */
export const dayAt = (now: number, offsetMinutes: number): string =>
  new Date(now + offsetMinutes * MINUTE_MS).toISOString().slice(0, 10);

export const nextDay = (day: string): string => dayAt(startOfDay(day, 0) + DAY_MS, 0);

export const dayBefore = (day: string): string => dayAt(startOfDay(day, 0) - DAY_MS, 0);

/** Every day from one to another, both included; empty when they are the wrong way round. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) days.push(day);
  return days;
}
