/** What a merchant reads when a request is wrong: what to change, and nothing of what was sent. */
import { describe, it } from "vitest";
import * as z from "zod";

import { errorRow as alipayRow } from "../../src/channels/alipay/error-table.ts";
import { CHANNELS } from "../../src/channels/registry.ts";
import { errorRow as wechatRow } from "../../src/channels/wechat/error-table.ts";
import { channelFailure } from "../../src/payments/payment.ts";
import { issuesOf } from "../../src/issues.ts";
import { api, newMerchant, type Reply, wechatPayment } from "../intent/kit.ts";

const merchant = await newMerchant();

const issues = (reply: Reply) =>
  reply.body.error.details.issues as { path: string; message: string }[];

const send = (path: string, body: unknown) => api("POST", path, { key: merchant.test, body });

const TIME = "must be a time like 2026-11-01T08:30:00Z (write + as %2B in a URL)";
const MIXED = "must be Unicode text: half a surrogate pair is in it";
const METHODS = "must be one of qr, app, wap, web, jsapi, barcode";
const IP = "must be an IP address like 203.0.113.7 or 2001:db8::1";
const NEEDLE = "needle";
const HALF = "\ud83c";

const MUST_BE_A_CHANNEL = `must be one of ${Object.keys(CHANNELS).join(", ")}`;

const methodsOf = (slug: string) => [...(CHANNELS[slug]?.adapter.info.methods ?? [])];

describe("a body", () => {
  it.for([
    [{ amount: undefined }, "amount", "is required without service_id"],
    [{ amount: null }, "amount", "must not be null; leave it out"],
    [{ amount: NEEDLE }, "amount", "must be an object"],
    [{ amount: { currency: "CNY" } }, "amount.value", "is required"],
    [
      { amount: { currency: "CNY", value: NEEDLE } },
      "amount.value",
      "must be an integer of minor units (699 is CNY 6.99)",
    ],
    [{ amount: { currency: "CNY", value: 0 } }, "amount.value", "must be at least 1 minor unit"],
    [{ amount: { value: 1 } }, "amount.currency", "is required"],
    [{ channel: undefined }, "channel", "is required without service_id"],
    [{ description: "paid\u202Eton" }, "description", "must not change the direction of the text"],
    [{ channel: NEEDLE }, "channel", MUST_BE_A_CHANNEL],
    [{ method: NEEDLE }, "method", METHODS],
    [{ method: null }, "method", "must not be null; leave it out"],
    [{ description: 7 }, "description", "must be a string"],
    [{ description: "" }, "description", "must not be empty"],
    [{ description: NEEDLE.repeat(100) }, "description", "must have at most 256 characters"],
    [{ description: `tea ${HALF}` }, "description", MIXED],
    [{ service_id: HALF }, "service_id", MIXED],
    [{ expires_in: 1.5 }, "expires_in", "must be whole seconds"],
    [{ expires_in: 9_000 }, "expires_in", "must be at most 7200 seconds"],
    [{ metadata: [] }, "metadata", "must be an object"],
    [{ metadata: { a: 1 } }, "metadata.a", "must be a string"],
    [{ metadata: { a: null } }, "metadata.a", "must not be null; leave it out"],
    [{ metadata: { a: "x".repeat(2_049) } }, "metadata.a", "must have at most 2048 characters"],
    [{ metadata: { a: HALF } }, "metadata.a", MIXED],
    [
      { metadata: { ["n".repeat(65)]: "" } },
      `metadata.${"n".repeat(64)}`,
      "its name must have at most 64 characters",
    ],
    [{ metadata: { "": "x" } }, "metadata.", "its name must not be empty"],
    [{ metadata: { [HALF]: "x" } }, "metadata.\ufffd", `its name ${MIXED}`],
    [{ payer: { client_ip: NEEDLE } }, "payer.client_ip", IP],
    [{ payer: { openid: HALF } }, "payer.openid", MIXED],
    [{ return_url: "//needle" }, "return_url", "must be a URL"],
    [{ os_type: NEEDLE }, "os_type", "must be one of ios, android"],
  ] as const)("%j: %s %s", async ([changes, path, message], { expect }) => {
    const reply = await send("/v1/payment-intents", wechatPayment(changes));
    expect(reply.status).toBe(400);
    expect(issues(reply)[0]).toEqual({ path, message });
    expect(reply.body.error.message).toBe(`${path}: ${message}.`);
    expect(JSON.stringify(reply.body)).not.toContain(NEEDLE);
  });

  it.for([
    ["/v1/payment-intents", [], "", "must be an object"],
    ["/v1/api-keys", {}, "scopes", "is required"],
    ["/v1/api-keys", { scopes: [] }, "scopes", "must name at least one scope"],
    ["/v1/api-keys", { scopes: "*" }, "scopes", "must be a list"],
    [
      "/v1/api-keys",
      { scopes: Array.from({ length: 21 }, () => "*") },
      "scopes",
      "must have at most 20 items",
    ],
    ["/v1/api-keys", { scopes: ["*"], expires_at: "soon" }, "expires_at", TIME],
    ["/v1/api-keys/key_0/rotate", { overlap_seconds: -1 }, "overlap_seconds", "must be at least 0"],
    [
      "/v1/api-keys/key_0/rotate",
      { overlap_seconds: 1e9 },
      "overlap_seconds",
      "must be at most 604800",
    ],
    ["/v1/webhook-endpoints", { url: 7 }, "url", "must be a string"],
  ] as const)("%s %j: %s %s", async ([path, body, at, message], { expect }) => {
    const reply = await send(path, body);
    expect(reply.status).toBe(400);
    expect(issues(reply)[0]).toEqual({ path: at, message });
  });

  it.for([
    `/v1/payment-intents/pi_${"0".repeat(26)}/cancel`,
    `/v1/payment-intents/pi_${"0".repeat(26)}/sync`,
    `/v1/webhook-endpoints/we_${"0".repeat(26)}/test`,
  ])("of %s has no fields", async (path, { expect }) => {
    const refused = await send(path, { reason: NEEDLE });
    expect(refused.status).toBe(400);
    expect(issues(refused)).toEqual([{ path: "reason", message: "unknown field; remove it" }]);
    for (const body of [undefined, {}]) expect((await send(path, body)).status).toBe(404);
    const form = await api("POST", path, {
      key: merchant.test,
      headers: { "Content-Type": "text/plain" },
      body: "reason",
    });
    expect(form.status).toBe(415);
  });
});

