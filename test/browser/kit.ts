/**
 * Our pages in a real Chromium, served by the built Worker on 127.0.0.1 with a database of its own.
 *
 *     import { browserOfFile, noBrowser } from "./kit.ts";
 *
 *     const kit = browserOfFile();
 *
 *     describe.skipIf(noBrowser)("the checkout page", () => {
 *       it("…", async ({ expect }) => {
 *         const merchant = await kit.gateway.merchant("A shop");      // id, keys.test, keys.live
 *         const page = await kit.open("/docs", { width: 320, colorScheme: "dark", locale: "th" });
 *         await page.getByRole("link", { name: "Errors" }).click();  // a page of playwright's
 *         expect(await axe(page)).toEqual([]);
 *         expect(await scrollsSideways(page)).toBe(false);
 *         expect(cspViolations(page)).toEqual([]);
 *         const sent = await requests(page); // url, status, bytes, …; throws at a foreign one
 *         await shoot(page, "docs");                                  // docs/screenshots/docs.png
 *       });
 *     });
 *
 * - Every `open` has cookies of its own; `open(path, { beside: page })` shares those of `page`.
 * - `kit.gateway` is the one of test/e2e/kit: HTTP client, D1 statements, crons, the Worker's log.
 * - Nothing leaves the machine: Chromium cannot resolve any name but 127.0.0.1; what a page asks
 *   for elsewhere fails, and `requests` throws.
 * - Pictures are written with UPDATE_SCREENSHOTS=1 only, so that a test run changes no file.
 * - No types of the DOM here: look through playwright's locators, or give `page.evaluate` a string.
 * - Without a Chromium (CHROMIUM_PATH, or the usual places) the tests are skipped.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Request,
} from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";

import { type Gateway, startGateway } from "../e2e/kit/gateway.ts";
import { chromiumPath } from "./chromium.ts";

export type { Page } from "playwright-core";
export { SECRETS } from "../e2e/kit/gateway.ts";
export { until } from "../e2e/kit/until.ts";

const EXECUTABLE = chromiumPath();

/** True: there is no Chromium on this machine. For `describe.skipIf`. */
export const noBrowser = EXECUTABLE === null;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENSHOTS = path.resolve(import.meta.dirname, "../../docs/screenshots");

export interface OpenOptions {
  /** In CSS pixels; 1280. */
  readonly width?: number;
  /** In CSS pixels; 800. */
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
  /** What the browser asks for in Accept-Language; en. */
  readonly locale?: string;
  /** False: the page has to work without scripts. */
  readonly javaScript?: boolean;
  readonly userAgent?: string;
  /** A phone: touch, a mobile viewport, twice the pixels. */
  readonly mobile?: boolean;
  readonly headers?: Record<string, string>;
  /** Another page whose cookies this one shares; the options above are then that page's. */
  readonly beside?: Page;
}

export interface BrowserKit {
  readonly gateway: Gateway;
  /** http://127.0.0.1:… */
  readonly origin: string;
  /** Opens a path of the gateway and waits for the page's load event. */
  open(pathOrUrl: string, options?: OpenOptions): Promise<Page>;
}

interface RunningKit extends BrowserKit {
  /** What a failed test leaves to look at: its pages' addresses and texts, and the gateway's log. */
  remains(): Promise<string>;
  /** Closes all pages and forgets their cookies. */
  closePages(): Promise<void>;
  close(): Promise<void>;
}

/** One request of a page. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  /** document, stylesheet, script, image, fetch, eventsource, … */
  readonly type: string;
  /** Null while there is no answer, and when there will be none. */
  readonly status: number | null;
  /** Headers and body of the answer as transferred, compressed; 0 while a stream is open. */
  readonly bytes: number;
}

/** What is noted about a page, from before its first byte. */
interface Notes {
  readonly origin: string;
  readonly scripts: boolean;
  readonly violations: string[];
  readonly errors: string[];
  readonly requests: Request[];
  readonly bytes: Map<Request, Promise<number>>;
}

const notes = new WeakMap<Page, Notes>();

function notesOf(page: Page): Notes {
  const found = notes.get(page);
  if (found === undefined) throw new Error("not a page of this kit");
  return found;
}

const sizeOf = async (request: Request): Promise<number> => {
  const { responseHeadersSize, responseBodySize } = await request.sizes();
  return responseHeadersSize + responseBodySize;
};

function watch(page: Page, origin: string, scripts: boolean): void {
  if (notes.has(page)) return;
  const seen: Notes = {
    origin,
    scripts,
    violations: [],
    errors: [],
    requests: [],
    bytes: new Map(),
  };
  notes.set(page, seen);
  page.on("console", (message) => {
    // Chromium tells of a violation on the console, whether or not the page may run scripts.
    const text = message.text();
    if (/content[- ]security[- ]policy/i.test(text)) seen.violations.push(text);
  });
  page.on("pageerror", (error) => void seen.errors.push(String(error)));
  page.on("request", (request) => void seen.requests.push(request));
  page.on("requestfinished", (request) => {
    seen.bytes.set(
      request,
      sizeOf(request).catch(() => 0),
    );
  });
}

/** What the page's policy did not allow: a page of ours has to be empty here. */
export const cspViolations = (page: Page): readonly string[] => notesOf(page).violations;

/** Exceptions that no script of the page caught. */
export const scriptErrors = (page: Page): readonly string[] => notesOf(page).errors;

/**
 * Everything that the page asked for since it was opened, redirects and repeats included.
 * @throws Error when a request went to another host than the gateway
 */
