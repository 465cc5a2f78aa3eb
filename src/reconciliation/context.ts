/** What the comparison of a day works with; passed in, so that tests can break any of it. */
import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import { connect, type Connection } from "../channels/connect.ts";
import { systemClock } from "../clock.ts";
import { intentObject } from "../intent/client.ts";
import { createLogger, type Logger } from "../log.ts";
import type { PublishedEvents, WorkQueue } from "../messages.ts";
import type { Result } from "../result.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import { type Database, database } from "../store/db.ts";
import { traceparentOf } from "../trace.ts";
import { type Archive, openArchive } from "./archive.ts";
import { SLICE_LINES } from "./lines.ts";

/** The door through which payments hear news, the same as for callbacks. */
export interface Payments {
  report(
    paymentId: string,
    accountId: string,
    report: PaymentReport,
  ): Promise<Result<"changed" | "known" | "exception", string>>;
  reportRefund(
    paymentId: string,
    accountId: string,
    report: RefundReport,
  ): Promise<Result<"changed" | "known", string>>;
}

export interface ReconciliationContext {
  readonly db: Database;
  readonly archive: Archive;
  readonly work: WorkQueue;
  readonly events: { send(message: PublishedEvents): Promise<unknown> };
  readonly idKey: string;
  readonly payments: Payments;
  readonly connect: (account: ChannelAccountRow) => Promise<Connection>;
  readonly now: () => number;
  readonly log: Logger;
  /** Lines that are compared and written down together; a page of the archive is a multiple of it. */
  readonly sliceLines: number;
}

const newTrace = () => ({ requestId: null, traceparent: traceparentOf(undefined) });

export function reconciliationContext(env: Env): ReconciliationContext {
  const log = createLogger(env.LOG_LEVEL);
  return {
    db: database(env.DB),
    archive: openArchive(env.ARCHIVE),
    work: env.WORK,
    events: env.EVENTS,
    idKey: env.ID_KEY,
    payments: {
      report: (id, account, report) => intentObject(env, id).report(account, report, newTrace()),
      reportRefund: (id, account, report) =>
        intentObject(env, id).reportRefund(account, report, newTrace()),
    },
    connect: (account) => connect(account, { env, log, script: null, publicBase: env.PUBLIC_URL }),
    now: () => systemClock.now(),
    log,
    sliceLines: SLICE_LINES,
  };
}
