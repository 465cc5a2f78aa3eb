/** Sends requests and keeps the times. Raw sockets kept open: as little as possible of its own. */
import { Agent, request as httpRequest } from "node:http";

export interface Shot {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Another status is a failure: the bench measures nothing that did not work. */
  readonly expect: number;
}

export interface Volley {
  /** Milliseconds of each request. */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request; the reply's body. @throws Error for any other status than the expected one. */
export function send(origin: URL, shot: Shot): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { hostname, port } = origin;
  const { method, path, headers, body } = shot;
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  const outgoing = httpRequest(
    { agent, hostname, port, method, path, headers: { ...headers, ...length } },
    (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (reply.statusCode === shot.expect) return resolve(text);
        reject(new Error(`${method} ${path} answered ${reply.statusCode}: ${text.slice(0, 500)}`));
      });
    },
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

/** Sends all of them, `parallel` at a time. */
export async function fire(
  origin: URL,
  shots: readonly Shot[],
  parallel: number,
): Promise<Volley & { readonly replies: readonly string[] }> {
  const latencies: number[] = [];
  const replies: string[] = [];
  const waiting = shots.values();
  const started = performance.now();
  const work = async () => {
    for (const shot of waiting) {
      const at = performance.now();
      replies.push(await send(origin, shot));
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return { latencies, replies, seconds: (performance.now() - started) / 1_000 };
}

/** The value that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
