/**
 * Statements of banks. Each bank has a layout of its own and none is public: an account's profile
 * says how its bank's is laid out, and without one our plain CSV is read, on the clock of the
 * scheme's country. References are those that the code carries, which may be shorter than our ids.
 */
import type { StatementFormat } from "../statement/line.ts";
import { mappedFormat } from "../statement/mapped.ts";
import { plainProfile } from "../statement/profile.ts";

/** Minutes ahead of UTC. None of these countries has summer time. */
const OFFSET_MINUTES: Readonly<Record<string, number>> = {
  promptpay: 420,
  paynow: 480,
  duitnow: 480,
  fps: 480,
  // Jakarta's, in which the scheme's business day is counted.
  qris: 420,
  vietqr: 420,
  qrph: 480,
};

/** @param scheme the channel's slug */
export const bankStatement = (scheme: string): StatementFormat =>
  mappedFormat(`${scheme}_plain`, plainProfile(OFFSET_MINUTES[scheme] ?? 0));
