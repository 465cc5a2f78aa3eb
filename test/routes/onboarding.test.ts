/** `/v1/channel-accounts/{id}/onboarding`, end to end with the simulated channel. */
import { describe, it } from "vitest";

import { applicationOf, SECRETS } from "../channels/wechat/application.ts";
import { credentialsOf, newPair, partnerCredentialsOf, type Pair } from "../channels/wechat/kit.ts";
import { type Client, makeMerchant, type Reply } from "./merchant.ts";

const keysOf = async (client: Client): Promise<string> => {
  const { body } = await client.call("GET", "/sandbox/channels/wechat/keys");
  return String(body["public_key"]);
};

let providers = 0;

/** A service provider's test account; its keys are known to the simulated channel. */
async function providerAccount(client: Client): Promise<string> {
  const provider = await newPair();
  providers += 1;
  const platform = { publicPem: await keysOf(client) } as Pair;
  const created = await client.call("POST", "/v1/channel-accounts", {
    channel: "wechat",
    mode: "service_provider",
    display_name: "Provider",
    credentials: partnerCredentialsOf(provider, platform, {
      sp_mchid: `19000002${String(providers).padStart(2, "0")}`,
      platform_keys: [
        {
          id: `PUB_KEY_ID_01190000020${providers}20261121000000010000`,
          public_key: platform.publicPem,
        },
      ],
    }),
  });
  if (created.status !== 201) throw new Error(JSON.stringify(created.body));
  return String(created.body["id"]);
}

