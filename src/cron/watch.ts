/**
 * Every five minutes: whether payments, their copies, the feed and the deliveries still fit together,
 * and refunds come to their end. What does not is put right or written down; healthy books cost some
 * reading and nothing else.
 */
import type { Logger } from "../log.ts";
import { watchFeeds } from "../reconciliation/watch-feed.ts";
import { watchPayments } from "../reconciliation/watch-payments.ts";
import type { Round } from "../reconciliation/watch-pace.ts";
import { watchRefunds } from "../reconciliation/watch-refunds.ts";

const CHECKS = [watchPayments, watchRefunds, watchFeeds];

/**
 * @returns how much was put right or written down
 * @throws Error of the first check that failed, after all of them
 */
export async function watchBooks(env: Env, now: number, log: Logger): Promise<number> {
  const round: Round = { env, now, log, published: new Set() };
  let handled = 0;
  const failures: unknown[] = [];
  for (const check of CHECKS) {
    try {
      handled += await check(round);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return handled;
}
