/** The payment's stream: what it says, when it ends, and that nobody is asked for a closed page. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import type { BuyerView } from "../../src/intent/buyer-view.ts";
import { streamOf } from "../../src/routes/stream.ts";
import { pageToken } from "../../src/routes/checkout/token.ts";
import { LOOK_EVERY_MS, STREAM_MS, watchPayment } from "../../src/routes/checkout/watching.ts";
import { buyerView, makeDesk } from "./kit.ts";

type Look = BuyerView | null | "fails";

const at = (sequence: number, status: BuyerView["intent"]["status"] = "qr_generated"): BuyerView =>
  buyerView({ intent: { sequence, status } });

/** Everything that a stream says while the payment looks like this, one look after the other. */
async function listen(looks: readonly Look[], readerGoesAfter = Infinity): Promise<string[]> {
  let time = 1_000_000;
  let looked = 0;
  const said: string[] = [];
  const around = {
    look: async () => {
      const look = looks[Math.min(looked, looks.length - 1)] ?? null;
      looked += 1;
      if (look === "fails") throw new Error("the object is away");
      return look;
    },
    now: () => time,
    pause: async (ms: number) => {
      time += ms;
      return looked < readerGoesAfter;
    },
  };
  for await (const text of watchPayment(around)) said.push(text);
  return said;
}

/** Event names; `:` for comments. */
const names = (said: readonly string[]) =>
  said.map((text) => /^event: (\w+)\n/.exec(text)?.[1] ?? text.slice(0, 1));

const dataOf = (text = ""): Record<string, unknown> =>
  JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "null");

describe("watchPayment", () => {
  it("tells the state, each change once, and the end", async ({ expect }) => {
    const said = await listen([
      at(1),
      at(1),
      at(2, "scanning"),
      at(2, "scanning"),
      at(3, "succeeded"),
    ]);
    expect(names(said)).toEqual(["r", "status", "status", "status", "end"]);
    expect(said[0]).toBe("retry: 2000\n\n");
    expect(dataOf(said[2])).toMatchObject({
      status: "scanning",
      sequence: 2,
      ended: false,
      now: 1_000_000 + 2 * LOOK_EVERY_MS,
    });
    expect(said[2]).toMatch(/^event: status\nid: 2\ndata: \{.*\}\n\n$/);
    expect(dataOf(said[3])).toMatchObject({ status: "succeeded", ended: true });
    expect(dataOf(said[4])).toEqual({ reason: "ended" });
  });

  it.for(["succeeded", "failed", "expired", "cancelled"] as const)(
    "of a payment that is %s says that and no more",
    async (status, { expect }) => {
      expect(names(await listen([at(5, status)]))).toEqual(["r", "status", "end"]);
    },
  );

  it("is heard of at least every 15 seconds, and ends after five minutes", async ({ expect }) => {
    const said = await listen([at(1)]);
    expect(names(said).slice(0, 3)).toEqual(["r", "status", ":"]);
    // The 8th look is the first past 15 s: every 16 s.
    expect(names(said).filter((name) => name === ":")).toHaveLength(Math.floor(STREAM_MS / 16_000));
    expect(dataOf(said.at(-1))).toEqual({ reason: "time" });
  });

  it("outlives a look that fails", async ({ expect }) => {
    const said = await listen(["fails", at(1), "fails", at(2, "succeeded")]);
    expect(names(said)).toEqual(["r", "status", "status", "end"]);
  });

  it("ends where there is no payment, and when the reader goes", async ({ expect }) => {
    expect(names(await listen([null]))).toEqual(["r"]);
    expect(names(await listen([at(1)], 3))).toEqual(["r", "status"]);
  });
});

describe("streamOf", () => {
  it("wakes what waits when the reader goes away, and asks nothing more", async ({ expect }) => {
    let looks = 0;
    let woken: boolean | null = null;
    const stream = streamOf((gone) =>
      watchPayment({
        look: async () => {
          looks += 1;
          return at(1);
        },
        now: () => 0,
        pause: (ms) =>
          scheduler.wait(ms * 1_000, { signal: gone }).then(
            () => true,
            () => {
              woken = true;
              return false;
            },
          ),
      }),
    );
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    const waiting = reader.read();
    await reader.cancel();
    await waiting;
    expect([looks, woken]).toEqual([1, true]);
  });
});

describe("GET /v1/payment-intents/{id}/stream", () => {
  const desk = makeDesk();
  const path = (id: string, token: string) => `/v1/payment-intents/${id}/stream?token=${token}`;

  it("is an event stream that nobody keeps", async ({ expect }) => {
    const view = at(4, "succeeded");
    const id = desk.put(view);
    const before = desk.asked.length;
    const response = await desk.ask(path(id, await pageToken(env, "stream", id)));
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store, no-transform");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(await response.text()).toMatch(/^retry: 2000\n\nevent: status\nid: 4\n.*event: end\n/s);
    expect(desk.asked.length - before).toBe(1);
  });

  it("is the one that the page carries", async ({ expect }) => {
    const id = desk.put(at(2));
    const page = await (await desk.ask(`/pay/${id}`)).text();
    const url = /data-stream-url="([^"]*)"/.exec(page)?.[1] ?? "";
    expect(url).toBe(path(id, await pageToken(env, "stream", id)));
    const response = await desk.open(url);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it("is for pages of ours alone: nothing is asked without their token", async ({ expect }) => {
    const id = desk.put(at(1));
    const other = desk.put(at(1));
    const good = await pageToken(env, "stream", id);
    const before = desk.asked.length;
    const wrong = [
      "0".repeat(32),
      good.slice(0, -1),
      `${good}0`,
      good.toUpperCase(),
      await pageToken(env, "stream", other),
      await pageToken(env, "choose", id),
    ];
    for (const token of wrong) {
      const response = await desk.ask(path(id, token));
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: "UNAUTHENTICATED" } });
    }
    for (const query of ["", "?token=", `?token=${"x".repeat(65)}`, `?token=${good}&x=1`]) {
      expect((await desk.ask(`/v1/payment-intents/${id}/stream${query}`)).status).toBe(400);
    }
    expect(desk.asked.length).toBe(before);
  });

  it("says where there is no payment", async ({ expect }) => {
    for (const id of [randomId("paymentIntent"), "pi_nope"]) {
      const response = await desk.ask(path(id, await pageToken(env, "stream", id)));
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "PAYMENT_INTENT_NOT_FOUND" } });
    }
  });
});

describe("pageToken", () => {
  it("is another for each payment, use and deployment", async ({ expect }) => {
    const a = randomId("paymentIntent");
    const b = randomId("paymentIntent");
    const elsewhere = { ...env, ID_KEY: btoa("z".repeat(32)) };
    const tokens = await Promise.all([
      pageToken(env, "stream", a),
      pageToken(env, "choose", a),
      pageToken(env, "stream", b),
      pageToken(elsewhere, "stream", a),
    ]);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.every((token) => /^[0-9a-f]{32}$/.test(token))).toBe(true);
    expect(await pageToken(env, "stream", a)).toBe(tokens[0]);
  });
});
