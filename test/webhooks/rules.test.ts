import * as fc from "fast-check";
import { describe, it } from "vitest";

import { openVault } from "../../src/crypto/vault.ts";
import { secureRandom } from "../../src/ids.ts";
import type { SealedSecret } from "../../src/store/schema.ts";
import { EVENT_TYPES, subscribes, TEST_EVENT_TYPE } from "../../src/webhooks/event-types.ts";
import { deliveryId, deliveryMessages } from "../../src/webhooks/fan-out.ts";
import {
  FAILING_LIMIT_MS,
  JITTER,
  judge,
  LIFETIME_MS,
  feedTime,
  LOST_AFTER_MS,
  parseRetryAfter,
  QUEUE_WAIT_LIMIT_MS,
  RETRY_AFTER_LIMIT_MS,
  WAITS_MS,
} from "../../src/webhooks/schedule.ts";
import {
  livingSecrets,
  makeSecret,
  openSecrets,
  rotateSecrets,
} from "../../src/webhooks/secrets.ts";
import { newSecret, signatureHeaders } from "../../src/webhooks/signing.ts";
import vector from "../vectors/standard-webhooks.json" with { type: "json" };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 1, 8, 30);

const mac = (headers: Record<string, string>) =>
  headers["X-ItPay-Signature"]?.replace("t=1700000000,", "");

const sealed = (name: string, expires_at: number | null): SealedSecret => ({
  sealed: name,
  expires_at,
});

