/** The guides as a browser shows them: readable for everybody, on every screen, and found by hand. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";

import {
  axe,
  browserOfFile,
  cspViolations,
  noBrowser,
  requests,
  scriptErrors,
  scrollsSideways,
  shoot,
} from "./kit.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../docs/guides");
const PATHS = readdirSync(FOLDER)
  .map((name) => name.replace(/\.md$/, ""))
  .map((slug) => (slug === "README" ? "/docs/guides" : `/docs/guides/${slug}`));

const kit = browserOfFile();

describe.skipIf(noBrowser)("the guides", () => {
  it.for(PATHS)("%s is accessible and fits 320 pixels", async (place, { expect }) => {
    const page = await kit.open(place, { width: 320, colorScheme: "dark" });
    expect(await axe(page)).toEqual([]);
    expect(await scrollsSideways(page)).toBe(false);
    expect(cspViolations(page)).toEqual([]);
    expect(scriptErrors(page)).toEqual([]);
    await requests(page);
  });

  it("are accessible by day, on a wide screen", async ({ expect }) => {
    const page = await kit.open("/docs/guides/webhooks", { width: 1280 });
    expect(await axe(page)).toEqual([]);
    await shoot(page, "guides-webhooks", false);
  });

  it("lead a newcomer from the front door to the webhooks by the keyboard", async ({ expect }) => {
    const page = await kit.open("/");
    await page.getByRole("link", { name: "Your first payment" }).first().press("Enter");
    await page.waitForURL("**/docs/guides/first-payment");
    await shoot(page, "guides-first-payment", false);
    await page.locator('a[rel="next"]').press("Enter");
    await page.waitForURL("**/docs/guides/webhooks");
    expect(await page.locator("h1").textContent()).toBe("Webhooks");
    await page.getByRole("link", { name: "Reference", exact: true }).press("Enter");
    await page.waitForURL("**/docs");
  });

  it("look right on a phone at night", async ({ expect }) => {
    const page = await kit.open("/docs/guides/going-live-wechat-pay", {
      width: 390,
      colorScheme: "dark",
    });
    expect(await scrollsSideways(page)).toBe(false);
    await shoot(page, "guides-phone-dark", false);
  });
});
