import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import * as z from "zod";

import { createApp } from "../../src/app.ts";
import { API_VERSION } from "../../src/constants.ts";
import { sha256 } from "../../src/crypto/digest.ts";
import { toBase64 } from "../../src/crypto/encoding.ts";
import { curlOf } from "../../src/docs/curl.ts";
import { EVENT_NOTES } from "../../src/docs/events.ts";
import { FIELD_NOTES, NOTES_OF } from "../../src/docs/field-notes.ts";
import { type FieldRow, fieldRows, parameterRow } from "../../src/docs/fields.ts";
import { OPERATION_NOTES } from "../../src/docs/operation-notes.ts";
import {
  type ApiDocument,
  type Operation,
  operationsOf,
  type PlacedOperation,
  refName,
  resolve,
  type Schema,
} from "../../src/docs/model.ts";
import { DocsPage } from "../../src/docs/page.tsx";
import { ANSWERS, BODIES, EVENT_CHANGES, SAMPLES } from "../../src/docs/samples.ts";
import { OBJECTS } from "../../src/docs/tags.ts";
import { ERROR_CODES, ERRORS } from "../../src/errors.ts";
import { STATUSES } from "../../src/payments/states.ts";
import { SCOPES } from "../../src/routes/authenticate.ts";
import { FAULT_SCRIPTS } from "../../src/sandbox/simulator.ts";
import { EVENT_TYPES, TEST_EVENT_TYPE } from "../../src/webhooks/event-types.ts";

const app = createApp();
const ORIGIN = "https://pay.example";

