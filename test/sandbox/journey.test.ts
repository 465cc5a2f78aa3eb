/** Every fault script against the whole gateway: what the merchant sees in the end. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import * as z from "zod";
import { beforeAll, describe, it } from "vitest";

import { FAULT_SCRIPTS, type FaultScript } from "../../src/sandbox/simulator.ts";
import { bookingDay } from "../../src/sandbox/statement.ts";
import { sandboxOrders } from "../../src/sandbox/transport.ts";

const Reply = z.looseObject({
  id: z.string().optional(),
  status: z.string().optional(),
  state: z.string().optional(),
  late: z.boolean().optional(),
  keys: z.object({ test: z.string() }).optional(),
  payee: z.object({ merchant_account: z.string() }).optional(),
  callbacks: z.array(z.looseObject({ acknowledged: z.boolean() })).optional(),
});

let key = "";

async function call(method: string, path: string, body?: unknown, authorization = key) {
  const request = new Request(`https://pay.example${path}`, {
    method,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${authorization}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await exports.default.fetch(request);
  return { status: response.status, body: Reply.parse(await response.json()) };
}

beforeAll(async () => {
  const admin = env.ADMIN_TOKEN ?? "";
  const { body } = await call("POST", "/v1/admin/merchants", { name: "Journeys" }, admin);
  key = body.keys?.test ?? "";
});

async function aPayment(channel: string, script: FaultScript | null) {
  const { body } = await call("POST", "/v1/payment-intents", {
    amount: { currency: "CNY", value: 699 },
    channel,
    description: "Tea",
    metadata: script === null ? {} : { sandbox: script },
  });
  const id = body.id ?? "";
  const merchant = body.payee?.merchant_account ?? "";
  return {
    created: body.status,
    order: env.SANDBOX_ORDERS.getByName(`${channel}:${merchant}:${id}`),
    act: (action: string) => call("POST", `/sandbox/payments/${id}/${action}`),
    post: (action: string) => call("POST", `/v1/payment-intents/${id}/${action}`, {}),
    read: async () => (await call("GET", `/v1/payment-intents/${id}`)).body,
  };
}

interface Course {
  readonly created: string;
  /** HTTP status of the buyer's payment, and the acknowledgements of its callbacks. */
  readonly pay: readonly [number, readonly boolean[]];
  readonly after: string;
  /** After the merchant asked the gateway to ask the channel. */
  readonly synced: string;
}

const ORDINARY: Course = {
  created: "qr_generated",
  pay: [200, [true]],
  after: "succeeded",
  synced: "succeeded",
};
const LOST: Course = { ...ORDINARY, created: "pending" };
/** Nobody can pay what the channel does not know; asking brings the code. */
const NOT_ORDERED: Course = {
  created: "pending",
  pay: [409, []],
  after: "pending",
  synced: "qr_generated",
};
const UNHEARD: Course = { ...ORDINARY, pay: [200, [false]], after: "qr_generated" };

const COURSES: Readonly<Record<Exclude<FaultScript, "late_callback" | "statement_only">, Course>> =
  {
    timeout_before_create: NOT_ORDERED,
    timeout_after_create: LOST,
    error_500: NOT_ORDERED,
    malformed_reply: LOST,
    unsigned_reply: LOST,
    duplicate_callback: { ...ORDINARY, pay: [200, [true, true]] },
    callback_before_reply: { ...ORDINARY, created: "succeeded" },
    no_callback: { ...UNHEARD, pay: [200, []] },
    wrong_amount_callback: UNHEARD,
    wrong_signature_callback: UNHEARD,
    sign_test_probe: { ...ORDINARY, pay: [200, [false, true]] },
    refund_timeout: ORDINARY,
    refund_abnormal: ORDINARY,
    statement_missing: ORDINARY,
    statement_wrong_amount: ORDINARY,
    statement_wrong_fee: ORDINARY,
    statement_status: ORDINARY,
    statement_duplicate: ORDINARY,
    split_rejected: ORDINARY,
    split_stuck: ORDINARY,
    split_timeout: ORDINARY,
  };

describe.for(["wechat", "alipay"])("a payment through the sandbox's %s", (channel) => {
  const scripts = [
    null,
    ...FAULT_SCRIPTS.filter((script) => script !== "late_callback" && script !== "statement_only"),
  ];

  it.for(scripts)("%s", async (script, { expect }) => {
    const course = script === null ? ORDINARY : COURSES[script];
    const { created, act, read, post } = await aPayment(channel, script);
    expect(created).toBe(course.created);
    const paid = await act("pay");
    expect([paid.status, paid.body.callbacks?.map((one) => one.acknowledged) ?? []]).toEqual(
      course.pay,
    );
    expect((await read()).status).toBe(course.after);
    expect((await post("sync")).body.status).toBe(course.synced);
  });

  it("late_callback: cancelled, then paid by the channel's proof", async ({ expect }) => {
    const { created, act, read, post, order } = await aPayment(channel, "late_callback");
    expect(created).toBe("qr_generated");
    expect((await act("pay")).body.state).toBe("paid");
    expect((await post("sync")).body.status).toMatch(/^(qr_generated|scanning)$/);
    expect((await post("cancel")).body.status).toBe("cancelled");
    expect(await runDurableObjectAlarm(order)).toBe(true);
    expect(await read()).toMatchObject({ status: "succeeded", late: true });
  });

  it("late_callback: paid after the cancellation", async ({ expect }) => {
    const { act, read, post } = await aPayment(channel, "late_callback");
    await act("scan");
    expect((await post("cancel")).body.status).toBe("cancelled");
    expect((await act("pay")).status).toBe(200);
    expect(await read()).toMatchObject({ status: "succeeded", late: true });
  });

  it("statement_only: unpaid to everybody who asks, until it stood in a statement", async ({
    expect,
  }) => {
    const { created, act, read, post, order } = await aPayment(channel, "statement_only");
    expect(created).toBe("qr_generated");
    expect((await act("pay")).body).toMatchObject({ state: "paid", callbacks: [] });
    expect((await post("sync")).body.status).toMatch(/^(qr_generated|scanning)$/);
    expect(await runDurableObjectAlarm(order)).toBe(false);
    const { merchant, paidAt } = await runInDurableObject(order, async (object) => {
      const wallet = await object.wallet();
      return { merchant: wallet?.order.merchant ?? "", paidAt: wallet?.order.paidAt ?? 0 };
    });
    await sandboxOrders(env, null, () => {}).ask(channel, merchant, bookingDay(paidAt));
    expect((await post("sync")).body.status).toBe("succeeded");
    expect(await read()).toMatchObject({ status: "succeeded" });
  });

  it("declined stays payable, closed does not", async ({ expect }) => {
    const { act, read, post } = await aPayment(channel, null);
    expect((await act("decline")).body.state).toBe("scanned");
    expect((await post("sync")).body.status).toMatch(/^(qr_generated|scanning)$/);
    expect((await act("close")).body.state).toBe("closed");
    expect((await act("pay")).status).toBe(409);
    expect((await read()).status).not.toBe("succeeded");
  });
});
