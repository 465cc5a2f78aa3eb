/** Notifications of WeChat Pay: what is believed, what is ignored, what is refused. */
import * as fc from "fast-check";
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount, RawCallback } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { TRADE_STATES } from "../../../src/channels/wechat/mapping.ts";
import { gcmEncrypt } from "../../../src/crypto/aes-gcm.ts";
import { fromUtf8, utf8 } from "../../../src/crypto/encoding.ts";
import vectors from "../../vectors/wechat-pay.json";
import * as kit from "./kit.ts";

let merchant: kit.Pair;
let platform: kit.Pair;
let stranger: kit.Pair;
let account: ChannelAccount;

beforeAll(async () => {
  [merchant, platform, stranger] = [await kit.newPair(), await kit.newPair(), await kit.newPair()];
  account = kit.accountOf(kit.credentialsOf(merchant, platform));
});

/** No callback may need a call, unless the test says so. */
const offline = () =>
  kit.fakeIo(() => {
    throw new TypeError("no network in this test");
  });

const verify = (callback: RawCallback, to = account, io: kit.FakeIo = offline()) =>
  wechat.verifyCallback(callback, to, io);

const callbackOf = (payload: unknown, changes: kit.CallbackChanges = {}) =>
  kit.callbackOf(platform, payload, changes);

const target = { method: "POST", target: "/v1/callbacks/wechat/ca_1" } as const;

const refusal = (reason: string) => ({ kind: "refused", reason });

describe("believed", () => {
  it("a payment, with the order's amount and not what the buyer paid after a coupon", async ({
    expect,
  }) => {
    const paymentId = kit.newPaymentId();
    expect(await verify(await callbackOf(kit.tradeOf(paymentId)))).toEqual({
      kind: "reports",
      notificationId: "0b2a7d6e-2f5e-5c1c-9f0a-6b0f5a2b7c11",
      reports: [
        {
          paymentId,
          state: "paid",
          amount: { currency: "CNY", value: 699 },
          channelTransactionId: "4200000000202611210000000001",
          paidAt: Date.UTC(2026, 10, 20, 23, 59, 30),
          channelStatus: "SUCCESS",
        },
      ],
    });
  });

  it("fields that nobody has documented yet, and an absent associated_data", async ({ expect }) => {
    const paymentId = kit.newPaymentId();
    const more = await callbackOf(kit.tradeOf(paymentId, { new_field: { a: 1 } }), {
      envelope: { new_field: [1] },
    });
    expect(await verify(more)).toMatchObject({ kind: "reports" });
    const bare = await callbackOf(kit.tradeOf(paymentId), {
      sealedWith: "",
      resource: { associated_data: undefined },
    });
    expect(await verify(bare)).toMatchObject({ kind: "reports", reports: [{ paymentId }] });
    const empty = await callbackOf(kit.tradeOf(paymentId), {
      sealedWith: "",
      resource: { associated_data: "" },
    });
    expect(await verify(empty)).toMatchObject({ kind: "reports" });
  });

  it.for(Object.entries(TRADE_STATES))(
    "trade_state %s as %s",
    async ([word, state], { expect }) => {
      const callback = await callbackOf(kit.tradeOf("pi_1", { trade_state: word }));
      expect(await verify(callback)).toMatchObject({
        kind: "reports",
        reports: [{ state, channelStatus: word }],
      });
    },
  );

  it("the same notification twice: the id tells, and a new id brings the same news", async ({
    expect,
  }) => {
    const paymentId = kit.newPaymentId();
    const first = await callbackOf(kit.tradeOf(paymentId));
    expect(await verify(first)).toEqual(await verify(first));
    const again = await callbackOf(kit.tradeOf(paymentId), { envelope: { id: "another-id" } });
    expect(await verify(again)).toMatchObject({ kind: "reports", notificationId: "another-id" });
  });

  it("a wrong amount as it is: the payment compares it", async ({ expect }) => {
    const callback = await callbackOf(
      kit.tradeOf("pi_1", { amount: { total: 700, currency: "CNY" } }),
    );
    expect(await verify(callback)).toMatchObject({ reports: [{ amount: { value: 700 } }] });
    const foreign = await callbackOf(
      kit.tradeOf("pi_1", { amount: { total: 699, currency: "HKD" } }),
    );
    expect(await verify(foreign)).toMatchObject({ reports: [{ amount: { currency: "HKD" } }] });
  });
});

