/**
 * `npm run bench`: counts, then speed, lists and statements, then the page. `npm run bench -- lists`
 * or `-- statements`: only these, into the page that is there. Linux only: it reads /proc.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";

import type { Comparison } from "./contest.ts";
import { type Cost, countCosts } from "./count.ts";
import { measureLists } from "./lists.ts";
import { measureStatements } from "./reconciliation.ts";
import { startDouble } from "./double.ts";
import { type Arena, measureCallback, measureCreate, measureQr, measureStatus } from "./measure.ts";
import { measureCodes } from "./emvco.ts";
import {
  budgetTable,
  codeTable,
  countTable,
  listSection,
  listTable,
  page,
  speedTable,
  statementSection,
  statementTable,
  withSection,
} from "./report.ts";
import { bundle, floorConfig, gatewayConfig, ROOT, run } from "./runtime.ts";

// wrangler's notes about where it found the secrets.
process.env["WRANGLER_LOG"] ??= "error";

const started = performance.now();
const load = loadavg()
  .map((value) => value.toFixed(1))
  .join(" ");

const say = (text: string) => {
  const seconds = ((performance.now() - started) / 1_000).toFixed(0).padStart(4);
  process.stdout.write(`${seconds} s  ${text}\n`);
};

const versionOf = (name: string): string => {
  const file = path.join(ROOT, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
};

const derOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, "");

const PAGE = path.join(ROOT, "docs/benchmarks.md");

const only = process.argv[2];
if (only !== undefined && only !== "lists" && only !== "statements") {
  process.stderr.write("The bench knows no part of that name, only: lists, statements\n");
  process.exit(2);
}

const folder = mkdtempSync(path.join(tmpdir(), "itpay-bench-"));
// A million payments are five gigabytes: they go also when somebody stops the bench.
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const double = await startDouble();
try {
  say(only === undefined ? "bundling the gateway, its two variants and the floor" : "bundling");
  const real = await bundle(folder, "gateway", gatewayConfig("src/index.ts"));
  const quiet = { LOG_LEVEL: "warn" };
  if (only === "statements") {
    const statements = await measureStatements(folder, real, quiet, say);
    writeFileSync(PAGE, withSection(readFileSync(PAGE, "utf8"), statementSection(statements)));
    process.stdout.write(`\n${statementTable(statements)}\n\n`);
    say("its part of docs/benchmarks.md is written");
    process.exit();
  }
  if (only === "lists") {
    const lists = await measureLists(folder, real, quiet);
    writeFileSync(PAGE, withSection(readFileSync(PAGE, "utf8"), listSection(lists)));
    process.stdout.write(`\n${listTable(lists)}\n\n`);
    say(
      `its part of docs/benchmarks.md is written; the seed took ${lists.seedSeconds.toFixed(0)} s`,
    );
    process.exit();
  }
  const counted = await bundle(folder, "counted", gatewayConfig("test/bench/counted.ts"));
  const bare = await bundle(folder, "uncopied", gatewayConfig("test/bench/uncopied.ts"));
  const floor = await bundle(folder, "floor", floorConfig());
  const settings = {
    LOG_LEVEL: "warn",
    CHANNEL_ENDPOINTS: JSON.stringify({ wechat: double.origin }),
  };

  say("counting");
  const costs: Cost[] = await countCosts(folder, counted, settings, double);

  const arena: Arena = {
    double,
    async gateway(variant) {
      const running = await run(variant === "whole" ? real : bare, settings);
      await running.migrate();
      return running;
    },
    floor: (picture) =>
      run(floor, {
        CHANNEL: double.origin,
        SIGNING_KEY: derOf(double.signingKey),
        PLATFORM_KEY: derOf(double.platformKey),
        PICTURE: picture,
      }),
  };
  const comparisons: Comparison[] = [];
  const measurements = [
    () => measureCreate(arena, "whole"),
    () => measureCreate(arena, "without copies"),
    () => measureCallback(arena, "whole"),
    () => measureCallback(arena, "without copies"),
    () => measureStatus(arena),
    () => measureQr(arena),
  ];
  for (const measure of measurements) {
    const comparison = await measure();
    const note = comparison.overran ? "; too slow: alarms fell into it" : "";
    say(`measured ${comparison.operation}, ${comparison.pairs} pairs${note}`);
    comparisons.push(comparison);
  }

  const codes = measureCodes();
  say("measured QR codes");

  const lists = await measureLists(folder, real, quiet);
  say(`measured lists; the seed took ${lists.seedSeconds.toFixed(0)} s`);

  const statements = await measureStatements(folder, real, quiet, say);
  say("measured statements");

  const text = page(comparisons, costs, codes, lists, statements, {
    date: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    versions: [
      `Node ${process.versions.node}`,
      `workerd ${versionOf("workerd")}`,
      `wrangler ${versionOf("wrangler")}`,
    ],
    load,
    gzipKiB: real.gzipKiB,
    seconds: (performance.now() - started) / 1_000,
  });
  writeFileSync(PAGE, text);
  const tables = [
    countTable(costs),
    speedTable(comparisons),
    listTable(lists),
    codeTable(codes),
    budgetTable(costs, comparisons),
  ];
  process.stdout.write(`\n${tables.join("\n\n")}\n\n`);
  say("docs/benchmarks.md is written");
} finally {
  await double.close();
}
// Sockets that are kept open for the next request would keep the process alive.
process.exit();
