/**
 * `npm test`: every check, on a fresh clone too. It stops at the first that fails. The last line
 * is always `N passed, N failed`: the tests, and a failed check of another kind as one more.
 * `npm test -- ARGUMENTS` gives the arguments to vitest and runs nothing else.
 */
import { rmSync } from "node:fs";

import { inProject, main, readJson, run, Stop } from "./lib/project.mjs";
import { bold, dim, red } from "./lib/terminal.mjs";
import { installPackages, writeSecrets } from "./setup.mjs";

/** A Worker may have 10 MiB; small scripts start fast everywhere. A fifth is guides, pages and texts. */
const GZIP_BUDGET_KIB = 720;

const REPORT = ".vitest.json";

async function succeeds(command, ...args) {
  const { code } = await run(command, args, { show: true });
  return code === 0;
}

async function runVitest(args) {
  rmSync(inProject(REPORT), { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  return succeeds("vitest", "run", ...reporters, ...args);
}

async function buildFits() {
  const { code, output } = await run("wrangler", ["deploy", "--dry-run"]);
  const gzip = /gzip:\s*([\d.]+)\s*KiB/.exec(output)?.[1];
  if (code !== 0 || gzip === undefined) {
    console.log(output);
    return false;
  }
  const fits = Number(gzip) <= GZIP_BUDGET_KIB;
  console.log(`${gzip} KiB gzip, the budget is ${GZIP_BUDGET_KIB} KiB${fits ? "" : red(": over")}`);
  return fits;
}

const VITEST = { name: "Tests (vitest)", work: () => runVitest([]) };

const CHECKS = [
  { name: "Format (oxfmt)", work: () => succeeds("oxfmt", "--check") },
  { name: "Lint (oxlint)", work: () => succeeds("oxlint", "--type-aware") },
  { name: "Bindings (wrangler types)", work: () => succeeds("npm", "run", "-s", "types:check") },
  { name: "Types (tsc)", work: () => succeeds("tsc") },
  VITEST,
  { name: "Build (wrangler deploy --dry-run)", work: buildFits },
];

/** Runs them one after the other; the first that fails is returned, or null. */
async function firstFailure(checks) {
  for (const check of checks) {
    console.log(`\n${bold(`== ${check.name}`)}`);
    const started = performance.now();
    const passed = await check.work();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(passed ? dim(`ok, ${seconds} s`) : red(`failed, ${seconds} s`));
    if (!passed) return check;
  }
  return null;
}

/** The tests by vitest's own report: a file that cannot be loaded has no test that failed. */
function countTests(failure) {
  const report = readJson(inProject(REPORT));
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  return { passed, failed: failure === null ? failed : Math.max(failed, 1) };
}

await main(async () => {
  const args = process.argv.slice(2);
  rmSync(inProject(REPORT), { force: true });
  let counts = { passed: 0, failed: 1 };
  try {
    await installPackages();
    writeSecrets();
    const only = [{ ...VITEST, work: () => runVitest(args) }];
    const failure = await firstFailure(args.length > 0 ? only : CHECKS);
    counts = countTests(failure);
    if (failure === null && counts.passed === 0) {
      console.log("No test ran.");
      counts.failed = 1;
    }
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error);
  }
  console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
});