const make = (endpoint_id: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${endpoint_id}-${index}`, endpoint_id }));

describe("signing", () => {
  it("gives the signature that Standard Webhooks publishes", async ({ expect }) => {
    const headers = await signatureHeaders({
      eventId: vector.id,
      body: vector.payload,
      timestamp: vector.timestamp,
      secrets: [vector.secret],
    });
    expect(headers).toMatchObject({
      "webhook-id": vector.id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": vector.signature,
    });
  });

  it("keys X-ItPay-Signature with the secret string, over t and the body", async ({ expect }) => {
    const { "X-ItPay-Signature": signature } = await signatureHeaders({
      eventId: vector.id,
      body: vector.payload,
      timestamp: vector.timestamp,
      secrets: [vector.secret],
    });
    // printf '1614265330.{"test": 2432232314}' | openssl dgst -sha256 -hmac whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
    expect(signature).toBe(
      "t=1614265330,v1=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964",
    );
  });

  it("signs with every secret of a rotation, the newest first", async ({ expect }) => {
    const [first, second] = [newSecret(secureRandom), newSecret(secureRandom)];
    const message = { eventId: "evt_1", body: "{}", timestamp: 1_700_000_000 };
    const alone = await signatureHeaders({ ...message, secrets: [first] });
    const other = await signatureHeaders({ ...message, secrets: [second] });
    const both = await signatureHeaders({ ...message, secrets: [second, first] });
    expect(both["webhook-signature"]).toBe(
      `${other["webhook-signature"]} ${alone["webhook-signature"]}`,
    );
    expect(both["X-ItPay-Signature"]).toBe(`t=1700000000,${mac(other)},${mac(alone)}`);
  });

  it("makes secrets of 32 random bytes", ({ expect }) => {
    const secret = newSecret((length) => new Uint8Array(length).fill(255));
    expect(secret).toBe(`whsec_${"/".repeat(42)}8=`);
    expect(newSecret(secureRandom)).not.toBe(newSecret(secureRandom));
  });

  it.for([[], ["sk_test_1"], ["whsec_"], ["whsec_not base64"]])(
    "refuses to sign with %j",
    async (secrets, { expect }) => {
      await expect(
        signatureHeaders({ eventId: "evt_1", body: "{}", timestamp: 1, secrets }),
      ).rejects.toThrow(RangeError);
    },
  );
});

describe("secrets", () => {
  const vault = openVault(btoa("v".repeat(32)));
  it("come out of the vault for their own endpoint only", async ({ expect }) => {
    const { secret, sealed: kept } = await makeSecret(vault, "we_own", secureRandom);
    expect(kept.sealed).not.toContain(secret.slice(6));
    expect(await openSecrets(vault, "we_own", [kept], NOW)).toEqual([secret]);
    await expect(openSecrets(vault, "we_other", [kept], NOW)).rejects.toThrow();
  });

  it("overlap for as long as asked, and never longer than before", ({ expect }) => {
    const rotated = rotateSecrets([sealed("b", null)], sealed("c", null), NOW, HOUR);
    expect(rotated).toEqual([sealed("c", null), sealed("b", NOW + HOUR)]);
    const again = rotateSecrets(rotated, sealed("d", null), NOW + MINUTE, DAY);
    expect(again).toEqual([
      sealed("d", null),
      sealed("c", NOW + MINUTE + DAY),
      sealed("b", NOW + HOUR),
    ]);
  });

  it("end at once without an overlap, and when their time is over", ({ expect }) => {
    const now = rotateSecrets(
      [sealed("a", NOW + HOUR), sealed("z", null)],
      sealed("b", null),
      NOW,
      0,
    );
    expect(now).toEqual([sealed("b", null)]);
    const pair = [sealed("b", null), sealed("a", NOW)];
    expect(livingSecrets(pair, NOW - 1)).toHaveLength(2);
    expect(livingSecrets(pair, NOW)).toEqual([sealed("b", null)]);
  });
});

describe("the schedule", () => {
  const failed = { status: 500, retryAfter: null };
  const after = (attempts: number, fraction = 0.5) =>
    judge(failed, { attempts, createdAt: NOW, now: NOW, fraction });

  it("waits as API.md says", ({ expect }) => {
    const waits = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE];
    const longer = [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 12 * HOUR, 12 * HOUR];
    [...waits, ...longer].forEach((wait, index) => {
      expect(after(index + 1)).toEqual({ state: "pending", nextAttemptAt: NOW + wait });
    });
  });

  it("spreads each wait over ±10 %", ({ expect }) => {
    expect(after(6, 0)).toEqual({ state: "pending", nextAttemptAt: NOW + 54 * MINUTE });
    expect(after(6, 1)).toEqual({ state: "pending", nextAttemptAt: NOW + 66 * MINUTE });
  });

  it.for([200, 201, 204, 299])("takes %i for delivered", (status, { expect }) => {
    const late = { attempts: 70, createdAt: NOW - 2 * LIFETIME_MS, now: NOW, fraction: 0 };
    expect(judge({ status, retryAfter: "60" }, late)).toEqual({ state: "delivered" });
  });

  it.for([null, 100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503, 599])(
    "takes %s for a failure",
    (status, { expect }) => {
      const first = { attempts: 1, createdAt: NOW, now: NOW, fraction: 0.5 };
      expect(judge({ status, retryAfter: null }, first).state).toBe("pending");
    },
  );

  it("takes 410 as the receiver's last word", ({ expect }) => {
    const first = { attempts: 1, createdAt: NOW, now: NOW, fraction: 0.5 };
    expect(judge({ status: 410, retryAfter: "5" }, first)).toEqual({ state: "cancelled" });
  });

  it("tries for 30 days, a last time at their end, then gives up visibly", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
        (dice) => {
          let now = NOW;
          const waits: number[] = [];
          for (let attempts = 1; ; attempts += 1) {
            const fraction = dice[attempts % dice.length] ?? 0;
            const verdict = judge(failed, { attempts, createdAt: NOW, now, fraction });
            if (verdict.state !== "pending") {
              expect(verdict).toEqual({ state: "exhausted" });
              break;
            }
            waits.push(verdict.nextAttemptAt - now);
            now = verdict.nextAttemptAt;
          }
          expect(now - NOW).toBe(30 * DAY);
          waits.slice(0, -1).forEach((wait, index) => {
            const base = WAITS_MS[Math.min(index, WAITS_MS.length - 1)] ?? 0;
            expect(Math.abs(wait - base)).toBeLessThanOrEqual(base * JITTER + 1);
          });
          // 15 h 43 m of growing steps, then half days: a receiver down for a week gets everything.
          expect(waits.length).toBeGreaterThan(60);
          expect(waits.length).toBeLessThan(80);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("never comes back before Retry-After, nor because of it", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.nat({ max: 200_000 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 0, max: LIFETIME_MS - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seconds, attempts, age, fraction) => {
          const moment = { attempts, createdAt: NOW - age, now: NOW, fraction };
          const plain = judge(failed, moment);
          const asked = judge({ status: 429, retryAfter: String(seconds) }, moment);
          if (plain.state !== "pending" || asked.state !== "pending") throw new Error("gave up");
          const cap = Math.min(seconds * SECOND, RETRY_AFTER_LIMIT_MS);
          expect(asked.nextAttemptAt).toBeGreaterThanOrEqual(NOW + cap);
          expect(asked.nextAttemptAt).toBe(Math.max(plain.nextAttemptAt, NOW + cap));
        },
      ),
    );
  });

  it.for([
    ["0", 0],
    ["120", 120 * SECOND],
    [" 7 ", 7 * SECOND],
    ["86400", DAY],
    ["86401", DAY],
    ["9999999999", DAY],
    ["Sun, 01 Nov 2026 08:31:00 GMT", MINUTE],
    ["Sun, 01 Nov 2026 08:29:00 GMT", 0],
    ["Tue, 01 Nov 2050 08:29:00 GMT", DAY],
    [null, 0],
    ["", 0],
    ["-5", 0],
    ["1.5", 0],
    ["1e3", 0],
    ["0x10", 0],
    ["soon", 0],
    ["99999999999999999999", 0],
    ["Sun, 99 Nov 2026 99:31:00 GMT", 0],
    ["2026-11-01T08:31:00Z", 0],
    ["Sun, 01 Nov 2026 08:31:00 +0800", 0],
  ] as const)("reads Retry-After %j as %i ms", ([header, ms], { expect }) => {
    expect(parseRetryAfter(header, NOW)).toBe(ms);
  });

  it("feeds long waits on time, and leaves the queue half an hour with the short ones", ({
    expect,
  }) => {
    const now = Date.UTC(2026, 10, 21);
    for (const wait of WAITS_MS) {
      const late = wait > QUEUE_WAIT_LIMIT_MS ? 0 : LOST_AFTER_MS;
      expect(feedTime(now + wait, now)).toBe(now + wait + late);
    }
    expect(LOST_AFTER_MS).toBe(30 * 60_000);
    // A message can be delayed by 24 h at most.
    expect(QUEUE_WAIT_LIMIT_MS * (1 + JITTER)).toBeLessThan(DAY);
    expect(FAILING_LIMIT_MS).toBe(5 * DAY);
  });
});

describe("fan-out", () => {
  it("gives every subscriber of a type or of everything the event", ({ expect }) => {
    expect(subscribes(["*"], "payment_intent.succeeded")).toBe(true);
    expect(subscribes(["*"], "a.type.of.later")).toBe(true);
    expect(
      subscribes(["refund.failed", "payment_intent.succeeded"], "payment_intent.succeeded"),
    ).toBe(true);
    expect(subscribes(["payment_intent.succeeded"], "payment_intent.failed")).toBe(false);
    expect(subscribes([], "payment_intent.failed")).toBe(false);
  });

  it("keeps tests apart from the types that move goods", ({ expect }) => {
    expect(EVENT_TYPES).not.toContain(TEST_EVENT_TYPE);
    expect(new Set(EVENT_TYPES).size).toBe(EVENT_TYPES.length);
  });

  it("derives the delivery from the event and the endpoint", async ({ expect }) => {
    const id = await deliveryId("evt_a", "we_a");
    expect(id).toMatch(/^wd_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(await deliveryId("evt_a", "we_a")).toBe(id);
    expect(await deliveryId("evt_b", "we_a")).not.toBe(id);
    expect(await deliveryId("evt_a", "we_b")).not.toBe(id);
  });

  it("packs ten deliveries of one endpoint into a message and keeps their order", ({ expect }) => {
    const messages = deliveryMessages([...make("a", 12), ...make("b", 3)]);
    expect(messages.map(({ delivery_ids }) => delivery_ids.length)).toEqual([10, 2, 3]);
    expect(messages.flatMap(({ delivery_ids }) => delivery_ids)).toEqual(
      [...make("a", 12), ...make("b", 3)].map(({ id }) => id),
    );
    expect(deliveryMessages([])).toEqual([]);
  });
});