export async function requests(page: Page): Promise<SentRequest[]> {
  const { origin, requests: sent, bytes } = notesOf(page);
  for (const request of sent) {
    const url = request.url();
    const inside = url.startsWith(`${origin}/`) || /^(?:data|blob):/.test(url);
    if (!inside) throw new Error(`the page asked another host: ${url}`);
  }
  return Promise.all(
    sent.map(async (request) => ({
      url: request.url(),
      method: request.method(),
      type: request.resourceType(),
      status: request.existingResponse()?.status() ?? null,
      bytes: (await bytes.get(request)) ?? 0,
    })),
  );
}

type Impact = "minor" | "moderate" | "serious" | "critical";

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: Impact;
    readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
  }[];
}

/**
 * axe-core's violations on the page as it is now, one line per element. It comes in through the
 * debugger, which the page's policy does not concern; only a page without scripts has none for it.
 * @param impacts those that count: an ordinary page has none that is serious or critical
 */
export async function axe(
  page: Page,
  impacts: readonly Impact[] = ["serious", "critical"],
): Promise<string[]> {
  if (!notesOf(page).scripts) throw new Error("axe needs scripts: open the page with them");
  const before = notesOf(page).violations.length;
  // What is looked for may stand there before the styles do.
  await page.waitForLoadState("load");
  // A document keeps it: the same page in another look need not read it again.
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'], preload: false })",
  );
  // Its own trials of styles are not the page's.
  notesOf(page).violations.length = before;
  return violations
    .filter(({ impact }) => impacts.includes(impact))
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) =>
          `${id} (${impact}) ${JSON.stringify(target)}: ${failureSummary ?? ""}`,
      ),
    );
}

/** What is wrong with a page: nothing serious for axe, nothing against the policy, nothing sideways. */
export async function flawsOf(page: Page): Promise<string[]> {
  await requests(page); // throws at one that leaves the machine
  return [
    ...(await axe(page)),
    ...cspViolations(page),
    ...scriptErrors(page),
    ...((await scrollsSideways(page)) ? ["scrolls sideways"] : []),
  ];
}

/**
 * Waits until the focus is on the element: a browser moves it after a link into the page, or after a
 * page came, with its next frame, not with the key.
 */
export async function focusOn(page: Page, selector: string): Promise<void> {
  await page.locator(`${selector}:focus`).first().waitFor();
}

/** True: a part of the page can only be reached by scrolling sideways (WCAG 1.4.10). */
export const scrollsSideways = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );

/**
 * Writes docs/screenshots/NAME.png when UPDATE_SCREENSHOTS=1.
 * @param fullPage false: only what is on the screen, of a page as long as a book
 */
export async function shoot(page: Page, name: string, fullPage = true): Promise<void> {
  if (process.env["UPDATE_SCREENSHOTS"] !== "1") return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  const file = path.join(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path: file, fullPage, animations: "disabled" });
}

const contextOptions = (options: OpenOptions): BrowserContextOptions => ({
  viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
  colorScheme: options.colorScheme ?? "light",
  locale: options.locale ?? "en",
  timezoneId: "UTC",
  reducedMotion: "reduce",
  javaScriptEnabled: options.javaScript ?? true,
  ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
  ...(options.headers === undefined ? {} : { extraHTTPHeaders: options.headers }),
  ...(options.mobile === true ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
});

const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", // containers run as root, where Chromium refuses its sandbox
      "--disable-dev-shm-usage", // their /dev/shm is small
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });

/** Characters of the log that tell what happened last. */
const LOG_KEPT = 8_000;

async function startBrowser(executablePath: string): Promise<RunningKit> {
  const [gateway, browser] = await Promise.all([startGateway(), launch(executablePath)]);
  const { origin } = gateway.client;
  const contexts = new Set<BrowserContext>();

  async function contextOf(options: OpenOptions): Promise<BrowserContext> {
    if (options.beside !== undefined) return options.beside.context();
    const context = await browser.newContext(contextOptions(options));
    context.on("page", (page) => watch(page, origin, options.javaScript ?? true));
    contexts.add(context);
    return context;
  }

  async function closePages(): Promise<void> {
    const open = [...contexts];
    contexts.clear();
    await Promise.all(open.map((context) => context.close()));
  }

  return {
    gateway,
    origin,
    async open(pathOrUrl, options = {}) {
      const context = await contextOf(options);
      const page = await context.newPage();
      await page.goto(new URL(pathOrUrl, origin).href);
      return page;
    },
    async remains() {
      const pages = [...contexts].flatMap((context) => context.pages());
      const texts = await Promise.all(
        pages.map(async (page) => `${page.url()}\n${await page.locator("body").innerText()}`),
      );
      return [...texts, gateway.logs().slice(-LOG_KEPT)].join("\n\n");
    },
    closePages,
    async close() {
      await browser.close();
      await gateway.close();
    },
  };
}

/**
 * A gateway and a browser for the tests of one file, from before its first test until after its
 * last: they take some seconds to start. Pages are closed after each test.
 */
export function browserOfFile(): BrowserKit {
  let started: RunningKit | null = null;
  const running = (): RunningKit => {
    if (started === null) throw new Error("no browser: use describe.skipIf(noBrowser)");
    return started;
  };
  beforeAll(async () => {
    if (EXECUTABLE !== null) started = await startBrowser(EXECUTABLE);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.log(await started?.remains());
    await started?.closePages();
  });
  afterAll(() => started?.close());
  return {
    get gateway() {
      return running().gateway;
    },
    get origin() {
      return running().origin;
    },
    open: (pathOrUrl, options) => running().open(pathOrUrl, options),
  };
}
