/**
 * The Worker without the work after the answer: its payments write no copy to D1 and put no event on
 * the queue. Locally both are simulators inside the measured process; this is what is left when they
 * are not.
 */
import worker, * as classes from "../../src/index.ts";

const taken = Promise.resolve({ success: true, results: [], meta: {} });

const statement = {
  bind: () => statement,
  run: () => taken,
  all: () => taken,
  raw: () => Promise.resolve([]),
};

const quiet = {
  DB: { prepare: () => statement, batch: () => Promise.resolve([]) } as unknown as D1Database,
  EVENTS: { send: () => taken, sendBatch: () => taken } as unknown as Queue,
};

export class PaymentIntent extends classes.PaymentIntent {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, { ...env, ...quiet });
  }
}
// Its other objects as they are; the one above has its own.
export * from "../../src/index.ts";

export default worker;
