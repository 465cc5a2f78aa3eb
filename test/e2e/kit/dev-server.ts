/**
 * `wrangler dev` as a process of its own, on state of its own, that can be killed like a machine
 * that loses its power: the whole process group at once, with nothing left to say.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { CONFIG, SECRETS } from "./gateway.ts";
import { until } from "./until.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const WRANGLER = path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");
const START_WITHIN_MS = 60_000;

export interface DevServer {
  readonly origin: string;
  /** Starts, or starts again on the same state and port, and waits until /health answers. */
  start(): Promise<void>;
  /** SIGKILL to wrangler and workerd; returns when none of them is left. */
  kill(): Promise<void>;
  /** What the last process wrote. */
  output(): string;
  /** Kills it and removes its state. */
  dispose(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => void probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => void probe.close(resolve));
  return port;
}

/** The real wrangler.toml with absolute paths and other variables, in a folder of its own. */
function writeConfig(folder: string, vars: Record<string, string>): string {
  let text = readFileSync(CONFIG, "utf8")
    .replace('"src/index.ts"', JSON.stringify(path.join(ROOT, "src/index.ts")))
    .replace('"migrations"', JSON.stringify(path.join(ROOT, "migrations")))
    .replace('"public"', JSON.stringify(path.join(ROOT, "public")));
  for (const [name, value] of Object.entries(vars)) {
    const line = new RegExp(`^${name} = .*$`, "m");
    if (!line.test(text)) throw new Error(`wrangler.toml has no variable ${name}`);
    text = text.replace(line, () => `${name} = ${JSON.stringify(value)}`);
  }
  const config = path.join(folder, "wrangler.toml");
  writeFileSync(config, text);
  const secrets = Object.entries(SECRETS).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path.join(folder, ".dev.vars"), secrets.join(""), { mode: 0o600 });
  return config;
}

const groupIsAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
};

export async function makeDevServer(vars: Record<string, string>): Promise<DevServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "itpay-e2e-"));
  const config = writeConfig(folder, vars);
  const state = path.join(folder, "state");
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  // wrangler refuses the Node of older machines; this process runs on the right one.
  const common = ["--config", config, "--persist-to", state];
  const migrate = [WRANGLER, "d1", "migrations", "apply", "itpay", "--local", ...common];
  await promisify(execFile)(process.execPath, migrate, { env: { ...process.env, CI: "1" } });
  let child: ChildProcess | null = null;
  let written = "";

  async function start(): Promise<void> {
    written = "";
    const args = ["dev", ...common, "--ip", "127.0.0.1", "--port", String(port)];
    const started = spawn(process.execPath, [WRANGLER, ...args, "--inspector-port", "0"], {
      detached: true, // a process group of its own
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" },
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        written += chunk.toString("utf8");
      });
    }
    await until(
      "the gateway answers",
      async () => {
        if (started.exitCode !== null) throw new Error(`wrangler dev ended:\n${written}`);
        const reply = await fetch(`${origin}/health`).catch(() => null);
        return reply?.status === 200 ? true : null;
      },
      START_WITHIN_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${written}`, { cause: error });
    });
  }

  async function kill(): Promise<void> {
    const group = child?.pid;
    child = null;
    if (group === undefined || !groupIsAlive(group)) return;
    process.kill(-group, "SIGKILL");
    await until("nothing of it is left", () => (groupIsAlive(group) ? null : true));
  }

  return {
    origin,
    start,
    kill,
    output: () => written,
    async dispose() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
