/** The built Worker in its real runtime, started from the real wrangler.toml. */
import path from "node:path";

import { createTestHarness } from "wrangler";

import { Client, type Merchant } from "./client.ts";

const secretOf = (letter: string) => Buffer.from(letter.repeat(32)).toString("base64");

/** Throw-away values. They win over .dev.vars, so a clean clone and a used one run the same. */
export const SECRETS = {
  VAULT_KEY: secretOf("v"),
  ID_KEY: secretOf("i"),
  ADMIN_TOKEN: "admin-token-for-black-box-tests",
};

export const CONFIG = path.resolve(import.meta.dirname, "../../../wrangler.toml");

export interface Gateway {
  readonly client: Client;
  /** A merchant of its own, so that tests do not see each other's payments. */
  merchant(name: string): Promise<Merchant>;
  /** Throws the payment's object out of memory, as the platform may do at any time. */
  evict(paymentId: string): Promise<void>;
  /** Runs statements in the payment's own database, to seed a state that would take hours. */
  inObject(paymentId: string, statement: string, ...values: (string | number)[]): Promise<unknown>;
  inD1(statement: string, ...values: (string | number)[]): Promise<unknown[]>;
  /** Lets a schedule of wrangler.toml run now. */
  cron(expression: string): Promise<void>;
  /** What the Worker wrote to its log. */
  logs(): string;
  close(): Promise<void>;
}

export async function startGateway(vars: Record<string, string> = {}): Promise<Gateway> {
  // Its notes about queue batches would bury what the tests say.
  process.env["WRANGLER_LOG"] ??= "error";
  const server = createTestHarness({
    workers: [{ configPath: CONFIG, vars: { LOG_LEVEL: "info", ...vars }, secrets: SECRETS }],
  });
  const { url } = await server.listen();
  const worker = server.getWorker<Pick<Env, "DB" | "INTENTS">>();
  await worker.applyD1Migrations("DB");
  const client = new Client(url.origin);
  return {
    client,
    async merchant(name) {
      const made = await client.createMerchant(SECRETS.ADMIN_TOKEN, name);
      if (made.status !== 201) throw new Error(`no merchant: ${made.status} ${made.text}`);
      return made.body;
    },
    evict: (name) => worker.evictDurableObject("INTENTS", { name }),
    async inObject(name, statement, ...values) {
      const storage = await worker.getDurableObjectStorage("INTENTS", { name });
      return storage.exec(statement, ...values);
    },
    async inD1(statement, ...values) {
      const { DB } = await worker.getEnv();
      const { results } = await DB.prepare(statement)
        .bind(...values)
        .all();
      return results;
    },
    async cron(expression) {
      const { outcome } = await worker.scheduled({ cron: expression });
      if (outcome !== "ok") throw new Error(`the schedule ${expression} ended: ${outcome}`);
    },
    logs: () =>
      server
        .getLogs()
        .map(({ message }) => message)
        .join("\n"),
    close: () => server.close(),
  };
}
