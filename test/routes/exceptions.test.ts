/** The queue of what does not fit: found, worked on by several at once, and acted upon once. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";

import { createApp } from "../../src/app.ts";
import { randomId } from "../../src/ids.ts";
import { advise, type Evidence, type Finding } from "../../src/reconciliation/advice.ts";
import { EXCEPTION_KINDS } from "../../src/reconciliation.ts";
import { MAX_NOTES } from "../../src/store/exceptions.ts";
import { api, type Merchant, newMerchant, type Reply, wechatPayment } from "../intent/kit.ts";
import { cny, plantException } from "../reconciliation/exceptions.ts";

const LIST = "/v1/reconciliation/exceptions";

let shop: Merchant;
beforeAll(async () => {
  shop = await newMerchant();
});

type Planted = Partial<Parameters<typeof plantException>[0]>;

const plant = (changes: Planted = {}) => plantException({ merchant_id: shop.id, ...changes });

const ask = (method: string, path: string, body?: unknown, key = shop.test) =>
  api(method, path, { key, ...(body === undefined ? {} : { body }) });

const read = async (id: string) => (await ask("GET", `${LIST}/${id}`)).body;

const act = (id: string, body: unknown, headers: Record<string, string> = {}) =>
  api("POST", `${LIST}/${id}/actions`, { key: shop.test, body, headers });

const idsOf = (reply: Reply): string[] => (reply.body.data as { id: string }[]).map(({ id }) => id);

const refusal = ({ status, body }: Reply) => [status, body.error?.code];

interface Payment {
  readonly id: string;
  readonly channel_account: string;
}

/** A test payment; `paid`: the buyer has paid it, and we know. */
async function newPayment(paid: boolean, changes: Record<string, unknown> = {}): Promise<Payment> {
  const { body } = await ask("POST", "/v1/payment-intents", wechatPayment(changes));
  if (paid) await ask("POST", `/sandbox/payments/${body.id}/pay`);
  return body;
}

const about = ({ id, channel_account }: Payment): Planted => ({
  payment_intent: id,
  reference: id,
  channel_account,
});

