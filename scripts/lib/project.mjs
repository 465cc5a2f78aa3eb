/**
 * The project seen from its scripts: where it is, and how its programs are run. Nothing here needs
 * a package: these files run on the machine's own Node before anything is installed.
 */
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const inProject = (...parts) => path.join(ROOT, ...parts);

const BIN = inProject("node_modules", ".bin");

/** An end that the reader can act on: its text is printed as it is, without a stack. */
export class Stop extends Error {}

/** Runs a script's work; its number is the exit code. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    console.error(error instanceof Stop ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}

/** Whether this file was started, not imported. */
export const isStarted = (url) =>
  process.argv[1] !== undefined && pathToFileURL(realpathSync(process.argv[1])).href === url;

const searchPath = () => (process.env.PATH ?? "").split(path.delimiter);

/** The project's Node 24 and tools come first; nothing is reported and nothing fetched. */
export const projectEnv = () => ({
  ...process.env,
  PATH: [BIN, ...searchPath()].join(path.delimiter),
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
});

/** The machine's own Node: an installer must not run on the Node that it is about to replace. */
export const machineEnv = () => ({
  ...process.env,
  PATH: searchPath()
    .filter((folder) => path.resolve(folder) !== BIN)
    .join(path.delimiter),
});

/**
 * Runs a program to its end and keeps what it prints. With `show` it prints on this terminal
 * itself, colours and all, and nothing is kept.
 * @returns `{code, output}`; a program that a signal ended has code 1
 */
export function run(command, args, { env = projectEnv(), show = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd: ROOT, env, stdio });
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => reject(new Stop(`${command} cannot be run: ${error.message}`)));
    child.on("close", (code) =>
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }),
    );
  });
}

/** The end of a program's output, for a message about its failure. */
export const tail = (output, lines = 20) => output.trim().split("\n").slice(-lines).join("\n");

/** A file's text, or null when there is none. */
export function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** A JSON file's value, or null when it is missing or broken. */
export function readJson(file) {
  try {
    return JSON.parse(readText(file) ?? "null");
  } catch {
    return null;
  }
}
