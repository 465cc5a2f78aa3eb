/** The guides as pages, and what they say held against the gateway itself. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { html as template } from "hono/html";
import { describe, it, vi } from "vitest";
import * as z from "zod";

import operationsText from "../../docs/operations.md";
import { createApp } from "../../src/app.ts";
import { channelOf } from "../../src/channels/registry.ts";
import { DATE_FORMATS } from "../../src/channels/statement/clock.ts";
import { STATEMENT_REFUSALS } from "../../src/channels/statement/line.ts";
import { StatementProfile } from "../../src/channels/statement/profile.ts";
import { ENCODINGS } from "../../src/channels/statement/text.ts";
import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import { selfSignedCertificate } from "../../src/crypto/x509-build.ts";
import { guidePath, GUIDES_PATH, linkTarget, LOCAL_ORIGIN } from "../../src/docs/guides/links.ts";
import { GUIDES, INDEX } from "../../src/docs/guides/list.ts";
import { anchorOf, renderMarkdown } from "../../src/docs/guides/markdown.tsx";
import {
  type ApiDocument,
  operationsOf,
  type PlacedOperation,
  type Schema,
} from "../../src/docs/model.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { EXCEPTION_KINDS, EXCEPTION_STATES } from "../../src/reconciliation.ts";
import { EXCEPTION_ACTIONS } from "../../src/reconciliation/exception-view.ts";
import { FAULT_SCRIPTS } from "../../src/sandbox/simulator.ts";
import { bookingDay, DAY_FAULTS } from "../../src/sandbox/statement.ts";
import { ENTRY_KINDS } from "../../src/settlement/ledger.ts";
import { SPLIT_STATES } from "../../src/settlement/splits.ts";
import { blocksOf, filesOf } from "../docs/blocks.ts";
import { assignmentOf, commandsOf, type Curl, curlOf, type Variables } from "../docs/shell.ts";

const app = createApp();
const ORIGIN = "https://pay.gateway.example";
const ALL = [INDEX, ...GUIDES];

async function ask(path: string, init: RequestInit = {}, origin = ORIGIN) {
  const ctx = createExecutionContext();
  const response = await app.fetch(new Request(`${origin}${path}`, init), env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const document = await (await ask("/openapi.json")).json<ApiDocument>();
const reference = await (await ask("/docs")).text();

const pages = new Map<string, string>();
for (const { slug } of ALL) pages.set(slug, await (await ask(guidePath(slug))).text());
const pageOf = (slug: string): string => pages.get(slug) ?? "";

const idsIn = (html: string) => [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id ?? "");
const linksIn = (html: string) =>
  [...html.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) =>
    (href ?? "").replaceAll("&amp;", "&"),
  );

describe("the pages", () => {
  it.for(ALL)(
    "$slug renders in the frame, under the same policy as the reference",
    async ({ slug }, { expect }) => {
      const reply = await ask(guidePath(slug));
      expect(reply.status).toBe(200);
      expect(reply.headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
      const like = await ask("/docs");
      for (const name of [
        "Content-Security-Policy",
        "Referrer-Policy",
        "X-Content-Type-Options",
        "Cache-Control",
      ]) {
        expect(reply.headers.get(name)).toBe(like.headers.get(name));
      }
      const html = await reply.text();
      expect(html).toMatch(/^<!doctype html><html lang="en">/);
      expect(html).not.toMatch(/<script|<iframe|<img|\sstyle=|\son\w+=/i);
      expect(html.match(/<main/g)).toHaveLength(1);
      const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
      expect(levels.filter((level) => level === 1)).toHaveLength(1);
      expect(levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)).toEqual([]);
      const ids = idsIn(html);
      expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
      // Enough to be of use, and a description for those who search.
      if (slug !== INDEX.slug) expect(html).toMatch(/<meta name="description" content="[^"]{60,}"/);
    },
  );

  it("lead from one to the next and back", ({ expect }) => {
    const neighbour = (slug: string, rel: string) =>
      new RegExp(`<a rel="${rel}" href="([^"]*)"`).exec(pageOf(slug))?.[1];
    for (const [at, { slug }] of GUIDES.entries()) {
      const [before, after] = [GUIDES[at - 1], GUIDES[at + 1]];
      expect(neighbour(slug, "prev")).toBe(before && guidePath(before.slug));
      expect(neighbour(slug, "next")).toBe(after && guidePath(after.slug));
    }
    expect(pageOf(INDEX.slug)).not.toContain('<a rel="next"');
  });

  it("are all in the index and in every page's contents", ({ expect }) => {
    for (const { slug } of ALL) {
      const links = linksIn(pageOf(slug));
      for (const guide of GUIDES) expect(links, slug).toContain(guidePath(guide.slug));
    }
    const inIndex = INDEX.text.match(/\]\(([a-z0-9-]+)\.md\)/g) ?? [];
    expect(inIndex).toHaveLength(GUIDES.length);
    expect(linksIn(reference)).toContain(GUIDES_PATH);
  });

  it("show commands for the host that was asked, and keep one host's page from another", async ({
    expect,
  }) => {
    const path = guidePath("first-payment");
    expect(pageOf("first-payment")).toContain(`${ORIGIN}/v1/payment-intents`);
    expect(pageOf("first-payment")).not.toContain(LOCAL_ORIGIN);
    const other = await (await ask(path, {}, "https://other.example")).text();
    expect(other).toContain("https://other.example/v1/payment-intents");
    expect(other).not.toContain(ORIGIN);
    expect(await (await ask(path)).text()).toBe(pageOf("first-payment"));
  });

  it("are to be had as they were written", async ({ expect }) => {
    const reply = await ask(`${guidePath("webhooks")}.md`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get("Content-Type")).toBe("text/markdown; charset=utf-8");
    expect(await reply.text()).toMatch(/^# Webhooks\n/);
    expect((await ask(`${GUIDES_PATH}/README.md`)).status).toBe(200);
  });

  it("an address that leads nowhere says so and repeats nothing", async ({ expect }) => {
    for (const name of ["nothing", "README", "%3Cscript%3E", "webhooks.md.md", "..%2Fdesign"]) {
      const reply = await ask(`${GUIDES_PATH}/${name}`);
      expect(reply.status, name).toBe(404);
      const html = await reply.text();
      expect(html).toContain("No such guide");
      expect(html).not.toContain(name);
      expect(html).not.toContain("<script");
      expect(reply.headers.get("Cache-Control")).toBe("no-store");
    }
  });
});

/** Where a link of the site leads: the ids of its page, or null when there is no such page. */
async function idsBehind(path: string): Promise<readonly string[] | null> {
  const reply = await ask(path, { redirect: "manual" });
  if (reply.status >= 400) return null;
  const isPage = (reply.headers.get("Content-Type") ?? "").startsWith("text/html");
  return isPage ? idsIn(await reply.text()) : [];
}

