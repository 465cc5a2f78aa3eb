/** How SQLite answers what a store asks, from its own words. */
import { env } from "cloudflare:workers";

import { database, type Database } from "../../src/store/db.ts";

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The binding, and every statement that is prepared and bound through it. */
function spyOn(real: D1Database): { binding: D1Database; sent: Statement[] } {
  const sent: Statement[] = [];
  const prepare = (text: string): D1PreparedStatement => {
    const statement = real.prepare(text);
    return new Proxy(statement, {
      get(target, name) {
        if (name === "bind") {
          return (...values: unknown[]) => {
            sent.push({ text, values });
            return target.bind(...values);
          };
        }
        return bound(target, name);
      },
    });
  };
  const binding = new Proxy(real, {
    get: (target, name) => (name === "prepare" ? prepare : bound(target, name)),
  });
  return { binding, sent };
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function"
    ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
    : value;
}

/** The plan of each statement that `run` sends, its steps joined. */
export async function plansOf(run: (db: Database) => Promise<unknown>): Promise<string[]> {
  const { binding, sent } = spyOn(env.DB);
  await run(database(binding));
  return Promise.all(
    sent.map(async ({ text, values }) => {
      const explained = env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`).bind(...values);
      const { results } = await explained.all();
      return results.map(({ detail }) => String(detail)).join("; ");
    }),
  );
}
