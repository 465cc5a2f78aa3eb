/** Applications of sub-merchants: the form, its secrets, the states, and repeats. */
import { beforeAll, describe, it } from "vitest";
import * as z from "zod";

import type { ChannelAccount } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { SECRET_FIELDS } from "../../../src/channels/wechat/application.ts";
import { APPLICATION_STATES } from "../../../src/channels/wechat/onboarding.ts";
import { wechatSandbox } from "../../../src/channels/wechat/sandbox/channel.ts";
import { oaepDecrypt } from "../../../src/crypto/rsa.ts";
import documented from "../../vectors/wechat-pay-errors.json";
import { applicationOf, SECRETS } from "./application.ts";
import * as kit from "./kit.ts";

let provider: kit.Pair;
let platform: kit.Pair;
let account: ChannelAccount;

beforeAll(async () => {
  [provider, platform] = [await kit.newPair(), await kit.newPair()];
  account = kit.partnerAccountOf(kit.partnerCredentialsOf(provider, platform));
});

const desk = wechat.onboarding;
if (desk === undefined) throw new Error("WeChat Pay takes applications");

const NUMBER = "ap_01j9zq4c7n8m2x5v6k3w1t0ryb";

const statusOf = (state: string, changes: Record<string, unknown> = {}) => ({
  business_code: NUMBER,
  applyment_id: 2000002124775691,
  applyment_state: `APPLYMENT_STATE_${state}`,
  ...changes,
});

const isGet = (request: Request): boolean => request.method === "GET";

/** A gateway that does not know the number until it has been handed in. */
function gateway(after: Record<string, unknown>) {
  let known = false;
  return kit.fakeIo((request) => {
    if (!isGet(request)) {
      known = true;
      return kit.signedReply(platform, { applyment_id: 2000002124775691 });
    }
    return known ? kit.signedReply(platform, after) : kit.errorReply(404, "RESOURCE_NOT_EXISTS");
  });
}

/** Members of an object, deep, with their names. */
function* membersOf(value: unknown): Generator<readonly [string, unknown]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    yield [name, inner];
    yield* membersOf(inner);
  }
}

describe("the form", () => {
  const issues = (change: (form: Record<string, Record<string, unknown>>) => void): string[] => {
    const form = structuredClone(applicationOf()) as Record<string, Record<string, unknown>>;
    change(form);
    const read = desk.application.safeParse(form);
    return read.success ? [] : read.error.issues.map(({ path }) => path.join("."));
  };

  it("takes a whole application, and is served as a strict JSON Schema", ({ expect }) => {
    expect(issues(() => {})).toEqual([]);
    const schema = z.toJSONSchema(desk.application);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(schema.required).toEqual([
      "contact_info",
      "subject_info",
      "business_info",
      "settlement_info",
      "bank_account_info",
    ]);
    expect(desk.modes).toEqual(["service_provider"]);
  });

  it("names what is missing, unknown, or does not fit the kind of subject", ({ expect }) => {
    expect(issues((form) => delete form["contact_info"])).toEqual(["contact_info"]);
    expect(issues((form) => delete form["bank_account_info"]?.["account_number"])).toEqual([
      "bank_account_info.account_number",
    ]);
    expect(issues((form) => Object.assign(form, { business_code: "mine" }))).toEqual([""]);
    expect(
      issues((form) => Object.assign(form["subject_info"] ?? {}, { subject_type: "SHOP" })),
    ).toEqual(["subject_info.subject_type"]);
    for (const [kind, proof] of [
      ["MICRO", "micro_biz_info"],
      ["GOVERNMENT", "certificate_info"],
      ["INSTITUTIONS", "certificate_info"],
      ["OTHERS", "certificate_info"],
    ]) {
      const subject_type = `SUBJECT_TYPE_${kind}`;
      expect(issues((form) => Object.assign(form["subject_info"] ?? {}, { subject_type }))).toEqual(
        [`subject_info.${proof}`],
      );
    }
  });

  it("refuses a secret that is too long to be encrypted", ({ expect }) => {
    const name = (length: number) =>
      issues((form) =>
        Object.assign(form["contact_info"] ?? {}, { contact_name: "张".repeat(length) }),
      );
    expect(name(71)).toEqual([]);
    expect(name(72)).toEqual(["contact_info.contact_name"]);
  });
});

