/**
 * Lists and searches with a million payments beside ten thousand: the same calls of merchants who
 * have the same number of payments in both, so that what differs is how much else is there; and of
 * one merchant who has a tenth of all payments, and so a hundred times as many in the one.
 */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";

import { median, quantile, send, type Shot } from "./load.ts";
import { type Bundle, run, type Running, SECRETS } from "./runtime.ts";
import { DAY_MS, DAYS, type Known, seedPayments, type Stock } from "./seed.ts";

const MERCHANTS = 1_000;
/** Merchants who call, besides the greatest. */
const CALLERS = 4;
const EACH = 1_000;
const SMALL = 10_000;
const LARGE = 1_000_000;

/** Requests of each call for each database, one here, one there, so that a slow moment hits both. */
const PER_BLOCK = 40;
/** More where the limit holds: a tail of 40 is a rough thing, the median of many of them is not. */
const BLOCKS = { "as many": 16, "a tenth of all": 6 } as const;
const WARM_UP = 10;
const PAGE = 10;

interface Spread {
  readonly p50: number;
  readonly p95: number;
  /** Milliseconds of processor time of the whole runtime process for each request. */
  readonly cpu: number;
}

export interface ListSpeed {
  readonly call: string;
  readonly who: keyof typeof BLOCKS;
  readonly small: Spread;
  readonly large: Spread;
  /** Large over small; of latencies block by block, the median: a slow moment spoils one block. */
  readonly ratios: Spread;
}

export interface ListReport {
  readonly speeds: readonly ListSpeed[];
  readonly seedSeconds: number;
  /** Of each call. */
  readonly requests: Readonly<Record<keyof typeof BLOCKS, number>>;
}

interface Caller {
  readonly key: string;
  readonly merchantId: string;
}

interface Shop {
  readonly running: Running;
  readonly callers: readonly Caller[];
  readonly known: ReadonlyMap<string, Known>;
  /** Newest payment (milliseconds since 1970). */
  readonly until: number;
}

