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
  /** Statements that only read, and all others. */
  d1Reads: number;
  d1Writes: number;
  /** As the database itself counts them, indexes included. */
  d1RowsRead: number;
  d1RowsWritten: number;
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
  d1RowsRead: 0,
  d1RowsWritten: 0,
  queueMessages: 0,
});