describe("submit", () => {
  it("encrypts every secret with the key that it names, and nothing else", async ({ expect }) => {
    const io = gateway(statusOf("AUDITING"));
    expect(await desk.submit(NUMBER, applicationOf(), account, io)).toEqual({
      kind: "ok",
      value: {
        state: "reviewing",
        channelStatus: "APPLYMENT_STATE_AUDITING",
        rejections: [],
        actionUrl: null,
        subMerchant: null,
      },
    });
    const [asked, sent] = io.sent;
    expect(asked?.request.url).toBe(
      `https://api.mch.weixin.qq.com/v3/applyment4sub/applyment/business_code/${NUMBER}`,
    );
    expect(sent?.request.url).toBe("https://api.mch.weixin.qq.com/v3/applyment4sub/applyment/");
    expect(sent?.request.headers.get("Wechatpay-Serial")).toBe(kit.PUB_KEY_ID);
    for (const secret of SECRETS) {
      // The licence names the company in clear; its account does not.
      if (secret === "街角商店有限公司" || secret === "张三") continue;
      expect(sent?.body).not.toContain(secret);
    }
    const form: unknown = JSON.parse(sent?.body ?? "");
    expect(form).toMatchObject({ business_code: NUMBER });
    const clear = new Map(membersOf(applicationOf()));
    let opened = 0;
    for (const [name, value] of membersOf(form)) {
      if (typeof value !== "string" || name === "business_code") continue;
      if (!SECRET_FIELDS.has(name)) {
        expect(value, name).toBe(clear.get(name));
        continue;
      }
      opened += 1;
      expect(await oaepDecrypt(platform.pkcs8, value), name).toEqual({
        ok: true,
        value: clear.get(name),
      });
    }
    expect(opened).toBe(8);
  });

  it("hands in once: a repeat finds the application and asks only", async ({ expect }) => {
    const io = gateway(statusOf("AUDITING"));
    await desk.submit(NUMBER, applicationOf(), account, io);
    const before = io.sent.length;
    const again = await desk.submit(NUMBER, applicationOf("Another"), account, io);
    expect(again).toMatchObject({ kind: "ok", value: { state: "reviewing" } });
    expect(io.sent.slice(before).every(({ request }) => isGet(request))).toBe(true);
  });

  it.for(["REJECTED", "EDITTING"])(
    "hands in again what came back as %s",
    async (state, { expect }) => {
      let handedIn = 0;
      const io = kit.fakeIo((request) => {
        if (isGet(request)) {
          return kit.signedReply(platform, statusOf(handedIn === 0 ? state : "AUDITING"));
        }
        handedIn += 1;
        return kit.signedReply(platform, { applyment_id: 1 });
      });
      expect(await desk.submit(NUMBER, applicationOf(), account, io)).toMatchObject({
        value: { state: "reviewing" },
      });
      expect(handedIn).toBe(1);
    },
  );

  it("says that it was handed in when the question after it is not answered", async ({
    expect,
  }) => {
    let handedIn = false;
    const io = kit.fakeIo((request) => {
      if (!isGet(request)) {
        handedIn = true;
        return kit.signedReply(platform, { applyment_id: 1 });
      }
      return handedIn
        ? kit.errorReply(500, "SYSTEM_ERROR")
        : kit.errorReply(404, "RESOURCE_NOT_EXISTS");
    });
    expect(await desk.submit(NUMBER, applicationOf(), account, io)).toMatchObject({
      kind: "ok",
      value: { state: "reviewing", channelStatus: "SUBMITTED" },
    });
  });

  it("hands nothing in while it is unclear whether it has", async ({ expect }) => {
    const io = kit.fakeIo(() => kit.errorReply(500, "SYSTEM_ERROR"));
    expect((await desk.submit(NUMBER, applicationOf(), account, io)).kind).toBe("unknown");
    expect(io.sent).toHaveLength(1);
  });

  it("refuses a form of another shape, and an account without a key to encrypt with", async ({
    expect,
  }) => {
    const absent = () => kit.errorReply(404, "RESOURCE_NOT_EXISTS");
    const io = kit.fakeIo(absent);
    expect(await desk.submit(NUMBER, {}, account, io)).toMatchObject({ kind: "rejected" });
    const keyless = kit.partnerAccountOf(
      kit.partnerCredentialsOf(provider, platform, { platform_keys: [] }),
    );
    const none = kit.fakeIo(absent);
    expect(await desk.submit(NUMBER, applicationOf(), keyless, none)).toMatchObject({
      kind: "rejected",
      error: { code: "CHANNEL_NOT_CONFIGURED" },
    });
    expect(none.sent.every(({ request }) => isGet(request))).toBe(true);
  });

  it.for(
    documented.codes
      .filter(({ status }) => status >= 400)
      .map(({ code, status }) => [code, status] as const),
  )("passes %s on", async ([code, status], { expect }) => {
    const io = kit.fakeIo((request) =>
      isGet(request) ? kit.errorReply(404, "RESOURCE_NOT_EXISTS") : kit.errorReply(status, code),
    );
    const outcome = await desk.submit(NUMBER, applicationOf(), account, io);
    expect(outcome).toMatchObject({ error: { channelCode: code } });
    expect(JSON.stringify([outcome, io.lines])).not.toContain("13900000000");
  });
});

