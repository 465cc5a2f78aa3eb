import { describe, it } from "vitest";

import { ServiceManifest } from "../../src/agents/manifest.ts";
import { withCheckedUrls } from "../../src/agents/manifest-rules.ts";
import { examineManifest, faultsOf } from "../../src/agents/readiness.ts";
import { compareVersions, isSemVer } from "../../src/agents/semver.ts";
import { issuesOf } from "../../src/issues.ts";
import { manifestOf, money, priced } from "./kit.ts";

const issues = (manifest: unknown): string[] => {
  const result = ServiceManifest.safeParse(manifest);
  return result.success
    ? []
    : issuesOf(result.error).map(({ path, message }) => `${path}: ${message}`);
};

const POLICY = {
  livemode: true,
  environment: "production",
  ownHosts: ["pay.gateway.example"],
};

describe("a manifest", () => {
  it("is taken, and what was left out is filled in", ({ expect }) => {
    expect(ServiceManifest.parse(manifestOf())).toEqual({
      ...manifestOf(),
      provider: { display_name: "Summary Labs", kyc_level: "none" },
      payment_methods: { one_time: true, cumulative: false, subscription: false },
      pricing: { one_time: [{ id: "page", amount: money(699) }], subscription: [] },
      qr_mode: "dynamic",
    });
    expect(ServiceManifest.parse(manifestOf({ tags: ["a", " a ", "b"] })).tags).toEqual(["a", "b"]);
  });

  it("keeps markup as text", ({ expect }) => {
    const name = `<script>alert("x")</script>`;
    expect(ServiceManifest.parse(manifestOf({ name })).name).toBe(name);
  });

  it("may announce what cannot be paid yet, with its price", ({ expect }) => {
    const announced = manifestOf({
      payment_methods: { one_time: false, cumulative: true, subscription: true },
      pricing: {
        cumulative: { unit: "token", per: 1_000, amount: money(5) },
        subscription: [{ id: "pro", amount: money(9_900), interval: "month" }],
      },
    });
    expect(issues(announced)).toEqual([]);
    expect(ServiceManifest.parse(announced).pricing.subscription[0]?.interval_count).toBe(1);
  });

  it.for<[string, unknown, string[]]>([
    ["nothing", null, [": must not be null; leave it out"]],
    ["a text", "x", [": must be an object"]],
    ["an unknown member", manifestOf({ secret: 1 }), ["secret: unknown field; remove it"]],
    ["no name", manifestOf({ name: undefined }), ["name: is required"]],
    ["a blank name", manifestOf({ name: "  " }), ["name: must not be empty"]],
    [
      "a name of lines",
      manifestOf({ name: "a\nb" }),
      ["name: must not contain control characters"],
    ],
    [
      "half a character",
      manifestOf({ name: "\ud83d" }),
      ["name: must be Unicode text: half a surrogate pair is in it"],
    ],
    [
      "control characters in a description",
      manifestOf({ description: "a\u0007" }),
      ["description: must not contain control characters other than line breaks"],
    ],
    [
      "a static code",
      manifestOf({ qr_mode: "static" }),
      ["qr_mode: must be dynamic: every payment has a code of its own, static ones have none"],
    ],
    [
      "an invented level",
      manifestOf({ provider: { display_name: "x", kyc_level: "gold" } }),
      ["provider.kyc_level: must be one of none, basic, enhanced, institutional"],
    ],
    [
      "a version that is none",
      manifestOf({ version: "1.0" }),
      ["version: must be a version like 1.0.0 (semver.org)"],
    ],
    ["no channel", manifestOf({ accepted_channels: [] }), ["accepted_channels: must not be empty"]],
    [
      "an unknown channel",
      manifestOf({ accepted_channels: ["alipay", "card"] }),
      ["accepted_channels.1: is not a channel of this deployment: see /v1/channels"],
    ],
    [
      "a channel of Object's",
      manifestOf({ accepted_channels: ["constructor"] }),
      ["accepted_channels.0: is not a channel of this deployment: see /v1/channels"],
    ],
    [
      "a channel twice",
      manifestOf({ accepted_channels: ["alipay", "wechat", "alipay"] }),
      ["accepted_channels.2: is in the list already"],
    ],
    [
      "no method",
      manifestOf({ payment_methods: { one_time: false } }),
      ["payment_methods: at least one of them must be true"],
    ],
    [
      "a method without a price",
      manifestOf({
        payment_methods: { one_time: true, cumulative: true },
      }),
      ["pricing.cumulative: is needed, because payment_methods.cumulative is true"],
    ],
    [
      "a price without its method",
      manifestOf({
        pricing: {
          one_time: [{ id: "page", amount: money(1) }],
          subscription: [{ id: "pro", amount: money(1), interval: "month" }],
        },
      }),
      ["pricing.subscription: must be left out, because payment_methods.subscription is not true"],
    ],
    [
      "no price",
      priced(),
      ["pricing.one_time: is needed, because payment_methods.one_time is true"],
    ],
    [
      "a price of nothing",
      priced({ id: "a", amount: money(0) }),
      ["pricing.one_time.0.amount.value: must be at least 1 minor unit"],
    ],
    [
      "a negative price",
      priced({ id: "a", amount: money(-699) }),
      ["pricing.one_time.0.amount.value: must be at least 1 minor unit"],
    ],
    [
      "a fraction",
      priced({ id: "a", amount: money(6.99) }),
      ["pricing.one_time.0.amount.value: must be an integer of minor units (699 is CNY 6.99)"],
    ],
    [
      "a price as a text",
      priced({ id: "a", amount: { currency: "CNY", value: "699" } }),
      ["pricing.one_time.0.amount.value: must be an integer of minor units (699 is CNY 6.99)"],
    ],
    [
      "a price over what a number holds",
      priced({ id: "a", amount: money(2 ** 53) }),
      ["pricing.one_time.0.amount.value: must be an integer of minor units (699 is CNY 6.99)"],
    ],
    [
      "a price over what its channels take",
      priced({ id: "a", amount: money(10_000_000_001) }),
      ["pricing.one_time.0.amount.value: none of accepted_channels takes this much in one payment"],
    ],
    [
      "a currency that no channel takes",
      priced({ id: "a", amount: money(100, "THB") }),
      ["pricing.one_time.0.amount.currency: none of accepted_channels takes this currency"],
    ],
    [
      "a range in such a currency",
      priced({ id: "a", max: money(100, "THB") }),
      ["pricing.one_time.0.max.currency: none of accepted_channels takes this currency"],
    ],
    [
      "neither fixed nor a range",
      priced({ id: "a" }),
      ["pricing.one_time.0: needs amount for a fixed price, or max for a range"],
    ],
    [
      "only a least",
      priced({ id: "a", min: money(1) }),
      ["pricing.one_time.0: needs amount for a fixed price, or max for a range"],
    ],
    [
      "fixed and a range",
      priced({ id: "a", amount: money(1), max: money(2) }),
      ["pricing.one_time.0: give either amount, or max with an optional min"],
    ],
    [
      "a range upside down",
      priced({ id: "a", min: money(501), max: money(500) }),
      ["pricing.one_time.0.min.value: must be at most CNY 5.00, which is max"],
    ],
    [
      "a range in two currencies",
      priced({ id: "a", min: money(1, "THB"), max: money(500) }),
      ["pricing.one_time.0.min.currency: must be that of max"],
    ],
    [
      "a price's name twice",
      priced({ id: "a", amount: money(1) }, { id: "a", amount: money(2) }),
      ["pricing.one_time.1.id: is in the list already"],
    ],
    [
      "a price's name with spaces",
      priced({ id: "One page", amount: money(1) }),
      [
        "pricing.one_time.0.id: must be lower-case letters and digits, with single - or _ between them",
      ],
    ],
    [
      "an interval that is none",
      manifestOf({
        payment_methods: { one_time: false, subscription: true },
        pricing: { subscription: [{ id: "pro", amount: money(1), interval: "fortnight" }] },
      }),
      ["pricing.subscription.0.interval: must be one of day, week, month, year"],
    ],
  ])("with %s is refused, and says where", ([, manifest, expected], { expect }) => {
    expect(issues(manifest)).toEqual(expected);
  });

  it("with an unknown currency is refused without repeating it", ({ expect }) => {
    const [issue, ...others] = issues(priced({ id: "a", amount: money(1, "<b>DOGE</b>") }));
    expect(others).toEqual([]);
    expect(issue).toMatch(/^pricing\.one_time\.0\.amount\.currency: must be one of AUD, CAD/);
    expect(issue).not.toContain("DOGE");
  });

  it("with long lists and texts is refused", ({ expect }) => {
    const many = (length: number) => Array.from({ length }, (_, at) => `t${at}`);
    expect(issues(manifestOf({ tags: many(21) }))).toEqual(["tags: must have at most 20 items"]);
    expect(issues(manifestOf({ tags: many(20) }))).toEqual([]);
    const prices = many(21).map((id) => ({ id, amount: money(1) }));
    expect(issues(priced(...prices))).toEqual(["pricing.one_time: must have at most 20 items"]);
    expect(issues(manifestOf({ name: "x".repeat(101) }))).toEqual([
      "name: must have at most 100 characters",
    ]);
    expect(issues(manifestOf({ description: "x".repeat(2_001) }))).toEqual([
      "description: must have at most 2000 characters",
    ]);
  });

  it("may name prices that only one of its channels takes", ({ expect }) => {
    const prices = [
      { id: "cn", amount: money(699) },
      { id: "th", amount: money(3_500, "THB") },
    ];
    const both = { ...priced(...prices), accepted_channels: ["alipay", "promptpay"] };
    expect(issues(both)).toEqual([]);
  });
});

