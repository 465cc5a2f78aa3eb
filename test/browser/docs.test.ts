/** The front door and the reference, as a browser shows them; and that the kit sees what is wrong. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";

import {
  axe,
  type BrowserKit,
  cspViolations,
  noBrowser,
  requests,
  scriptErrors,
  scrollsSideways,
  shoot,
  startBrowser,
} from "./kit.ts";

const LOOKS = ["/", "/docs"].flatMap((path) =>
  (["light", "dark"] as const).map((colorScheme) => ({ path, colorScheme })),
);

let kit: BrowserKit;

beforeAll(async () => {
  if (!noBrowser) kit = await startBrowser();
});
afterEach(async () => {
  if (!noBrowser) await kit.closePages();
});
afterAll(async () => {
  if (!noBrowser) await kit.close();
});

describe.skipIf(noBrowser)("pages without an account", () => {
  it.for(LOOKS)(
    "$path is accessible and keeps to itself, $colorScheme",
    async (look, { expect }) => {
      const page = await kit.open(look.path, { colorScheme: look.colorScheme });
      expect(await page.title()).toContain("ItPay");
      expect(await axe(page)).toEqual([]);
      expect(cspViolations(page)).toEqual([]);
      expect(scriptErrors(page)).toEqual([]);
      const sent = await requests(page);
      expect(sent.map(({ status }) => status)).not.toContain(null);
      expect(sent.find(({ type }) => type === "document")?.url).toBe(`${kit.origin}${look.path}`);
      if (look.path === "/docs") await shoot(page, `docs-${look.colorScheme}`, false);
    },
  );

  it("fit a screen of 320 pixels", async ({ expect }) => {
    const page = await kit.open("/docs", { width: 320 });
    expect(await scrollsSideways(page)).toBe(false);
  });

  it("read the same without scripts", async ({ expect }) => {
    const page = await kit.open("/docs", { javaScript: false });
    expect(await page.locator("h1").first().textContent()).toBeTruthy();
    expect(cspViolations(page)).toEqual([]);
    await expect(axe(page)).rejects.toThrow("needs scripts");
  });
});

describe.skipIf(noBrowser)("the kit", () => {
  it.for([true, false])(
    "sees what a policy forbids (scripts: %s)",
    async (javaScript, { expect }) => {
      const page = await kit.open("/docs", { javaScript });
      await page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\">x</b>')",
      );
      await expect.poll(() => cspViolations(page)).not.toEqual([]);
    },
  );

  it("sees a missing name and a faint text", async ({ expect }) => {
    const page = await kit.open("/docs");
    const bad = `<button></button><p id="faint">faint</p>`;
    await page.evaluate(`document.querySelector("main").insertAdjacentHTML("afterbegin", '${bad}');
      document.querySelector("#faint").style.color = "#ddd"; document.querySelector("#faint").style.background = "#fff"`);
    const found = (await axe(page)).join("\n");
    expect(found).toContain("button-name");
    expect(found).toContain("color-contrast");
  });

  it("sees a request to another host, which gets nowhere", async ({ expect }) => {
    const page = await kit.open("/favicon.svg");
    await page.goto("about:blank");
    const reached = await page.evaluate(
      "fetch('https://example.com/', { mode: 'no-cors' }).then(() => true, () => false)",
    );
    expect(reached).toBe(false);
    await expect(requests(page)).rejects.toThrow("https://example.com/");
  });

  it("measures what is transferred, compressed", async ({ expect }) => {
    const page = await kit.open("/docs");
    const [document] = await requests(page);
    const size = (await page.content()).length;
    expect(document?.status).toBe(200);
    expect(document?.bytes).toBeGreaterThan(1000);
    expect(document?.bytes).toBeLessThan(size);
  });

  it("keeps the cookies of pages apart unless they stand beside each other", async ({ expect }) => {
    const page = await kit.open("/docs");
    await page.context().addCookies([{ name: "seen", value: "1", url: kit.origin }]);
    const beside = await kit.open("/docs", { beside: page });
    const apart = await kit.open("/docs");
    expect(await beside.context().cookies()).toHaveLength(1);
    expect(await apart.context().cookies()).toHaveLength(0);
  });
});
