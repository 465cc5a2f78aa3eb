/** A merchant with a live Alipay account, and the gateway behind `fetch`. */
import { exports } from "cloudflare:workers";
import { vi } from "vitest";

import { randomId, secureRandom } from "../../src/ids.ts";
import { alipaySandbox } from "../../src/channels/alipay/sandbox/channel.ts";
import { signedReply, success } from "../../src/channels/alipay/sandbox/reply.ts";
import { type Parameters, readParameters } from "../../src/channels/alipay/sandbox/request.ts";
import type { SandboxOrderRecord, SandboxWorld } from "../../src/sandbox/simulator.ts";
import { memoryOrders } from "../channels/kit.ts";
import { api, type Merchant, newMerchant } from "./kit.ts";
import { makeKeyring } from "../../src/sandbox/keyring.ts";

/** One call on its way to the gateway. */
export interface Call {
  /** `alipay.trade.…`. */
  readonly method: string;
  readonly parameters: Parameters;
  readonly arrive: () => Promise<Response>;
}

export interface AlipayShop {
  readonly merchant: Merchant;
  /** Methods in the order in which they were called, those that never arrived included. */
  readonly called: string[];
  find(id: string): SandboxOrderRecord | undefined;
  detour(road: ((call: Call) => Promise<Response>) | null): void;
  /** The buyer pays; nobody is told. */
  pay(id: string): void;
  /** Alipay's cancel of a paid trade: the money goes back to the buyer. */
  giveBack(id: string): void;
  /** The signed answer to a cancel that gave the money back. */
  refundAnswer(id: string, parameters: Parameters): Promise<Response>;
  /** Alipay's notice about the order as it is now, delivered to the gateway. */
  notice(id: string): Promise<Response>;
}

export async function openAlipayShop(): Promise<AlipayShop> {
  const merchant = await newMerchant();
  const keys = await makeKeyring();
  const book = memoryOrders(() => Date.now());
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: () => Promise.resolve(null),
    orders: book.orders,
    script: null,
    now: Date.now(),
    random: secureRandom,
    publicBase: "https://gateway.example",
  });
  const called: string[] = [];
  let road: ((call: Call) => Promise<Response>) | null = null;

  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const parameters = (await readParameters(new Request(request.clone()))) ?? new Map();
    const method = String(parameters.get("method"));
    called.push(method);
    const arrive = () => alipaySandbox.handle(request, world());
    return road === null ? arrive() : road({ method, parameters, arrive });
  });

  const credentials = alipaySandbox.credentials(keys, randomId("channelAccount"));
  const saved = await api("POST", "/v1/channel-accounts", {
    key: merchant.live,
    body: { channel: "alipay", mode: "direct", display_name: "Live", credentials },
  });
  if (saved.status !== 201) throw new Error(`no account: ${JSON.stringify(saved.body)}`);

  const known = (id: string): SandboxOrderRecord => {
    const order = book.find(id);
    if (order === undefined) throw new Error("Alipay has no such order");
    return order;
  };
  return {
    merchant,
    called,
    find: (id) => book.find(id),
    detour: (next) => {
      road = next;
    },
    pay: (id) => void book.become(id, "paid"),
    giveBack: (id) => void Object.assign(known(id), { state: "closed" }),
    refundAnswer: (id, parameters) =>
      signedReply(
        parameters,
        success({
          out_trade_no: id,
          trade_no: known(id).transactionId,
          retry_flag: "N",
          action: "refund",
        }),
        world(),
      ),
    notice: async (id) => {
      const request = await alipaySandbox.callback(known(id), null, world());
      if (request === null) throw new Error("Alipay has nothing to say");
      return exports.default.fetch(request);
    },
  };
}