describe("query", () => {
  const ask = (answer: () => Response | Promise<Response>) => {
    const io = kit.fakeIo(answer);
    return desk.query(NUMBER, account, io);
  };

  it.for(Object.entries(APPLICATION_STATES))(
    "reads %s as %s",
    async ([word, state], { expect }) => {
      const reply = statusOf(word, { sub_mchid: "1900013511" });
      expect(await ask(() => kit.signedReply(platform, reply))).toMatchObject({
        kind: "ok",
        value: { state, channelStatus: `APPLYMENT_STATE_${word}`, subMerchant: "1900013511" },
      });
    },
  );

  it("tells what to change, and where to sign", async ({ expect }) => {
    const audit_detail = [
      { field: "id_card_copy", field_name: "身份证", reject_reason: "照片不清晰" },
      { field_name: "营业执照", reject_reason: "已过期" },
      {},
    ];
    const rejected = statusOf("REJECTED", {
      audit_detail,
      sign_url: "https://pay.weixin.qq.com/x",
    });
    expect(await ask(() => kit.signedReply(platform, rejected))).toMatchObject({
      value: {
        state: "rejected",
        rejections: [
          { field: "id_card_copy", reason: "照片不清晰" },
          { field: "营业执照", reason: "已过期" },
          { field: "", reason: "" },
        ],
        // There is nothing to sign for a rejected one.
        actionUrl: null,
      },
    });
    const signing = statusOf("TO_BE_SIGNED", { sign_url: "https://pay.weixin.qq.com/x" });
    expect(await ask(() => kit.signedReply(platform, signing))).toMatchObject({
      value: { state: "action_required", actionUrl: "https://pay.weixin.qq.com/x" },
    });
    const odd = statusOf("TO_BE_SIGNED", { sign_url: "javascript:alert(1)" });
    expect(await ask(() => kit.signedReply(platform, odd))).toMatchObject({
      value: { actionUrl: null },
    });
  });

  it("says when there is none", async ({ expect }) => {
    expect(await ask(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"))).toMatchObject({
      kind: "rejected",
      error: { code: "NOT_FOUND" },
    });
  });

  it.for([
    ["about another application", { business_code: "ap_other" }],
    ["in a state nobody documented", { applyment_state: "APPLYMENT_STATE_MAYBE" }],
    ["in a state of Object's", { applyment_state: "APPLYMENT_STATE_toString" }],
    ["without the prefix", { applyment_state: "FINISHED" }],
    ["approved without a number", { applyment_state: "APPLYMENT_STATE_FINISHED" }],
    ["without a state", { applyment_state: undefined }],
  ] as const)("does not believe a reply %s", async ([, changes], { expect }) => {
    const reply = () => kit.signedReply(platform, statusOf("AUDITING", changes));
    expect((await ask(reply)).kind).toBe("unknown");
  });

  it("does not believe an unsigned reply", async ({ expect }) => {
    expect((await ask(() => Response.json(statusOf("AUDITING")))).kind).toBe("unknown");
  });
});

