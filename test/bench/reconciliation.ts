/**
 * A day's statement of ten thousand, a hundred thousand and a million lines: from the upload to the
 * end of the run, with the payments in D1. What is asked: whether time grows with the lines, and
 * memory does not.
 */
import {
  closeSync,
  createWriteStream,
  mkdirSync,
  openAsBlob,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DatabaseSync } from "node:sqlite";
import { createGzip } from "node:zlib";

import { send } from "./load.ts";
import { type Bundle, run, type Running, SECRETS } from "./runtime.ts";
import { databaseFile, idOf, snapshotOf } from "./seed.ts";

const SIZES = [10_000, 100_000, 1_000_000] as const;

/** The first is timed; in the others somebody looks at the heap, which costs time. */
const ROUNDS = ["timed", "watched", "collected"] as const;

export interface StatementSpeed {
  readonly lines: number;
  /** Seconds from the upload's answer to the end of the run. */
  readonly seconds: number;
  /** Processor seconds of the whole runtime process, D1, R2 and queues included. */
  readonly cpu: number;
  /** Most that the Worker's isolate had in use, heap and buffers, in MiB. */
  readonly peakMiB: number;
  /** The same when garbage is taken out before each look. */
  readonly heldMiB: number;
  readonly fileMiB: number;
}

const HEADER =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
  "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包," +
  "手续费,费率,订单金额,申请退款金额,费率备注\r\n";
const SUMMARY =
  "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n";

interface Sale {
  readonly id: string;
  readonly transaction: string;
  readonly value: number;
  readonly at: number;
}

/** The same on every machine: no random numbers. */
function saleAt(place: number, total: number, noon: number): Sale {
  let state = (place * 2_654_435_761) >>> 0;
  const roll = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    id: `pi_${idOf(place, total, roll)}`,
    transaction: `42000${String(place).padStart(13, "0")}`,
    value: 100 + (place % 90_000),
    at: noon - 8 * 3_600_000 + Math.floor((place / total) * 16 * 3_600_000),
  };
}

const yuan = (value: number): string => {
  const text = String(value).padStart(3, "0");
  return `${text.slice(0, -2)}.${text.slice(-2)}`;
};

const clock = (at: number): string =>
  new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

