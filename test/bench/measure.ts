/** What is measured: each operation of the gateway beside the floor's. */
import {
  type Comparison,
  contest,
  FEWEST_PAIRS,
  PARALLEL,
  PER_ROUND,
  PHASE_MS,
} from "./contest.ts";
import type { BenchDouble } from "./double.ts";
import { fire, send, type Shot } from "./load.ts";
import type { Running } from "./runtime.ts";
import { callbackShot, openShop, type Payment, type Shop } from "./shop.ts";

const WARM_UP = 40;
/** Each callback needs a payment of its own, made within the same phase. */
const CALLBACK_PAIRS = FEWEST_PAIRS;
const READ_PAYMENTS = 40;

export type Variant = "whole" | "without copies";

/** Starts a fresh gateway and a fresh floor for each phase, so that no phase pays for another. */
export interface Arena {
  readonly double: BenchDouble;
  /** @param variant without copies: see test/bench/uncopied.ts */
  gateway(variant: Variant): Promise<Running>;
  /** @param picture what the floor serves as a QR code */
  floor(picture: string): Promise<Running>;
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

let cells = 0;
const floorCreate = (): Shot => {
  cells += 1;
  const body = '{"appid":"wx","mchid":"1900000001","amount":{"total":699,"currency":"CNY"}}';
  return { method: "POST", path: `/create/bench${cells}`, body, expect: 201 };
};

async function createPayments(running: Running, shop: Shop, count: number): Promise<Payment[]> {
  const { replies } = await fire(running.origin, many(count, shop.create), PARALLEL);
  return replies.map((reply) => shop.paymentOf(reply));
}

async function inArena(
  arena: Arena,
  variant: Variant,
  picture: string,
  play: (gateway: Running, floor: Running, shop: Shop) => Promise<Comparison>,
): Promise<Comparison> {
  const [gateway, floor] = [await arena.gateway(variant), await arena.floor(picture)];
  try {
    const shop = await openShop(gateway, arena.double);
    return await play(gateway, floor, shop);
  } finally {
    await Promise.all([gateway.stop(), floor.stop()]);
  }
}

/** Hands out the next ones; each request of a list is sent once. */
function dealer(shots: readonly Shot[], from: number): (count: number) => readonly Shot[] {
  let next = from;
  return (count) => {
    next += count;
    return shots.slice(next - count, next);
  };
}

const named = (operation: string, variant: Variant) =>
  variant === "whole" ? operation : `${operation} ${variant}`;

export const measureCreate = (arena: Arena, variant: Variant): Promise<Comparison> =>
  inArena(arena, variant, "", async (gateway, floor, shop) => {
    const deadline = performance.now() + PHASE_MS;
    await fire(gateway.origin, many(WARM_UP, shop.create), 4);
    await fire(floor.origin, many(WARM_UP, floorCreate), 4);
    await gateway.idle();
    const ours = (count: number) => many(count, shop.create);
    const theirs = (count: number) => many(count, floorCreate);
    const operation = named("create", variant);
    return contest({ operation, gateway, floor, ours, theirs, deadline });
  });

export const measureCallback = (arena: Arena, variant: Variant): Promise<Comparison> =>
  inArena(arena, variant, "", async (gateway, floor, shop) => {
    const total = WARM_UP + CALLBACK_PAIRS * PER_ROUND;
    const first = cells + 1;
    await fire(floor.origin, many(total, floorCreate), PARALLEL);
    const deadline = performance.now() + PHASE_MS;
    const payments = await createPayments(gateway, shop, total);
    const callbacks = await Promise.all(payments.map((paid) => arena.double.callback(paid)));
    const ours = callbacks.map(callbackShot);
    const theirs = ours.map((shot, index) => ({
      ...shot,
      path: `/callback/bench${first + index}`,
    }));
    await fire(gateway.origin, ours.slice(0, WARM_UP), 4);
    await fire(floor.origin, theirs.slice(0, WARM_UP), 4);
    await gateway.idle();
    return contest({
      operation: named("callback", variant),
      gateway,
      floor,
      ours: dealer(ours, WARM_UP),
      theirs: dealer(theirs, WARM_UP),
      deadline,
      most: CALLBACK_PAIRS,
    });
  });

/** Reading leaves nothing behind: a few payments, read again and again. */
const readers = (
  operation: "status" | "qr",
  arena: Arena,
  picture: string,
  shotOf: (shop: Shop) => (payment: Payment) => Shot,
): Promise<Comparison> =>
  inArena(arena, "whole", picture, async (gateway, floor, shop) => {
    const deadline = performance.now() + PHASE_MS;
    const payments = await createPayments(gateway, shop, READ_PAYMENTS);
    const first = cells + 1;
    await fire(floor.origin, many(READ_PAYMENTS, floorCreate), PARALLEL);
    const shots = payments.map(shotOf(shop));
    const floorShots = many(READ_PAYMENTS, (index): Shot => ({
      method: "GET",
      path: `/${operation}/bench${first + index}`,
      expect: 200,
    }));
    const again = (list: readonly Shot[]) => (count: number) =>
      many(count, (index) => list[index % list.length]).filter((shot) => shot !== undefined);
    await fire(gateway.origin, again(shots)(WARM_UP * 2), 4);
    await fire(floor.origin, again(floorShots)(WARM_UP * 2), 4);
    await gateway.idle();
    const ours = again(shots);
    const theirs = again(floorShots);
    return contest({ operation, gateway, floor, ours, theirs, deadline });
  });

export const measureStatus = (arena: Arena): Promise<Comparison> =>
  readers("status", arena, "", (shop) => shop.read);

/** The floor serves a picture of the same size, which is fetched once to know it. */
export async function measureQr(arena: Arena): Promise<Comparison> {
  const running = await arena.gateway("whole");
  try {
    const shop = await openShop(running, arena.double);
    const [payment] = await createPayments(running, shop, 1);
    if (payment === undefined) throw new Error("no payment to draw");
    const picture = await send(running.origin, shop.picture(payment));
    return await readers("qr", arena, picture, (other) => other.picture);
  } finally {
    await running.stop();
  }
}
