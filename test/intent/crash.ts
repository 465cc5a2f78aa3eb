/**
 * A process that dies at its k-th step: from then on every storage, queue, D1 and network call
 * throws, as calls of a dead process do. What was committed before stays.
 */
import { PaymentLife } from "../../src/intent/life.ts";

export class Crash extends Error {
  constructor() {
    super("the process is dead");
  }
}

export class Mortal {
  /** Calls made so far. */
  steps = 0;
  readonly #diesAt: number;

  /** @param diesAt the step that throws, from 1; Infinity: never */
  constructor(diesAt: number) {
    this.#diesAt = diesAt;
  }

  get dead(): boolean {
    return this.steps >= this.#diesAt;
  }

  step(): void {
    this.steps += 1;
    if (this.dead) throw new Crash();
  }

  /** The same object, whose methods count as steps. Deep objects are wrapped by `inner`. */
  wrap<T extends object>(
    target: T,
    inner: Partial<Record<string, (value: never) => unknown>> = {},
  ): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        const wrapInner = typeof name === "string" ? inner[name] : undefined;
        if (typeof value === "function") {
          return (...args: unknown[]) => {
            this.step();
            const result: unknown = Reflect.apply(value, object, args);
            return wrapInner === undefined ? result : wrapInner(result as never);
          };
        }
        return wrapInner === undefined ? value : wrapInner(value as never);
      },
    });
  }
}

/** A payment's life over real storage, in a process that dies at a step. */
export function mortalLife(storage: DurableObjectStorage, env: Env, mortal: Mortal) {
  const waiting: Promise<unknown>[] = [];
  const life = new PaymentLife({
    storage: mortal.wrap(storage, { sql: (sql: SqlStorage) => mortal.wrap(sql) }),
    env: new Proxy(env, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        return name === "EVENTS" || name === "DB" ? mortal.wrap(value as object) : value;
      },
    }),
    waitUntil: (work) => void waiting.push(work.catch(() => undefined)),
  });
  /** Resolves when everything that runs behind the answers has ended. */
  const settled = async () => {
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) await work;
  };
  return { life, settled };
}