describe("the URLs of a manifest", () => {
  const check = (changes: Record<string, unknown>, policy = POLICY) => {
    const result = withCheckedUrls(ServiceManifest.parse(manifestOf(changes)), policy);
    return result.ok
      ? result.value
      : result.error.map(({ path, message }) => `${path}: ${message}`);
  };

  it("are kept as they will be called", ({ expect }) => {
    expect(
      check({
        endpoint: " https://SUMMARY.example:443/v1?x=1 ",
        webhook_url: "https://bücher.example",
        provider: { display_name: "x", avatar_url: "https://cdn.example/a.png" },
      }),
    ).toMatchObject({
      endpoint: "https://summary.example/v1?x=1",
      webhook_url: "https://xn--bcher-kva.example/",
      provider: { avatar_url: "https://cdn.example/a.png" },
    });
    expect(check({})).not.toHaveProperty("webhook_url");
  });

  it.for([
    ["javascript:alert(1)", "must use https"],
    ["data:text/html,<script>alert(1)</script>", "must use https"],
    ["http://summary.example/", "must use https"],
    ["/v1", "must be an absolute URL"],
    ["https://user:pass@summary.example/", "must not carry credentials"],
    ["https://169.254.169.254/latest/meta-data/", "must point to a public address"],
    ["https://localhost/", "must have a full host name"],
    ["https://db.internal/", "must not name a private host"],
    ["https://pay.gateway.example/v1", "must not point to this gateway"],
    ["https://summary.example:22/", "must use port 443"],
  ] as const)("%s is refused in each of them", ([url, why], { expect }) => {
    const refused = check({
      endpoint: url,
      webhook_url: url,
      provider: { display_name: "x", avatar_url: url },
    });
    expect(refused).toEqual([
      expect.stringContaining(`endpoint: ${why}`),
      expect.stringContaining(`webhook_url: ${why}`),
      expect.stringContaining(`provider.avatar_url: ${why}`),
    ]);
  });
});

