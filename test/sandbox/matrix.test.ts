/**
 * Every channel of the registry × every method × every fault script, through the whole gateway:
 * whatever goes wrong, the payment ends where the channel says it does, once, and never gives back
 * more than was paid. A new channel is in it by being in the registry.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, type ExpectStatic, it } from "vitest";

import { type ChannelInfo, type Method, type Requirement } from "../../src/channels/adapter.ts";
import { CHANNELS } from "../../src/channels/registry.ts";
import { isTerminal, type PaymentStatus } from "../../src/payments/states.ts";
import { faultOf } from "../../src/sandbox/scripts.ts";
import { FAULT_SCRIPTS, type FaultScript } from "../../src/sandbox/simulator.ts";
import { api, eventsOf, intentStub, type Merchant, newMerchant } from "../intent/kit.ts";

let merchant: Merchant;
beforeAll(async () => {
  merchant = await newMerchant("Matrix");
});

/** A buyer who has everything that a channel may ask for. */
const GIVEN: Readonly<Record<Requirement, (body: Record<string, unknown>) => unknown>> = {
  "payer.openid": (body) => ({ ...body, payer: { ...payerOf(body), openid: "oBuyer00000000001" } }),
  "payer.auth_code": (body) => ({
    ...body,
    payer: { ...payerOf(body), auth_code: "281234567890123412" },
  }),
  "payer.client_ip": (body) => ({ ...body, payer: { ...payerOf(body), client_ip: "203.0.113.7" } }),
  os_type: (body) => ({ ...body, os_type: "ios" }),
  return_url: (body) => ({ ...body, return_url: "https://shop.example/back" }),
};

const payerOf = (body: Record<string, unknown>) => Object(body["payer"] ?? {});

function orderFor(info: ChannelInfo, method: Method, script: FaultScript | null) {
  const body: Record<string, unknown> = {
    amount: { currency: info.currencies[0], value: Math.max(info.limits.min, 700) },
    channel: info.slug,
    method,
    description: "Tea",
    metadata: script === null ? {} : { sandbox: script },
  };
  // Some needs depend on the wallet behind the channel: a buyer's system and a way back never harm.
  const needs: readonly Requirement[] = ["os_type", "return_url", "payer.client_ip"];
  return [...needs, ...(info.requires[method] ?? [])].reduce<Record<string, unknown>>(
    (order, need) => GIVEN[need](order) as Record<string, unknown>,
    body,
  );
}

const call = (verb: string, path: string, body?: unknown) =>
  api(verb, path, { key: merchant.test, ...(body === undefined ? {} : { body }) });

const statusOf = async (id: string): Promise<PaymentStatus> =>
  (await call("GET", `/v1/payment-intents/${id}`)).body.status;

/** The simulated channel's own order. */
function channelOrder(info: ChannelInfo, account: string, id: string) {
  const number = CHANNELS[info.slug]?.sandbox.orderNumber?.(id) ?? id;
  return env.SANDBOX_ORDERS.getByName(`${info.slug}:${account}:${number}`);
}

/** Time passes for what is open: the object asks again. */
async function ask(id: string): Promise<void> {
  await runInDurableObject(intentStub(id), (_, { storage: { sql } }) => {
    sql.exec("UPDATE intent SET ask_at = 1");
    const tables = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'refund'").toArray();
    if (tables.length === 0) return;
    sql.exec("UPDATE refund SET ask_at = 1");
    sql.exec("UPDATE intent SET afterwork_at = 1 WHERE afterwork_at IS NOT NULL");
  });
  await intentStub(id).wake();
}

const once = (events: readonly string[], type: string) =>
  events.filter((event) => event === type).length;