async function ask(path: string, init: RequestInit = {}, vars: Partial<Env> = {}, origin = ORIGIN) {
  const ctx = createExecutionContext();
  const request = new Request(`${origin}${path}`, init);
  const response = await app.fetch(request, { ...env, ...vars }, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

const document = await (await ask("/openapi.json")).json<ApiDocument>();
const { schemas } = document.components;
const operations = operationsOf(document);
const received = operationsOf({ paths: document.webhooks });
const named = ({ method, path }: PlacedOperation) => `${method} ${path}`;
const html = await (await ask("/docs")).text();

/** Everybody may call these. Whatever joins the list must be meant to. */
const PUBLIC = [
  "getDocs",
  "getHealth",
  "getOpenApiDocument",
  "getQrImage",
  "getReadiness",
  "getSandboxAuthorization",
  "getSandboxKeys",
  "getSandboxWallet",
  "getService",
  "listChannelErrors",
  "listChannels",
  "listErrorCodes",
  "listServices",
  "openSandboxPage",
  "parseQr",
  "parseQrBody",
  "playBuyer",
  "receiveAuthorization",
  "receiveCallback",
  "registerMerchant",
  "streamPaymentIntent",
];

/** For people with a browser, not of the API. Whatever joins the list must be meant to. */
const UNDESCRIBED = ["GET /", "GET /docs/guides", "GET /docs/guides/{}", "GET /favicon.svg"];

/** Every object in the document, with its place. */
function* objectsIn(value: unknown, place = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [place, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${place}/${key}`);
}

/** What a reference inside the document points to. */
const pointedTo = (pointer: string): unknown =>
  pointer
    .replace(/^#\//, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);

/** A schema of the document as a check. */
function check(schema: Schema): z.ZodType {
  const defs = JSON.stringify({ ...schema, $defs: schemas })
    .replaceAll("#/components/schemas/", "#/$defs/")
    .replaceAll('"format":"ip"', '"minLength":3');
  return z.fromJSONSchema(JSON.parse(defs) as Parameters<typeof z.fromJSONSchema>[0]);
}

describe("GET /openapi.json", () => {
  it("is OpenAPI 3.1 for this host", async ({ expect }) => {
    const response = await ask("/openapi.json");
    expect(response.headers.get("Content-Type")).toContain("application/json");
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({
      title: "ItPay Edge",
      version: API_VERSION,
      license: { identifier: "Apache-2.0" },
    });
    expect(document.servers).toEqual([{ url: ORIGIN }]);
    const elsewhere = await ask("/openapi.json", {}, {}, "https://other.example");
    expect((await elsewhere.json<ApiDocument>()).servers).toEqual([
      { url: "https://other.example" },
    ]);
    const fixed = await ask("/openapi.json", {}, { PUBLIC_URL: "https://fixed.example/" });
    expect((await fixed.json<ApiDocument>()).servers).toEqual([{ url: "https://fixed.example" }]);
  });

  it("resolves every reference", ({ expect }) => {
    const references = [...objectsIn(document)].flatMap(([place, { $ref }]) =>
      $ref === undefined ? [] : [[place, $ref as string] as const],
    );
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter(([, reference]) => pointedTo(reference) === undefined)).toEqual([]);
  });

  it("names every operation once, in camel case, with a heading and a known tag", ({ expect }) => {
    const all = [...operations, ...received];
    const ids = all.map(({ operation }) => operation.operationId ?? "");
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    for (const placed of operations) {
      const { summary = "", tags = [] } = placed.operation;
      expect(summary, named(placed)).toMatch(/^\S.*[^.\s]$/);
      expect(tags, named(placed)).toHaveLength(1);
    }
    const tags = document.tags.map(({ name }) => name);
    expect(new Set(operations.flatMap(({ operation }) => operation.tags ?? []))).toEqual(
      new Set(tags),
    );
    expect(document.tags.filter(({ description }) => description === undefined)).toEqual([]);
    expect(tags[0]).toBe("Payment intents");
  });

  it("has every route of the app and no other", ({ expect }) => {
    const blank = (path: string) => path.replace(/\{[^}]+\}|:[^/]+/g, "{}");
    const routed = app.routes
      .filter(({ method }) => method !== "ALL")
      // Pages for people, in no document.
      .filter(({ path }) => !/^\/(console|pay)(\/|$)/.test(path))
      // The router cannot split a parameter from a suffix.
      .map(({ method, path }) => `${method} ${blank(path).replace("/v1/qr/{}", "/v1/qr/{}.svg")}`);
    const described = operations.map(
      ({ method, path }) => `${method.toUpperCase()} ${blank(path)}`,
    );
    expect([...new Set([...described, ...UNDESCRIBED])].toSorted()).toEqual(
      [...new Set(routed)].toSorted(),
    );
  });

  it("declares the parameters that are in the path", ({ expect }) => {
    for (const placed of operations) {
      const inPath = [...placed.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
      const declared = (placed.operation.parameters ?? []).filter((each) => each.in === "path");
      expect(declared.map(({ name }) => name).toSorted(), named(placed)).toEqual(inPath.toSorted());
      expect(declared.every(({ required }) => required)).toBe(true);
    }
  });

  it("says who may call: a defined scheme, or the public list", ({ expect }) => {
    const open = operations.filter(({ operation }) => (operation.security ?? []).length === 0);
    expect(open.map(({ operation }) => operation.operationId ?? "").toSorted()).toEqual(PUBLIC);
    const schemes = Object.keys(document.components.securitySchemes);
    expect(schemes.toSorted()).toEqual(["admin", "bearer", "signature"]);
    for (const placed of operations) {
      const { security = [], "x-scope": scope } = placed.operation;
      const used = security.flatMap((entry) => Object.keys(entry));
      expect(schemes, named(placed)).toEqual(expect.arrayContaining(used));
      const scopes = used.includes("admin") ? ["admin"] : ["", "*", ...SCOPES];
      if (used.length > 0) expect(scopes, named(placed)).toContain(scope);
    }
  });

  it("and the routes agree: without credentials only the public ones let anybody in", async ({
    expect,
  }) => {
    for (const placed of operations) {
      const { method, path, operation } = placed;
      const { status } = await ask(path.replace(/\{\w+\}/g, "none"), {
        method: method.toUpperCase(),
        redirect: "manual",
      });
      const open = PUBLIC.includes(operation.operationId ?? "");
      // Registration is closed for everybody until the operator opens it.
      if (operation.operationId === "registerMerchant") expect(status).toBe(403);
      else if (open) expect([401, 403], named(placed)).not.toContain(status);
      else expect(status, named(placed)).toBe(401);
    }
  });

  it("answers errors in the Error schema, with codes that have that status", ({ expect }) => {
    for (const placed of operations) {
      for (const [status, reply] of Object.entries(placed.operation.responses)) {
        const where = `${named(placed)} ${status}`;
        expect(reply.headers, where).toHaveProperty("Request-Id");
        // A picture that says why, and the health report, are answers of their own.
        if (
          Number(status) < 400 ||
          /^(getQrImage 410|getReadiness 503)$/.test(`${placed.operation.operationId} ${status}`)
        )
          continue;
        const schema = reply.content?.["application/json"]?.schema ?? {};
        expect(refName(schema), where).toBe("Error");
        const codes = reply.description.split(", ");
        expect(ERROR_CODES, where).toEqual(expect.arrayContaining(codes));
        const statuses = codes.map((code) => ERRORS[code as keyof typeof ERRORS].status);
        expect(new Set(statuses), where).toEqual(new Set([Number(status)]));
      }
    }
  });

  it("says of every secured operation what all of them may answer", ({ expect }) => {
    for (const placed of operations) {
      const { security = [], requestBody, responses } = placed.operation;
      if (security.length === 0) continue;
      expect(responses["500"]?.description, named(placed)).toBe("INTERNAL");
      if (requestBody === undefined) continue;
      expect(responses["413"]?.description, named(placed)).toBe("BODY_TOO_LARGE");
    }
  });

  it("describes every operation, and keeps no note for a route that does it", ({ expect }) => {
    for (const placed of operations) {
      const { operationId = "", description = "" } = placed.operation;
      expect(description, named(placed)).toMatch(/^[A-Z`].*[.`]$/s);
      const note = OPERATION_NOTES[operationId];
      if (note !== undefined) expect(description).toBe(note);
    }
    const ids = operations.map(({ operation }) => operation.operationId ?? "");
    expect(Object.keys(OPERATION_NOTES).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("lists only codes that the operation can answer with", ({ expect }) => {
    const codes = (id: string, status: number) =>
      operations
        .find(({ operation }) => operation.operationId === id)
        ?.operation.responses[status]?.description.split(", ");
    expect(codes("createPaymentIntent", 404)).toEqual([
      "SERVICE_NOT_FOUND",
      "CHANNEL_ACCOUNT_NOT_FOUND",
    ]);
    expect(codes("getPaymentIntent", 404)).toEqual(["PAYMENT_INTENT_NOT_FOUND"]);
    expect(codes("getMerchant", 401)).toEqual(["UNAUTHENTICATED"]);
    expect(codes("listApiKeys", 400)).toEqual(["INVALID_REQUEST", "INVALID_CURSOR"]);
    expect(codes("createApiKey", 400)).toEqual(["INVALID_REQUEST"]);
    expect(codes("createApiKey", 409)).toContain("IDEMPOTENCY_IN_FLIGHT");
    expect(codes("createPaymentIntent", 409)).toContain("DUPLICATE_ORDER");
    expect(codes("createRefund", 404)).toEqual(["PAYMENT_INTENT_NOT_FOUND"]);
    expect(codes("createRefund", 422)).toContain("CHANNEL_NOT_CONFIGURED");
    expect(codes("getRefund", 404)).toEqual(["REFUND_NOT_FOUND"]);
    expect(codes("createChannelAccount", 422)).toEqual(["IDEMPOTENCY_MISMATCH"]);
    expect(codes("submitOnboarding", 422)).toContain("CHANNEL_NOT_CONFIGURED");
    expect(codes("receiveAuthorization", 422)).toEqual([
      "CHANNEL_NOT_CONFIGURED",
      "CHANNEL_REJECTED",
    ]);
    expect(codes("playBuyer", 400)).toEqual(["INVALID_REQUEST"]);
    expect(codes("getSandboxKeys", 404)).toEqual(["NOT_FOUND"]);
    expect(codes("openSandboxPage", 404)).toEqual(["NOT_FOUND"]);
  });

  it("says of every field of the objects, the bodies and the parameters what it means", ({
    expect,
  }) => {
    const unsaid = (rows: FieldRow[]) =>
      rows
        .filter(({ description }) => description === "")
        .map((row) => [...row.parents, row.name].join("."));
    const bodies = operations.flatMap(
      ({ operation }) => operation.requestBody?.content["application/json"]?.schema ?? [],
    );
    for (const name of Object.values(OBJECTS).flat()) {
      expect(unsaid(fieldRows({ $ref: `#/components/schemas/${name}` }, schemas)), name).toEqual(
        [],
      );
    }
    for (const body of bodies) expect(unsaid(fieldRows(body, schemas))).toEqual([]);
    for (const { operation } of operations) {
      const rows = (operation.parameters ?? []).map((each) => parameterRow(each, schemas));
      expect(unsaid(rows), operation.operationId).toEqual([]);
    }
  });

  it("has Idempotency-Key on the POSTs that keep their answer", ({ expect }) => {
    const keyed = operations
      .filter(({ operation }) => operation.parameters?.some((each) => each.in === "header"))
      .map(({ operation }) => operation);
    for (const { parameters = [] } of keyed) {
      expect(parameters.filter((each) => each.in === "header")).toMatchObject([
        { name: "Idempotency-Key", required: false },
      ]);
    }
    const ids = keyed.map(({ operationId }) => operationId);
    expect(ids).toContain("createPaymentIntent");
    expect(ids).toContain("rotateApiKey");
    expect(ids).not.toContain("getPaymentIntent");
    expect(ids).toContain("createMerchant");
    expect(ids).not.toContain("replayDeadLetter");
    expect(ids).not.toContain("verifyChannelAccount");
  });

  it("lets null only where an answer has it", ({ expect }) => {
    const nullable = Object.entries(schemas).filter(([, { type }]) => type?.includes("null"));
    expect(nullable.map(([name]) => name)).toEqual([]);
    const body = { amount: { currency: "CNY", value: 1 }, channel: "wechat" };
    const request = check(schemas["CreatePaymentIntent"] ?? {});
    expect(request.safeParse(body).success).toBe(true);
    expect(request.safeParse({ ...body, payer: null }).success).toBe(false);
    expect(schemas["PaymentIntent"]?.properties?.["payer"]).toMatchObject({
      anyOf: [{ $ref: "#/components/schemas/Payer" }, { type: "null" }],
    });
  });

  it("shows examples that fit their schemas", ({ expect }) => {
    const media = [...operations, ...received].flatMap((placed) => {
      const bodies = [placed.operation.requestBody, ...Object.values(placed.operation.responses)];
      return bodies
        .flatMap((body) => Object.values(body?.content ?? {}))
        .filter(({ example }) => example !== undefined)
        .map(({ schema, example }) => ({ where: named(placed), schema: schema ?? {}, example }));
    });
    const components = Object.entries(schemas)
      .filter(([, { example }]) => example !== undefined)
      .map(([where, schema]) => ({ where, schema, example: schema.example }));
    expect(media.length).toBeGreaterThan(50);
    expect(components.length).toBeGreaterThan(10);
    for (const { where, schema, example } of [...media, ...components]) {
      const result = check(schema).safeParse(example);
      expect(result.success ? "fits" : z.prettifyError(result.error), where).toBe("fits");
    }
    // The check can fail.
    expect(check(schemas["PaymentIntent"] ?? {}).safeParse({ id: "pi_1" }).success).toBe(false);
  });

  it("describes the webhooks: the envelope around the object", ({ expect }) => {
    expect(Object.keys(document.webhooks)).toEqual(Object.keys(EVENT_NOTES));
    const types: readonly string[] = [...EVENT_TYPES, TEST_EVENT_TYPE];
    for (const [type, { post }] of Object.entries(document.webhooks)) {
      expect(types).toContain(type);
      const { schema = {}, example } = post?.requestBody?.content["application/json"] ?? {};
      const { properties = {} } = resolve(schema, schemas);
      expect(properties["type"]).toMatchObject({ const: type });
      const [kind = ""] = type.split(".");
      const object = {
        payment_intent: "PaymentIntent",
        refund: "Refund",
        reconciliation: type.endsWith("completed")
          ? "ReconciliationRun"
          : "ReconciliationException",
        channel_account: "ChannelAccount",
        webhook_endpoint: "WebhookEndpoint",
        invoice: "Invoice",
      }[kind];
      expect(refName(properties["data"] ?? {})).toBe(object);
      expect(example).toMatchObject({ object: "event", type });
    }
  });

  it("keeps its notes and samples to what exists", ({ expect }) => {
    const ids = new Set(operations.map(({ operation }) => operation.operationId));
    expect([...Object.keys(BODIES), ...Object.keys(ANSWERS)].filter((id) => !ids.has(id))).toEqual(
      [],
    );
    const names = new Set([...Object.keys(schemas), ...Object.values(NOTES_OF)]);
    const used = [...Object.keys(SAMPLES), ...Object.keys(FIELD_NOTES)];
    expect([...used, ...Object.values(OBJECTS).flat()].filter((name) => !names.has(name))).toEqual(
      [],
    );
    expect(Object.keys(EVENT_CHANGES).filter((type) => !(type in EVENT_NOTES))).toEqual([]);
    for (const [name, notes] of Object.entries(FIELD_NOTES)) {
      const schema = schemas[name];
      if (schema === undefined) continue;
      const rows = fieldRows(schema, schemas).map((row) => [...row.parents, row.name].join("."));
      expect(rows, name).toEqual(expect.arrayContaining(Object.keys(notes)));
    }
  });
});

