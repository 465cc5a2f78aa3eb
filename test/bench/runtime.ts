/** Bundles Workers as a deployment would, and runs each in a runtime process of its own. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions } from "wrangler";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const WRANGLER = path.join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** Throw-away values, only for the state of one run. */
export const SECRETS = {
  VAULT_KEY: randomBytes(32).toString("base64"),
  ID_KEY: randomBytes(32).toString("base64"),
  ADMIN_TOKEN: randomBytes(24).toString("base64url"),
};

/** Ticks per second of the processor times in /proc; the same on every Linux of today. */
const TICKS_PER_SECOND = 100;
/** A runtime that used less than this in a while has finished what it was doing. */
const IDLE_TICKS = 1;
const IDLE_LOOK_MS = 150;

export interface Bundle {
  readonly script: string;
  readonly config: string;
  readonly gzipKiB: string;
}

/**
 * The real wrangler.toml for another entry, without the rate limit that a load would meet, and
 * without the files that the platform serves by itself: locally a Worker of its own stands before
 * ours for them, and would be measured.
 */
export function gatewayConfig(entry: string): string {
  return readFileSync(path.join(ROOT, "wrangler.toml"), "utf8")
    .replace('"src/index.ts"', JSON.stringify(path.join(ROOT, entry)))
    .replace('"migrations"', JSON.stringify(path.join(ROOT, "migrations")))
    .replace("limit = 6000", "limit = 100000000")
    .replace(/^\[assets\]\n(?:(?!\[).*\n)*/m, "");
}

export function floorConfig(): string {
  const date = /^compatibility_date = .*$/m.exec(gatewayConfig("src/index.ts"))?.[0] ?? "";
  return `name = "floor"
main = ${JSON.stringify(path.join(ROOT, "test/bench/floor.ts"))}
${date}
minify = true
[[durable_objects.bindings]]
name = "CELLS"
class_name = "Cell"
[exports.Cell]
type = "durable-object"
storage = "sqlite"
`;
}

/** What `wrangler deploy` would upload. */
export async function bundle(folder: string, name: string, config: string): Promise<Bundle> {
  const home = path.join(folder, name);
  mkdirSync(home, { recursive: true });
  const configFile = path.join(home, "wrangler.toml");
  writeFileSync(configFile, config);
  const secrets = Object.entries(SECRETS).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(path.join(home, ".dev.vars"), secrets.join(""), { mode: 0o600 });
  const out = path.join(home, "dist");
  await promisify(execFile)(
    process.execPath,
    [WRANGLER, "deploy", "--dry-run", "--outdir", out, "--config", configFile],
    { env: { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" } },
  );
  const script = readdirSync(out).find((entry) => entry.endsWith(".js"));
  if (script === undefined) throw new Error(`no bundle in ${out}`);
  const file = path.join(out, script);
  const gzipKiB = (gzipSync(readFileSync(file)).length / 1_024).toFixed(0);
  return { script: file, config: configFile, gzipKiB };
}

/** Processor seconds that a process and its threads have used. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function runtimeProcesses(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return parent === process.pid && stat.includes("(workerd)");
      } catch {
        return false; // it ended while we looked
      }
    });
}

export interface Running {
  readonly origin: URL;
  /** Processor seconds of the whole runtime process since it started. */
  cpu(): number;
  /**
   * Watches the Worker's own isolate, which is what a deployment limits, until it is told to stop.
   * @param collecting takes the garbage out before each look: what is left is really held
   * @returns a function that stops it and answers the most that was in use: heap and buffers, MiB
   */
  watchHeap(collecting: boolean): Promise<() => number>;
  /** Waits until nothing is going on any more: answers are out, copies are written. */
  idle(): Promise<void>;
  /** Brings its empty database up to the schema. */
  migrate(): Promise<void>;
  stop(): Promise<void>;
}

/** How often the heap is looked at: a slice of lines takes longer. Taking garbage out takes time. */
const HEAP_LOOK_MS = 20;
const COLLECTED_LOOK_MS = 250;

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

async function watchHeap(inspector: URL, collecting: boolean): Promise<() => number> {
  const list = await fetch(new URL("/json", inspector.href.replace(/^ws/, "http")));
  const targets = (await list.json()) as { id: string; webSocketDebuggerUrl: string }[];
  const target = targets.find(({ id }) => id.includes("bench"));
  if (target === undefined) throw new Error(`no isolate: ${targets.map(({ id }) => id).join()}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.addEventListener("open", resolve);
  socket.addEventListener("error", reject);
  await promise;
  let most = 0;
  let asked = 0;
  const tell = (method: string) => {
    asked += 1;
    socket.send(JSON.stringify({ id: asked, method }));
  };
  const look = () => {
    if (collecting) tell("HeapProfiler.collectGarbage");
    tell("Runtime.getHeapUsage");
  };
  socket.addEventListener("message", ({ data }) => {
    const { result } = JSON.parse(String(data)) as { result?: HeapUsage };
    if (typeof result?.usedSize !== "number") return;
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = result;
    most = Math.max(most, usedSize + embedderHeapUsedSize + backingStorageSize);
  });
  const timer = setInterval(look, collecting ? COLLECTED_LOOK_MS : HEAP_LOOK_MS);
  return () => {
    clearInterval(timer);
    socket.close();
    if (most === 0) throw new Error("the isolate said nothing of its heap");
    return most / 1_048_576;
  };
}

/** The bundle's one module of code, and the texts that lie beside it. */
function modulesOf(script: string) {
  const folder = path.dirname(script);
  const texts = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return [
    { type: "ESModule" as const, path: script },
    ...texts.map((name) => ({ type: "Text" as const, path: path.join(folder, name) })),
  ];
}

/**
 * Starts a bundle.
 * @param bindings variables and secrets beside those of its configuration
 * @param state a folder that keeps its storage over a restart; none: in memory only
 */
export async function run(
  { script, config }: Bundle,
  bindings: Record<string, string>,
  state?: string,
): Promise<Running> {
  const before = new Set(runtimeProcesses());
  // What the modules are is known: there is nothing for rules to find out.
  const { modulesRules: _, ...options } = unstable_getMiniflareWorkerOptions(config).workerOptions;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      inspectorPort: 0,
      handleStructuredLogs: () => undefined,
      ...(state === undefined ? {} : { resourcePersistencePath: state }),
      workers: [
        {
          ...options,
          name: "bench",
          modulesRoot: path.dirname(script),
          modules: modulesOf(script),
          bindings: { ...(options.bindings as Record<string, string>), ...bindings },
        },
      ],
    }),
  );
  const origin = await miniflare.ready;
  const [pid] = runtimeProcesses().filter((candidate) => !before.has(candidate));
  if (pid === undefined) throw new Error("the runtime's process was not found in /proc");
  return {
    origin,
    cpu: () => ticksOf(pid) / TICKS_PER_SECOND,
    watchHeap: async (collecting) => watchHeap(await miniflare.getInspectorURL(), collecting),
    async idle() {
      for (let used = ticksOf(pid); ;) {
        await new Promise((resolve) => void setTimeout(resolve, IDLE_LOOK_MS));
        const now = ticksOf(pid);
        if (now - used <= IDLE_TICKS) return;
        used = now;
      }
    },
    async migrate() {
      const db = await miniflare.getD1Database("DB");
      const folder = path.join(ROOT, "migrations");
      for (const file of readdirSync(folder)
        .filter((entry) => entry.endsWith(".sql"))
        .toSorted()) {
        const statements = readFileSync(path.join(folder, file), "utf8");
        for (const statement of statements.split("--> statement-breakpoint")) {
          if (statement.trim() !== "") await db.prepare(statement).run();
        }
      }
    },
    stop: () => miniflare.dispose(),
  };
}
