/** What each operation costs on the bill, counted on the Worker with counters on its bindings. */
import { rmSync } from "node:fs";
import path from "node:path";

import { type Counts, WEBHOOK_HOST } from "./counts.ts";
import type { BenchDouble } from "./double.ts";
import { send } from "./load.ts";
import { type Bundle, run, type Running } from "./runtime.ts";
import { callbackShot, openShop, type Payment, shopOf } from "./shop.ts";

/** The alarm that finds a paid payment done comes 15 s after the order; it is part of the life. */
const LIFE_MS = 20_000;

export interface Cost {
  readonly operation: string;
  /** Everything, the work after the answer included. */
  readonly total: Counts;
  /** What had happened when the answer went out, writes to D1 being held back until then. */
  readonly atAnswer: Counts;
}

interface Shown {
  readonly total: Counts;
  readonly atAnswer: Counts;
}

const look = async (running: Running, method: "GET" | "DELETE"): Promise<Shown> => {
  const reply = await fetch(new URL("/__counts", running.origin), { method });
  return (await reply.json()) as Shown;
};

async function counted(
  operation: string,
  running: Running,
  act: () => Promise<void>,
): Promise<Cost> {
  await running.idle();
  await look(running, "DELETE");
  await act();
  await running.idle();
  return { operation, ...(await look(running, "GET")) };
}

async function untilCounted(running: Running, what: string, done: (counts: Counts) => boolean) {
  const deadline = performance.now() + 2 * LIFE_MS;
  while (!done((await look(running, "GET")).total)) {
    if (performance.now() > deadline) throw new Error(`not seen while counting: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 200));
  }
}

export async function countCosts(
  folder: string,
  bundle: Bundle,
  bindings: Record<string, string>,
  double: BenchDouble,
): Promise<Cost[]> {
  const state = path.join(folder, "counted-state");
  const before = await run(bundle, bindings, state);
  await before.migrate();
  const { key } = await openShop(before, double);
  await shopOf(before.origin, key).subscribe(`https://${WEBHOOK_HOST}/`);
  await before.idle();
  await before.stop();

  // The same storage under a new process: nothing is in memory, as in a location never used before.
  const running = await run(bundle, bindings, state);
  try {
    const shop = shopOf(running.origin, key);
    let payment: Payment | null = null;
    const create = async () => {
      payment = shop.paymentOf(await send(running.origin, shop.create()));
    };
    const made = (): Payment => {
      if (payment === null) throw new Error("nothing was created");
      return payment;
    };
    const pay = async () => {
      await send(running.origin, callbackShot(await double.callback(made())));
    };
    const costs = [await counted("create, cold", running, create)];
    const cold = made();
    costs.push(
      await counted("create, warm", running, create),
      await counted("status", running, async () => {
        await send(running.origin, shop.read(made()));
      }),
      await counted("QR image", running, async () => {
        await send(running.origin, shop.picture(made()));
      }),
      await counted("callback, warm", running, pay),
    );
    // Every payment has one more alarm to come, which would be counted as the next one's.
    await send(running.origin, callbackShot(await double.callback(cold)));
    await untilCounted(running, "the alarms so far", ({ alarmsFired }) => alarmsFired > 1);
    costs.push(
      await counted("whole life, paid", running, async () => {
        await create();
        await pay();
        await untilCounted(running, "the webhook", ({ webhookCalls }) => webhookCalls > 0);
        await untilCounted(running, "the last alarm", ({ alarmsFired }) => alarmsFired > 0);
      }),
    );
    return costs;
  } finally {
    await running.stop();
    rmSync(state, { recursive: true, force: true });
  }
}
