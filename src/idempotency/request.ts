/**
 * One object per (merchant, mode, path, Idempotency-Key): remembers the first answer to a request
 * that changes settings. Payments and refunds do not need it: their own objects remember.
 * Answers may hold a secret that is shown once, so they are stored sealed by the vault.
 */
import { DurableObject } from "cloudflare:workers";

import { systemClock } from "../clock.ts";
import { openVault } from "../crypto/vault.ts";
import { secureRandom } from "../ids.ts";
import { STILL_RUNNING, withinWait } from "../within-wait.ts";

/** What a request with a key must do now. */
export type Ticket =
  /** `turn` proves who runs: a runner that was taken for dead can no longer speak. */
  | { readonly kind: "run"; readonly turn: number }
  | { readonly kind: "replay"; readonly status: number; readonly body: string }
  | { readonly kind: "mismatch" }
  | { readonly kind: "in_flight" };

/** A runner that has not finished by then is dead: the next request resumes. Milliseconds. */
const RUNNER_LIFETIME_MS = 30_000;

/** 48 random bits: no two runners of a request ever have the same. */
const newTurn = (): number => secureRandom(6).reduce((turn, byte) => turn * 256 + byte, 0);

interface Row extends Record<string, SqlStorageValue> {
  fingerprint: string;
  started_at: number;
  status: number | null;
  answer: string | null;
}

export class IdempotentRequest extends DurableObject<Env> {
  #finished: PromiseWithResolvers<void> | null = null;

  /** Claims the request for its caller, or says how the first one ended. */
  async begin(fingerprint: string): Promise<Ticket> {
    const ticket = this.#claim(fingerprint);
    if (ticket !== "running") return this.#open(ticket);
    const waited = await this.#waitForRunner();
    if (!waited) return { kind: "in_flight" };
    const second = this.#claim(fingerprint);
    return second === "running" ? { kind: "in_flight" } : this.#open(second);
  }

  /** Stores the first answer; only the first counts. */
  async finish(turn: number, status: number, body: string): Promise<void> {
    const sealed = await openVault(this.env.VAULT_KEY).seal(body, this.#context());
    this.ctx.storage.sql.exec(
      "UPDATE request SET status = ?, answer = ? WHERE turn = ? AND status IS NULL",
      status,
      sealed,
      turn,
    );
    this.#wake();
  }

  /** The request was refused before it changed anything: it may be sent again, also changed. */
  async abandon(turn: number): Promise<void> {
    this.ctx.storage.sql.exec("DELETE FROM request WHERE turn = ? AND status IS NULL", turn);
    this.#wake();
  }

  /** The runner failed and may have changed something: the same request may resume at once. */
  async release(turn: number): Promise<void> {
    const statement = "UPDATE request SET started_at = 0 WHERE turn = ? AND status IS NULL";
    this.ctx.storage.sql.exec(statement, turn);
    this.#wake();
  }

  #claim(fingerprint: string): Row | "running" | Extract<Ticket, { kind: "run" | "mismatch" }> {
    const now = systemClock.now();
    const turn = newTurn();
    return this.ctx.storage.transactionSync(() => {
      const { sql } = this.ctx.storage;
      sql.exec(`CREATE TABLE IF NOT EXISTS request (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        fingerprint TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        status INTEGER,
        answer TEXT
      ) STRICT`);
      const row = sql.exec<Row>("SELECT * FROM request").toArray()[0];
      if (row === undefined) {
        sql.exec("INSERT INTO request VALUES (1, ?, ?, ?, NULL, NULL)", fingerprint, now, turn);
        return { kind: "run" as const, turn };
      }
      if (row.fingerprint !== fingerprint) return { kind: "mismatch" as const };
      if (row.status !== null) return row;
      if (now - row.started_at < RUNNER_LIFETIME_MS) return "running" as const;
      sql.exec("UPDATE request SET started_at = ?, turn = ?", now, turn);
      return { kind: "run" as const, turn };
    });
  }

  async #open(claim: Row | Extract<Ticket, { kind: "run" | "mismatch" }>): Promise<Ticket> {
    if (!("fingerprint" in claim)) return claim;
    const body = await openVault(this.env.VAULT_KEY).open(claim.answer ?? "", this.#context());
    return { kind: "replay", status: claim.status ?? 200, body };
  }

  /** True when the runner finished or gave up while we waited. */
  async #waitForRunner(): Promise<boolean> {
    this.#finished ??= Promise.withResolvers<void>();
    return (await withinWait(this.#finished.promise)) !== STILL_RUNNING;
  }

  #wake(): void {
    this.#finished?.resolve();
    this.#finished = null;
  }

  #context(): string {
    return `request:${this.ctx.id.toString()}`;
  }
}
