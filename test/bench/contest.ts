/**
 * The gateway against the floor, turn by turn. Each pair is one round of the gateway and one of the
 * floor, right after each other, so that a machine that grows slower slows both; the ratio is taken
 * pair by pair and its median is quoted.
 */
import { fire, median, quantile, type Shot } from "./load.ts";
import type { Running } from "./runtime.ts";

/** Requests of one round, first one after the other, for latency, then several at once. */
const IN_TURN = 40;
const TOGETHER = 80;
export const PARALLEL = 8;
export const PER_ROUND = IN_TURN + TOGETHER;
const MOST_PAIRS = 7;
export const FEWEST_PAIRS = 3;

/**
 * A payment's recovery alarm comes 15 s after it was created. A phase on fresh payments ends before
 * that, so that no alarm falls into what is measured.
 */
export const PHASE_MS = 12_000;
const ALARM_MS = 15_000;

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
  /** The machine was so slow that alarms fell into what was measured. */
  readonly overran: boolean;
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

export async function contest(setting: Contest): Promise<Comparison> {
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
    overran: performance.now() > deadline - PHASE_MS + ALARM_MS,
  };
}