const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id ?? "");

describe("GET /docs", () => {
  it("allows one style sheet, by its hash, and nothing else", async ({ expect }) => {
    const response = await ask("/docs");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text]) => text ?? "");
    expect(styles).toHaveLength(1);
    const hash = toBase64(await sha256(styles[0] ?? ""));
    expect(response.headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(html).not.toMatch(/<script|<iframe|<img|\sstyle=|\son\w+=/i);
    expect(html.match(/<link[^>]*>/g)).toEqual([
      '<link rel="icon" href="/favicon.svg" type="image/svg+xml"/>',
    ]);
  });

  it("loads nothing from other hosts and links to nothing there", ({ expect }) => {
    const targets = [...html.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, target]) => target);
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter((target) => !/^(#|\/[^/])/.test(target ?? ""))).toEqual([]);
  });

  it("has an anchor for every operation, object, error code and link", ({ expect }) => {
    const wanted = [
      ...operations.map(({ operation }) => operation.operationId ?? ""),
      ...Object.values(OBJECTS).flatMap((names) => names.map((name) => `object-${name}`)),
      ...ERROR_CODES.map((code) => `error-${code}`),
      ...[...html.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id ?? ""),
    ];
    expect([...new Set(wanted)].filter((id) => !ids.includes(id))).toEqual([]);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  it("has one main, one first heading, and no level left out", ({ expect }) => {
    expect(html.match(/<main/g)).toHaveLength(1);
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    const jumps = levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
    expect(jumps).toEqual([]);
  });

  it("prints the tables that the code runs on", ({ expect }) => {
    const text = html.replaceAll("<wbr/>", "");
    for (const name of [
      ...ERROR_CODES,
      ...STATUSES,
      ...FAULT_SCRIPTS,
      ...Object.keys(EVENT_NOTES),
    ]) {
      expect(text).toContain(`>${name}<`);
    }
    for (const { description } of Object.values(ERRORS)) {
      expect(text).toContain(description.replaceAll("'", "&#39;"));
    }
  });

  it("shows commands for the host that was asked", async ({ expect }) => {
    expect(html).toContain(`curl -X POST &quot;${ORIGIN}/v1/payment-intents&quot;`);
    const other = await (await ask("/docs", {}, {}, "https://other.example")).text();
    expect(other).toContain("&quot;https://other.example/v1/payment-intents&quot;");
    expect(other).not.toContain(`${ORIGIN}/v1/payment-intents&quot;`);
    const fixed = await ask("/docs", {}, { PUBLIC_URL: "https://fixed.example/" });
    expect(await fixed.text()).toContain("&quot;https://fixed.example/v1/payment-intents&quot;");
    // The first one again: what is kept for one host is not shown to another.
    expect(await (await ask("/docs")).text()).toBe(html);
  });

  it("escapes whatever the document says", ({ expect }) => {
    const evil = `</code><script>alert("1")</script><img src=x onerror=alert(1)>`;
    const field: Schema = { type: "string", description: evil, enum: [evil], default: evil };
    const operation: Operation = {
      operationId: "evil",
      summary: evil,
      description: `\`${evil}\` ${evil}`,
      tags: [evil],
      "x-scope": evil,
      security: [{ bearer: [] }],
      parameters: [{ name: evil, in: "query", description: evil, schema: field }],
      requestBody: {
        content: {
          "application/json": { schema: { type: "object", properties: { [evil]: field } } },
        },
      },
      responses: {
        200: { description: evil, content: { "application/json": { example: { [evil]: evil } } } },
      },
    };
    const hostile: ApiDocument = {
      ...document,
      info: { version: evil },
      tags: [{ name: evil, description: evil }],
      paths: { [`/${evil}`]: { post: operation } },
    };
    const page = String(DocsPage({ document: hostile, origin: `https://x/${evil}` }));
    expect(page).toContain("&lt;script&gt;alert(");
    expect(page).not.toMatch(/<script|<img/);
  });
});