describe("ignored, with an acknowledgement", () => {
  it.for([
    ["profitsharing", "profit_sharing_notice"],
    ["entrust", "contract_notice"],
    ["security", "self_check_echo"],
    ["payscore", "other_notice"],
    ["constructor", "other_notice"],
  ] as const)("original_type %s", async ([original_type, reason], { expect }) => {
    // The event type of a payment: splits use it too, and must never look like one.
    const callback = await callbackOf(kit.tradeOf("pi_1"), { resource: { original_type } });
    expect(await verify(callback)).toEqual({
      kind: "ignored",
      notificationId: "0b2a7d6e-2f5e-5c1c-9f0a-6b0f5a2b7c11",
      reason,
    });
  });

  it("a trade_state that is not in the table", async ({ expect }) => {
    for (const trade_state of ["SUCCESSFUL", "success", "toString", "__proto__", ""]) {
      const callback = await callbackOf(kit.tradeOf("pi_1", { trade_state }));
      expect(await verify(callback), trade_state).toMatchObject({
        kind: "ignored",
        reason: "unknown_trade_state",
      });
    }
  });
});

describe("refused", () => {
  it("a body in which one byte was changed, wherever it is", async ({ expect }) => {
    const callback = await callbackOf(kit.tradeOf("pi_1"));
    for (let index = 0; index < callback.body.length; index += 61) {
      const body = callback.body.slice();
      body[index] = (body[index] ?? 0) ^ 1;
      expect(await verify({ ...callback, body })).toEqual(refusal("signature_invalid"));
    }
  });

  it("a body that a framework parsed and wrote again", async ({ expect }) => {
    const callback = await callbackOf(kit.tradeOf("pi_1"));
    const body = utf8(JSON.stringify(JSON.parse(fromUtf8(callback.body)), null, 2));
    expect(await verify({ ...callback, body })).toEqual(refusal("signature_invalid"));
  });

  it.for([
    [-301, "timestamp_out_of_range"],
    [301, "timestamp_out_of_range"],
  ] as const)("a notification %i s off the clock", async ([offset, reason], { expect }) => {
    const timestamp = kit.NOW / 1000 + offset;
    const callback = await callbackOf(kit.tradeOf("pi_1"), { headers: { timestamp } });
    expect(await verify(callback)).toEqual(refusal(reason));
    const inside = await callbackOf(kit.tradeOf("pi_1"), {
      headers: { timestamp: kit.NOW / 1000 + Math.sign(offset) * 300 },
    });
    expect(await verify(inside)).toMatchObject({ kind: "reports" });
  });

  it("a signature of somebody else, under our key id", async ({ expect }) => {
    const forged = await kit.callbackOf(stranger, kit.tradeOf("pi_1"));
    expect(await verify(forged)).toEqual(refusal("signature_invalid"));
  });

  it("the merchant's own signature: its key is not WeChat Pay's", async ({ expect }) => {
    for (const serial of [kit.PUB_KEY_ID, kit.SERIAL]) {
      const forged = await kit.callbackOf(merchant, kit.tradeOf("pi_1"), { headers: { serial } });
      expect(await verify(forged)).toMatchObject({ kind: "refused" });
    }
  });

  it("a probe", async ({ expect }) => {
    const { synthetic_example, prefix } = vectors.groups.probe_signature;
    for (const signature of [synthetic_example, prefix]) {
      const callback = await callbackOf(kit.tradeOf("pi_1"), { headers: { signature } });
      expect(await verify(callback)).toEqual(refusal("probe"));
    }
  });

  it("a public-key id that the account does not have, without asking anybody", async ({
    expect,
  }) => {
    const io = offline();
    const callback = await callbackOf(kit.tradeOf("pi_1"), { headers: { serial: "PUB_KEY_ID_9" } });
    expect(await verify(callback, account, io)).toEqual(refusal("serial_unknown"));
    expect(io.sent).toHaveLength(0);
  });

  it("an unknown certificate serial, after one look for new certificates", async ({ expect }) => {
    const own = kit.accountOf(kit.credentialsOf(merchant, platform));
    const io = kit.fakeIo(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"));
    const callback = await callbackOf(kit.tradeOf("pi_1"), { headers: { serial: "7A01" } });
    expect(await verify(callback, own, io)).toEqual(refusal("serial_unknown"));
    expect(await verify(callback, own, io)).toEqual(refusal("serial_unknown"));
    expect(io.sent.map(({ request }) => new URL(request.url).pathname)).toEqual([
      "/v3/certificates",
    ]);
  });

  it.for([
    [{ mchid: "1900000002" }, "other_merchant"],
    [{ appid: "wx0000000000000000" }, "other_merchant"],
    [{ mchid: undefined, sp_mchid: kit.MCHID, sub_mchid: "1900000009" }, "other_merchant"],
  ] as const)(
    "a genuine notification for another merchant: %j",
    async ([changes, reason], { expect }) => {
      const callback = await callbackOf(kit.tradeOf("pi_1", changes));
      expect(await verify(callback)).toEqual(refusal(reason));
    },
  );

  it("another account's notification on this account's path, both ways", async ({ expect }) => {
    const otherKeys = { id: "PUB_KEY_ID_0119000000022026112100000001000002" };
    const other = kit.accountOf(
      kit.credentialsOf(merchant, stranger, {
        mchid: "1900000002",
        api_v3_key: "vutsrqponmlkjihgfedcba9876543210",
        platform_keys: [{ ...otherKeys, public_key: stranger.publicPem }],
      }),
    );
    const ours = await callbackOf(kit.tradeOf("pi_1"));
    const theirs = await kit.callbackOf(stranger, kit.tradeOf("pi_1", { mchid: "1900000002" }), {
      key: "vutsrqponmlkjihgfedcba9876543210",
      headers: { serial: otherKeys.id },
    });
    expect(await verify(ours)).toMatchObject({ kind: "reports" });
    expect(await verify(theirs, other)).toMatchObject({ kind: "reports" });
    expect(await verify(ours, other)).toEqual(refusal("serial_unknown"));
    expect(await verify(theirs)).toEqual(refusal("serial_unknown"));
  });

  it("two accounts that share every key, as the sandbox's do, still keep apart", async ({
    expect,
  }) => {
    const other = kit.accountOf(kit.credentialsOf(merchant, platform, { mchid: "1900000002" }));
    expect(await verify(await callbackOf(kit.tradeOf("pi_1")), other)).toEqual(
      refusal("other_merchant"),
    );
  });

  it.for([
    ["another APIv3 key", { key: "vutsrqponmlkjihgfedcba9876543210" }],
    ["other associated data", { sealedWith: "refund" }],
    ["associated data that was left out", { resource: { associated_data: undefined } }],
    ["another nonce", { resource: { nonce: "wCq51qZv4Yfh" } }],
    ["a nonce of 16 characters", { resource: { nonce: "wCq51qZv4Yfg0000" } }],
    ["an empty nonce", { resource: { nonce: "" } }],
    ["a ciphertext that is not base64", { resource: { ciphertext: "*" } }],
    ["an empty ciphertext", { resource: { ciphertext: "" } }],
  ] as const)("what was sealed with %s", async ([, changes], { expect }) => {
    const callback = await callbackOf(kit.tradeOf("pi_1"), changes);
    expect(await verify(callback)).toEqual(refusal("resource_not_decrypted"));
  });

  it.for([
    ["no id", { envelope: { id: undefined } }],
    ["an empty id", { envelope: { id: "" } }],
    ["no resource", { envelope: { resource: null } }],
    ["another algorithm", { resource: { algorithm: "AEAD_SM4_GCM" } }],
    ["no original_type", { resource: { original_type: undefined } }],
    ["a number as nonce", { resource: { nonce: 123456789012 } }],
  ] as const)("a signed envelope with %s", async ([, changes], { expect }) => {
    const callback = await callbackOf(kit.tradeOf("pi_1"), changes);
    expect(await verify(callback)).toEqual(refusal("envelope_malformed"));
  });

  it.for([
    ["no JSON", "plain text", "trade_malformed"],
    ["null", "null", "trade_malformed"],
    ["no order number", kit.tradeOf("pi_1", { out_trade_no: undefined }), "trade_malformed"],
    ["a fraction", kit.tradeOf("pi_1", { amount: { total: 6.99 } }), "trade_malformed"],
    ["a negative amount", kit.tradeOf("pi_1", { amount: { total: -1 } }), "trade_malformed"],
    ["an amount as text", kit.tradeOf("pi_1", { amount: { total: "699" } }), "trade_malformed"],
    ["an unsafe integer", kit.tradeOf("pi_1", { amount: { total: 2 ** 53 } }), "trade_malformed"],
    ["a success without amount", kit.tradeOf("pi_1", { amount: undefined }), "incomplete_success"],
    ["a success without total", kit.tradeOf("pi_1", { amount: {} }), "incomplete_success"],
    [
      "a success without transaction",
      kit.tradeOf("pi_1", { transaction_id: undefined }),
      "incomplete_success",
    ],
  ] as const)("a sealed payload that is %s", async ([, payload, reason], { expect }) => {
    expect(await verify(await callbackOf(payload))).toEqual(refusal(reason));
  });

  it("anything, when the account's credentials are damaged", async ({ expect }) => {
    const damaged = kit.accountOf({ mchid: kit.MCHID });
    expect(await verify(await callbackOf(kit.tradeOf("pi_1")), damaged)).toEqual(
      refusal("account_not_usable"),
    );
  });

  it("whatever bytes are signed: no body is able to throw", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), async (body) => {
        const headers = new Headers(await kit.signedHeaders(platform, body));
        expect(await verify({ ...target, headers, body })).toMatchObject({ kind: "refused" });
      }),
      { numRuns: 60 },
    );
  });
});

