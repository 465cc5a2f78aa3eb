/** A run as merchants see it (API.md section 7). */
import { iso, isoOrNull } from "../clock.ts";
import type { DayRow, RunRow } from "../store/reconciliation-runs.ts";

export const RUN_STATES = ["queued", "running", "completed", "failed"] as const;

export type RunState = (typeof RUN_STATES)[number];

const OPEN = new Set<DayRow["state"]>(["queued", "running", "waiting"]);

/** It has failed when one of its days has, and not before all have ended. */
export function runState(days: readonly DayRow[]): RunState {
  if (days.some(({ state }) => OPEN.has(state))) {
    return days.every(({ state, step }) => state === "queued" && step === "fetch")
      ? "queued"
      : "running";
  }
  return days.some(({ state }) => state === "failed") ? "failed" : "completed";
}

function sums(days: readonly DayRow[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { counts } of days) {
    for (const [name, number] of Object.entries(counts)) all[name] = (all[name] ?? 0) + number;
  }
  return all;
}

const dayView = (day: DayRow) => ({
  day: day.day,
  state: day.state,
  step: day.step,
  statement: day.statement_id,
  merchant_statement: day.merchant_statement_id,
  progress: { done: day.done, total: day.lines },
  counts: day.counts,
  attempts: day.attempts,
  next_attempt_at: day.state === "waiting" ? isoOrNull(day.next_attempt_at) : null,
  error: day.error,
  updated_at: iso(day.updated_at),
});

/** @param days all of the run's, in the order of the calendar */
export const runView = (run: RunRow, days: readonly DayRow[]) => ({
  id: run.id,
  object: "reconciliation_run" as const,
  livemode: run.livemode,
  channel_account: run.channel_account,
  trigger: run.trigger,
  from: run.from_day,
  to: run.to_day,
  state: runState(days),
  progress: {
    done: days.reduce((sum, { done }) => sum + done, 0),
    total: days.reduce((sum, { lines }) => sum + lines, 0),
  },
  counts: sums(days),
  days: days.map(dayView),
  created_at: iso(run.created_at),
  updated_at: iso(days.reduce((latest, day) => Math.max(latest, day.updated_at), run.created_at)),
});

export type RunView = ReturnType<typeof runView>;
