/** What the fields of runs and statements mean; a part of field-notes.ts. */

const error = {
  error: "Why it was refused or failed; null: it was not.",
  "error.code": "In one word, such as `truncated`, `tampered`, `wrong_day`, `columns`, `late`.",
  "error.message": "In words.",
  "error.file": "The file that it is about; null: there was none.",
  "error.line": "The line in it, from 1; null: the file as a whole.",
  "error.column": "The cell in the line, from 1; null: the line as a whole.",
};

const under = (prefix: string, notes: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(notes).map(([name, note]) => [`${prefix}.${name}`, note]));

const day = {
  day: "By the channel's clock.",
  state: "`waiting`: the channel has not made its file, or did not answer; it is asked again.",
  step: "What is done next: fetch, read, load, match, check, sweep, settle, announce, done.",
  statement: "The channel's file; null: none yet, or it has none.",
  merchant_statement: "Your own records of the day; null: you gave none.",
  progress: "How far it has come.",
  "progress.done": "Lines that were compared.",
  "progress.total": "Lines of the files, as far as they are read.",
  counts: "As for the run.",
  attempts: "How often the channel was asked.",
  next_attempt_at: "When it is asked again; null: it does not wait.",
  ...error,
  updated_at: "When it last went on.",
};

export const RECONCILIATION_NOTES = {
  ReconciliationRun: {
    channel_account: "Whose books are compared.",
    trigger: "What began it.",
    from: "The first day, by the channel's clock.",
    to: "The last day.",
    state: "`failed` when one of its days has; the others count all the same.",
    progress: "Of all days together.",
    "progress.done": "Lines that were compared.",
    "progress.total": "Lines of the files, as far as they are read.",
    counts: "Lines of all days by outcome.",
    days: "Each day, in the order of the calendar.",
    ...under("days", day),
  },
  StartReconciliationRun: {
    channel_account: "Whose books to compare.",
    date: "One day by the channel's clock; or give from and to.",
    from: "The first day.",
    to: "The last day, at most 31 days in all.",
  },
  Statement: {
    channel_account: "Whose day it is.",
    side: "Who says it: the channel, or you.",
    origin: "How it came here.",
    date: "The day, by the channel's clock.",
    format: "The layout that it is read by.",
    file_name: "As the channel or you called it.",
    sha256: "Of its bytes: the same file again is this one.",
    bytes: "Its size.",
    state: "`read`: whole, and every check of it held. `refused`: nothing of it counts.",
    lines: "Payments and refunds in it, once it is read.",
    ...error,
  },
  StatementUpload: {
    statement: "The file, as it is known now.",
    run: "What compares it.",
  },
};