describe("the list", () => {
  it("is found by each of its filters, and by all of them", async ({ expect }) => {
    const own = await newMerchant();
    const mine = (changes: Planted) => plantException({ ...changes, merchant_id: own.id });
    const run = randomId("run");
    const now = Date.now();
    const [a, b, c] = [
      await mine({ run_id: run, kind: "duplicate", created_at: now - 3_000 }),
      await mine({ assignee: "Li Na", state: "acknowledged", created_at: now - 2_000 }),
      await mine({ channel_account: "ca_2", due_at: now - 1, created_at: now - 1_000 }),
    ];
    await mine({
      state: "resolved",
      due_at: now - 1,
      created_at: now - 4_000,
      kind: "fee_mismatch",
    });
    await mine({ livemode: true });
    const found = async (query: string) =>
      idsOf(await ask("GET", `${LIST}?${query}`, undefined, own.test));
    expect((await found("")).slice(0, 3)).toEqual([c.id, b.id, a.id]);
    expect(await found("")).toHaveLength(4);
    expect(await found(`run=${run}`)).toEqual([a.id]);
    expect(await found("kind=duplicate")).toEqual([a.id]);
    expect(await found("state=acknowledged")).toEqual([b.id]);
    expect(await found("assignee=Li%20Na")).toEqual([b.id]);
    expect(await found("channel_account=ca_2")).toEqual([c.id]);
    expect(await found("overdue=true")).toEqual([c.id]);
    expect(await found(`run=${run}&kind=duplicate&state=open&channel_account=ca_1`)).toEqual([
      a.id,
    ]);
    expect(await found(`run=${run}&kind=fee_mismatch`)).toEqual([]);
    expect(await found(`run=${randomId("run")}`)).toEqual([]);
    for (const query of ["kind=x", "state=closed", "overdue=yes", "nonsense=1", "limit=0"]) {
      const reply = await ask("GET", `${LIST}?${query}`, undefined, own.test);
      expect(refusal(reply)).toEqual([400, "INVALID_REQUEST"]);
    }
  });

  it("is read page by page, a run's too, and each cursor belongs to its list", async ({
    expect,
  }) => {
    const own = await newMerchant();
    const run = randomId("run");
    const now = Date.now();
    const made: string[] = [];
    for (let at = 0; at < 7; at += 1) {
      // Twins of one millisecond must not be lost between two pages.
      const created_at = now - Math.floor(at / 2);
      made.push((await plantException({ merchant_id: own.id, run_id: run, created_at })).id);
    }
    for (const query of ["", `&run=${run}`]) {
      const seen: string[] = [];
      let cursor = "";
      do {
        const reply = await ask("GET", `${LIST}?limit=2${query}${cursor}`, undefined, own.test);
        seen.push(...idsOf(reply));
        const { next_cursor: next } = reply.body;
        cursor = next === null ? "" : `&cursor=${next}`;
      } while (cursor !== "");
      expect(seen.toSorted()).toEqual(made.toSorted());
    }
    const ofRun = await ask("GET", `${LIST}?limit=2&run=${run}`, undefined, own.test);
    const mixed = `${LIST}?limit=2&cursor=${ofRun.body.next_cursor}`;
    expect(refusal(await ask("GET", mixed, undefined, own.test))).toEqual([400, "INVALID_CURSOR"]);
  });

  it("shows neither another merchant's nor the other mode's", async ({ expect }) => {
    const run = randomId("run");
    const { id } = await plant({ run_id: run });
    const stranger = await newMerchant();
    for (const key of [stranger.test, shop.live]) {
      for (const query of ["", `?run=${run}`]) {
        expect(idsOf(await ask("GET", `${LIST}${query}`, undefined, key))).not.toContain(id);
      }
      const attempts = [
        await ask("GET", `${LIST}/${id}`, undefined, key),
        await ask("PATCH", `${LIST}/${id}`, { state: "resolved" }, key),
        await ask("POST", `${LIST}/${id}/actions`, { action: "ask_channel" }, key),
      ];
      expect(attempts.map(refusal)).toEqual(attempts.map(() => [404, "NOT_FOUND"]));
    }
    expect(await read(id)).toMatchObject({ state: "open", notes: [] });
  });
});

describe("an exception", () => {
  it("has its evidence in one shape, its age and what can be done", async ({ expect }) => {
    const created_at = Date.now() - 90_000;
    const { id } = await plant({
      created_at,
      due_at: created_at + 60_000,
      run_id: "rr_1",
      channel: { amount: cny(699), status: "succeeded", fee: 4, file: "bill.csv", line: 12 },
    });
    const { body } = await ask("GET", `${LIST}/${id}`);
    const nothing = { fee: null, paid_at: null, reference: null, transaction_id: null };
    expect(body).toMatchObject({
      object: "reconciliation_exception",
      run: "rr_1",
      channel: { ...nothing, fee: 4, file: "bill.csv", line: 12, status: "succeeded" },
      gateway: { ...nothing, file: null, line: null, amount: cny(699) },
      merchant: null,
      overdue: true,
      due_at: new Date(created_at + 60_000).toISOString(),
      resolved_at: null,
      // It names no payment of ours.
      actions: ["adjust"],
      notes: [],
    });
    expect(body.age_seconds).toBeGreaterThanOrEqual(90);
    expect(body.explanation).toContain("(bill.csv, line 12)");
  });
});

