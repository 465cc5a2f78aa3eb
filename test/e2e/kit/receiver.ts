/** A merchant's webhook receiver on this machine. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  /** The raw body: signatures are over these bytes. */
  readonly body: string;
  readonly type: string;
  readonly payment: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

export interface Receiver {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Answers the next deliveries with these, then 200 again. */
  answerNext(...answers: Answer[]): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const queued: Answer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const event = JSON.parse(body) as { type: string; data: { id: string } };
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      deliveries.push({ headers, body, type: event.type, payment: event.data.id });
      const answer = queued.shift() ?? { status: 200 };
      response.writeHead(answer.status, answer.headers).end("received");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    deliveries,
    answerNext: (...answers) => void queued.push(...answers),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
