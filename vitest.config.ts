import path from "node:path";

import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Node, not workerd: official SDKs as peers, the built Worker as a black box, its pages in Chromium.
const nodeOnly = ["peers", "e2e", "browser"].map((folder) => `test/${folder}/**/*.test.ts`);

// Throw-away values: test storage is made anew for every file.
const testKey = (fill: string) => Buffer.from(fill.repeat(32)).toString("base64");

const CLOSED = "http://127.0.0.1:9";
const slugs = "wechat wechat_global antom iotpay promptpay paynow duitnow fps qris vietqr qrph";
const closedEndpoints = {
  ...Object.fromEntries(slugs.split(" ").map((slug) => [slug, CLOSED])),
  alipay: `${CLOSED}/gateway.do`,
};

/** Tests of pure code: nothing is stored, so nothing has to be made anew for each file. */
const pure = [
  ...["agents", "channels", "crypto", "emvco", "leaves", "payments"].map(
    (folder) => `${folder}/**/*`,
  ),
  "qr/qr",
  "settlement/pricing",
  "webhooks/policy",
  "webhooks/rules",
].map((name) => `test/${name}.test.ts`);

/** Long files, from the longest: one that began last would keep everybody waiting. */
const LONG = [
  "browser/checkout",
  "browser/console-settings",
  "browser/console",
  "e2e/faults",
  "browser/docs",
  "sandbox/matrix",
  "intent/crash",
  "reconciliation/crash",
  "routes/tenants",
  "routes/console-settings",
].map((name) => path.join(import.meta.dirname, `test/${name}.test.ts`));

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.indexOf(moduleId);
  return at < 0 ? LONG.length : at;
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, of no array
    const sorted = await super.sort(files);
    // By project first: a runtime is only shared by files that follow each other.
    return sorted.toSorted(
      (a, b) => a.project.name.localeCompare(b.project.name) || rank(a) - rank(b),
    );
  }
}

const workerd = () =>
  cloudflareTest(async () => ({
    verbose: false,
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: {
      bindings: {
        VAULT_KEY: testKey("v"),
        ID_KEY: testKey("i"),
        ADMIN_TOKEN: "admin-token-for-tests",
        LOG_LEVEL: "silent",
        // Whatever outlives its test's double must not leave the machine.
        CHANNEL_ENDPOINTS: JSON.stringify(closedEndpoints),
        TEST_MIGRATIONS: await readD1Migrations(path.join(import.meta.dirname, "migrations")),
      },
    },
  }));

const inWorkerd = {
  // Files share a few runtimes, which saves minutes: test/runtime.ts tells how.
  isolate: false,
  restoreMocks: true,
  testTimeout: 30_000,
  hookTimeout: 30_000,
};

export default defineConfig({
  test: {
    // One more than the cores of a small machine: the black-box tests mostly wait.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    coverage: { provider: "istanbul", include: ["src/**/*.ts", "src/**/*.tsx"] },
    projects: [
      {
        plugins: [workerd()],
        test: { ...inWorkerd, name: "pure", include: pure },
      },
      {
        plugins: [workerd()],
        test: {
          ...inWorkerd,
          name: "workers",
          setupFiles: ["./test/setup.ts"],
          include: ["test/**/*.test.ts"],
          exclude: [...nodeOnly, ...pure],
        },
      },
      {
        test: {
          name: "node",
          include: nodeOnly,
          globalSetup: "./test/browser/chromium.ts",
          restoreMocks: true,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
