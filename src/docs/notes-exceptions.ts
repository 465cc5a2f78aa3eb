/** What the fields of exceptions mean; a part of field-notes.ts. */

/** The three sides have the same fields. */
const side = (name: "channel" | "gateway" | "merchant", what: string) => ({
  [name]: what,
  [`${name}.amount`]: "What was paid or given back, or ordered.",
  [`${name}.status`]: "The side's own word.",
  [`${name}.fee`]:
    "What the channel keeps, in minor units; for the gateway's side, what your contract says. Null: " +
    "not said.",
  [`${name}.paid_at`]: "When it happened, where the side says so.",
  [`${name}.reference`]: "What the side calls it.",
  [`${name}.transaction_id`]: "The channel's number, as this side has it.",
  [`${name}.file`]: "The statement or upload that says it; null: none.",
  [`${name}.line`]: "The line in it, from 1.",
  [`${name}.origin`]:
    "How the file came here: only what was downloaded from the channel is its own word. Null: it stood " +
    "in no file, the side told us itself.",
});

const raised = {
  run: "The run that found it first; null: it was found while it happened.",
  kind: "What does not fit.",
  state: "What people did about it.",
  payment_intent: "The payment that it is about; null: none has this reference.",
  channel_account: "Your account at the channel.",
  channel_transaction_id: "The channel's number.",
  ...side("channel", "What the channel says; null: it does not know of it."),
  ...side("gateway", "What we have; null: nothing."),
  ...side("merchant", "What you have, where you told us."),
  explanation: "In words.",
  proposed_fix: "What to do, in words.",
  assignee: "Who looks after it, in your own words; null: nobody.",
  age_seconds: "How long nobody has been done with it.",
  due_at: "When somebody should have looked.",
  overdue: "Nobody was done with it by then.",
  updated_at: "When somebody last did something about it.",
  resolved_at: "When it was resolved or written off; null: it is not.",
};

export const EXCEPTION_NOTES = {
  ReconciliationException: raised,
  ReconciliationExceptionWhole: {
    actions: "What can be done about it now.",
    notes: "What people wrote and did, oldest first; at most 100.",
    "notes.at": "When.",
    "notes.by": "The key that asked, or `gateway`.",
    "notes.text": "In words.",
    "notes.action": "What was done; null: it is a note only.",
  },
  UpdateReconciliationException: {
    state: "What it becomes. The last two are final.",
    note: "Kept with its time and who wrote it; needed to write it off.",
    assignee: "Who looks after it; null: nobody any more.",
  },
  ReconciliationExceptionAction: {
    action: "What to do.",
    amount: "What goes back (default: all that is left), or what is booked.",
    reason: "The buyer may see it.",
    direction: "`up`: the channel holds more than the books say.",
    memo: "Stands in the ledger.",
  },
};
