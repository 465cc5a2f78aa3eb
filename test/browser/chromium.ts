/** Where this machine keeps a Chromium, and the line that says that it has none. */
import { existsSync } from "node:fs";

// The one without windows takes two thirds of the time.
const PLACES = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** CHROMIUM_PATH wins; null: there is none. */
export function chromiumPath(): string | null {
  const chosen = process.env["CHROMIUM_PATH"];
  if (chosen !== undefined) return existsSync(chosen) ? chosen : null;
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** Vitest runs this once, before the first file: one line, however many files are skipped. */
export function setup(): void {
  if (chromiumPath() === null) {
    console.log("No Chromium on this machine: the tests in test/browser are skipped.");
  }
}