function* billOf(total: number, merchant: string, noon: number): Generator<string> {
  yield `\uFEFF${HEADER}`;
  let sum = 0;
  for (let place = 0; place < total; place += 1) {
    const { id, transaction, value, at } = saleAt(place, total, noon);
    sum += value;
    const cells = [
      clock(at), "wx8888888888888888", merchant, "0", "", transaction, id, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
      "NATIVE", "SUCCESS", "OTHERS", "CNY", yuan(value), "0.00", "0", "0", "0.00", "0.00", "", "",
      "Two flat whites, one oat", "", "0.00000", "0.60%", yuan(value), "0.00", "",
    ]; // prettier-ignore
    yield `${cells.map((cell) => `\`${cell}`).join()}\r\n`;
  }
  yield SUMMARY;
  const totals = [`${total}.0`, yuan(sum), "0.00", "0.00", "0.00000", yuan(sum), "0.00"];
  yield `${totals.map((cell) => `\`${cell}`).join()}\r\n`;
}

function seed(
  state: string,
  total: number,
  owner: { merchant: string; account: string },
  noon: number,
) {
  const db = new DatabaseSync(databaseFile(state));
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"]) {
    db.exec(`PRAGMA ${pragma}`);
  }
  db.exec("BEGIN");
  const insert = db.prepare(
    `INSERT INTO payment_intents (id, merchant_id, livemode, sequence, status, channel,
      channel_account, method, merchant_order_id, channel_transaction_id, currency, value, refunded,
      fee, call_ms, succeeded_at, created_at, deadline, snapshot)
      VALUES (?, ?, 0, 3, 'succeeded', 'wechat', ?, 'qr', NULL, ?, 'CNY', ?, 0, 0, 100, ?, ?, NULL, ?)`,
  );
  for (let place = 0; place < total; place += 1) {
    const { id, transaction, value, at } = saleAt(place, total, noon);
    const created = new Date(at).toISOString();
    const row = { status: "succeeded", currency: "CNY", value, channel: "wechat", transaction };
    const snapshot = snapshotOf(id, { ...row, merchant: owner.merchant, order: null }, created);
    insert.run(id, owner.merchant, owner.account, transaction, value, at, at, snapshot);
  }
  db.exec("COMMIT");
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
}

interface Shop {
  readonly key: string;
  readonly merchant: string;
  readonly account: string;
  readonly number: string;
}

async function openShop({ origin }: Running): Promise<Shop> {
  const made = await send(origin, {
    method: "POST",
    path: "/v1/admin/merchants",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
    body: JSON.stringify({ name: "Bench" }),
    expect: 201,
  });
  const { id, keys } = JSON.parse(made) as { id: string; keys: { test: string } };
  const listed = await send(origin, {
    method: "GET",
    path: "/v1/channel-accounts?limit=100",
    headers: { Authorization: `Bearer ${keys.test}` },
    expect: 200,
  });
  const { data } = JSON.parse(listed) as {
    data: { id: string; channel: string; merchant_account: string }[];
  };
  const account = data.find(({ channel }) => channel === "wechat");
  if (account === undefined) throw new Error("no account");
  return { key: keys.test, merchant: id, account: account.id, number: account.merchant_account };
}

const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

interface RunReply {
  readonly id: string;
  readonly state: string;
  readonly counts: Record<string, number>;
}

/** Uploads the file and waits for the end. @throws Error when a line is not matched */
async function compare(running: Running, shop: Shop, day: string, file: string, lines: number) {
  const headers = { Authorization: `Bearer ${shop.key}` };
  const url = new URL(
    `/v1/reconciliation/statements?channel_account=${shop.account}&date=${day}`,
    running.origin,
  );
  await running.idle();
  const cpuBefore = running.cpu();
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/gzip" },
    body: await openAsBlob(file),
  });
  if (response.status !== 202) throw new Error(await response.text());
  const started = performance.now();
  let { run: seen } = (await response.json()) as { run: RunReply };
  while (seen.state === "queued" || seen.state === "running") {
    await pause(100);
    const shot = { method: "GET" as const, headers, expect: 200 };
    const reply = await send(running.origin, {
      ...shot,
      path: `/v1/reconciliation/runs/${seen.id}`,
    });
    seen = JSON.parse(reply) as RunReply;
  }
  const seconds = (performance.now() - started) / 1_000;
  const wanted = JSON.stringify({ matched: lines });
  if (seen.state !== "completed" || JSON.stringify(seen.counts) !== wanted) {
    throw new Error(JSON.stringify(seen));
  }
  return {
    lines,
    seconds,
    cpu: running.cpu() - cpuBefore,
    fileMiB: statSync(file).size / 1_048_576,
  };
}

async function measureSize(
  folder: string,
  bundle: Bundle,
  bindings: Record<string, string>,
  lines: number,
): Promise<StatementSpeed> {
  const state = path.join(folder, `statement-${lines}`);
  mkdirSync(state, { recursive: true });
  const first = await run(bundle, bindings, state);
  await first.migrate();
  const shop = await openShop(first);
  await first.idle();
  await first.stop();
  const noon = Date.parse("2026-11-20T04:00:00Z");
  seed(state, lines, shop, noon);
  const file = path.join(state, "bill.csv.gz");
  const rows = Readable.from(billOf(lines, shop.number, noon));
  await pipeline(rows, createGzip({ level: 1 }), createWriteStream(file));
  const round = async (name: (typeof ROUNDS)[number]) => {
    stamp(file, ROUNDS.indexOf(name));
    const running = await run(bundle, bindings, state);
    try {
      const stop = name === "timed" ? () => 0 : await running.watchHeap(name === "collected");
      const speed = await compare(running, shop, "2026-11-20", file, lines);
      return { speed, most: stop() };
    } finally {
      await running.stop();
    }
  };
  try {
    const [timed, watched, collected] = [
      await round("timed"),
      await round("watched"),
      await round("collected"),
    ];
    return { ...timed.speed, peakMiB: watched.most, heldMiB: collected.most };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Another time in the gzip's header: other bytes, so that the same lines are another file. */
function stamp(file: string, time: number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Uint8Array.of(time), 0, 1, 4);
  closeSync(handle);
}

export async function measureStatements(
  folder: string,
  bundle: Bundle,
  bindings: Record<string, string>,
  say: (text: string) => void,
): Promise<StatementSpeed[]> {
  const speeds: StatementSpeed[] = [];
  for (const lines of SIZES) {
    const speed = await measureSize(folder, bundle, bindings, lines);
    const { seconds, cpu, peakMiB, heldMiB } = speed;
    const perSecond = Math.round(lines / cpu).toLocaleString("en");
    say(
      `${lines.toLocaleString("en")} lines: ${seconds.toFixed(1)} s, ${perSecond} lines for each ` +
        `processor second, at most ${peakMiB.toFixed(0)} MiB in the isolate, ` +
        `${heldMiB.toFixed(0)} of them not garbage`,
    );
    speeds.push(speed);
  }
  return speeds;
}