describe("several keys at once", () => {
  it("public key and certificate side by side, during the switch from one to the other", async ({
    expect,
  }) => {
    const next = await kit.newPair();
    const serial = "7B01";
    const both = kit.accountOf(
      kit.credentialsOf(merchant, platform, {
        platform_keys: [
          { id: serial, certificate: await kit.certificateOf(next, serial) },
          { id: kit.PUB_KEY_ID, public_key: platform.publicPem },
        ],
      }),
    );
    const trade = kit.tradeOf("pi_1");
    expect(await verify(await callbackOf(trade), both)).toMatchObject({ kind: "reports" });
    const certified = await kit.callbackOf(next, trade, { headers: { serial } });
    expect(await verify(certified, both)).toMatchObject({ kind: "reports" });
    // Each key only under its own name.
    const swapped = await kit.callbackOf(next, trade);
    expect(await verify(swapped, both)).toEqual(refusal("signature_invalid"));
  });

  it("a certificate account whose platform certificate must be downloaded first", async ({
    expect,
  }) => {
    const legacy = kit.accountOf(kit.credentialsOf(merchant, platform, { platform_keys: [] }));
    const serial = "7C01";
    const io = kit.fakeIo(async () => {
      const pem = await kit.certificateOf(platform, serial);
      const sealed = {
        algorithm: "AEAD_AES_256_GCM",
        nonce: "uluk4a9R25RW",
        associated_data: "certificate",
        ciphertext: await gcmEncrypt(kit.API_V3_KEY, "uluk4a9R25RW", "certificate", pem),
      };
      return kit.signedReply(
        platform,
        { data: [{ serial_no: serial, encrypt_certificate: sealed }] },
        { serial },
      );
    });
    const callback = await kit.callbackOf(platform, kit.tradeOf("pi_1"), { headers: { serial } });
    expect(await verify(callback, legacy, io)).toMatchObject({ kind: "reports" });
    expect(await verify(callback, legacy, io)).toMatchObject({ kind: "reports" });
    expect(io.sent).toHaveLength(1);
    // The other accounts know nothing of it.
    const third = kit.accountOf(kit.credentialsOf(merchant, stranger, { platform_keys: [] }));
    const none = kit.fakeIo(() => kit.errorReply(404, "RESOURCE_NOT_EXISTS"));
    expect(await verify(callback, third, none)).toEqual(refusal("serial_unknown"));
  });

  it("old and new credentials, until the old ones are retired", async ({ expect }) => {
    const [newMerchant, newPlatform] = [await kit.newPair(), await kit.newPair()];
    const newId = "PUB_KEY_ID_0119000000012026112100000001000003";
    const newKey = "vutsrqponmlkjihgfedcba9876543210";
    const old = kit.credentialsOf(merchant, platform);
    const fresh = kit.credentialsOf(newMerchant, newPlatform, {
      api_v3_key: newKey,
      platform_keys: [{ id: newId, public_key: newPlatform.publicPem }],
    });
    const trade = kit.tradeOf("pi_1");
    const callbacks = [
      await kit.callbackOf(platform, trade),
      await kit.callbackOf(platform, trade, { key: newKey }),
      await kit.callbackOf(newPlatform, trade, { headers: { serial: newId } }),
      await kit.callbackOf(newPlatform, trade, { key: newKey, headers: { serial: newId } }),
    ];
    const overlap = kit.accountOf(fresh, old);
    for (const callback of callbacks) {
      expect(await verify(callback, overlap)).toMatchObject({ kind: "reports" });
    }
    const retired = kit.accountOf(fresh);
    const kinds = await Promise.all(callbacks.map((callback) => verify(callback, retired)));
    expect(kinds.map(({ kind }) => kind)).toEqual(["refused", "refused", "refused", "reports"]);
  });

  it("the newer of two keys under one id", async ({ expect }) => {
    const corrected = kit.credentialsOf(merchant, platform);
    const mistaken = kit.credentialsOf(merchant, stranger);
    const both = kit.accountOf(corrected, mistaken);
    const trade = kit.tradeOf("pi_1");
    expect(await verify(await callbackOf(trade), both)).toMatchObject({ kind: "reports" });
    const forged = await kit.callbackOf(stranger, trade);
    expect(await verify(forged, both)).toEqual(refusal("signature_invalid"));
  });
});

describe("acknowledgement", () => {
  it("is an empty 204, or a refusal that helps no forger", ({ expect }) => {
    expect(wechat.acknowledge.accepted()).toEqual({ status: 204, body: "", contentType: null });
    const { status, body, contentType } = wechat.acknowledge.refused("signature_invalid");
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(body)).toMatchObject({ code: "FAIL" });
    expect(contentType).toBe("application/json");
    expect(wechat.acknowledge.refused("other_merchant").body).toBe(body);
  });
});
