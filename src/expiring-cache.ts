/**
 * Settings in isolate memory for a short, stated time, so that the hot path asks D1 for nothing.
 * A change is felt everywhere within the lifetime, and at once in the isolate that made it.
 * Values are kept, never promises: a promise belongs to the request that made it and may die with
 * it. Two requests that find nothing both load; that is cheaper than one waiting for a dead other.
 */
export class ExpiringCache<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();
  readonly #lifetimeMs: number;
  readonly #capacity: number;

  constructor(lifetimeMs: number, capacity = 1_000) {
    this.#lifetimeMs = lifetimeMs;
    this.#capacity = capacity;
  }

  /** The cached value, or the one that `load` brings. `null` is an answer, but not remembered. */
  async get(key: string, now: number, load: () => Promise<T | null>): Promise<T | null> {
    const found = this.#entries.get(key);
    if (found !== undefined && now < found.expiresAt) return found.value;
    const value = await load();
    if (value !== null) this.set(key, value, now);
    return value;
  }

  set(key: string, value: T, now: number): void {
    this.#entries.delete(key);
    this.#makeRoom();
    this.#entries.set(key, { value, expiresAt: now + this.#lifetimeMs });
  }

  drop(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** A Map keeps insertion order: the first entry is the oldest. */
  #makeRoom(): void {
    if (this.#entries.size < this.#capacity) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