describe("the commands", () => {
  const find = (id: string) => {
    const placed = operations.find(({ operation }) => operation.operationId === id);
    if (placed === undefined) throw new Error(`no operation ${id}`);
    return curlOf(placed, ORIGIN, schemas);
  };

  it("name ids after their kind and carry the right credentials", ({ expect }) => {
    expect(find("getPaymentIntent")).toBe(
      `curl "${ORIGIN}/v1/payment-intents/$PAYMENT_INTENT_ID" \\\n  -H "Authorization: Bearer $KEY"`,
    );
    expect(find("getMerchant")).toContain('/$MERCHANT_ID" \\\n  -H "Authorization: Bearer $ADMIN_');
    expect(find("listChannelErrors")).toBe(`curl "${ORIGIN}/v1/channels/wechat/errors"`);
    expect(find("playBuyer")).toContain("/$PAYMENT_INTENT_ID/pay");
    expect(find("getHealth")).toBe(`curl "${ORIGIN}/health"`);
  });

  it("ask for money with a key that makes a repeat harmless", ({ expect }) => {
    expect(find("createPaymentIntent")).toContain('\\\n  -H "Idempotency-Key: order-');
    expect(find("cancelPaymentIntent")).not.toContain("Idempotency-Key");
  });

  it("quote the body for the shell", ({ expect }) => {
    const placed: PlacedOperation = {
      method: "post",
      path: "/x",
      operation: {
        requestBody: {
          content: {
            "application/json": {
              schema: {
                type: "object",
                required: ["name"],
                properties: { name: { type: "string", example: "it's $HOME" } },
              },
            },
          },
        },
        responses: {},
      },
    };
    expect(curlOf(placed, ORIGIN, {})).toContain(String.raw`"name": "it'\''s $HOME"`);
  });
});

