/**
 * Copies what pages use of packages into public/assets/, where the platform serves it from. The copy
 * is committed, so that a deployment is what was reviewed; test/browser/console.test.ts holds it
 * against the package. Run it after an update: `node scripts/copy-assets.mjs`.
 */
import { copyFileSync } from "node:fs";

import { inProject } from "./lib/project.mjs";

const COPIES = [["node_modules/htmx.org/dist/htmx.min.js", "public/assets/htmx.min.js"]];

for (const [from, to] of COPIES) {
  copyFileSync(inProject(...from.split("/")), inProject(...to.split("/")));
  console.log(`${to} is ${from}`);
}