describe("the links", () => {
  it("lead to pages and anchors that exist", async ({ expect }) => {
    const known = new Map<string, readonly string[] | null>();
    for (const { slug } of ALL) known.set(guidePath(slug), idsIn(pageOf(slug)));
    known.set("/docs", idsIn(reference));
    const broken: string[] = [];
    for (const { slug } of ALL) {
      for (const href of linksIn(pageOf(slug))) {
        if (href.startsWith("https:")) continue;
        const [path = "", anchor = ""] = href.split("#");
        const place = path === "" ? guidePath(slug) : path;
        if (!known.has(place)) known.set(place, await idsBehind(place));
        const ids = known.get(place) ?? null;
        if (ids === null || (anchor !== "" && !ids.includes(anchor)))
          broken.push(`${slug}: ${href}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it("go to other hosts only over https and without saying where from", ({ expect }) => {
    for (const { slug } of ALL) {
      const elsewhere = [...pageOf(slug).matchAll(/<a [^>]*href="https?:[^>]*>/g)].map(
        ([tag]) => tag,
      );
      for (const tag of elsewhere) {
        expect(tag).toMatch(/href="https:\/\/[a-z]/);
        expect(tag).toContain('rel="noopener noreferrer"');
      }
    }
  });

  it("are the same file on a code host", ({ expect }) => {
    expect(linkTarget("webhooks.md", ORIGIN)).toBe("/docs/guides/webhooks");
    expect(linkTarget("webhooks.md#java", ORIGIN)).toBe("/docs/guides/webhooks#java");
    expect(linkTarget("README.md", ORIGIN)).toBe("/docs/guides");
    expect(linkTarget("#java", ORIGIN)).toBe("#java");
    expect(linkTarget(`${ORIGIN}/docs#errors`, ORIGIN)).toBe("/docs#errors");
    expect(linkTarget(ORIGIN, ORIGIN)).toBe("/");
    expect(linkTarget("https://shop.example/a", ORIGIN)).toBe("https://shop.example/a");
  });

  it("that lead out of the guides or run something are refused", ({ expect }) => {
    for (const href of [
      "javascript:alert(1)",
      "http://shop.example/",
      "../design.md",
      "/docs",
      "//evil.example",
      "data:text/html,x",
      `${ORIGIN}.evil.example/`,
      "https:///",
      "",
    ]) {
      const target = linkTarget(href, ORIGIN);
      expect(target === null || target.startsWith("https://"), href).toBe(true);
      expect(target ?? "", href).not.toMatch(/^(javascript|data|http):/);
    }
    expect(() => renderMarkdown("# A\n\n[x](javascript:alert(1))", ORIGIN)).toThrow(RangeError);
  });
});

describe("markdown", () => {
  const html = (text: string) =>
    String(template`${renderMarkdown(`# Title\n\n${text}`, ORIGIN).body}`);

  it("shows HTML instead of obeying it", ({ expect }) => {
    const evil = `<script>alert(1)</script>\n\n<div onclick="x">hi</div> & \`<b>\` <img src=x onerror=y>`;
    const page = html(evil);
    expect(page).not.toMatch(/<(script|div|b|img)/);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html("```json <x>\n<i>\n```")).toContain("&lt;i&gt;");
  });

  it("has what guides are written with", ({ expect }) => {
    const page = html(
      "A *b* **c** `d` [e](#f).\n\n## F g\n\n1. one\n2. two\n   - inner\n\n3. three\n\n> said\n\n" +
        "| H | I |\n| - | - |\n| j | `k` |\n\n```sh run.sh\nls\n```",
    );
    expect(page).toContain('<em>b</em> <strong>c</strong> <code>d</code> <a href="#f">e</a>');
    expect(page).toContain('<h2 id="f-g"><a href="#f-g">F g</a></h2>');
    expect(page).toContain("<ol>");
    expect(page).toContain("<blockquote><p>said</p></blockquote>");
    expect(page).toContain('data-label="I"><code>k</code>');
    expect(page).toContain("<figcaption>run.sh</figcaption>");
    expect(page).toContain('class="code shell"');
  });

  it("refuses what would vanish", ({ expect }) => {
    expect(() => renderMarkdown("no title", ORIGIN)).toThrow(RangeError);
    expect(() => html("![a](b.png)")).toThrow(RangeError);
    expect(() => html("#### four")).toThrow(RangeError);
    expect(() => html("```cobol\nx\n```")).toThrow(RangeError);
    expect(() => html("---")).toThrow(RangeError);
  });

  it("makes anchors as code hosts do", ({ expect }) => {
    expect(anchorOf("5. Know that it was paid", new Set())).toBe("5-know-that-it-was-paid");
    expect(anchorOf("What's `v1`, & why?", new Set())).toBe("whats-v1--why");
    expect(anchorOf("支付 ok", new Set())).toBe("支付-ok");
    expect(anchorOf("Go", new Set(["go", "go-1"]))).toBe("go-2");
  });
});

const operations = operationsOf(document);

/** A schema of the document as a check. */
function check(schema: Schema): z.ZodType {
  const defs = JSON.stringify({ ...schema, $defs: document.components.schemas })
    .replaceAll("#/components/schemas/", "#/$defs/")
    .replaceAll('"format":"ip"', '"minLength":3');
  return z.fromJSONSchema(JSON.parse(defs) as Parameters<typeof z.fromJSONSchema>[0]);
}

/** What stands for values that only the reader has. */
const SAMPLE_VARIABLES: Variables = {
  PAYMENT: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
  CHANNEL_ACCOUNT_ID: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  ACCOUNT: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  RUN: "rr_01k5x0e8m3v7q2r9t4w6y8z0ab",
  EXCEPTION: "rx_01k5x0e8m3v7q2r9t4w6y8z0ab",
  SETTLEMENT: "se_01k5x0e8m3v7q2r9t4w6y8z0ab",
  DAY: "2026-11-21",
};

interface Placed {
  readonly where: string;
  readonly curl: Curl;
}

const commands: Placed[] = ALL.flatMap(({ slug, text }) =>
  blocksOf(text)
    .filter(({ language }) => language === "sh")
    .flatMap((block) => commandsOf(block.text, SAMPLE_VARIABLES))
    .flatMap((command) => {
      const curl = curlOf(command, filesOf(text));
      return curl === null ? [] : [{ where: `${slug}: ${command.join(" ")}`, curl }];
    }),
);

const pathOf = ({ url }: Curl) => new URL(url).pathname;

function operationFor(curl: Curl): PlacedOperation | undefined {
  const matches = (path: string) =>
    new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`).test(pathOf(curl));
  return operations
    .toSorted((a, b) => a.path.split("{").length - b.path.split("{").length)
    .find(({ method, path }) => method === curl.method.toLowerCase() && matches(path));
}

describe("the commands", () => {
  it("there are many, all for this gateway and its routes", ({ expect }) => {
    expect(commands.length).toBeGreaterThan(40);
    for (const { where, curl } of commands) {
      expect(curl.url.startsWith(`${LOCAL_ORIGIN}/`), where).toBe(true);
      expect(operationFor(curl), where).toBeDefined();
    }
  });

  it("carry the credentials that their route asks for", ({ expect }) => {
    for (const { where, curl } of commands) {
      const security = operationFor(curl)?.operation.security ?? [];
      const schemes = security.flatMap((entry) => Object.keys(entry));
      const wanted = schemes.includes("admin")
        ? /^Bearer \$ADMIN_TOKEN$/
        : schemes.includes("bearer")
          ? /^Bearer \$(LIVE_)?KEY$/
          : /^(Bearer \$KEY)?$/;
      expect(curl.headers["Authorization"] ?? "", where).toMatch(wanted);
    }
  });

  it("send bodies that their route takes, and say that they are JSON", ({ expect }) => {
    let bodies = 0;
    for (const { where, curl } of commands) {
      const content = operationFor(curl)?.operation.requestBody?.content ?? {};
      const schema = content["application/json"]?.schema;
      if (curl.body === null) continue;
      bodies += 1;
      if ("application/octet-stream" in content) {
        // A file: any bytes, of a type that the route names.
        expect(Object.keys(content), where).toContain(curl.headers["Content-Type"]);
        continue;
      }
      expect(curl.headers["Content-Type"], where).toBe("application/json");
      const result = check(schema ?? { type: "null" }).safeParse(JSON.parse(curl.body));
      expect(result.success ? "fits" : z.prettifyError(result.error), where).toBe("fits");
    }
    expect(bodies).toBeGreaterThan(20);
  });

  it("ask with parameters that their route knows", ({ expect }) => {
    for (const { where, curl } of commands) {
      const known = (operationFor(curl)?.operation.parameters ?? [])
        .filter((each) => each.in === "query" || each.in === "header")
        .map(({ name }) => name);
      const asked = [...new URL(curl.url).searchParams.keys()];
      const keyed = "Idempotency-Key" in curl.headers ? ["Idempotency-Key"] : [];
      expect(known, where).toEqual(expect.arrayContaining([...asked, ...keyed]));
    }
  });

  it("for operators name routes that there are, with bodies that they take", ({ expect }) => {
    const curls = blocksOf(operationsText)
      .filter(({ language, text }) => language === "sh" && text.startsWith("curl"))
      .flatMap(({ text }) => commandsOf(text))
      .flatMap((command) => curlOf(command) ?? []);
    expect(curls.length).toBeGreaterThan(4);
    for (const curl of curls) {
      const found = operationFor(curl);
      const schema = found?.operation.requestBody?.content["application/json"]?.schema;
      expect(schema, curl.url).toBeDefined();
      const result = check(schema ?? { type: "null" }).safeParse(JSON.parse(curl.body ?? ""));
      expect(result.success ? "fits" : z.prettifyError(result.error), curl.url).toBe("fits");
    }
  });

  it("save channel accounts with credentials of the form that their channel wants", ({
    expect,
  }) => {
    const accounts = commands.filter(
      ({ curl }) => operationFor(curl)?.operation.operationId === "createChannelAccount",
    );
    expect(accounts.length).toBeGreaterThan(8);
    for (const { where, curl } of accounts) {
      const { channel, mode, credentials } = JSON.parse(curl.body ?? "") as Record<string, string>;
      const modes = channelOf(channel ?? "")?.adapter.modes ?? {};
      const form = modes[mode ?? Object.keys(modes)[0] ?? ""]?.credentials;
      const result = form?.safeParse(credentials);
      const said = result?.success === false ? z.prettifyError(result.error) : result?.success;
      expect(said, where).toBe(true);
    }
  });
});

/** A shown text stands for itself; `…` in it for whatever the gateway says there. */
function fitsText(shown: string, said: unknown): boolean {
  const pattern = shown
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join("[^]*");
  return typeof said === "string" && new RegExp(`^${pattern}$`).test(said);
}

/** Where an answer differs from what a guide shows of it. Fields that are not shown may be there. */
function differences(shown: unknown, said: unknown, at = "answer"): string[] {
  if (typeof shown === "string") {
    return fitsText(shown, said) ? [] : [`${at}: "${shown}" is ${JSON.stringify(said)}`];
  }
  if (typeof shown !== "object" || shown === null) {
    return Object.is(shown, said) ? [] : [`${at}: ${String(shown)} is ${JSON.stringify(said)}`];
  }
  if (typeof said !== "object" || said === null) return [`${at}: is ${JSON.stringify(said)}`];
  return Object.entries(shown).flatMap(([name, value]) =>
    differences(value, (said as Record<string, unknown>)[name], `${at}.${name}`),
  );
}

/** The first text anywhere in an answer that fits, for `PAYMENT=pi_…`. */
function findText(pattern: string, said: unknown): string | null {
  if (typeof said === "string") return fitsText(pattern, said) ? said : null;
  if (typeof said !== "object" || said === null) return null;
  for (const value of Object.values(said)) {
    const found = findText(pattern, value);
    if (found !== null) return found;
  }
  return null;
}

async function send(curl: Curl): Promise<{ status: number; headers: Headers; said: unknown }> {
  const reply = await ask(
    new URL(curl.url).pathname + new URL(curl.url).search,
    {
      method: curl.method,
      headers: curl.headers,
      ...(curl.body === null ? {} : { body: curl.body }),
    },
    LOCAL_ORIGIN,
  );
  const text = await reply.text();
  const isJson = (reply.headers.get("Content-Type") ?? "").includes("json");
  return {
    status: reply.status,
    headers: reply.headers,
    said: isJson ? (JSON.parse(text) as unknown) : text,
  };
}

async function newKeys(): Promise<Record<string, string>> {
  const { said } = await send({
    method: "POST",
    url: `${LOCAL_ORIGIN}/v1/admin/merchants`,
    headers: {
      Authorization: `Bearer ${env.ADMIN_TOKEN}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ name: "Corner Coffee" }),
  });
  const { keys } = said as { keys: { test: string; live: string } };
  return { KEY: keys.test, LIVE_KEY: keys.live, ADMIN_TOKEN: env.ADMIN_TOKEN };
}