async function checkRefund(info: ChannelInfo, id: string, expect: ExpectStatic): Promise<void> {
  if (info.refunds === null) {
    const refused = await call("POST", "/v1/refunds", { payment_intent: id });
    expect([refused.status, refused.body.error.code]).toEqual([422, "CHANNEL_REJECTED"]);
    return;
  }
  const made = await call("POST", "/v1/refunds", { payment_intent: id });
  expect([201, 202], JSON.stringify(made.body)).toContain(made.status);
  for (let round = 0; round < 2; round += 1) await ask(id);
  const { body: after } = await call("GET", `/v1/refunds/${made.body.id}`);
  const { body: payment } = await call("GET", `/v1/payment-intents/${id}`);
  const again = await call("POST", "/v1/refunds", { payment_intent: id });
  expect(again.body.error.code, "the whole payment is given back or held").toBe(
    "REFUND_EXCEEDS_PAYMENT",
  );
  const stuck = after.status === "processing";
  expect(after.status, JSON.stringify(after)).toMatch(/^(succeeded|processing)$/);
  expect(payment.amount_refunded.value).toBe(stuck ? 0 : payment.amount.value);
  const events = await eventsOf(id);
  expect(once(events, "refund.created")).toBe(1);
  expect(once(events, "refund.succeeded")).toBe(stuck ? 0 : 1);
}

/** The payment's id, after it was made and paid and whatever the script did. */
async function journey(
  info: ChannelInfo,
  method: Method,
  script: FaultScript | null,
  expect: ExpectStatic,
): Promise<string> {
  const created = await call("POST", "/v1/payment-intents", orderFor(info, method, script));
  expect(created.status, JSON.stringify(created.body)).toBe(201);
  const { id, payee } = created.body;
  // Whatever was lost on the way is found by asking.
  for (let round = 0; round < 2; round += 1) await call("POST", `/v1/payment-intents/${id}/sync`);
  const paid = await call("POST", `/sandbox/payments/${id}/pay`);
  expect(paid.status, JSON.stringify(paid.body)).toBe(200);
  expect(paid.body.state).toBe("paid");
  await call("POST", `/v1/payment-intents/${id}/sync`);
  if (script === "late_callback") {
    // The channel hides the payment until the order was closed.
    await call("POST", `/v1/payment-intents/${id}/cancel`);
    await runDurableObjectAlarm(channelOrder(info, payee.merchant_account, id));
    await ask(id);
  }
  if (script === "statement_only") {
    // The channel tells nobody until the payment has stood in a statement.
    await channelOrder(info, payee.merchant_account, id).reveal();
    await call("POST", `/v1/payment-intents/${id}/sync`);
  }
  return id;
}

const rows = Object.values(CHANNELS).flatMap(({ adapter: { info } }) =>
  info.methods.map((method): [string, ChannelInfo, Method] => [
    `${info.slug} ${method}`,
    info,
    method,
  ]),
);

/** What was written down for people; the copies of it arrive a moment later. */
const exceptions = async (): Promise<{ kind: string }[]> =>
  (await call("GET", "/v1/reconciliation/exceptions?limit=100")).body.data;

/** A payment whose line in the statement is spoiled goes as one without a script. */
const SCRIPTS = FAULT_SCRIPTS.filter((script) => faultOf(script).statement === null);

describe.for(rows)("%s", ([, info, method]) => {
  it.for([null, ...SCRIPTS])("%s", async (script, { expect }) => {
    const id = await journey(info, method, script, expect);
    expect(await statusOf(id)).toBe("succeeded");
    expect(once(await eventsOf(id), "payment_intent.succeeded")).toBe(1);
    await checkRefund(info, id, expect);
  });

  it("unpaid and cancelled: nobody can pay it any more, and it has ended", async ({ expect }) => {
    const { body } = await call("POST", "/v1/payment-intents", orderFor(info, method, null));
    // A scanned code may be paid before anybody can cancel.
    if (body.status === "succeeded") return;
    const cancelled = await call("POST", `/v1/payment-intents/${body.id}/cancel`);
    expect([200, 202], JSON.stringify(cancelled.body)).toContain(cancelled.status);
    if (!isTerminal(await statusOf(body.id))) {
      // Where nothing can be closed, the order's own deadline has to pass.
      await runInDurableObject(intentStub(body.id), (_, { storage }) => {
        storage.sql.exec("UPDATE intent SET expires_at = 1");
      });
      await ask(body.id);
    }
    expect(await statusOf(body.id)).toMatch(/^(cancelled|expired)$/);
  });
});

describe("what was written down for people", () => {
  it("is the wrong amounts, and nothing that was in order", async ({ expect }) => {
    const kinds = new Set((await exceptions()).map(({ kind }) => kind));
    expect([...kinds]).toEqual(["amount_mismatch"]);
  });
});
