// `npm run bench`: finds the Node that the project brings along, and runs the bench on it. The
// machine's own Node may be older than the runtime's tools accept.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const bin = path.join(root, "node_modules", ".bin");
const node = path.join(bin, "node");

if (!existsSync(node)) {
  console.error("The bench needs the project's packages. Run `npm run setup` first.");
  process.exit(1);
}
if (process.platform !== "linux") {
  console.error("The bench reads the runtime's processor time from /proc: it runs on Linux only.");
  process.exit(1);
}

const { status, signal, error } = spawnSync(
  node,
  [
    "--disable-warning=ExperimentalWarning",
    path.join(root, "test", "bench", "main.ts"),
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}` },
  },
);
if (error !== undefined) console.error(`The bench could not be started: ${error.message}`);
process.exit(signal === null ? (status ?? 1) : 1);