describe("working on it", () => {
  const change = (id: string, body: unknown, key = shop.test) =>
    ask("PATCH", `${LIST}/${id}`, body, key);

  it("goes from open to acknowledged to an end, and everything is signed", async ({ expect }) => {
    const { id, snapshot } = await plant();
    const { body: keys } = await ask("GET", "/v1/api-keys");
    const by = keys.data.at(-1).id;
    await change(id, { assignee: "Li Na" });
    await change(id, { state: "acknowledged", note: "Called the bank." });
    await change(id, { note: "No answer yet." });
    const { body } = await change(id, { state: "resolved" });
    expect(body).toMatchObject({
      state: "resolved",
      assignee: "Li Na",
      overdue: false,
      actions: [],
    });
    expect(body.resolved_at).toBe(body.notes[3].at);
    expect(body.notes).toMatchObject([
      { by, text: "Assigned to Li Na.", action: "assigned" },
      { by, text: "Called the bank.", action: "acknowledged" },
      { by, text: "No answer yet.", action: null },
      { by, text: "Resolved.", action: "resolved" },
    ]);
    const row = await env.DB.prepare("SELECT snapshot FROM reconciliation_exceptions WHERE id = ?")
      .bind(id)
      .first();
    expect(row).toEqual({ snapshot });
    // Final; what somebody has to say about it is still taken.
    for (const late of [{ state: "acknowledged" }, { state: "resolved" }, { assignee: null }]) {
      expect(refusal(await change(id, late))).toEqual([409, "INVALID_STATE"]);
    }
    expect((await change(id, { note: "The money came." })).body).toMatchObject({
      state: "resolved",
      resolved_at: body.resolved_at,
    });
  });

  it("is written off only with a reason, and never with nothing", async ({ expect }) => {
    const { id } = await plant();
    for (const body of [
      {},
      { state: "written_off" },
      { state: "open" },
      { state: "resolved", note: "" },
      { note: "x".repeat(1_001) },
      { assignee: "" },
      { kind: "duplicate" },
      { notes: [] },
    ]) {
      expect([body, ...refusal(await change(id, body))]).toEqual([body, 400, "INVALID_REQUEST"]);
    }
    expect((await read(id)).notes).toEqual([]);
    const { body } = await change(id, { state: "written_off", note: "Two cents." });
    expect(body).toMatchObject({ state: "written_off", notes: [{ text: "Two cents." }] });
  });

  it("loses nobody's word when many write at once", async ({ expect }) => {
    const { id } = await plant();
    const words = Array.from({ length: 20 }, (_, at) => `note ${at}`);
    const replies = await Promise.all(words.map((note) => change(id, { note })));
    expect(replies.map(({ status }) => status)).toEqual(words.map(() => 200));
    const { notes } = await read(id);
    expect((notes as { text: string }[]).map(({ text }) => text).toSorted()).toEqual(
      words.toSorted(),
    );
  });

  it("is ended once, by whoever is first", async ({ expect }) => {
    const { id } = await plant();
    const replies = await Promise.all([
      change(id, { state: "resolved" }),
      change(id, { state: "written_off", note: "Lost." }),
      change(id, { state: "resolved" }),
    ]);
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    const { notes, state } = await read(id);
    expect(notes).toMatchObject([{ action: state }]);
  });

  it("has a limit of notes, and can be closed all the same", async ({ expect }) => {
    const notes = Array.from({ length: MAX_NOTES }, () => ({
      at: 1,
      by: "key_1",
      text: "again",
      action: null,
    }));
    const { id } = await plant({ notes });
    for (const body of [{ note: "one more" }, { assignee: "Li Na" }, { state: "acknowledged" }]) {
      expect(refusal(await change(id, body))).toEqual([409, "INVALID_STATE"]);
    }
    expect((await change(id, { state: "resolved" })).status).toBe(200);
  });

  it("needs the right to change things", async ({ expect }) => {
    const { id } = await plant();
    const { body } = await ask("POST", "/v1/api-keys", { scopes: ["reports:read"] });
    expect((await ask("GET", `${LIST}/${id}`, undefined, body.key)).status).toBe(200);
    const refused = [
      await change(id, { note: "mine" }, body.key),
      await ask("POST", `${LIST}/${id}/actions`, { action: "ask_channel" }, body.key),
    ];
    expect(refused.map(refusal)).toEqual(refused.map(() => [403, "SCOPE_MISSING"]));
  });
});

