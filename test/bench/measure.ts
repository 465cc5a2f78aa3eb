/**
 * The gateway against the floor, turn by turn. Each pair is one round of the gateway and one of the
 * floor, right after each other, so that a machine that grows slower slows both; the ratio is taken
 * pair by pair and its median is quoted.
 */
import type { BenchDouble } from "./double.ts";
import { fire, median, quantile, send, type Shot } from "./load.ts";
import type { Running } from "./runtime.ts";
import { callbackShot, openShop, type Payment, type Shop } from "./shop.ts";

/** Requests of one round, first one after the other, for latency, then several at once. */
const IN_TURN = 60;
const TOGETHER = 120;
const PARALLEL = 8;
const PER_ROUND = IN_TURN + TOGETHER;
const WARM_UP = 60;
const MOST_PAIRS = 7;
const FEWEST_PAIRS = 3;
/** Each callback needs a payment of its own, made within the same phase. */
const CALLBACK_PAIRS = 4;
const READ_PAYMENTS = 40;

/**
 * A payment's recovery alarm comes 15 s after it was created. A phase on fresh payments ends before
 * that, so that no alarm falls into what is measured.
 */
const PHASE_MS = 12_000;

export interface Side {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Requests per second with several under way. */
  readonly throughput: number;
  /** Milliseconds of processor time of the whole runtime process for each request. */
  readonly cpu: number;
}

export interface Comparison {
  readonly operation: string;
  readonly gateway: Side;
  readonly floor: Side;
  /** Medians of the ratios of the pairs, gateway over floor. */
  readonly ratios: Side;
  readonly pairs: number;
}

interface Round {
  readonly latencies: readonly number[];
  readonly throughput: number;
  readonly cpu: number;
}

interface Pair {
  readonly gateway: Round;
  readonly floor: Round;
}

async function round(running: Running, shots: readonly Shot[]): Promise<Round> {
  const before = running.cpu();
  const inTurn = await fire(running.origin, shots.slice(0, IN_TURN), 1);
  const together = await fire(running.origin, shots.slice(IN_TURN), PARALLEL);
  // Copies and events are written after the answer: their work belongs to the request too.
  await running.idle();
  return {
    latencies: inTurn.latencies,
    throughput: together.latencies.length / together.seconds,
    cpu: ((running.cpu() - before) * 1_000) / shots.length,
  };
}

function sideOf(rounds: readonly Round[]): Side {
  const latencies = rounds.flatMap((each) => each.latencies);
  return {
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
    throughput: median(rounds.map(({ throughput }) => throughput)),
    cpu: rounds.reduce((sum, { cpu }) => sum + cpu, 0) / rounds.length,
  };
}

/**
 * Gateway over floor. What a round has enough of is compared pair by pair; tails are rare and
 * processor time comes in ticks of 10 ms, so those are compared over all rounds.
 */
function ratiosOf(pairs: readonly Pair[]): Side {
  const gateway = sideOf(pairs.map((pair) => pair.gateway));
  const floor = sideOf(pairs.map((pair) => pair.floor));
  const perPair = (figure: (round: Round) => number) =>
    median(pairs.map((pair) => figure(pair.gateway) / figure(pair.floor)));
  return {
    p50: perPair(({ latencies }) => median(latencies)),
    p95: gateway.p95 / floor.p95,
    p99: gateway.p99 / floor.p99,
    throughput: perPair(({ throughput }) => throughput),
    cpu: gateway.cpu / floor.cpu,
  };
}

interface Contest {
  readonly operation: string;
  readonly gateway: Running;
  readonly floor: Running;
  /** The requests of a round; `count` more each time it is called. */
  readonly ours: (count: number) => readonly Shot[];
  readonly theirs: (count: number) => readonly Shot[];
  /** When the phase must be over (`performance.now()`). */
  readonly deadline: number;
  readonly most?: number;
}

async function contest(setting: Contest): Promise<Comparison> {
  const { operation, gateway, floor, ours, theirs, deadline, most = MOST_PAIRS } = setting;
  const pairs: Pair[] = [];
  let longest = 0;
  while (pairs.length < most) {
    const started = performance.now();
    if (pairs.length >= FEWEST_PAIRS && started + longest > deadline) break;
    pairs.push({
      gateway: await round(gateway, ours(PER_ROUND)),
      floor: await round(floor, theirs(PER_ROUND)),
    });
    longest = Math.max(longest, performance.now() - started);
  }
  return {
    operation,
    gateway: sideOf(pairs.map((pair) => pair.gateway)),
    floor: sideOf(pairs.map((pair) => pair.floor)),
    ratios: ratiosOf(pairs),
    pairs: pairs.length,
  };
}

/** Starts a fresh gateway and a fresh floor for each phase, so that no phase pays for another. */
export interface Arena {
  readonly double: BenchDouble;
  gateway(): Promise<Running>;
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
  picture: string,
  play: (gateway: Running, floor: Running, shop: Shop) => Promise<Comparison>,
): Promise<Comparison> {
  const [gateway, floor] = [await arena.gateway(), await arena.floor(picture)];
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

export const measureCreate = (arena: Arena): Promise<Comparison> =>
  inArena(arena, "", async (gateway, floor, shop) => {
    const deadline = performance.now() + PHASE_MS;
    await fire(gateway.origin, many(WARM_UP, shop.create), 4);
    await fire(floor.origin, many(WARM_UP, floorCreate), 4);
    await gateway.idle();
    const ours = (count: number) => many(count, shop.create);
    const theirs = (count: number) => many(count, floorCreate);
    return contest({ operation: "create", gateway, floor, ours, theirs, deadline });
  });

export const measureCallback = (arena: Arena): Promise<Comparison> =>
  inArena(arena, "", async (gateway, floor, shop) => {
    const deadline = performance.now() + PHASE_MS;
    const total = WARM_UP + CALLBACK_PAIRS * PER_ROUND;
    const payments = await createPayments(gateway, shop, total);
    const callbacks = await Promise.all(payments.map((paid) => arena.double.callback(paid)));
    const first = cells + 1;
    await fire(floor.origin, many(total, floorCreate), PARALLEL);
    const ours = callbacks.map(callbackShot);
    const theirs = ours.map((shot, index) => ({
      ...shot,
      path: `/callback/bench${first + index}`,
    }));
    await fire(gateway.origin, ours.slice(0, WARM_UP), 4);
    await fire(floor.origin, theirs.slice(0, WARM_UP), 4);
    await gateway.idle();
    return contest({
      operation: "callback",
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
  inArena(arena, picture, async (gateway, floor, shop) => {
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
  const running = await arena.gateway();
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
