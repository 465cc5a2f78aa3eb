import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { api, newMerchant } from "../intent/kit.ts";

/** D1 does the work of every batch with one kind of statement in it, and the answer is lost. */
function loseAnswersOf(start: string): () => void {
  const prepare = env.DB.prepare.bind(env.DB);
  const batch = env.DB.batch.bind(env.DB);
  const marked = new WeakSet<D1PreparedStatement>();
  const prepared = vi.spyOn(env.DB, "prepare").mockImplementation((text) => {
    const statement = prepare(text);
    if (!text.startsWith(start)) return statement;
    const bind = statement.bind.bind(statement);
    statement.bind = (...values) => {
      const bound = bind(...values);
      marked.add(bound);
      return bound;
    };
    return statement;
  });
  const batched = vi.spyOn(env.DB, "batch").mockImplementation(async (statements) => {
    const results = await batch(statements);
    if (!statements.some((statement) => marked.has(statement))) return results;
    throw new Error("D1_ERROR: Network connection lost.");
  });
  return () => {
    prepared.mockRestore();
    batched.mockRestore();
  };
}

describe("Idempotency-Key after our own failure", () => {
  it("still stands for its body: another is refused, the same goes on where it stopped", async ({
    expect,
  }) => {
    const { id: merchantId, live } = await newMerchant();
    const send = (body: unknown) =>
      api("POST", "/v1/api-keys", { key: live, headers: { "Idempotency-Key": "k" }, body });
    const keys = async () => {
      const { results } = await env.DB.prepare(
        "SELECT id, label, scopes FROM api_keys WHERE merchant_id = ? AND label IS NOT NULL",
      )
        .bind(merchantId)
        .all();
      return results;
    };
    const wanted = { label: "shop front", scopes: ["payments:read"] };
    const before = await keys();

    const find = loseAnswersOf('insert into "api_keys"');
    const failed = await send(wanted);
    find();
    expect(failed.status).toBe(500);
    // The key is there, though nobody was told.
    const [made, ...others] = (await keys()).slice(before.length);
    expect(made).toMatchObject({ label: "shop front" });
    expect(others).toEqual([]);

    // Whoever got through with more rights under the old id would have them unseen.
    const other = await send({ label: "back office", scopes: ["*"] });
    expect(other).toMatchObject({ status: 422, body: { error: { code: "IDEMPOTENCY_MISMATCH" } } });

    const resumed = await send(wanted);
    expect(resumed).toMatchObject({ status: 201, body: { id: made?.["id"], ...wanted } });
    expect(await keys()).toEqual([...before, made]);
    // The half that is no secret was made anew too, and the audit log knows the one that works.
    const { body: log } = await api("GET", `/v1/audit-log?target=${String(made?.["id"])}`, {
      key: live,
    });
    expect(log.data[0].after).toMatchObject({ public_id: resumed.body.public_id });
    const { status } = await api("GET", "/v1/payment-intents", { key: resumed.body.key });
    expect(status).toBe(200);
  });
});

describe("a runner that was taken for dead", () => {
  it("can neither answer for its successor nor take its place away", async ({ expect }) => {
    const request = env.REQUESTS.getByName(`slow-${crypto.randomUUID()}`);
    const first = await request.begin("f");
    if (first.kind !== "run") throw new Error("not the first");
    await runInDurableObject(request, (_, state) => {
      state.storage.sql.exec("UPDATE request SET started_at = 0");
    });
    const second = await request.begin("f");
    if (second.kind !== "run") throw new Error("not resumed");
    await request.finish(first.turn, 201, "late");
    await request.abandon(first.turn);
    await request.finish(second.turn, 201, "right");
    expect(await request.begin("f")).toMatchObject({ kind: "replay", status: 201, body: "right" });
  });
});