describe("against the simulated channel", () => {
  const at = (simulation: kit.Simulation, ms: number) => {
    const world = { ...simulation.world, now: kit.NOW + ms };
    return kit.fakeIo((request) => wechatSandbox.handle(request, world), {
      now: () => kit.NOW + ms,
    });
  };

  it.for([
    ["Corner Shop", "approved"],
    ["To sign", "action_required"],
    ["Rejected shop", "rejected"],
  ] as const)("%s ends as %s after the review", async ([name, state], { expect }) => {
    const simulation = await kit.simulateProvider();
    const { account: own } = simulation;
    const handedIn = await desk.submit(NUMBER, applicationOf(name), own, at(simulation, 0));
    expect(handedIn).toMatchObject({ kind: "ok", value: { state: "reviewing" } });
    const ended = await desk.query(NUMBER, own, at(simulation, 5_000));
    expect(ended).toMatchObject({ kind: "ok", value: { state } });
    if (state === "approved") {
      expect(ended).toMatchObject({ value: { subMerchant: expect.stringMatching(/^1\d{9}$/) } });
    }
    if (state !== "rejected") return;
    // It is taken once more, corrected; the review of that one ends well.
    await desk.submit(NUMBER, applicationOf(), own, at(simulation, 6_000));
    expect(simulation.orders.rows.size).toBe(2);
    expect(await desk.query(NUMBER, own, at(simulation, 11_000))).toMatchObject({
      value: { state: "approved" },
    });
  });

  it("secrets must be for its key, and the key must be named", async ({ expect }) => {
    const simulation = await kit.simulateProvider();
    const stranger = await kit.newPair();
    const mistaken = kit.partnerAccountOf({
      ...Object(simulation.account.versions[0]),
      platform_keys: [{ id: kit.PUB_KEY_ID, public_key: stranger.publicPem }],
    });
    // Its replies do not verify with that key, so even the first question stays unanswered.
    const unclear = await desk.submit(NUMBER, applicationOf(), mistaken, at(simulation, 0));
    expect(unclear.kind).not.toBe("ok");
    expect(simulation.orders.rows.size).toBe(0);
  });

  it("nothing secret is kept", async ({ expect }) => {
    const simulation = await kit.simulateProvider();
    await desk.submit(NUMBER, applicationOf(), simulation.account, at(simulation, 0));
    expect(simulation.orders.rows.size).toBe(1);
    const kept = JSON.stringify([...simulation.orders.rows.values()]);
    for (const secret of SECRETS) expect(kept).not.toContain(secret);
  });

  it("another provider does not see it", async ({ expect }) => {
    const simulation = await kit.simulateProvider();
    await desk.submit(NUMBER, applicationOf(), simulation.account, at(simulation, 0));
    const other = await kit.simulate();
    const world = { ...other.world, orders: simulation.world.orders };
    const io = other.io({ fetch: (request) => wechatSandbox.handle(request, world) });
    expect(await desk.query(NUMBER, other.account, io)).toMatchObject({
      kind: "rejected",
      error: { code: "NOT_FOUND" },
    });
  });
});