describe("a query", () => {
  const LIMIT = "must be a whole number from 1 to 100";

  it.for([
    ["limit=0", "limit", LIMIT],
    ["limit=101", "limit", LIMIT],
    ["limit=0x5", "limit", LIMIT],
    ["limit=1e1", "limit", LIMIT],
    ["limit=%205", "limit", LIMIT],
    ["limit=1.0", "limit", LIMIT],
    ["limit=", "limit", LIMIT],
    ["limit=needle", "limit", LIMIT],
    ["limit=1&limit=2", "limit", LIMIT],
    ["channel=paypal", "channel", MUST_BE_A_CHANNEL],
    ["created_gte=2026-11-01T08:30:00+08:00", "created_gte", TIME],
    ["created_gte=yesterday", "created_gte", TIME],
    ["needles=1", "needles", "unknown field; remove it"],
  ] as const)("%s: %s %s", async ([query, path, message], { expect }) => {
    const reply = await api("GET", `/v1/payment-intents?${query}`, { key: merchant.test });
    expect([reply.status, issues(reply)]).toEqual([400, [{ path, message }]]);
  });

  it("of a picture takes plain numbers too", async ({ expect }) => {
    const path = `/v1/qr/pi_${"0".repeat(26)}.svg`;
    expect(issues(await api("GET", `${path}?size=1e3`))).toEqual([
      { path: "size", message: "must be a whole number from 64 to 2048" },
    ]);
    expect((await api("GET", `${path}?size=512&margin=0`)).status).toBe(404);
  });

  it("is described as the number it is", async ({ expect }) => {
    const { paths } = (await api("GET", "/openapi.json")).body;
    const parameters = paths["/v1/payment-intents"].get.parameters as { name: string }[];
    expect(parameters.find(({ name }) => name === "limit")).toMatchObject({
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
    });
  });

  it("takes what is right", async ({ expect }) => {
    const query = "limit=007&channel=alipay&created_gte=2026-11-01T08:30:00%2B08:00";
    expect((await api("GET", `/v1/payment-intents?${query}`, { key: merchant.test })).status).toBe(
      200,
    );
  });
});