describe("a check before activation", () => {
  const around = { policy: POLICY, channels: ["alipay", "wechat"], webhookUrls: [] };

  it("finds nothing where nothing is to be said", ({ expect }) => {
    expect(examineManifest(manifestOf(), around)).toEqual([]);
  });

  it("asks for an account at every channel, in live mode", ({ expect }) => {
    const findings = examineManifest(manifestOf(), { ...around, channels: ["alipay"] });
    expect(findings).toEqual([
      {
        path: "accepted_channels.1",
        message: "you have no active account for wechat: POST /v1/channel-accounts",
        severity: "error",
      },
    ]);
    expect(faultsOf(findings)).toHaveLength(1);
    expect(examineManifest(manifestOf(), { ...around, channels: null })).toEqual([]);
  });

  it("reads the manifest anew", ({ expect }) => {
    const stale = manifestOf({ accepted_channels: ["alipay", "gone"], endpoint: "https://[::1]/" });
    expect(faultsOf(examineManifest(stale, around)).map(({ path }) => path)).toEqual([
      "accepted_channels.1",
    ]);
    const moved = manifestOf({ endpoint: "https://pay.gateway.example/" });
    expect(faultsOf(examineManifest(moved, around)).map(({ path }) => path)).toEqual(["endpoint"]);
  });

  it("warns of what will not work", ({ expect }) => {
    const manifest = manifestOf({
      provider: { display_name: "x", kyc_level: "institutional" },
      payment_methods: { one_time: true, cumulative: true },
      pricing: {
        one_time: [{ id: "page", amount: money(699) }],
        cumulative: { unit: "token", amount: money(5) },
      },
      accepted_channels: ["alipay", "promptpay"],
      webhook_url: "https://summary.example/hooks",
    });
    const open = { ...around, channels: null };
    const findings = examineManifest(manifest, open);
    expect(findings.map(({ path, severity }) => [path, severity])).toEqual([
      ["accepted_channels.1", "warning"],
      ["payment_methods.cumulative", "warning"],
      ["provider.kyc_level", "warning"],
      ["webhook_url", "warning"],
    ]);
    expect(faultsOf(findings)).toEqual([]);
    const known = examineManifest(manifest, {
      ...open,
      webhookUrls: ["https://summary.example/hooks"],
    });
    expect(known.map(({ path }) => path)).not.toContain("webhook_url");
  });
});