async function newCaller({ origin }: Running, name: string): Promise<Caller> {
  const reply = await send(origin, {
    method: "POST",
    path: "/v1/admin/merchants",
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${SECRETS.ADMIN_TOKEN}`,
    },
    body: JSON.stringify({ name }),
    expect: 201,
  });
  const { id, keys } = JSON.parse(reply) as { id: string; keys: { live: string } };
  return { merchantId: id, key: keys.live };
}

/** The callers, the greatest last, and strangers who share what is left. */
function stocksOf(callers: readonly Caller[], total: number): Stock[] {
  const stocks = callers.map(({ merchantId }, at) => ({
    merchantId,
    payments: at < CALLERS ? EACH : total / 10,
  }));
  const strangers = MERCHANTS - callers.length;
  const rest = total - stocks.reduce((sum, { payments }) => sum + payments, 0);
  return [
    ...stocks,
    ...Array.from({ length: strangers }, (_, at) => ({
      merchantId: `m_${String(at).padStart(26, "0")}`,
      payments: Math.floor(rest / strangers) + (at < rest % strangers ? 1 : 0),
    })),
  ];
}

/** A gateway whose D1 holds that many payments. */
async function openShop(
  folder: string,
  bundle: Bundle,
  bindings: Record<string, string>,
  total: number,
): Promise<Shop> {
  const state = path.join(folder, `lists-${total}`);
  mkdirSync(state, { recursive: true });
  const before = await run(bundle, bindings, state);
  await before.migrate();
  const callers: Caller[] = [];
  for (let at = 0; at <= CALLERS; at += 1) callers.push(await newCaller(before, `Bench ${at}`));
  await before.idle();
  await before.stop();
  const until = Date.now();
  const ids = new Set(callers.map(({ merchantId }) => merchantId));
  const known = seedPayments(state, stocksOf(callers, total), ids, until);
  return { running: await run(bundle, bindings, state), callers, known, until };
}

/** The `at`th of a list, for ever. */
const nth = (list: readonly string[], at: number): string => {
  const value = list[at % list.length];
  if (value === undefined) throw new Error("nothing is known of this merchant");
  return value;
};

interface Asked {
  readonly shop: Shop;
  readonly known: Known;
  /** A number that differs from request to request. */
  readonly at: number;
  readonly tenth: string;
}

const dayOf = ({ shop, at }: Asked): string => {
  const from = shop.until - ((at % (DAYS - 2)) + 2) * DAY_MS;
  const days = { created_gte: new Date(from), created_lt: new Date(from + DAY_MS) };
  return Object.entries(days)
    .map(([name, time]) => `${name}=${encodeURIComponent(time.toISOString())}`)
    .join("&");
};

/** Nobody's payments are in this state: every one of them has to be looked at. */
const NONE = "status that none has";
const FAILED_DAY = "one day, status=failed";

const CALLS: Readonly<Record<string, (asked: Asked) => string>> = {
  "first page": () => "",
  "10th page": ({ tenth }) => `cursor=${tenth}`,
  "status=failed": () => "status=failed",
  "channel=antom (3 %)": () => "channel=antom",
  "status and channel": () => "status=expired&channel=alipay",
  [NONE]: () => "status=authorized",
  "one day": dayOf,
  [FAILED_DAY]: (asked) => `${dayOf(asked)}&status=failed`,
  "order number": ({ known, at }) => `merchant_order_id=${nth(known.orders, at * 7)}`,
  "q = id": ({ known, at }) => `q=${nth(known.ids, at * 7)}`,
  "q = 8 characters of an id": ({ known, at }) => `q=${nth(known.ids, at * 7).slice(0, 8)}`,
  "q = order number": ({ known, at }) => `q=${nth(known.orders, at * 7)}`,
  "q = order numbers of a day": ({ known, at }) => `q=${nth(known.orders, at * 7).slice(0, 13)}`,
  "q = channel's number": ({ known, at }) => `q=${nth(known.transactions, at * 7)}`,
};

const shotOf = (caller: Caller, query: string): Shot => ({
  method: "GET",
  path: `/v1/payment-intents${query === "" ? "" : "?"}${query}`,
  headers: { Authorization: `Bearer ${caller.key}` },
  expect: 200,
});

/** The cursor of the tenth page, for each caller. */
async function tenthPages({ running, callers }: Shop): Promise<Map<string, string>> {
  const cursors = new Map<string, string>();
  for (const caller of callers) {
    let cursor = "";
    for (let page = 1; page < PAGE; page += 1) {
      const query = cursor === "" ? "" : `cursor=${cursor}`;
      const reply = await send(running.origin, shotOf(caller, query));
      cursor = (JSON.parse(reply) as { next_cursor: string | null }).next_cursor ?? "";
      if (cursor === "") throw new Error("too few payments for ten pages");
    }
    cursors.set(caller.merchantId, cursor);
  }
  return cursors;
}

interface Side {
  readonly shop: Shop;
  readonly tenth: ReadonlyMap<string, string>;
}

/** One request. @throws Error when nothing was found: that would be measured as fast */
async function ask(side: Side, call: string, great: boolean, at: number): Promise<number> {
  const { shop, tenth } = side;
  const caller = shop.callers[great ? CALLERS : at % CALLERS];
  const known = caller === undefined ? undefined : shop.known.get(caller.merchantId);
  if (caller === undefined || known === undefined) throw new Error("no such caller");
  const cursor = tenth.get(caller.merchantId) ?? "";
  const query = CALLS[call]?.({ shop, known, at: Math.floor(at / CALLERS), tenth: cursor }) ?? "";
  const shot = shotOf(caller, query);
  const started = performance.now();
  const reply = await send(shop.running.origin, shot);
  const took = performance.now() - started;
  // On some days nothing failed.
  const mayBeEmpty = call === NONE || call === FAILED_DAY;
  if (reply.includes('"data":[]') && !mayBeEmpty) throw new Error(`nothing: ${shot.path}`);
  return took;
}

async function measureCall(
  sides: readonly [Side, Side],
  call: string,
  great: boolean,
): Promise<ListSpeed> {
  const who = great ? "a tenth of all" : "as many";
  const requests = BLOCKS[who] * PER_BLOCK;
  const times: [number[], number[]] = [[], []];
  const processors = sides.map(({ shop }) => shop.running);
  let before = processors.map((running) => running.cpu());
  for (let at = -WARM_UP; at < requests; at += 1) {
    if (at === 0) before = processors.map((running) => running.cpu());
    // Whoever goes first now goes second in the next turn.
    for (const side of at % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const took = await ask(sides[side], call, great, at + WARM_UP);
      if (at >= 0) times[side].push(took);
    }
  }
  const spreadOf = (side: 0 | 1): Spread => ({
    p50: quantile(times[side], 0.5),
    p95: quantile(times[side], 0.95),
    cpu: (((processors[side]?.cpu() ?? 0) - (before[side] ?? 0)) * 1_000) / requests,
  });
  const [small, large] = [spreadOf(0), spreadOf(1)];
  const perBlock = (share: number) =>
    median(
      Array.from({ length: BLOCKS[who] }, (_, at) => {
        const [fewer, more] = times.map((taken) =>
          quantile(taken.slice(at * PER_BLOCK, (at + 1) * PER_BLOCK), share),
        );
        return (more ?? 0) / (fewer ?? 0);
      }),
    );
  const ratios = { p50: perBlock(0.5), p95: perBlock(0.95), cpu: large.cpu / small.cpu };
  return { call, who, small, large, ratios };
}

export async function measureLists(
  folder: string,
  bundle: Bundle,
  bindings: Record<string, string>,
): Promise<ListReport> {
  const started = performance.now();
  const shops: Shop[] = [];
  try {
    for (const total of [SMALL, LARGE]) {
      shops.push(await openShop(folder, bundle, bindings, total));
    }
    const seedSeconds = (performance.now() - started) / 1_000;
    const [small, large] = await Promise.all(
      shops.map(async (shop): Promise<Side> => ({
        shop,
        tenth: await tenthPages(shop),
      })),
    );
    if (small === undefined || large === undefined) throw new Error("a shop did not open");
    const speeds: ListSpeed[] = [];
    for (const great of [false, true]) {
      for (const call of Object.keys(CALLS)) {
        speeds.push(await measureCall([small, large], call, great));
      }
    }
    return {
      speeds,
      seedSeconds,
      requests: {
        "as many": BLOCKS["as many"] * PER_BLOCK,
        "a tenth of all": BLOCKS["a tenth of all"] * PER_BLOCK,
      },
    };
  } finally {
    await Promise.all(shops.map(({ running }) => running.stop()));
    for (const total of [SMALL, LARGE]) {
      rmSync(path.join(folder, `lists-${total}`), { recursive: true, force: true });
    }
  }
}