describe("asking the channel", () => {
  it("finds a payment whose callback was lost, and closes the exception", async ({ expect }) => {
    const payment = await newPayment(true, { metadata: { sandbox: "no_callback" } });
    const { id } = await plant(about(payment));
    const { status, body } = await act(id, { action: "ask_channel" });
    expect([status, body.state]).toEqual([200, "resolved"]);
    expect(body.notes).toMatchObject([{ action: "ask_channel" }]);
    expect(body.notes[0].text).toMatch(/^The channel says: SUCCESS, CNY 6\.99\. The payment is/);
    const { body: now } = await ask("GET", `/v1/payment-intents/${payment.id}`);
    expect(now.status).toBe("succeeded");
  });

  it("leaves it open while the two do not say the same", async ({ expect }) => {
    const payment = await newPayment(false);
    const { id } = await plant(about(payment));
    const { body } = await act(id, { action: "ask_channel" });
    expect(body.state).toBe("acknowledged");
    expect(body.notes[0].text).toContain("The payment is qr_generated here, with CNY 6.99.");
  });

  it("does not close it for other money than was found", async ({ expect }) => {
    const payment = await newPayment(true);
    const stray = { amount: cny(500), status: "SUCCESS", transaction_id: "4200009" };
    const gateway = { amount: cny(699), status: "succeeded" };
    const planted = { ...about(payment), channel: stray, gateway };
    const { id } = await plant({ ...planted, kind: "amount_mismatch" });
    expect((await act(id, { action: "ask_channel" })).body.state).toBe("acknowledged");
    const own = { amount: cny(600), status: "succeeded" };
    const { id: theirs } = await plant({ ...planted, channel: null, merchant: own });
    expect((await act(theirs, { action: "ask_channel" })).body.state).toBe("acknowledged");
  });

  it("asks about the refund where it is about one", async ({ expect }) => {
    const payment = await newPayment(true, { metadata: { sandbox: "refund_abnormal" } });
    const refund = await ask("POST", "/v1/refunds", {
      payment_intent: payment.id,
      amount: cny(100),
    });
    const { id } = await plant({ ...about(payment), reference: refund.body.id, channel: null });
    const { body } = await act(id, { action: "ask_channel" });
    expect(body.notes[0].text).toMatch(/ABNORMAL, CNY 1\.00\. The refund is processing here/);
    expect(body.actions).toEqual(["ask_channel", "adjust"]);

    const healthy = await newPayment(true);
    const done = await ask("POST", "/v1/refunds", { payment_intent: healthy.id, amount: cny(100) });
    const other = await plant({ ...about(healthy), reference: done.body.id, channel: null });
    await ask("GET", `/v1/refunds/${done.body.id}`);
    expect((await act(other.id, { action: "ask_channel" })).body).toMatchObject({
      state: "resolved",
      notes: [{ text: expect.stringContaining("SUCCESS, CNY 1.00. The refund is succeeded") }],
    });
  });

  it("is refused where there is nobody to ask, and tells when nobody answers", async ({
    expect,
  }) => {
    const { id } = await plant({ kind: "missing_at_gateway", gateway: null });
    expect(refusal(await act(id, { action: "ask_channel" }))).toEqual([409, "INVALID_STATE"]);
    // Another merchant's payment is as good as none.
    const stranger = await newMerchant();
    const { body } = await ask("POST", "/v1/payment-intents", wechatPayment(), stranger.test);
    const { id: foreign } = await plant(about(body));
    for (const action of ["ask_channel", "accept_late", "refund"]) {
      expect(refusal(await act(foreign, { action }))).toEqual([404, "PAYMENT_INTENT_NOT_FOUND"]);
    }
  });
});