/** A reader is slower than the queue that brings a paid payment into lists, statements and books. */
async function seenPaid({ url }: Curl, said: unknown): Promise<void> {
  const id = /^\/sandbox\/payments\/(pi_\w+)\/pay$/.exec(new URL(url).pathname)?.[1];
  if (id === undefined) return;
  const { callbacks } = said as { callbacks: { kind: string; acknowledged: boolean }[] };
  if (!callbacks.some(({ kind, acknowledged }) => kind === "proper" && acknowledged)) return;
  const copy = env.DB.prepare("SELECT status FROM payment_intents WHERE id = ?").bind(id);
  const look = async () => {
    if ((await copy.first("status")) !== "succeeded") throw new Error(`${id} is not there yet`);
  };
  await vi.waitFor(look, { timeout: 10_000, interval: 20 });
}

/** What the reader knows, and the guide can only give an example of. */
const READERS_OWN: ReadonlySet<string> = new Set(["DAY"]);

interface Run {
  readonly command: string;
  readonly status: number;
  readonly headers: Headers;
  readonly said: unknown;
  /** What the guide shows below the command, and where the answer is not that. */
  readonly shown: boolean;
  readonly differences: readonly string[];
}

/** Runs a guide's commands one after the other, as a reader would who pastes them. */
async function runGuide(slug: string): Promise<Run[]> {
  const text = ALL.find((guide) => guide.slug === slug)?.text ?? "";
  const variables: Record<string, string> = { ...(await newKeys()), DAY: bookingDay(Date.now()) };
  const runs: Run[] = [];
  const blocks = blocksOf(text);
  for (const [at, { language, text: script }] of blocks.entries()) {
    if (language !== "sh") continue;
    // Read anew for each command: the one before may have given a variable its value.
    for (let index = 0; index < commandsOf(script).length; index += 1) {
      const command = commandsOf(script, variables)[index] ?? [];
      const assigned = assignmentOf(command);
      if (assigned !== null && !READERS_OWN.has(assigned[0])) {
        const [name, value] = assigned;
        // A value with … is one that the reader takes from the answer before.
        const taken = value.includes("…") ? findText(value, runs.at(-1)?.said) : value;
        if (taken !== null) variables[name] = taken;
        else if (!(name in variables)) throw new Error(`${slug}: nothing to take for ${name}`);
      }
      const curl = curlOf(command, filesOf(text));
      if (curl === null) continue;
      const { status, headers, said } = await send(curl);
      await seenPaid(curl, said);
      const below = blocks[at + 1];
      const shown = below?.language === "json" && below.caption === "";
      const missing = shown ? differences(JSON.parse(below.text), said) : [];
      runs.push({ command: command.join(" "), status, headers, said, shown, differences: missing });
    }
  }
  return runs;
}

