/** Files from channels: what is a file, and that one that goes wrong fails where it is read. */
import { describe, it, vi } from "vitest";

import type { ChannelIo } from "../../src/channels/adapter.ts";
import { downloadFile } from "../../src/channels/download.ts";
import { CHANNEL_BODY_LIMIT_BYTES, CHANNEL_TIMEOUT_MS } from "../../src/constants.ts";
import { utf8 } from "../../src/crypto/encoding.ts";
import { secureRandom } from "../../src/ids.ts";
import { NOWHERE } from "./kit.ts";

const LINK = new URL("https://files.example/bill?token=the-secret-of-the-link");

function ioOf(answer: (request: Request) => Response | Promise<Response>) {
  const told: unknown[] = [];
  const lines: string[] = [];
  const sent: Request[] = [];
  const io: ChannelIo = {
    ...NOWHERE,
    fetch: async (request) => {
      sent.push(request);
      return answer(request);
    },
    now: () => 0,
    random: secureRandom,
    endpoints: ["https://api.example"],
    attempt: 0,
    log: (_level, event, fields) => lines.push(JSON.stringify({ event, ...fields })),
    watch: (exchange) => told.push(exchange),
  };
  return { io, told, lines, sent };
}

const get = (answer: (request: Request) => Response | Promise<Response>) => {
  const { io, ...seen } = ioOf(answer);
  return { ...seen, reply: downloadFile(io, LINK, { Authorization: "scheme x" }) };
};

async function bodyOf(reply: ReturnType<typeof downloadFile>): Promise<ReadableStream<Uint8Array>> {
  const download = await reply;
  if (download.kind !== "file") throw new Error(JSON.stringify(download));
  return download.body;
}

describe("a file", () => {
  it("comes piece by piece, asked for at the address and no other", async ({ expect }) => {
    const pieces = ["\u{feff}交易时间,", "订单金额\r\n"];
    let pulled = 0;
    const { reply, sent, told } = get(
      () =>
        new Response(
          new ReadableStream<Uint8Array>(
            {
              pull(controller) {
                const piece = pieces[pulled];
                pulled += 1;
                if (piece === undefined) controller.close();
                else controller.enqueue(utf8(piece));
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    );
    const body = await bodyOf(reply);
    expect(pulled, "only the first piece is read before somebody wants the rest").toBe(1);
    expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(utf8(pieces.join("")));
    const [request] = sent;
    expect([request?.url, request?.method, request?.redirect]).toEqual([
      LINK.toString(),
      "GET",
      "manual",
    ]);
    expect(request?.headers.get("Authorization")).toBe("scheme x");
    expect(request?.headers.get("Accept")).toBe("*/*");
    expect(request?.headers.get("User-Agent")).toMatch(/^ItPay-Edge/);
    expect(told).toMatchObject([{ method: "GET", status: 200, request: null, reply: "(a file)" }]);
    expect(JSON.stringify(told)).not.toMatch(/the-secret|交易/);
  });

  it.for([
    ["an HTML page", () => new Response("\r\n<!DOCTYPE html><html></html>")],
    ["an error as JSON", () => Response.json({ code: "SYSTEM_ERROR" })],
    ["nothing", () => new Response(new Uint8Array(0))],
  ] as const)("is not %s with status 200", async ([, answer], { expect }) => {
    expect(await get(answer).reply).toMatchObject({
      kind: "unknown",
      error: { channelCode: "no_file", retryable: true },
    });
  });

  it.for([302, 400, 404, 500])("is not what comes with status %i", async (status, { expect }) => {
    const headers = { Location: "https://evil.example/" };
    const { reply, sent } = get(() => new Response("x", { status, headers }));
    expect(await reply).toMatchObject({ kind: "reply", status, body: utf8("x") });
    expect(sent, "redirects are not followed").toHaveLength(1);
  });

  it("is no endless error either", async ({ expect }) => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(CHANNEL_BODY_LIMIT_BYTES / 4)),
    });
    const { reply } = get(() => new Response(endless, { status: 500 }));
    expect(await reply).toMatchObject({ error: { channelCode: "reply_too_large" } });
  });

  it.for([
    ["TimeoutError", "CHANNEL_TIMEOUT"],
    ["TypeError", "CHANNEL_UNAVAILABLE"],
  ] as const)("that cannot be reached (%s) is unknown", async ([name, code], { expect }) => {
    const { reply, lines, told } = get(() => {
      throw new DOMException(`to ${LINK.toString()}`, name);
    });
    const outcome = await reply;
    expect(outcome).toMatchObject({ kind: "unknown", error: { code } });
    expect(JSON.stringify([outcome, lines, told])).not.toContain("the-secret");
  });
});

describe("a file that goes wrong while it is read", () => {
  const FIRST = utf8("line 1\n");

  const after = (second: (controller: ReadableStreamDefaultController<Uint8Array>) => unknown) => {
    let pulls = 0;
    const cancelled: unknown[] = [];
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          if (pulls === 1) {
            controller.enqueue(FIRST);
            return undefined;
          }
          return second(controller) as Promise<void>;
        },
        cancel: (reason) => void cancelled.push(reason),
      },
      { highWaterMark: 0 },
    );
    return { cancelled, answer: () => new Response(body) };
  };

  it("breaks off: the stream fails and does not end", async ({ expect }) => {
    const { answer } = after((controller) =>
      controller.error(new TypeError(`lost ${LINK.toString()}`)),
    );
    const reader = (await bodyOf(get(answer).reply)).getReader();
    expect((await reader.read()).value).toEqual(FIRST);
    const error: unknown = await reader.read().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "NetworkError" });
    expect(String(error)).not.toContain("the-secret");
  });

  it("stalls: the stream fails after the time for one piece, and lets go", async ({ expect }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { answer, cancelled } = after(() => Promise.withResolvers<void>().promise);
      const reader = (await bodyOf(get(answer).reply)).getReader();
      expect((await reader.read()).value).toEqual(FIRST);
      expect(vi.getTimerCount(), "no clock runs while nobody reads").toBe(0);
      let error: unknown = null;
      const reading = reader.read().catch((thrown: unknown) => {
        error = thrown;
      });
      await vi.advanceTimersByTimeAsync(CHANNEL_TIMEOUT_MS - 1);
      expect(error).toBeNull();
      await vi.advanceTimersByTimeAsync(1);
      await reading;
      expect(error).toMatchObject({ name: "NetworkError" });
      expect(cancelled).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("drips: it may take longer than any one piece", async ({ expect }) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let left = 5;
      const { answer } = after(
        (controller) =>
          new Promise<void>((resolve) => {
            setTimeout(() => {
              left -= 1;
              if (left === 0) controller.close();
              else controller.enqueue(FIRST);
              resolve();
            }, CHANNEL_TIMEOUT_MS - 1);
          }),
      );
      const body = await bodyOf(get(answer).reply);
      const whole = new Response(body).text();
      await vi.advanceTimersByTimeAsync(CHANNEL_TIMEOUT_MS * 6);
      expect(await whole).toBe("line 1\n".repeat(5));
    } finally {
      vi.useRealTimers();
    }
  });

  it("and one that nobody reads on is let go", async ({ expect }) => {
    const { answer, cancelled } = after(() => Promise.withResolvers<void>().promise);
    const body = await bodyOf(get(answer).reply);
    await body.cancel("enough");
    expect(cancelled).toEqual(["enough"]);
  });
});