describe("a refund", () => {
  const refundsOf = async ({ id }: Payment) =>
    (await ask("GET", `/v1/payment-intents/${id}`)).body.amount_refunded.value;

  it("is made once, whoever asks and however often", async ({ expect }) => {
    const payment = await newPayment(true);
    const { id } = await plant({ ...about(payment), kind: "amount_mismatch" });
    const body = { action: "refund", amount: cny(100), reason: "paid too much" };
    const replies = await Promise.all([1, 2, 3, 4, 5].map(() => act(id, body)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    await act(id, body, { "Idempotency-Key": "another" });
    expect(await refundsOf(payment)).toBe(100);
    const { notes, state } = await read(id);
    const texts = (notes as { text: string }[]).map(({ text }) => text);
    expect(texts.filter((text) => text === "Refunding CNY 1.00.")).toHaveLength(1);
    expect(texts.filter((text) => text.endsWith(" of CNY 1.00 is succeeded."))).toHaveLength(1);
    expect(state).toBe("acknowledged");
    // Another amount is another wish, which this exception cannot grant any more.
    const more = await act(id, { action: "refund", amount: cny(200) });
    expect(refusal(more)).toEqual([409, "INVALID_STATE"]);
    expect(more.body.error.details).toMatchObject({ amount: cny(100) });
    expect(await refundsOf(payment)).toBe(100);
  });

  it("needs the right to refund beside the right to change", async ({ expect }) => {
    const payment = await newPayment(true);
    const { id } = await plant({ ...about(payment), kind: "amount_mismatch" });
    const { body } = await ask("POST", "/v1/api-keys", { scopes: ["channels:write"] });
    const reply = await ask("POST", `${LIST}/${id}/actions`, { action: "refund" }, body.key);
    expect(refusal(reply)).toEqual([403, "SCOPE_MISSING"]);
    expect(reply.body.error.details).toEqual({ scope: "refunds:write" });
    expect(await refundsOf(payment)).toBe(0);
    expect((await read(id)).notes).toEqual([]);
  });

  it("is refused as any other, and the refusal is written down", async ({ expect }) => {
    const unpaid = await newPayment(false);
    const { id } = await plant(about(unpaid));
    expect(refusal(await act(id, { action: "refund" }))).toEqual([409, "INVALID_STATE"]);
    expect((await read(id)).notes.at(-1).text).toMatch(/^Not refunded: Only a payment that has/);
    const paid = await newPayment(true);
    const { id: dear } = await plant({ ...about(paid), kind: "amount_mismatch" });
    const tooMuch = await act(dear, { action: "refund", amount: cny(700) });
    expect(refusal(tooMuch)).toEqual([422, "REFUND_EXCEEDS_PAYMENT"]);
    // A second payment is not the one that we could give back.
    const { id: second } = await plant({ ...about(paid), kind: "duplicate" });
    expect(refusal(await act(second, { action: "refund" }))).toEqual([409, "INVALID_STATE"]);
    expect(await refundsOf(paid)).toBe(0);
  });

  it("that was made when we died is found by the repeat", async ({ expect }) => {
    const payment = await newPayment(true);
    const { id } = await plant({ ...about(payment), kind: "amount_mismatch" });
    let writes = 0;
    const dying = new Proxy(env.DB, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name === "prepare") {
          return (text: string) => {
            // The note before the refund is written; the one after it is not.
            if (text.startsWith('update "reconciliation_exceptions"') && (writes += 1) > 1) {
              throw new Error("D1_ERROR: gone");
            }
            return target.prepare(text);
          };
        }
        return typeof value === "function"
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    const send = async (bindings: Env) => {
      const ctx = createExecutionContext();
      const request = new Request(`http://gateway.test${LIST}/${id}/actions`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${shop.test}`,
          "Content-Type": "application/json",
          "Idempotency-Key": "dies",
        },
        body: JSON.stringify({ action: "refund", amount: cny(150) }),
      });
      const response = await createApp().fetch(request, bindings, ctx);
      await waitOnExecutionContext(ctx);
      return response.status;
    };
    expect(await send({ ...env, DB: dying })).toBe(500);
    expect(await refundsOf(payment)).toBe(150);
    expect((await read(id)).notes).toMatchObject([{ text: "Refunding CNY 1.50." }]);
    expect(await send(env)).toBe(200);
    expect(await refundsOf(payment)).toBe(150);
    expect((await read(id)).notes).toHaveLength(2);
  });
});

const PAID = { amount: cny(699), status: "succeeded" };

describe("accepting a late payment", () => {
  it("takes the channel's line for proof, once", async ({ expect }) => {
    const payment = await newPayment(false);
    const at = Date.parse("2026-11-01T08:31:07.000Z");
    const transaction_id = "4200001234202611018765432109";
    const paid_at = new Date(at).toISOString();
    const channel = { amount: cny(699), status: "succeeded", transaction_id, paid_at };
    const { id } = await plant({ ...about(payment), channel });
    expect((await read(id)).actions).toEqual(["ask_channel", "accept_late", "refund", "adjust"]);
    const replies = await Promise.all([1, 2, 3].map(() => act(id, { action: "accept_late" })));
    // Who came after the end found it closed.
    expect(replies.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(replies.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const { body } = await ask("GET", `/v1/payment-intents/${payment.id}`);
    expect(body).toMatchObject({
      status: "succeeded",
      channel_transaction_id: transaction_id,
      succeeded_at: paid_at,
    });
    const { state, notes } = await read(id);
    expect(state).toBe("resolved");
    expect(notes).toMatchObject([
      { text: "Accepting CNY 6.99 as paid.", action: "accept_late" },
      { text: "Accepted: the payment is succeeded, with CNY 6.99.", action: "accept_late" },
    ]);
  });

  it.for<[string, Evidence | null]>([
    ["another amount", { amount: cny(1), status: "succeeded" }],
    ["another currency", { amount: { currency: "USD", value: 699 }, status: "succeeded" }],
    ["no money", { amount: cny(699), status: "failed" }],
    ["money that was taken back", { amount: cny(699), status: "reversed" }],
    ["a file that the merchant uploaded", { ...PAID, origin: "upload", file: "a.csv", line: 2 }],
    ["no word", null],
  ])("is refused with %s", async ([, channel], { expect }) => {
    const payment = await newPayment(false);
    const { id } = await plant({ ...about(payment), channel });
    expect(refusal(await act(id, { action: "accept_late" }))).toEqual([409, "INVALID_STATE"]);
    const { body } = await ask("GET", `/v1/payment-intents/${payment.id}`);
    expect(body.status).toBe("qr_generated");
  });

  it("is refused on the word of another account", async ({ expect }) => {
    const payment = await newPayment(false);
    const channel_account = randomId("channelAccount");
    const { id } = await plant({ ...about(payment), channel_account });
    expect(refusal(await act(id, { action: "accept_late" }))).toEqual([409, "INVALID_STATE"]);
    expect((await read(id)).state).toBe("acknowledged");
    const { body } = await ask("GET", `/v1/payment-intents/${payment.id}`);
    expect(body.status).toBe("qr_generated");
  });
});

describe("correcting the books", () => {
  const entriesOf = async (cause: string) => {
    const { results } = await env.DB.prepare("SELECT * FROM ledger_entries WHERE cause = ?")
      .bind(cause)
      .all();
    return results;
  };
  const adjust = { action: "adjust", direction: "up", amount: cny(199), memo: "The rest." };

  it("books once for an exception, and says so", async ({ expect }) => {
    const { id } = await plant();
    const replies = await Promise.all([1, 2, 3, 4, 5].map(() => act(id, adjust)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await entriesOf(id)).toMatchObject([
      {
        id: `le_b${id.slice(3)}`,
        merchant_id: shop.id,
        livemode: 0,
        kind: "adjustment",
        debit: "channel:ca_1",
        credit: "adjustments",
        currency: "CNY",
        value: 199,
        memo: "The rest.",
      },
    ]);
    expect(await read(id)).toMatchObject({
      state: "acknowledged",
      actions: [],
      notes: [{ text: "Booked CNY 1.99 up: The rest.", action: "adjust" }],
    });
    // The other direction has another entry: it must not come beside the first.
    for (const other of [
      { ...adjust, direction: "down" },
      { ...adjust, amount: cny(200) },
    ]) {
      expect(refusal(await act(id, other))).toEqual([409, "INVALID_STATE"]);
    }
    expect(await entriesOf(id)).toHaveLength(1);
  });

  it("takes down what the channel does not have", async ({ expect }) => {
    const { id } = await plant();
    await act(id, { ...adjust, direction: "down" });
    expect(await entriesOf(id)).toMatchObject([
      { kind: "adjustment_down", debit: "adjustments", credit: "channel:ca_1", value: 199 },
    ]);
  });

  it("one of two that differ wins", async ({ expect }) => {
    const { id } = await plant();
    const replies = await Promise.all([
      act(id, adjust),
      act(id, { ...adjust, direction: "down" }),
      act(id, { ...adjust, amount: cny(5) }),
    ]);
    expect(replies.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    expect(await entriesOf(id)).toHaveLength(1);
  });

  it("refuses what makes no sense", async ({ expect }) => {
    const { id } = await plant();
    for (const change of [
      { amount: cny(0) },
      { amount: cny(-1) },
      { amount: cny(1.5) },
      { amount: { currency: "USD", value: 1 } },
      // More than any side speaks of is a slip of the hand, and could not be taken back.
      { amount: cny(700) },
      { direction: "sideways" },
      { memo: "" },
      { action: "refund" },
      { action: "nothing" },
      { action: "ask_channel" },
      { memo: undefined },
      { direction: undefined },
      { reason: "no refund" },
    ]) {
      const { status } = await act(id, { ...adjust, ...change });
      expect([change, status]).toEqual([change, 400]);
    }
    expect(await entriesOf(id)).toEqual([]);
    expect((await read(id)).notes).toEqual([]);
  });

  it("and everything else is over when the exception is closed", async ({ expect }) => {
    const payment = await newPayment(true);
    for (const state of ["resolved", "written_off"] as const) {
      const { id } = await plant({ ...about(payment), state, resolved_at: Date.now() });
      const bodies = [adjust, { action: "ask_channel" }, { action: "refund" }];
      for (const body of [...bodies, { action: "accept_late" }]) {
        expect(refusal(await act(id, body))).toEqual([409, "INVALID_STATE"]);
      }
      expect(await entriesOf(id)).toEqual([]);
      expect(await read(id)).toMatchObject({ state, notes: [], actions: [] });
    }
  });
});

describe("the advice", () => {
  const side = (changes: Partial<Evidence> = {}): Evidence => ({
    amount: cny(699),
    status: "succeeded",
    ...changes,
  });
  const sides = [null, side(), side({ amount: cny(500) }), side({ status: "failed", fee: -3 })];

  it("has two whole sentences for whatever is found", ({ expect }) => {
    for (const kind of EXCEPTION_KINDS) {
      for (const lineKind of ["payment", "refund"] as const) {
        for (const channel of sides) {
          for (const gateway of sides) {
            for (const merchant of sides) {
              const finding: Finding = { kind, lineKind, channel, gateway, merchant };
              const { explanation, proposed_fix } = advise(finding);
              for (const text of [explanation, proposed_fix]) {
                expect(text).toMatch(/^[A-Z“].*\.$/);
                expect(text).not.toMatch(/undefined|null|NaN|\s{2}|\.\./);
              }
            }
          }
        }
      }
    }
  });

  it("names the sides that disagree, with their numbers", ({ expect }) => {
    const finding = {
      lineKind: "payment",
      channel: side({ amount: cny(500), file: "bill.csv", line: 3 }),
      gateway: side(),
      merchant: null,
    } as const;
    expect(advise({ ...finding, kind: "amount_mismatch" }).explanation).toBe(
      "The channel says CNY 5.00 for this payment (bill.csv, line 3); we have CNY 6.99.",
    );
    const own = { ...finding, channel: side(), merchant: side({ amount: cny(700) }) };
    expect(advise({ ...own, kind: "amount_mismatch" }).explanation).toBe(
      "Your own records say CNY 7.00 for this payment; we have CNY 6.99.",
    );
    const fee = { ...finding, channel: side({ fee: 5 }), gateway: side({ fee: 4 }) };
    expect(advise({ ...fee, kind: "fee_mismatch" }).explanation).toBe(
      "The channel kept CNY 0.05 of this payment of CNY 6.99; by your contract it should be " +
        "CNY 0.04.",
    );
  });
});