describe("for browsers", () => {
  it("the front door leads to the reference", async ({ expect }) => {
    const reply = await ask("/", { redirect: "manual" });
    expect([reply.status, reply.headers.get("Location")]).toEqual([302, "/docs"]);
    expect((await ask("/", { method: "POST" })).status).toBe(405);
  });

  it("the icon is a picture that may load and run nothing", async ({ expect }) => {
    const reply = await ask("/favicon.svg");
    expect(reply.status).toBe(200);
    expect(reply.headers.get("Content-Type")).toContain("image/svg+xml");
    expect(reply.headers.get("Content-Security-Policy")).toBe("default-src 'none'");
    const icon = await reply.text();
    expect(icon).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^]*<\/svg>\s*$/);
    expect(icon).not.toMatch(/<script|<style|style=|href|url\(/);
    expect(icon.length).toBeLessThan(1_000);
  });
});

describe("the tables of fields", () => {
  it("put nested fields below their object, with limits in words", ({ expect }) => {
    const schema: Schema = {
      type: "object",
      required: ["list"],
      properties: {
        list: {
          type: "array",
          maxItems: 3,
          items: {
            type: "object",
            required: ["size"],
            properties: { size: { type: "integer", exclusiveMinimum: 0, maximum: 9 } },
          },
        },
        note: { type: ["string", "null"], maxLength: 5, default: "x" },
        choice: {
          oneOf: [
            { type: "object", required: ["kind"], properties: { kind: { const: "a" } } },
            {
              type: "object",
              required: ["kind", "at"],
              properties: { kind: { const: "b" }, at: { type: "string", format: "date-time" } },
            },
            { type: "null" },
          ],
        },
      },
    };
    const rows = fieldRows(schema, {});
    expect(
      rows.map(({ parents, name, type, required }) => [
        [...parents, name].join("."),
        type,
        required,
      ]),
    ).toEqual([
      ["list", "list of object", true],
      ["list.size", "integer", true],
      ["note", "string or null", false],
      ["choice", "object or null", false],
      ["choice.kind", "any", true],
      ["choice.at", "time", false],
    ]);
    expect(rows.map(({ limits }) => limits)).toEqual([
      ["at most 3 entries"],
      ["1 to 9"],
      ["at most 5 characters", 'default "x"'],
      [],
      [],
      [],
    ]);
    expect(rows[4]?.values).toEqual(["a", "b"]);
  });

  it("end at objects that hold themselves", ({ expect }) => {
    const tree: Schema = {
      type: "object",
      properties: { child: { $ref: "#/components/schemas/Tree" } },
    };
    expect(fieldRows(tree, { Tree: tree }).length).toBeLessThan(10);
  });
});