const submit = (
  client: Client,
  account: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  client.call("POST", `/v1/channel-accounts/${account}/onboarding`, body, headers);

interface Mode {
  readonly mode: string;
  readonly authorization: boolean;
  readonly onboarding_schema: Record<string, unknown> | null;
}

const codeOf = ({ body }: Reply): unknown => Object(body["error"])["code"];

describe("the form", () => {
  it("is in the matrix, for the modes that take applications", async ({ expect }) => {
    const { test: client } = await makeMerchant();
    const { body } = await client.call("GET", "/v1/channels");
    const modes = (body.data as { slug: string; integration_modes: Mode[] }[]).flatMap(
      ({ slug, integration_modes }) =>
        integration_modes.map((each) => ({ ...each, name: `${slug} ${each.mode}` })),
    );
    const taking = modes.filter(({ onboarding_schema: form }) => form !== null);
    expect(taking.map(({ name }) => name)).toEqual(["wechat service_provider"]);
    expect(taking[0]?.onboarding_schema).toMatchObject({
      type: "object",
      required: expect.arrayContaining(Object.keys(applicationOf())),
      additionalProperties: false,
    });
    const linked = modes.filter(({ authorization }) => authorization);
    expect(linked.map(({ name }) => name)).toEqual(["alipay isv"]);
  });
});

describe("an application", () => {
  it("is handed in under our number, and can be followed", async ({ expect }) => {
    const { test: client } = await makeMerchant();
    const account = await providerAccount(client);
    const sent = await submit(client, account, { application: applicationOf() });
    expect(sent.status).toBe(201);
    expect(sent.body).toEqual({
      object: "channel_onboarding",
      channel_account: account,
      application_number: expect.stringMatching(/^ap_[0-9a-z]{26}$/),
      state: "reviewing",
      channel_status: "APPLYMENT_STATE_AUDITING",
      rejections: [],
      action_url: null,
      sub_merchant: null,
    });
    const number = String(sent.body["application_number"]);
    const path = `/v1/channel-accounts/${account}/onboarding/${number}`;
    const followed = await client.call("GET", path);
    expect(followed.status).toBe(200);
    expect(followed.body).toEqual(sent.body);
    const unknown = await client.call("GET", `${path}x`);
    expect([unknown.status, codeOf(unknown)]).toEqual([404, "NOT_FOUND"]);
  });

  it("is the same one under the same Idempotency-Key or reference, and another otherwise", async ({
    expect,
  }) => {
    const { test: client } = await makeMerchant();
    const account = await providerAccount(client);
    const number = async (body: Record<string, unknown>, key?: string) => {
      const application = applicationOf();
      const headers = key === undefined ? {} : { "Idempotency-Key": key };
      const reply = await submit(client, account, { application, ...body }, headers);
      expect(reply.status).toBe(201);
      return reply.body["application_number"];
    };
    const keyed = await number({}, "one");
    expect(await number({}, "one")).toBe(keyed);
    expect(await number({}, "two")).not.toBe(keyed);
    const named = await number({ reference: "shop-1" });
    expect(await number({ reference: "shop-1" }, "three")).toBe(named);
    expect(await number({ reference: "shop-2" })).not.toBe(named);
    const other = await providerAccount(client);
    const elsewhere = await submit(client, other, {
      application: applicationOf(),
      reference: "shop-1",
    });
    expect(elsewhere.body["application_number"]).not.toBe(named);
    const changed = await submit(
      client,
      account,
      { application: applicationOf("Other") },
      { "Idempotency-Key": "one" },
    );
    expect([changed.status, codeOf(changed)]).toEqual([422, "IDEMPOTENCY_MISMATCH"]);
  });

  it("with a mistake is refused by field, without repeating what was sent", async ({ expect }) => {
    const { test: client } = await makeMerchant();
    const account = await providerAccount(client);
    const application = structuredClone(applicationOf());
    Object.assign(Object(application["bank_account_info"]), {
      bank_account_type: "SECRET-LOOKING",
      account_number: undefined,
    });
    const refused = await submit(client, account, { application });
    expect(refused.status).toBe(400);
    expect(refused.body["error"]).toMatchObject({
      code: "INVALID_REQUEST",
      details: {
        issues: [
          { path: "application.bank_account_info.bank_account_type" },
          { path: "application.bank_account_info.account_number", message: "is required" },
        ],
      },
    });
    const text = JSON.stringify(refused.body);
    for (const secret of [...SECRETS, "SECRET-LOOKING"]) expect(text).not.toContain(secret);
    for (const body of [{}, { application: [] }, { application: {}, reference: "a b" }]) {
      expect((await submit(client, account, body)).status).toBe(400);
    }
  });
});

describe("accounts that take none", () => {
  it("are those of other modes, and of channels without applications", async ({ expect }) => {
    const { test: client } = await makeMerchant();
    const [own, platform] = [await newPair(), await newPair()];
    const alipay = {
      app_id: "2021000000000001",
      private_key: own.privatePem,
      alipay_public_key: platform.publicPem,
    };
    for (const [channel, credentials] of [
      ["wechat", credentialsOf(own, platform)],
      ["alipay", alipay],
    ] as const) {
      const created = await client.call("POST", "/v1/channel-accounts", {
        channel,
        display_name: "Shop",
        credentials,
      });
      expect(created.status, channel).toBe(201);
      const id = String(created.body["id"]);
      const refused = await submit(client, id, { application: applicationOf() });
      expect([refused.status, codeOf(refused)], channel).toEqual([409, "INVALID_STATE"]);
      const asked = await client.call("GET", `/v1/channel-accounts/${id}/onboarding/ap_1`);
      expect([asked.status, codeOf(asked)], channel).toEqual([409, "INVALID_STATE"]);
    }
  });

  it("are those of other merchants", async ({ expect }) => {
    const { test: owner } = await makeMerchant();
    const { test: stranger } = await makeMerchant();
    const account = await providerAccount(owner);
    const refused = await submit(stranger, account, { application: applicationOf() });
    expect([refused.status, codeOf(refused)]).toEqual([404, "CHANNEL_ACCOUNT_NOT_FOUND"]);
  });

  it("and keys without the scope may not hand one in", async ({ expect }) => {
    const { withScopes } = await makeMerchant();
    const reader = await withScopes("payments:read");
    const refused = await submit(reader, "ca_01j9zq4c7n8m2x5v6k3w1t0ryb", { application: {} });
    expect([refused.status, codeOf(refused)]).toEqual([403, "SCOPE_MISSING"]);
  });
});
