/** What merchants get wrong when they create a payment or connect an account, and what they read. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it, vi } from "vitest";

import { CHANNELS } from "../../src/channels/registry.ts";
import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import { api, creates, newMerchant, openBank, type Reply, wechatPayment } from "../intent/kit.ts";

const issuesOf = (reply: Reply) =>
  reply.body.error.details.issues as { path: string; message: string }[];

const merchant = await newMerchant();
const bank = await openBank(merchant);
beforeEach(() => bank.open());

const [ours, theirs] = [await generateRsaPair(), await generateRsaPair()];

const create = (changes: Record<string, unknown>) =>
  api("POST", "/v1/payment-intents", { key: merchant.live, body: wechatPayment(changes) });

const rows = async () =>
  Number((await env.DB.prepare("SELECT count(*) AS n FROM payment_intents").first("n")) ?? 0);

describe("a payment that cannot be", () => {
  it.for([
    ["zero", { amount: { currency: "CNY", value: 0 } }, "AMOUNT_INVALID"],
    ["negative", { amount: { currency: "CNY", value: -1 } }, "AMOUNT_INVALID"],
    ["fractional", { amount: { currency: "CNY", value: 6.99 } }, "AMOUNT_INVALID"],
    ["a string", { amount: { currency: "CNY", value: "699" } }, "AMOUNT_INVALID"],
    ["past 2^53", { amount: { currency: "CNY", value: 2 ** 53 } }, "AMOUNT_INVALID"],
    ["an unknown currency", { amount: { currency: "XXX", value: 1 } }, "CURRENCY_UNSUPPORTED"],
    ["a lower-case currency", { amount: { currency: "cny", value: 1 } }, "CURRENCY_UNSUPPORTED"],
    [
      "another channel's currency",
      { amount: { currency: "THB", value: 1 } },
      "CURRENCY_UNSUPPORTED",
    ],
    ["two faults", { amount: { currency: "x", value: 0 } }, "INVALID_REQUEST"],
    ["no amount", { amount: undefined }, "INVALID_REQUEST"],
    [
      "an unknown field inside",
      { amount: { currency: "CNY", value: 1, cents: 0 } },
      "INVALID_REQUEST",
    ],
    ["an unknown field", { amonut: 1 }, "INVALID_REQUEST"],
    ["an unknown channel", { channel: "paypal" }, "INVALID_REQUEST"],
    ["an unknown method", { method: "telepathy" }, "METHOD_UNSUPPORTED"],
    ["a method the channel lacks", { method: "barcode" }, "METHOD_UNSUPPORTED"],
    ["an emoji for WeChat", { description: "Tea 🍵" }, "INVALID_REQUEST"],
    ["a long text", { description: "x".repeat(257) }, "INVALID_REQUEST"],
    ["a text too long for WeChat", { description: "x".repeat(128) }, "INVALID_REQUEST"],
    ["a control character", { description: "a\nb" }, "INVALID_REQUEST"],
    ["a life too short", { expires_in: 59 }, "INVALID_REQUEST"],
    ["a life too long", { expires_in: 7_201 }, "INVALID_REQUEST"],
    ["metadata that is not text", { metadata: { a: 1 } }, "INVALID_REQUEST"],
    [
      "metadata over 4 KiB",
      { metadata: { a: "x".repeat(2_000), b: "x".repeat(2_040), c: "x".repeat(100) } },
      "INVALID_REQUEST",
    ],
    ["an order number with a space", { merchant_order_id: "A 1" }, "INVALID_REQUEST"],
    ["a return URL without TLS", { return_url: "http://shop.example" }, "INVALID_REQUEST"],
    ["a return URL that runs", { return_url: "javascript:alert(1)" }, "INVALID_REQUEST"],
    ["an unknown payer field", { payer: { name: "Bob" } }, "INVALID_REQUEST"],
    [
      "an account that is not theirs",
      { channel_account: `ca_${"0".repeat(26)}` },
      "CHANNEL_ACCOUNT_NOT_FOUND",
    ],
    ["a channel without an account", { channel: "alipay" }, "CHANNEL_NOT_CONFIGURED"],
  ] as const)(
    "%s is refused, says what to change, changes nothing",
    async ([, changes, code], { expect }) => {
      const before = await rows();
      bank.seen.length = 0;
      const reply = await create(changes);
      expect([reply.body.error.code, reply.status < 500]).toEqual([code, true]);
      expect(reply.body.error.message.length).toBeGreaterThan(10);
      expect(reply.body.error.outcome).toBe("none");
      expect(creates(bank)).toHaveLength(0);
      expect(await rows()).toBe(before);
    },
  );

  it("names every fault with its path", async ({ expect }) => {
    const reply = await create({ amount: { currency: "CNY" }, expires_in: "soon", channel: 7 });
    expect(
      issuesOf(reply)
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(["amount.value", "channel", "expires_in"]);
  });

  it("over the channel's limit says how much it takes", async ({ expect }) => {
    const reply = await create({ amount: { currency: "CNY", value: 999_999_999_999 } });
    expect(reply).toMatchObject({ status: 422, body: { error: { code: "AMOUNT_EXCEEDED" } } });
    expect(reply.body.error.details).toMatchObject({
      requested: { currency: "CNY", value: 999_999_999_999 },
      max_allowed: { currency: "CNY" },
    });
  });

  it("a misspelt fault script is refused in test mode: it would test nothing", async ({
    expect,
  }) => {
    const reply = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: wechatPayment({ metadata: { sandbox: "timeout" } }),
    });
    expect(issuesOf(reply)[0]?.path).toBe("metadata.sandbox");
    expect((await create({ metadata: { sandbox: "anything" } })).status).toBe(201);
  });

  it.for(["", "x".repeat(256), "naïve"])(
    "an Idempotency-Key like %j is refused",
    async (key, { expect }) => {
      const reply = await api("POST", "/v1/payment-intents", {
        key: merchant.live,
        body: wechatPayment(),
        headers: { "Idempotency-Key": key },
      });
      expect(reply.status).toBe(400);
    },
  );
});

describe("modes", () => {
  it("never meet: a test key sees no live payment, and the reverse", async ({ expect }) => {
    const live = (await create({})).body;
    const test = (
      await api("POST", "/v1/payment-intents", { key: merchant.test, body: wechatPayment() })
    ).body;
    expect([live.livemode, test.livemode]).toEqual([true, false]);
    for (const [id, key] of [
      [live.id, merchant.test],
      [test.id, merchant.live],
    ] as const) {
      for (const [method, path] of [
        ["GET", ""],
        ["POST", "/cancel"],
        ["POST", "/sync"],
      ] as const) {
        const reply = await api(method, `/v1/payment-intents/${id}${path}`, { key });
        expect(reply.body.error.code).toBe("PAYMENT_INTENT_NOT_FOUND");
      }
    }
    // The sandbox's buyer cannot touch live money.
    expect((await api("POST", `/sandbox/payments/${live.id}/pay`)).status).toBe(404);
    // Nothing of the test payment reached the network.
    expect(bank.seen.some(({ body }) => body.includes(test.id))).toBe(false);
  });
});

describe("lists", () => {
  it("page without gaps or repeats, newest first, and know their cursors", async ({ expect }) => {
    const shop = await newMerchant();
    for (let n = 0; n < 5; n += 1) {
      await api("POST", "/v1/payment-intents", {
        key: shop.test,
        body: wechatPayment({ merchant_order_id: `P-${n}` }),
      });
    }
    const list = (query: string, key = shop.test) =>
      api("GET", `/v1/payment-intents?${query}`, { key });
    await vi.waitFor(async () => expect((await list("limit=100")).body.data).toHaveLength(5));
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: Reply = await list(`limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(
        ...page.body.data.map((intent: { merchant_order_id: string }) => intent.merchant_order_id),
      );
      expect(page.body.has_more).toBe(page.body.next_cursor !== null);
      cursor = page.body.next_cursor;
    }
    expect(seen.toSorted()).toEqual(["P-0", "P-1", "P-2", "P-3", "P-4"]);
    expect((await list("merchant_order_id=P-3")).body.data).toHaveLength(1);
    expect((await list("status=succeeded")).body.data).toHaveLength(0);
    expect((await list("channel=wechat&created_gte=2020-01-01T00:00:00Z")).body.data).toHaveLength(
      5,
    );
    expect((await list("created_lt=2020-01-01T00:00:00Z")).body.data).toHaveLength(0);

    const { next_cursor: mine } = (await list("limit=2")).body;
    for (const [bad, key] of [
      ["nonsense", shop.test],
      [mine, merchant.test],
    ] as const) {
      expect((await list(`cursor=${bad}`, key)).body.error.code).toBe("INVALID_CURSOR");
    }
    expect((await list("limit=0")).status).toBe(400);
    expect((await list("limit=101")).status).toBe(400);
    expect((await list("staus=failed")).status).toBe(400);
  });
});

describe("channel accounts", () => {
  const alipay = {
    app_id: "2021000123456789",
    private_key: toPem("PRIVATE KEY", ours.privateKey),
    alipay_public_key: toPem("PUBLIC KEY", theirs.publicKey),
  };
  const connect = (credentials: unknown, changes = {}, key = merchant.live) =>
    api("POST", "/v1/channel-accounts", {
      key,
      body: { channel: "alipay", display_name: "Shop", credentials, ...changes },
    });

  it("never give their secrets back, and store them sealed", async ({ expect }) => {
    const saved = await connect(alipay);
    expect(saved.status).toBe(201);
    expect(saved.body.credentials[0].fingerprints).not.toEqual({});
    const needle = alipay.private_key.split("\n")[5] ?? "";
    const read = await api("GET", `/v1/channel-accounts/${saved.body.id}`, { key: merchant.live });
    const { results } = await env.DB.prepare("SELECT * FROM channel_accounts").all();
    for (const place of [saved.body, read.body, results]) {
      expect(JSON.stringify(place)).not.toContain(needle);
    }
  });

  it("name what is wrong with credentials, and never repeat them", async ({ expect }) => {
    const own = toPem("PUBLIC KEY", ours.publicKey);
    const mixUp = await connect({ ...alipay, alipay_public_key: own });
    expect([mixUp.status, issuesOf(mixUp)[0]?.path]).toEqual([
      400,
      "credentials.alipay_public_key",
    ]);
    const broken = await connect({ ...alipay, private_key: "MIIsecretsecret" });
    expect(issuesOf(broken)[0]?.path).toBe("credentials.private_key");
    expect(JSON.stringify(broken.body)).not.toContain("secretsecret");
    const unknown = await connect({ ...alipay, surplus: 1 });
    expect(issuesOf(unknown)).toEqual([
      { path: "credentials.surplus", message: "unknown field; remove it" },
    ]);
    expect((await connect(alipay, { mode: "agent" })).body.error.message).toContain("direct");
    expect((await connect(alipay, { region: "mars" })).body.error.message).toContain("regions");
  });

  it("take a second version beside the first, and retire the old one", async ({ expect }) => {
    const { body: account } = await connect(alipay);
    const path = `/v1/channel-accounts/${account.id}`;
    const next = await generateRsaPair();
    const rotated = await api("POST", `${path}/credentials`, {
      key: merchant.live,
      body: { credentials: { ...alipay, private_key: toPem("PRIVATE KEY", next.privateKey) } },
    });
    expect(rotated.body.credentials.map((entry: { version: number }) => entry.version)).toEqual([
      2, 1,
    ]);
    const other = await api("POST", `${path}/credentials`, {
      key: merchant.live,
      body: { credentials: { ...alipay, app_id: "2021000999999999" } },
    });
    expect(other.status).toBe(400);
    const retired = await api("DELETE", `${path}/credentials/1`, { key: merchant.live });
    expect(retired.body.credentials).toHaveLength(1);
    const last = await api("DELETE", `${path}/credentials/2`, { key: merchant.live });
    expect(last.body.error.code).toBe("INVALID_STATE");
  });

  it("of test keys check themselves against the simulated channel", async ({ expect }) => {
    const { body } = await api("GET", "/v1/channel-accounts", { key: merchant.test });
    const builtIn = body.data as { id: string; channel: string; credentials: unknown[] }[];
    expect(builtIn.map(({ channel }) => channel).toSorted()).toEqual(
      Object.keys(CHANNELS).toSorted(),
    );
    for (const { id } of builtIn) {
      const check = await api("POST", `/v1/channel-accounts/${id}/verify`, { key: merchant.test });
      expect([check.status, check.body.object]).toEqual([200, "channel_account_check"]);
    }
  });

  it("of test keys may have credentials of their own, with the sandbox's public key", async ({
    expect,
  }) => {
    const shop = await newMerchant();
    const { body: keys } = await api("GET", "/sandbox/channels/alipay/keys");
    expect(JSON.stringify(keys)).not.toContain("PRIVATE");
    const saved = await connect({ ...alipay, alipay_public_key: keys.public_key }, {}, shop.test);
    expect(saved.status).toBe(201);
    const { id } = saved.body;
    expect(
      (await api("POST", `/v1/channel-accounts/${id}/verify`, { key: shop.test })).status,
    ).toBe(200);
    const { body } = await api("POST", "/v1/payment-intents", {
      key: shop.test,
      body: wechatPayment({ channel: "alipay", channel_account: id }),
    });
    expect(body).toMatchObject({
      status: "qr_generated",
      payee: { merchant_account: alipay.app_id },
    });
    await api("POST", `/sandbox/payments/${body.id}/pay`);
    const paid = await api("GET", `/v1/payment-intents/${body.id}`, { key: shop.test });
    expect(paid.body.status).toBe("succeeded");
  });

  it("that are disabled take no new payments", async ({ expect }) => {
    const shop = await newMerchant();
    const { body } = await api("GET", "/v1/channel-accounts", { key: shop.test });
    const { id } = (body.data as { id: string; channel: string }[]).find(
      ({ channel }) => channel === "wechat",
    ) ?? { id: "" };
    await api("DELETE", `/v1/channel-accounts/${id}`, { key: shop.test });
    const reply = await api("POST", "/v1/payment-intents", {
      key: shop.test,
      body: wechatPayment({ channel_account: id }),
    });
    expect(reply.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
  });

  it("of others are not found", async ({ expect }) => {
    const { body } = await connect(alipay);
    const other = await newMerchant();
    for (const key of [other.live, merchant.test]) {
      for (const [method, path] of [
        ["GET", ""],
        ["DELETE", ""],
        ["POST", "/verify"],
      ] as const) {
        const reply = await api(method, `/v1/channel-accounts/${body.id}${path}`, { key });
        expect(reply.body.error.code).toBe("CHANNEL_ACCOUNT_NOT_FOUND");
      }
    }
  });
});

describe("Idempotency-Key on settings", () => {
  const createKey = (headers: Record<string, string>, label = "a", key = merchant.test) =>
    api("POST", "/v1/api-keys", { key, headers, body: { label, scopes: ["*"] } });

  it("gives the first answer again, with the secret that is shown once", async ({ expect }) => {
    const headers = { "Idempotency-Key": "settings-1" };
    const first = await createKey(headers);
    const again = await createKey(headers);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect((await createKey(headers, "b")).body.error.code).toBe("IDEMPOTENCY_MISMATCH");
    const other = await createKey(headers, "a", (await newMerchant()).test);
    expect(other.body.id).not.toBe(first.body.id);
  });

  it("joins what runs: twenty at once make one", async ({ expect }) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => createKey({ "Idempotency-Key": "settings-2" })),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  it("forgets a refusal: the same key may be sent again, corrected", async ({ expect }) => {
    const headers = { "Idempotency-Key": "settings-3" };
    expect((await createKey(headers, "")).status).toBe(400);
    expect((await createKey(headers, "ok")).status).toBe(201);
  });

  it("makes one merchant, also for operators", async ({ expect }) => {
    const send = () =>
      api("POST", "/v1/admin/merchants", {
        headers: { Authorization: "Bearer admin-token-for-tests", "Idempotency-Key": "m-1" },
        body: { name: "Once" },
      });
    const [first, again] = [await send(), await send()];
    expect(again.body).toEqual(first.body);
  });
});

describe("the log", () => {
  it("has a line for every request and channel call, and never a secret", async ({ expect }) => {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: unknown) => void lines.push(String(line)));
    const level = env.LOG_LEVEL;
    Object.assign(env, { LOG_LEVEL: "info" });
    try {
      const { body } = await api("POST", "/v1/payment-intents", {
        key: merchant.test,
        body: wechatPayment({ metadata: { note: "metadata-needle" } }),
      });
      await api("POST", `/sandbox/payments/${body.id}/pay`);
      await api("POST", "/v1/channel-accounts", {
        key: merchant.test,
        body: {
          channel: "wechat",
          display_name: "x",
          credentials: { api_v3_key: "secret-needle-secret-needle-1234" },
        },
      });
      await api("GET", "/v1/merchant", { headers: { Authorization: "Bearer token-needle" } });
    } finally {
      Object.assign(env, { LOG_LEVEL: level });
    }
    const text = lines.join("\n");
    const events = new Set(lines.map((line) => (JSON.parse(line) as { event: string }).event));
    expect([...events]).toEqual(expect.arrayContaining(["request", "callback"]));
    expect(text).not.toContain("needle");
    expect(text).not.toContain(merchant.test.slice(-32));
    expect(text).not.toContain("BEGIN");
    const request = lines.map((line) => JSON.parse(line)).find(({ event }) => event === "request");
    expect(request).toMatchObject({ route: "/v1/payment-intents", method: "POST", status: 201 });
    expect(request.duration_ms).toEqual(expect.any(Number));
  });
});