describe("a reader who pastes every command", () => {
  it("of the first payment gets what the guide shows", async ({ expect }) => {
    const runs = await runGuide("first-payment");
    for (const run of runs) {
      expect(run.status, `${run.command}\n${JSON.stringify(run.said)}`).toBeLessThan(300);
      expect(run.differences, run.command).toEqual([]);
    }
    expect(runs.filter(({ shown }) => shown).length).toBeGreaterThan(4);
    expect(runs[0]?.status).toBe(201);
    const repeat = runs.filter(({ headers }) => headers.get("Idempotent-Replayed") === "true");
    expect(repeat).toHaveLength(1);
    // The comparison can fail.
    expect(differences({ a: "b…" }, { a: "c" })).not.toEqual([]);
    expect(differences({ a: [{ b: 1 }] }, { a: [] })).not.toEqual([]);
  });

  it.for([
    "test-scenarios",
    "refunds",
    "errors",
    "checkout",
    "pricing",
    "services",
    "keys-and-roles",
    "reconciliation",
    "statement-files",
    "settlement",
    "ledger",
  ])("of %s gets what the guide shows", async (slug, { expect }) => {
    const runs = await runGuide(slug);
    expect(runs.length).toBeGreaterThan(1);
    for (const run of runs) {
      // Registration is closed here, as the guide says it may be.
      const closed = run.status === 403 && run.command.includes("/v1/merchants ");
      // Where a refusal is the point, it is shown.
      if (!run.shown && !closed) {
        expect(run.status, `${run.command}\n${JSON.stringify(run.said)}`).toBeLessThan(300);
      }
      expect(run.differences, `${run.command}\n${JSON.stringify(run.said)}`).toEqual([]);
    }
  });
});

