/**
 * A channel outside the Worker: the sandbox's simulator behind a real socket on this machine, with
 * keys and merchants of its own, an order book that can be counted, and the faults of real networks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { secureRandom } from "../../../src/ids.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import type {
  CallbackFlaw,
  SandboxOrderRecord,
  SandboxChannel,
  SandboxWorld,
} from "../../../src/sandbox/simulator.ts";
import { wechatSandbox } from "../../../src/channels/wechat/sandbox/channel.ts";
import { memoryOrders } from "../../channels/kit.ts";
import { makeKeyring } from "../../../src/sandbox/keyring.ts";

export type DoubleSlug = "wechat" | "alipay";

const SIMULATORS: Readonly<Record<DoubleSlug, SandboxChannel>> = {
  wechat: wechatSandbox,
  alipay: alipaySandbox,
};

/**
 * What happens to the next order. `refuse`: the channel says no. The next three make no order: a
 * server that never answers, a proxy's error page, a connection that is cut. `lose_reply` and
 * `drip` make the order and spoil the reply: cut off, or one byte at a time for ever. `hold` makes
 * it and keeps the reply until `release`.
 */
export type OrderFault = "refuse" | "hang" | "html_502" | "drop" | "lose_reply" | "drip" | "hold";

export interface ChannelDouble {
  readonly slug: DoubleSlug;
  /** For `CHANNEL_ENDPOINTS`. */
  readonly endpoint: string;
  /** For `POST /v1/channel-accounts`. */
  readonly credentials: Record<string, unknown>;
  /** The faults of the next orders, one each; then the channel works. */
  failNext(...faults: OrderFault[]): void;
  release(): void;
  /** Never answers the next request to close an order, and does not close it. */
  hangNextClose(): void;
  /** How often orders were asked to be closed. */
  closesAsked(): number;
  order(number: string): SandboxOrderRecord | null;
  /** How many orders there are. */
  orderCount(): number;
  /** Every number that an order was asked for with, whether or not one was made. */
  numbers(): string[];
  /** How often an order with this number was asked for, and with how many different bodies. */
  asked(number: string): { readonly times: number; readonly bodies: number };
  /** The buyer pays; no callback is sent. */
  pay(number: string): void;
  /**
   * Posts a notification about the order and answers the gateway's status.
   * @param to another address than the order's
   */
  notify(number: string, flaw?: CallbackFlaw, to?: string): Promise<number>;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

/** The number of the order that a request makes; null: it makes none. */
function orderedNumber(slug: DoubleSlug, path: string, body: string): string | null {
  if (slug === "wechat") {
    if (path !== "/v3/pay/transactions/native") return null;
    return (JSON.parse(body) as { out_trade_no: string }).out_trade_no;
  }
  const form = new URLSearchParams(body);
  const query = new URL(path, "http://double").searchParams;
  const value = (name: string) => form.get(name) ?? query.get(name) ?? "";
  if (value("method") !== "alipay.trade.precreate") return null;
  return (JSON.parse(value("biz_content")) as { out_trade_no: string }).out_trade_no;
}

function isClose(slug: DoubleSlug, path: string, body: string): boolean {
  if (slug === "wechat") return path.endsWith("/close");
  const query = new URL(path, "http://double").searchParams;
  const method = new URLSearchParams(body).get("method") ?? query.get("method");
  return method === "alipay.trade.close" || method === "alipay.trade.cancel";
}

/** What a repeated order must send again byte for byte: the order itself, not its signature. */
const orderBytes = (slug: DoubleSlug, path: string, body: string): string => {
  if (slug === "wechat") return body;
  const query = new URL(path, "http://double").searchParams;
  return new URLSearchParams(body).get("biz_content") ?? query.get("biz_content") ?? "";
};

/** A reply that lasts for ever and never says anything. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "application/json" });
  const timer = setInterval(() => void response.write(" "), 200);
  response.on("close", () => clearInterval(timer));
}

/** No such right: a refusal that ends a payment. Errors carry no signature at WeChat Pay. */
function refuse(response: ServerResponse): void {
  response.writeHead(403, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ code: "NO_AUTH", message: "商户无权限" }));
}

export async function startChannelDouble(slug: DoubleSlug, port = 0): Promise<ChannelDouble> {
  const simulator = SIMULATORS[slug];
  const keys = await makeKeyring();
  const book = memoryOrders(() => Date.now());
  const faults: OrderFault[] = [];
  const asked = new Map<string, string[]>();
  const held: (() => void)[] = [];
  const closes = { asked: 0, hanging: 0 };
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: async () => null,
    orders: book.orders,
    script: null,
    now: Date.now(),
    random: secureRandom,
    publicBase: "http://double",
  });

  async function answer(request: IncomingMessage, body: string): Promise<Response> {
    const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const method = request.method ?? "GET";
    const url = `http://double${request.url ?? "/"}`;
    return simulator.handle(
      new Request(url, { method, headers, ...(method === "GET" ? {} : { body }) }),
      world(),
    );
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const body = await readBody(request);
    const number = orderedNumber(slug, path, body);
    const fault = number === null ? undefined : faults.shift();
    if (number !== null) {
      asked.set(number, [...(asked.get(number) ?? []), orderBytes(slug, path, body)]);
    }
    if (isClose(slug, path, body)) {
      closes.asked += 1;
      if (closes.hanging > 0) {
        closes.hanging -= 1;
        return;
      }
    }
    if (fault === "hang") return;
    if (fault === "drop") return void request.socket.destroy();
    if (fault === "html_502") {
      response.writeHead(502, { "Content-Type": "text/html" });
      return void response.end("<html><body><h1>502 Bad Gateway</h1></body></html>");
    }
    if (fault === "refuse") return refuse(response);
    const reply = await answer(request, body);
    const text = await reply.text();
    if (fault === "lose_reply") return void request.socket.destroy();
    if (fault === "drip") return drip(response);
    if (fault === "hold") await new Promise<void>((resolve) => void held.push(resolve));
    response.writeHead(reply.status, Object.fromEntries(reply.headers.entries()));
    response.end(text);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    slug,
    endpoint: slug === "alipay" ? `${origin}/gateway.do` : origin,
    credentials: simulator.credentials(keys, "ca_of_the_double"),
    failNext: (...next) => void faults.push(...next),
    release: () => {
      for (const resolve of held.splice(0)) resolve();
    },
    hangNextClose: () => {
      closes.hanging += 1;
    },
    closesAsked: () => closes.asked,
    order: (number) => book.find(number) ?? null,
    orderCount: () => book.rows.size,
    numbers: () => [...asked.keys()],
    asked: (number) => {
      const bodies = asked.get(number) ?? [];
      return { times: bodies.length, bodies: new Set(bodies).size };
    },
    pay: (number) => void book.become(number, "paid"),
    async notify(number, flaw = null, to) {
      const order = book.find(number);
      if (order === undefined) throw new Error(`no order ${number}`);
      const addressed = { ...order, notifyUrl: to ?? order.notifyUrl };
      const request = await simulator.callback(addressed, flaw, world());
      if (request === null) throw new Error("these channels tell of every payment");
      const reply = await fetch(request);
      await reply.arrayBuffer();
      return reply.status;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
