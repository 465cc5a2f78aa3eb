/**
 * WeChat Pay as fast as this machine can serve it: one order reply, signed beforehand and sent to
 * everybody, so that what is measured is the gateway.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { utf8 } from "../../src/crypto/encoding.ts";
import { secureRandom } from "../../src/ids.ts";
import { wechatSandbox } from "../../src/channels/wechat/sandbox/channel.ts";
import { signatureHeaders } from "../../src/channels/wechat/sandbox/reply.ts";
import type { SandboxOrders, SandboxWorld } from "../../src/sandbox/simulator.ts";
import { makeKeyring } from "../../src/sandbox/keyring.ts";

const REPLY = JSON.stringify({ code_url: "weixin://wxpay/bizpayurl?pr=p4lpSuKzz1A2b3" });

/** Signed replies are good for five minutes. */
const SIGN_AGAIN_MS = 60_000;

/** A notification, ready to be posted. */
export interface PreparedCallback {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface BenchDouble {
  readonly origin: string;
  /** For `POST /v1/channel-accounts`. */
  readonly credentials: Record<string, unknown>;
  /** PEM of the merchant's key, which the floor signs with. */
  readonly signingKey: string;
  /** PEM of the platform's key, which the floor verifies with. */
  readonly platformKey: string;
  /** What the channel would post about a paid order. */
  callback(payment: { id: string; value: number; notifyUrl: string }): Promise<PreparedCallback>;
  close(): Promise<void>;
}

const noOrders: SandboxOrders = {
  create: () => Promise.reject(new Error("this double keeps no orders")),
  get: async () => null,
  close: async () => null,
  pay: async () => null,
  refund: async () => ({ kind: "no_order" }),
  share: async () => ({ kind: "no_order" }),
  shares: async () => [],
  ask: async () => ({ bookings: [], fault: null, late: false, upTo: 0 }),
  bookings: async () => [],
};

export async function startDouble(): Promise<BenchDouble> {
  const keys = await makeKeyring();
  const credentials = wechatSandbox.credentials(keys, "ca_of_the_bench");
  const platform = credentials["platform_keys"] as [{ id: string }];
  const merchant = String(credentials["mchid"]);
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: async () => null,
    orders: noOrders,
    script: null,
    now: Date.now(),
    random: secureRandom,
    publicBase: "http://127.0.0.1",
  });
  const sign = () => signatureHeaders(utf8(REPLY), platform[0].id, world());
  let headers = await sign();
  const timer = setInterval(() => {
    const again = async () => {
      headers = await sign();
    };
    void again();
  }, SIGN_AGAIN_MS);
  timer.unref();

  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      if (request.url === "/v3/pay/transactions/native") {
        response.writeHead(200, { ...headers, "Content-Type": "application/json" });
        response.end(REPLY);
      } else {
        response.writeHead(404, { "Content-Type": "application/json" });
        response.end('{"code":"ORDER_NOT_EXIST","message":"no such order"}');
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let transactions = 0;
  return {
    origin,
    credentials,
    signingKey: keys.merchantPrivateKey,
    platformKey: keys.platformPublicKey,
    async callback({ id, value, notifyUrl }) {
      transactions += 1;
      const paid = {
        channel: "wechat",
        merchant,
        orderNumber: id,
        parameters: JSON.stringify({
          appid: credentials["appid"],
          mchid: merchant,
          description: "Bench",
          out_trade_no: id,
          notify_url: notifyUrl,
          amount: { total: value },
        }),
        currency: "CNY",
        value,
        notifyUrl,
        state: "paid",
        transactionId: `42000000002026${String(transactions).padStart(14, "0")}`,
        createdAt: Date.now(),
        expiresAt: null,
        paidAt: Date.now(),
        refunds: [],
      } as const;
      const request = await wechatSandbox.callback(paid, null, world());
      if (request === null) throw new Error("a paid order has a notification");
      return {
        path: new URL(request.url).pathname,
        headers: Object.fromEntries(request.headers.entries()),
        body: await request.text(),
      };
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer);
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