/** A key pair of the kind that consoles hand out, and a certificate's place in the wrong field. */
async function pemPair() {
  const { privateKey, publicKey } = await generateRsaPair();
  return {
    privateKey: toPem("PRIVATE KEY", privateKey),
    publicKey: toPem("PUBLIC KEY", publicKey),
    certificate: toPem(
      "CERTIFICATE",
      await selfSignedCertificate({
        privateKey,
        publicKey,
        serialHex: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        commonName: "1900000001",
        organization: "Tenpay",
        notBefore: 0,
        notAfter: Date.UTC(2020, 0, 1),
      }),
    ),
  };
}

describe("the examples", () => {
  it("show a code that is one", async ({ expect }) => {
    const codes = commands.filter(({ curl }) => pathOf(curl) === "/v1/qr/parse");
    expect(codes).toHaveLength(1);
    for (const { curl } of codes) {
      expect((await send(curl)).said).toMatchObject({ schemes: ["duitnow"], errors: [] });
    }
  });
});

describe("the messages in the tables", () => {
  /** What the account's form or its examination says of these credentials. */
  async function issuesWith(channel: string, mode: string, credentials: unknown) {
    const found = await channelOf(channel)?.adapter.modes[mode]?.examine(credentials, Date.now());
    if (found?.ok !== false) throw new Error("the credentials were taken");
    return found.error.map(({ path, message }) => `${path}: ${message}`);
  }

  /** Messages of a guide's tables: the code at the start of a row. */
  const rowsOf = (slug: string): string[] =>
    [
      ...(ALL.find((guide) => guide.slug === slug)?.text ?? "").matchAll(/^\| `([\w.]+: [^`]+)`/gm),
    ].map(([, message]) => message ?? "");

  it("are what the gateway says", async ({ expect }) => {
    const own = await pemPair();
    const theirs = await pemPair();
    const wechat = {
      mchid: "1900000001",
      appid: "wx8888888888888888",
      private_key: own.privateKey,
      serial_no: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
      api_v3_key: "0123456789abcdef0123456789ABCDEF",
      platform_keys: [{ id: "PUB_KEY_ID_01", public_key: theirs.publicKey }],
    };
    const platform = (id: string, key: string) => ({ platform_keys: [{ id, public_key: key }] });
    const alipay = {
      app_id: "2021000000000001",
      private_key: own.privateKey,
      alipay_public_key: theirs.publicKey,
    };
    const generic = { profile: "generic_hmac", secret: "at-least-16-characters" };
    const { serial_no: _, ...noSerial } = wechat;
    const { alipay_public_key: __, ...noKey } = alipay;
    const { mchid: ___, appid: ____, ...keys } = wechat;
    const damaged = { ...wechat, private_key: own.privateKey.replace(/-----END.*/s, "") };
    const said: Record<string, string[][]> = {
      "going-live-wechat-pay": await Promise.all([
        issuesWith("wechat", "direct", { ...wechat, ...platform("PUB_KEY_ID_01", own.publicKey) }),
        issuesWith("wechat", "direct", {
          ...wechat,
          ...platform("PUB_KEY_ID_01", own.certificate),
        }),
        issuesWith("wechat", "direct", { ...wechat, ...platform("not an id", own.publicKey) }),
        issuesWith("wechat", "direct", { ...wechat, private_key: own.certificate }),
        issuesWith("wechat", "direct", damaged),
        issuesWith("wechat", "direct", { ...noSerial, certificate: theirs.certificate }),
        issuesWith("wechat", "direct", noSerial),
        issuesWith("wechat", "direct", { ...wechat, api_v3_key: "too short" }),
        issuesWith("wechat", "service_provider", {
          ...keys,
          sp_mchid: "1900000001",
          sp_appid: "wx8888888888888888",
          sub_mchid: "1900000001",
        }),
      ]),
      "going-live-alipay": await Promise.all([
        issuesWith("alipay", "direct", { ...alipay, alipay_public_key: own.publicKey }),
        issuesWith("alipay", "direct", { ...alipay, app_id: "2088000000000001" }),
        issuesWith("alipay", "direct", { ...alipay, private_key: own.publicKey }),
        issuesWith("alipay", "direct", { ...alipay, private_key: "M!" }),
        issuesWith("alipay", "direct", { ...alipay, alipay_public_key: theirs.certificate }),
        issuesWith("alipay", "direct", noKey),
        issuesWith("alipay", "direct", {
          ...noKey,
          app_cert: theirs.certificate,
          alipay_cert: theirs.certificate,
          alipay_root_cert: theirs.certificate,
        }),
      ]),
      "going-live-banks": await Promise.all([
        issuesWith("promptpay", "direct", { biller_id: "0105555000000", bank: generic }),
        issuesWith("promptpay", "direct", {
          proxy: { type: "mobile", value: "0812345678" },
          bank: generic,
        }),
        issuesWith("paynow", "direct", { mobile: "+6591234567", bank: generic }),
        issuesWith("paynow", "direct", { uen: "shop", bank: generic }),
        issuesWith("duitnow", "direct", { source: "acquirer_api", bank: generic }),
        issuesWith("duitnow", "direct", { source: "template", bank: generic }),
        issuesWith("promptpay", "direct", {
          biller_id: "010555500000001",
          bank: { profile: "omise", secret: "skey_test" },
        }),
        issuesWith("promptpay", "direct", {
          biller_id: "010555500000001",
          bank: { profile: "generic_rsa", public_key: theirs.certificate },
        }),
        issuesWith("promptpay", "direct", {
          biller_id: "010555500000001",
          bank: { ...generic, api_url: "https://bank.internal/" },
        }),
      ]),
    };
    for (const [slug, answers] of Object.entries(said)) {
      const messages = answers.flat();
      const rows = rowsOf(slug);
      expect(rows.length, slug).toBeGreaterThanOrEqual(answers.length);
      const unsaid = rows.filter((row) => !messages.some((message) => message.startsWith(row)));
      expect(unsaid, `${slug}: ${messages.join("\n")}`).toEqual([]);
    }
  });
});

describe("the tables", () => {
  it("tell what to do about every error and every fault script", ({ expect }) => {
    const namesIn = (slug: string) =>
      [
        ...(ALL.find((guide) => guide.slug === slug)?.text ?? "").matchAll(/`([A-Za-z0-9_]+)`/g),
      ].map(([, name]) => name ?? "");
    expect(namesIn("errors")).toEqual(expect.arrayContaining([...ERROR_CODES]));
    expect(namesIn("test-scenarios")).toEqual(
      expect.arrayContaining([...FAULT_SCRIPTS, ...DAY_FAULTS]),
    );
  });

  it("of what the books say are whole", ({ expect }) => {
    const names = (slug: string) =>
      [...(ALL.find((guide) => guide.slug === slug)?.text ?? "").matchAll(/`([\w-]+)`/g)].map(
        ([, name]) => name ?? "",
      );
    const wanted: Record<string, readonly string[]> = {
      reconciliation: [
        ...EXCEPTION_KINDS,
        ...EXCEPTION_STATES,
        ...EXCEPTION_ACTIONS,
        ...STATEMENT_REFUSALS,
      ],
      "statement-files": [
        ...Object.keys(z.toJSONSchema(StatementProfile, { io: "input" }).properties ?? {}),
        ...DATE_FORMATS.filter((format) => /^[\w-]+$/.test(format)),
        ...ENCODINGS,
      ],
      settlement: SPLIT_STATES,
      ledger: Object.keys(ENTRY_KINDS),
    };
    for (const [slug, list] of Object.entries(wanted)) {
      expect(names(slug), slug).toEqual(expect.arrayContaining([...list]));
    }
  });
});
