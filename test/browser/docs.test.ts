/** The front door and the reference, as a browser shows them; and that the kit sees what is wrong. */
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

/** The reference is as long as a book; axe-core reads all of it. */
const BOOK_MS = 180_000;

const kit = browserOfFile();

describe.skipIf(noBrowser)("pages without an account", () => {
  it.for(["light", "dark"] as const)(
    "are accessible and keep to themselves, %s",
    { timeout: BOOK_MS },
    async (colorScheme, { expect }) => {
      const page = await kit.open("/docs", { colorScheme });
      expect(await page.title()).toContain("ItPay");
      expect(await axe(page)).toEqual([]);
      expect(cspViolations(page)).toEqual([]);
      expect(scriptErrors(page)).toEqual([]);
      const sent = await requests(page);
      expect(sent.map(({ status }) => status)).not.toContain(null);
      await shoot(page, `docs-${colorScheme}`, false);
    },
  );

  it("begin at the front door", async ({ expect }) => {
    const page = await kit.open("/");
    expect(page.url()).toBe(`${kit.origin}/docs`);
    expect(cspViolations(page)).toEqual([]);
  });

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
    const page = await kit.open("/favicon.svg");
    await page.goto("about:blank");
    const faint = `<p style="color: #ddd; background: #fff">faint</p>`;
    const html = (main: string) =>
      `<html lang="en"><head><title>x</title></head><body><main>${main}</main></body></html>`;
    await page.setContent(html(`<button></button>${faint}`));
    const found = (await axe(page)).join("\n");
    expect(found).toContain("button-name");
    expect(found).toContain("color-contrast");
    await page.setContent(html("<button>Pay</button>"));
    expect(await axe(page)).toEqual([]);
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
