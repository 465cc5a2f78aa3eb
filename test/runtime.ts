/**
 * Files share a few runtimes: to start one takes longer than most files do. This module is run once
 * in each, and makes every file begin as if the runtime were its own.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";

import { ExpiringCache } from "../src/expiring-cache.ts";
import * as main from "../src/index.ts";

interface ModuleRunner {
  import(id: string, options?: unknown): Promise<unknown>;
}
// oxlint-disable-next-line no-underscore-dangle -- its name in vitest
declare const __vitest_mocker__: { readonly moduleRunner: ModuleRunner };

// At every call of the Worker or an object the plugin asks vitest's process for the main module.
// That is slow, and between two files, when an alarm may ring, nobody answers.
const { moduleRunner } = __vitest_mocker__;
const load = moduleRunner.import.bind(moduleRunner);
const { setTimeout: wait } = globalThis;

/** Timers and queues have their turn. */
const othersTurn = () =>
  new Promise((resolve) => {
    wait(resolve, 0);
  });

moduleRunner.import = async (id, options) => {
  if (!id.endsWith("/src/index.ts")) return load(id, options);
  // A runtime busy with itself alone would never look at them.
  await othersTurn();
  return main;
};

// Messages that wait for their time outlive a reset: those of earlier files are dropped.
let begun = 0;
const { queue } = main.default;
main.default.queue = async (batch, bindings) => {
  const messages = batch.messages.filter(({ timestamp }) => timestamp.getTime() >= begun);
  const { queue: name, metadata } = batch;
  const mine = { queue: name, metadata, messages, ackAll() {}, retryAll() {} };
  if (messages.length > 0) await queue(mine, bindings);
};

const filled = new Set<Pick<ExpiringCache<unknown>, "clear">>();
// oxlint-disable-next-line typescript/unbound-method -- called with its own below
const { set } = ExpiringCache.prototype;
ExpiringCache.prototype.set = function remember(...entry) {
  filled.add(this);
  set.apply(this, entry);
};

/**
 * Empties what is stored, alarms with it, and the caches that speak of it. For the beginning of a
 * file: at its end vitest is about to hang up, and whoever still waits for its answer never ends.
 */
export async function startAfresh(): Promise<void> {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  await reset();
  // Whatever was under way may have called objects into being while they were deleted.
  await othersTurn();
  await reset();
  begun = Date.now();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  // Last: what earlier files had under way may have filled them meanwhile.
  for (const cache of filled) cache.clear();
}
