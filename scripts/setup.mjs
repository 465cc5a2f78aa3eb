/**
 * Makes a fresh clone ready, and does only what is missing: packages, local secrets, the local
 * database. `npm run setup` runs it; `npm start` and `npm test` run it first.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";

import {
  inProject,
  isStarted,
  machineEnv,
  main,
  readJson,
  readText,
  run,
  Stop,
  tail,
} from "./lib/project.mjs";

const OLDEST_NODE = 20;
const STATE = inProject(".wrangler", "state");
const MIGRATIONS = inProject("migrations");
const MIGRATED = inProject(".wrangler", "state", "migrations.sha256");

function checkNode() {
  const [major] = process.versions.node.split(".");
  if (Number(major) >= OLDEST_NODE) return;
  throw new Stop(
    `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer (nodejs.org).`,
  );
}

/**
 * Whether node_modules is what package-lock.json asks for, by npm's own record of it, so that an
 * install by hand counts too. Packages for other platforms are optional and may be absent.
 */
function isInstalled() {
  const wanted = readJson(inProject("package-lock.json"))?.packages;
  const present = readJson(inProject("node_modules", ".package-lock.json"))?.packages;
  if (wanted === undefined || present === undefined) return false;
  if (!existsSync(inProject("node_modules", ".bin", "node"))) return false;
  return Object.entries(wanted).every(([folder, entry]) => {
    const found = present[folder];
    if (found === undefined) return folder === "" || entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;

export async function installPackages() {
  checkNode();
  if (isInstalled()) return;
  console.log("Installing packages with npm ci (about a minute) …");
  // Explicit: a silent outer npm would hide why this one failed.
  const args = ["ci", "--include=dev", "--no-fund", "--no-audit", "--loglevel=error"];
  const { code, output } = await run("npm", args, { env: machineEnv() });
  if (code !== 0) {
    const reason = NO_NETWORK.test(output)
      ? "The npm registry cannot be reached: check the network or the proxy, then try again."
      : "npm ci failed; its last lines are above.";
    throw new Stop(`${tail(output)}\n\n${reason}`);
  }
  // The project's Node 24 is put in place by an install script.
  if (!existsSync(inProject("node_modules", ".bin", "node"))) {
    throw new Stop(
      "npm did not run install scripts, which bring Node 24 and workerd.\n" +
        "Try: npm ci --ignore-scripts=false",
    );
  }
}

const key32 = () => randomBytes(32).toString("base64");

/** Other names of .dev.vars.example work locally with the value that stands there. */
const RANDOM_VALUES = {
  VAULT_KEY: key32,
  ID_KEY: key32,
  ADMIN_TOKEN: () => `admin_${randomBytes(24).toString("hex")}`,
};

/** Name → value of a .dev.vars file. */
function parseVars(text) {
  const lines = text.split(/\r?\n/).map((line) => /^\s*(?:export\s+)?(\w+)\s*=(.*)$/.exec(line));
  return new Map(
    lines
      .filter((match) => match !== null)
      .map(([, name, value]) => [name, value.trim().replace(/^(["'`])(.*)\1$/, "$2")]),
  );
}

const DEV_VARS = inProject(".dev.vars");

/** The local secrets. They never leave .dev.vars except towards the local gateway. */
export const localSecrets = () => parseVars(readText(DEV_VARS) ?? "");

/** Adds what is missing; a value that is there stays. */
export function writeSecrets() {
  const example = parseVars(readText(inProject(".dev.vars.example")) ?? "");
  const text = readText(DEV_VARS);
  const present = parseVars(text ?? "");
  const missing = [...example.keys()].filter((name) => !present.has(name));
  if (missing.length === 0) return;
  if (missing.includes("VAULT_KEY")) setAsideState();
  const lines = missing.map((name) => `${name}=${RANDOM_VALUES[name]?.() ?? example.get(name)}\n`);
  const before = text ?? "# Local secrets of this machine, made at random. Never commit them.\n";
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  writeFileSync(DEV_VARS, `${before}${gap}${lines.join("")}`, { mode: 0o600 });
  chmodSync(DEV_VARS, 0o600);
  console.log(`Wrote local secrets to .dev.vars: ${missing.join(", ")}.`);
}

/** What the lost key has sealed cannot be opened again, and the sandbox would fail on it. */
function setAsideState() {
  if (!existsSync(STATE)) return;
  const aside = `${STATE}-${randomBytes(4).toString("hex")}`;
  renameSync(STATE, aside);
  console.log(`VAULT_KEY was missing: moved the local state that it sealed to ${aside}.`);
}

function migrationsHash() {
  const hash = createHash("sha256");
  const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
  for (const name of files.toSorted()) hash.update(name).update(readText(`${MIGRATIONS}/${name}`));
  return hash.digest("hex");
}

export async function migrateDatabase() {
  // Kept inside the state: who deletes the state deletes this with it.
  const hash = migrationsHash();
  if (readText(MIGRATED) === hash) return;
  console.log("Preparing the local database …");
  const args = ["d1", "migrations", "apply", "itpay", "--local"];
  const { code, output } = await run("wrangler", args);
  if (code !== 0) throw new Stop(`${tail(output)}\n\nThe database migrations failed.`);
  mkdirSync(STATE, { recursive: true });
  writeFileSync(MIGRATED, hash);
}

export async function setup() {
  await installPackages();
  writeSecrets();
  await migrateDatabase();
}

if (isStarted(import.meta.url)) {
  await main(async () => {
    await setup();
    console.log("Ready: npm start runs the gateway, npm test checks it.");
  });
}
