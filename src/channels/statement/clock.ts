/** Times in cells, and the day that a file is about. */
import { DAY_MS, MINUTE_MS } from "../../days.ts";
import type { StatementExpectation } from "./line.ts";

/** Milliseconds since 1970; null: it is no time in this form. */
export type Clock = (text: string) => number | null;

export const DATE_FORMATS = [
  /** ISO 8601; without an offset of its own the layout's counts. */
  "iso",
  "yyyy-MM-dd HH:mm:ss",
  "yyyy/MM/dd HH:mm:ss",
  "dd/MM/yyyy HH:mm:ss",
  "MM/dd/yyyy HH:mm:ss",
  "dd-MM-yyyy HH:mm:ss",
  "yyyyMMdd HH:mm:ss",
  "yyyyMMddHHmmss",
  "yyyy-MM-dd",
  "dd/MM/yyyy",
  "MM/dd/yyyy",
  "yyyyMMdd",
  "unix_seconds",
] as const;

export type DateFormat = (typeof DATE_FORMATS)[number];

/** A file may hold what was booked around midnight, when clocks differ. */
export const GRACE_MS = 2 * 3_600_000;

const ISO =
  /^(?<y>\d{4})-(?<M>\d\d)-(?<d>\d\d)(?:[T ](?<H>\d\d):(?<m>\d\d)(?::(?<s>\d\d)(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/;

/** `dd/MM/yyyy HH:mm:ss` as an expression with groups of those letters. */
const patternOf = (format: string): RegExp =>
  new RegExp(
    `^${format.replace(/yyyy|MM|dd|HH|mm|ss/g, (part) => `(?<${part[0]}>\\d{${part.length}})`)}$`,
  );

function zoneOf(zone: string | undefined, offsetMinutes: number): number {
  if (zone === undefined) return offsetMinutes;
  if (zone === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** Reads wall times of a clock that is `offsetMinutes` ahead of UTC. */
export function clockOf(format: DateFormat, offsetMinutes: number): Clock {
  if (format === "unix_seconds") {
    return (text) => (/^\d{9,10}$/.test(text) ? Number(text) * 1000 : null);
  }
  const pattern = format === "iso" ? ISO : patternOf(format);
  return (text) => {
    const parts = pattern.exec(text)?.groups;
    if (parts === undefined) return null;
    const { y, M, d, H = 0, m = 0, s = 0, zone } = parts;
    const at = Date.UTC(Number(y), Number(M) - 1, Number(d), Number(H), Number(m), Number(s));
    // Neither 31 February nor month 20 nor 24:00 is what it says.
    const read = new Date(at);
    const same =
      read.getUTCMonth() === Number(M) - 1 &&
      read.getUTCDate() === Number(d) &&
      read.getUTCHours() === Number(H) &&
      read.getUTCMinutes() === Number(m) &&
      read.getUTCSeconds() === Number(s);
    return same ? at - zoneOf(zone, offsetMinutes) * MINUTE_MS : null;
  };
}

const TIME = /^ (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

/** Two digits. */
const two = (text: string, at: number): number =>
  text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;

/** `2026-11-21 08:00:00`, faster: a file's lines are of a few days, and those are remembered. */
export function wallClock(offsetMinutes: number): Clock {
  const midnightOf = clockOf("yyyy-MM-dd", offsetMinutes);
  const midnights = new Map<string, number | null>();
  return (text) => {
    const [day, time] = [text.slice(0, 10), text.slice(10)];
    let midnight = midnights.get(day);
    if (midnight === undefined) {
      midnight = midnightOf(day);
      if (midnights.size < 100) midnights.set(day, midnight);
    }
    if (midnight === null || !TIME.test(time)) return null;
    return midnight + ((two(time, 1) * 60 + two(time, 4)) * 60 + two(time, 7)) * 1000;
  };
}

export interface DayWindow {
  has(at: number): boolean;
  isBehind(at: number): boolean;
}

const windowOf = (day: string, eastMinutes: number, westMinutes: number): DayWindow => {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const from = midnight - eastMinutes * MINUTE_MS - GRACE_MS;
  const to = midnight - westMinutes * MINUTE_MS + DAY_MS + GRACE_MS;
  return { has: (at) => at >= from && at < to, isBehind: (at) => at >= to };
};

/** The day that a file must be about, on its own clock. */
export const dayOf = ({ day }: StatementExpectation, offsetMinutes: number): DayWindow =>
  windowOf(day, offsetMinutes, offsetMinutes);

/** The same where the clock is not known: from the first place on Earth to the last. */
export const dayOnEarth = ({ day }: StatementExpectation): DayWindow =>
  windowOf(day, 14 * 60, -12 * 60);