describe("issuesOf", () => {
  const messageOf = (schema: z.ZodType, value: unknown) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? null : issuesOf(parsed.error)[0]?.message;
  };

  it.for([
    [z.email(), NEEDLE, "must be an email address"],
    [z.ipv4(), NEEDLE, "must be an IP address"],
    [z.string().regex(/^a$/), NEEDLE, "does not have the right form"],
    [z.literal("x"), NEEDLE, "must be x"],
    [z.boolean(), NEEDLE, "must be true or false"],
    [z.number(), NEEDLE, "must be a number"],
    [z.int(), 1.5, "must be an integer"],
    [z.number().positive(), 0, "must be more than 0"],
    [z.number().negative(), 0, "must be less than 0"],
    [z.number().multipleOf(5), 7, "must be a multiple of 5"],
    [z.string().min(3), "x", "must have at least 3 characters"],
    [z.string().max(1), "xx", "must have at most 1 character"],
    [z.array(z.string()).min(1), [], "must not be empty"],
    [z.date(), NEEDLE, "must be of another type"],
    [z.union([z.int(), z.boolean()]), NEEDLE, "is not valid"],
    [z.string().refine(() => false), NEEDLE, "is not valid"],
    [z.string("my own words"), 7, "my own words"],
  ] as const)("%$: says what to change", ([schema, value, message], { expect }) => {
    expect(messageOf(schema, value)).toBe(message);
  });
});

describe("a channel's no", () => {
  it("speaks our words, and carries the channel's beside them", ({ expect }) => {
    const error = { code: "CHANNEL_REJECTED", channelCode: "X", retryable: false } as const;
    const ours = channelFailure("wechat", { ...error, message: "Ours.", channelMessage: "他们" });
    expect(ours).toEqual({
      code: "CHANNEL_REJECTED",
      message: "Ours.",
      details: { channel: { name: "wechat", code: "X", message: "他们" } },
    });
    const alone = channelFailure("wechat", { ...error, message: "Ours." });
    expect(alone.details).toEqual({ channel: { name: "wechat", code: "X", message: "Ours." } });
  });

  it("is a sentence for every code, also for one that nobody has listed", ({ expect }) => {
    const rows = Object.values(CHANNELS).flatMap(({ adapter }) => adapter.errors);
    expect(rows.length).toBeGreaterThan(100);
    const unlisted = [403, 500].map((status) => wechatRow("NEVER_HEARD_OF", status));
    for (const { meaning } of [...rows, ...unlisted, alipayRow("40004", "ACQ.NEVER_HEARD_OF")]) {
      expect(meaning).toMatch(/^[A-Z].{8,}[.)]$/);
    }
  });

  it.for([
    [{ channel: "wechat" }, "METHOD_UNSUPPORTED", methodsOf("wechat"), "use qr or"],
    [{ channel: "promptpay" }, "METHOD_UNSUPPORTED", ["qr"], "use qr"],
    [{ channel: "wechat" }, "CURRENCY_UNSUPPORTED", ["CNY"], "use CNY"],
    [{ channel: "alipay" }, "CURRENCY_UNSUPPORTED", ["CNY"], "use CNY"],
  ] as const)("%j %s names what it takes", async ([channel, code, supported, hint], { expect }) => {
    const wrong =
      code === "METHOD_UNSUPPORTED"
        ? { method: "barcode" }
        : { amount: { currency: "THB", value: 100 } };
    const reply = await send("/v1/payment-intents", wechatPayment({ ...channel, ...wrong }));
    expect([reply.status, reply.body.error.code]).toEqual([400, code]);
    expect(reply.body.error.details).toMatchObject({ supported });
    expect(reply.body.error.message).toContain(hint);
  });
});
