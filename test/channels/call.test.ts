/** One exchange with a channel: what is sent, and that nothing that goes wrong is ever thrown. */
import { describe, it, vi } from "vitest";

import type { ChannelIo } from "../../src/channels/adapter.ts";
import { callChannel, endpointOf, requestTarget } from "../../src/channels/call.ts";
import { CHANNEL_BODY_LIMIT_BYTES, CHANNEL_TIMEOUT_MS } from "../../src/constants.ts";
import { secureRandom } from "../../src/ids.ts";
import { NOWHERE } from "./kit.ts";

const ioOf = (
  answer: (request: Request) => Response | Promise<Response>,
  changes: Partial<ChannelIo> = {},
): ChannelIo & { lines: string[] } => {
  const lines: string[] = [];
  return {
    ...NOWHERE,
    fetch: async (request) => answer(request),
    now: () => 0,
    random: secureRandom,
    endpoints: ["https://one.example", "https://two.example"],
    attempt: 0,
    log: (_level, event, fields) => lines.push(JSON.stringify({ event, ...fields })),
    ...changes,
    lines,
  };
};

const get = { method: "GET", path: "/v3/x?a=1", headers: {} } as const;

describe("callChannel", () => {
  it("sends method, path, headers and body as given, with User-Agent and Accept", async ({
    expect,
  }) => {
    const seen: Request[] = [];
    const io = ioOf((request) => {
      seen.push(request);
      return new Response("ok", { status: 201, headers: { "X-Reply": "yes" } });
    });
    const reply = await callChannel(io, {
      method: "POST",
      path: "/v3/x?a=1|2",
      headers: { Authorization: "scheme x", "Content-Type": "application/json" },
      body: '{"图":1}',
    });
    const [request] = seen;
    expect(request?.url).toBe("https://one.example/v3/x?a=1|2");
    expect(request?.method).toBe("POST");
    expect(request?.redirect).toBe("manual");
    expect(request?.headers.get("Authorization")).toBe("scheme x");
    expect(request?.headers.get("User-Agent")).toMatch(/^ItPay-Edge\//);
    expect(request?.headers.get("Accept")).toBe("application/json");
    expect(await request?.text()).toBe('{"图":1}');
    expect(reply).toMatchObject({ kind: "reply", status: 201 });
    if (reply.kind !== "reply") return;
    expect(reply.headers.get("X-Reply")).toBe("yes");
    expect(new TextDecoder().decode(reply.body)).toBe("ok");
  });

  it("takes the endpoints in turn, attempt by attempt", ({ expect }) => {
    const hosts = [0, 1, 2, 3].map((attempt) =>
      endpointOf(ioOf(() => new Response(), { attempt })),
    );
    expect(hosts).toEqual([
      "https://one.example",
      "https://two.example",
      "https://one.example",
      "https://two.example",
    ]);
  });

  it("appends a query to an endpoint that names the page", async ({ expect }) => {
    const urls: string[] = [];
    const io = ioOf(
      (request) => {
        urls.push(request.url);
        return new Response();
      },
      { endpoints: ["https://openapi.example/gateway.do"] },
    );
    await callChannel(io, { method: "GET", path: "?method=a.b", headers: {} });
    expect(urls).toEqual(["https://openapi.example/gateway.do?method=a.b"]);
    expect(requestTarget(io, "?method=a.b")).toBe("/gateway.do?method=a.b");
  });

  it("gives an empty body for a 204, and the bytes as they came otherwise", async ({ expect }) => {
    const empty = await callChannel(
      ioOf(() => new Response(null, { status: 204 })),
      get,
    );
    expect(empty).toMatchObject({ kind: "reply", status: 204, body: new Uint8Array(0) });
    const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0xff, 0x00, 0x0a);
    const raw = await callChannel(
      ioOf(() => new Response(bytes)),
      get,
    );
    expect(raw).toMatchObject({ kind: "reply", body: bytes });
  });

  it("passes a redirect on instead of following it", async ({ expect }) => {
    const io = ioOf(
      () => new Response(null, { status: 302, headers: { Location: "https://evil.example/" } }),
    );
    expect(await callChannel(io, get)).toMatchObject({ kind: "reply", status: 302 });
  });

  it.for([
    ["TimeoutError", "CHANNEL_TIMEOUT", "timeout"],
    ["AbortError", "CHANNEL_TIMEOUT", "timeout"],
    ["NetworkError", "CHANNEL_UNAVAILABLE", "network"],
  ] as const)("makes a thrown %s unknown", async ([name, code, channelCode], { expect }) => {
    const io = ioOf(() => {
      throw new DOMException("to https://one.example/v3/x?secret=1", name);
    });
    const reply = await callChannel(io, get);
    expect(reply).toMatchObject({ kind: "unknown", error: { code, channelCode, retryable: true } });
    expect(JSON.stringify(reply) + io.lines.join()).not.toContain("secret");
    expect(io.lines).toHaveLength(1);
  });

  it("makes anything else that is thrown unknown, and an endpoint that is no URL", async ({
    expect,
  }) => {
    const refused = ioOf(() => Promise.reject(new TypeError("fetch failed")));
    expect(await callChannel(refused, get)).toMatchObject({
      kind: "unknown",
      error: { code: "CHANNEL_UNAVAILABLE" },
    });
    for (const endpoints of [["not a url"], [""], []]) {
      const io = ioOf(() => new Response(), { endpoints });
      expect(await callChannel(io, get)).toMatchObject({ kind: "unknown" });
      expect(requestTarget(io, get.path)).toBe(get.path);
    }
  });

  it("stops reading a body over the limit", async ({ expect }) => {
    let pulled = 0;
    const chunk = new Uint8Array(16 * 1024);
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 1;
          controller.enqueue(chunk);
        },
      });
    const io = ioOf(() => new Response(endless()));
    expect(await callChannel(io, get)).toMatchObject({
      kind: "unknown",
      error: { code: "CHANNEL_ERROR", channelCode: "reply_too_large" },
    });
    expect(pulled).toBeLessThan(CHANNEL_BODY_LIMIT_BYTES / chunk.byteLength + 5);
    const exact = ioOf(() => new Response(new Uint8Array(CHANNEL_BODY_LIMIT_BYTES)));
    expect((await callChannel(exact, get)).kind).toBe("reply");
  });

  it.for([
    [
      "a host that takes the request and never answers",
      () => new Promise<Response>(() => undefined),
    ],
    [
      "a body that never ends",
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(Uint8Array.of(123)),
            pull: () => new Promise<void>(() => undefined),
          }),
        ),
    ],
  ] as const)("gives up on %s, at the limit and not before", async ([, answer], { expect }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let outcome: unknown = null;
      const call = callChannel(ioOf(answer), get).then((reply) => (outcome = reply));
      await vi.advanceTimersByTimeAsync(CHANNEL_TIMEOUT_MS - 1);
      expect(outcome).toBeNull();
      await vi.advanceTimersByTimeAsync(1);
      await call;
      expect(outcome).toMatchObject({ kind: "unknown", error: { code: "CHANNEL_TIMEOUT" } });
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves no timer behind when the answer is there", async ({ expect }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await callChannel(
        ioOf(() => new Response("ok")),
        get,
      );
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