describe("versions", () => {
  it("rise as the specification's own list does (section 11)", ({ expect }) => {
    const rising = [
      ..."0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2".split(" "),
      ..."1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.10 1.2.0 2.0.0 2.1.0 2.1.1 10.0.0".split(" "),
      "99999999999999999999.0.0",
    ];
    rising.forEach((a, at) => {
      rising.forEach((b, other) => {
        expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([a, b, Math.sign(at - other)]);
      });
    });
  });

  it("take no precedence by their build", ({ expect }) => {
    expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
    expect(compareVersions("1.0.0-rc.1+a", "1.0.0-rc.1")).toBe(0);
  });

  it("have the form that semver.org gives them", ({ expect }) => {
    const good = [
      "0.0.4",
      "1.0.0-0A.is.legal",
      "1.1.2-pre+meta-valid",
      "1.0.0--alpha",
      "1.0.0+0.x",
    ];
    const bad = ["1", "1.2", "1.2.3-", "01.1.1", "1.2.3-01", "v1.2.3", "1.2.3+", "1.2.3\n", ""];
    expect(good.filter((text) => !isSemVer(text))).toEqual([]);
    expect(bad.filter(isSemVer)).toEqual([]);
    expect(isSemVer(`1.0.0-${"a".repeat(59)}`)).toBe(false);
  });
});
