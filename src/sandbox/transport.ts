/**
 * What a test key's channel calls go through instead of the network: requests are handed to the
 * simulated channel, and the faults of transport that a script asks for happen here.
 */
import { systemClock } from "../clock.ts";
import { secureRandom } from "../ids.ts";
import type { SandboxBook } from "./book.ts";
import { registeredMerchant, sandboxKeyring } from "./keys.ts";
import type { Creation, RefundBooking, SandboxOrder, ShareBooking } from "./order.ts";
import { channelOfHost } from "./registry.ts";
import type { CreateFault, RefundFault, SplitFault } from "./scripts.ts";
import type { FaultScript, SandboxChannel, SandboxOrders, SandboxWorld } from "./simulator.ts";
import type { AskedDay } from "./statement.ts";

/** The object that keeps one simulated order. */
export const orderObject = (
  env: Env,
  channel: string,
  merchant: string,
  orderNumber: string,
): DurableObjectStub<SandboxOrder> =>
  env.SANDBOX_ORDERS.getByName(`${channel}:${merchant}:${orderNumber}`);

/** The object that keeps what a simulated channel booked for a merchant on a day (`YYYY-MM-DD`). */
export const bookOf = (
  env: Env,
  channel: string,
  merchant: string,
  day: string,
): DurableObjectStub<SandboxBook> => env.SANDBOX_BOOKS.getByName(`${channel}:${merchant}:${day}`);

/** What is to happen to a request of the gateway that changes something. */
type TriedFault = CreateFault | RefundFault | SplitFault;

/** Ends a simulator's work on a request that is meant to be lost. */
class LostRequest extends Error {}

/**
 * The simulated channel's database.
 * @param onFault told what is to happen to the create or refund that was just tried; this is how
 *   requests are known to be such without a word about paths
 * @param byBuyer the buyer's browser orders, not the gateway
 */
export function sandboxOrders(
  env: Env,
  script: FaultScript | null,
  onFault: (fault: TriedFault) => void,
  byBuyer = false,
): SandboxOrders {
  return {
    async create(order) {
      const stub = orderObject(env, order.channel, order.merchant, order.orderNumber);
      const { fault, answer }: Creation = await stub.create(order, script, byBuyer);
      onFault(fault);
      if (answer === null) throw new LostRequest(fault);
      return answer;
    },
    get: (channel, merchant, number) => orderObject(env, channel, merchant, number).find(),
    close: (channel, merchant, number) => orderObject(env, channel, merchant, number).close(),
    pay: (channel, merchant, number) => orderObject(env, channel, merchant, number).payNow(),
    async refund(channel, merchant, number, refund) {
      const booking: RefundBooking = await orderObject(env, channel, merchant, number).refund(
        refund,
      );
      onFault(booking.fault);
      return booking.answer;
    },
    async share(channel, merchant, number, share) {
      const booking: ShareBooking = await orderObject(env, channel, merchant, number).share(share);
      onFault(booking.fault);
      return booking.answer;
    },
    shares: (channel, merchant, number) => orderObject(env, channel, merchant, number).shares(),
    async ask(channel, merchant, day) {
      const asked: AskedDay = await bookOf(env, channel, merchant, day).ask();
      const hidden = asked.late ? [] : asked.bookings.filter((booking) => booking.hidden);
      for (const { orderNumber } of hidden) {
        await orderObject(env, channel, merchant, orderNumber).reveal();
      }
      return asked;
    },
    bookings: (channel, merchant, day, upTo) => bookOf(env, channel, merchant, day).bookings(upTo),
  };
}

/** Everything a simulator is given, with the present time. */
export const sandboxWorld = async (
  env: Env,
  channel: string,
  script: FaultScript | null,
  orders: SandboxOrders,
  publicBase: string,
): Promise<SandboxWorld> => ({
  keys: await sandboxKeyring(env, channel),
  registeredMerchant: (merchant) => registeredMerchant(env, channel, merchant),
  orders,
  script,
  now: systemClock.now(),
  random: secureRandom,
  publicBase,
});

/**
 * `ChannelIo.fetch` for test keys. Requests to any host but a simulated channel's are refused: a
 * test key never reaches a real channel.
 * @param script from the payment's metadata; null: the channel works
 * @param publicBase where buyers find the sandbox's wallet
 */
export function sandboxFetch(
  env: Env,
  script: FaultScript | null,
  publicBase: string,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const channel = channelOfHost(new URL(request.url).hostname);
    if (channel === null) throw new TypeError("a test key only talks to the sandbox");
    let fault: TriedFault = "none";
    const orders = sandboxOrders(env, script, (tried) => {
      fault = tried;
    });
    const world = await sandboxWorld(env, channel.slug, script, orders, publicBase);
    const reply = await channel.handle(request, world).catch((error: unknown) => {
      if (error instanceof LostRequest) return null;
      throw error;
    });
    return spoil(reply, fault, channel);
  };
}

const timeout = () => new DOMException("The operation timed out.", "TimeoutError");

/** The reply after the transport fault; what a lost one would have said does not matter. */
async function spoil(
  reply: Response | null,
  fault: TriedFault,
  channel: SandboxChannel,
): Promise<Response> {
  if (fault === "server_error") return channel.serverError();
  if (reply === null || fault === "request_lost" || fault === "reply_lost") throw timeout();
  if (fault === "html_reply") {
    const page = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>";
    return new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
  return fault === "unsigned_reply" ? channel.unsigned(reply) : reply;
}
