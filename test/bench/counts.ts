/** What an operation costs on the bill. Plain data: the Worker counts, the bench prints. */
export interface Counts {
  /** Calls to Durable Objects; each is a request on the bill. */
  objectRequests: number;
  objectStatements: number;
  objectRowsWritten: number;
  setAlarms: number;
  alarmsFired: number;
  channelCalls: number;
  webhookCalls: number;
  /** Calls to the database that only read, and all others; a batch of statements is one call. */
  d1Reads: number;
  d1Writes: number;
  /** Statements in those calls. */
  d1Statements: number;
  /** As the database itself counts them, indexes included. */
  d1RowsRead: number;
  d1RowsWritten: number;
  /** Rows of tables that were inserted, changed or deleted: index entries do not count. */
  d1RowsChanged: number;
  queueMessages: number;
}

/** Where the counted merchant's webhooks go: answered inside the counted Worker. */
export const WEBHOOK_HOST = "hooks.bench.example";

export const noCounts = (): Counts => ({
  objectRequests: 0,
  objectStatements: 0,
  objectRowsWritten: 0,
  setAlarms: 0,
  alarmsFired: 0,
  channelCalls: 0,
  webhookCalls: 0,
  d1Reads: 0,
  d1Writes: 0,
  d1Statements: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  d1RowsChanged: 0,
  queueMessages: 0,
});
