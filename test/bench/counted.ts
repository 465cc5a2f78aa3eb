/**
 * The Worker with counters on its bindings, for the bench alone: how many object requests, database
 * statements, queue messages and channel calls an operation costs. `GET /__counts` reads them,
 * `DELETE /__counts` sets them to zero.
 *
 * Writes to D1 are held back while a request is being answered. If an answer needed one it would
 * not come, so what is counted when the answer is out is what the answer really waited for.
 */
import worker, * as classes from "../../src/index.ts";
import { type Counts, noCounts, WEBHOOK_HOST } from "./counts.ts";

let counts: Counts = noCounts();
/** The counts when the last answer went out. */
let atAnswer: Counts = noCounts();
let answering = 0;

const HOLD_STEP_MS = 5;
const HOLD_LIMIT_MS = 2_000;

/** Settings may wait for the database; what takes money may not. */
const isHotPath = (pathname: string) => /^\/v1\/(payment-intents|callbacks|qr)/.test(pathname);

async function untilAnswered(): Promise<void> {
  const isAnswering = () => answering > 0;
  for (let waited = 0; isAnswering(); waited += HOLD_STEP_MS) {
    if (waited > HOLD_LIMIT_MS) throw new Error("an answer waits for a write to D1");
    await new Promise((resolve) => void setTimeout(resolve, HOLD_STEP_MS));
  }
}

const isRead = (query: string) =>
  /^\s*(select|with)\b/i.test(query) && !/\b(insert|update|delete)\b/i.test(query);

/** Notes one call to the database: a single statement or a batch. */
function noteCall(queries: readonly string[], metas: readonly D1Meta[]): void {
  if (queries.every(isRead)) counts.d1Reads += 1;
  else counts.d1Writes += 1;
  counts.d1Statements += queries.length;
  for (const [index, meta] of metas.entries()) {
    counts.d1RowsRead += meta.rows_read;
    counts.d1RowsWritten += meta.rows_written;
    if (!isRead(queries[index] ?? "")) counts.d1RowsChanged += meta.changes;
  }
}

const originals = new WeakMap<object, { statement: D1PreparedStatement; query: string }>();

/** `raw` has no figures, so it is asked as `all`; rows keep the order of their columns. */
function countedStatement(statement: D1PreparedStatement, query: string): D1PreparedStatement {
  const all = async <T>() => {
    if (!isRead(query)) await untilAnswered();
    const result = await statement.all<T>();
    noteCall([query], [result.meta]);
    return result;
  };
  const counted = {
    bind: (...values: unknown[]) => countedStatement(statement.bind(...values), query),
    all,
    run: all,
    async first() {
      const { results } = await all();
      return results[0] ?? null;
    },
    async raw() {
      if (!isRead(query)) {
        const { results } = await all<Record<string, unknown>>();
        return results.map((row) => Object.values(row));
      }
      // Joins repeat column names, which `all` would merge: the rows come from `raw` itself.
      const rows = await statement.raw();
      const { meta } = await statement.all();
      noteCall([query], [meta]);
      return rows;
    },
  } as unknown as D1PreparedStatement;
  originals.set(counted, { statement, query });
  return counted;
}

function countedDatabase(db: D1Database): D1Database {
  return {
    prepare: (query: string) => countedStatement(db.prepare(query), query),
    async batch(statements: D1PreparedStatement[]) {
      const known = statements.flatMap((counted) => originals.get(counted) ?? []);
      if (!known.every(({ query }) => isRead(query))) await untilAnswered();
      const results = await db.batch(known.map(({ statement }) => statement));
      noteCall(
        known.map(({ query }) => query),
        results.map(({ meta }) => meta),
      );
      return results;
    },
    exec: (query: string) => db.exec(query),
  } as unknown as D1Database;
}

/** A namespace whose stubs count every call. */
function countedNamespace<T extends object>(namespace: T): T {
  return new Proxy(namespace, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "getByName") return value.bind(target);
      return (...args: unknown[]) => countedStub(Reflect.apply(value, target, args) as object);
    },
  });
}

const countedStub = (stub: object): object =>
  new Proxy(stub, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        counts.objectRequests += 1;
        return Reflect.apply(method, target, args);
      };
    },
  });

const countedQueue = (queue: Queue): Queue =>
  ({
    send: (body: unknown, options?: QueueSendOptions) => {
      counts.queueMessages += 1;
      return queue.send(body, options);
    },
    sendBatch: (messages: MessageSendRequest[], options?: QueueSendBatchOptions) => {
      counts.queueMessages += messages.length;
      return queue.sendBatch(messages, options);
    },
  }) as unknown as Queue;

const environments = new WeakMap<object, Env>();

function countedEnv(env: Env): Env {
  const known = environments.get(env);
  if (known !== undefined) return known;
  const counted: Env = {
    ...env,
    DB: countedDatabase(env.DB),
    EVENTS: countedQueue(env.EVENTS),
    DELIVERIES: countedQueue(env.DELIVERIES),
    INTENTS: countedNamespace(env.INTENTS),
    REQUESTS: countedNamespace(env.REQUESTS),
    SANDBOX_KEYS: countedNamespace(env.SANDBOX_KEYS),
    SANDBOX_ORDERS: countedNamespace(env.SANDBOX_ORDERS),
  };
  environments.set(env, counted);
  return counted;
}

/** Shadows the two methods of this one object's storage that cost money. */
function countStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  const countedExec = (query: string, ...values: SqlStorageValue[]) => {
    const cursor = exec(query, ...values);
    counts.objectStatements += 1;
    counts.objectRowsWritten += cursor.rowsWritten;
    return cursor;
  };
  Object.defineProperty(sql, "exec", { value: countedExec });
  Object.defineProperty(storage, "sql", { value: sql });
  Object.defineProperty(storage, "setAlarm", {
    value: (...args: Parameters<typeof setAlarm>) => {
      counts.setAlarms += 1;
      return setAlarm(...args);
    },
  });
}

export class PaymentIntent extends classes.PaymentIntent {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage);
    super(ctx, countedEnv(env));
  }
  override async alarm(): Promise<void> {
    counts.alarmsFired += 1;
    await super.alarm();
  }
}
// Its other objects as they are; the one above has its own.
export * from "../../src/index.ts";

const realFetch = globalThis.fetch.bind(globalThis);
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input));
  if (url.hostname === WEBHOOK_HOST) {
    // A live endpoint must be public https; nothing on this machine is.
    counts.webhookCalls += 1;
    return Promise.resolve(new Response(null, { status: 200 }));
  }
  counts.channelCalls += 1;
  return realFetch(input, init);
};

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/__counts") {
      const shown = { total: counts, atAnswer };
      if (request.method === "DELETE") {
        counts = noCounts();
        atAnswer = noCounts();
      }
      return Response.json(shown);
    }
    const held = isHotPath(new URL(request.url).pathname) ? 1 : 0;
    answering += held;
    try {
      return await worker.fetch(request, countedEnv(env), ctx);
    } finally {
      atAnswer = { ...counts };
      answering -= held;
    }
  },
  queue: (batch, env) => worker.queue(batch, countedEnv(env)),
  scheduled: (controller, env) => worker.scheduled(controller, countedEnv(env)),
} satisfies ExportedHandler<Env>;
