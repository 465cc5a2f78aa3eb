/** Orders that a buyer has left, while the payment is cancelled, closed or given back around them. */
import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, it, vi } from "vitest";

import { toPem } from "../../src/crypto/pem.ts";
import { generateRsaPair } from "../../src/crypto/rsa.ts";
import type { PaymentReport } from "../../src/channels/adapter.ts";
import type { Answer } from "../../src/intent/answers.ts";
import type { Choice } from "../../src/intent/reserve.ts";
import type { TimelineEntry } from "../../src/intent/timeline.ts";
import type { PaymentIntentView } from "../../src/intent/view.ts";
import { findChannelAccount } from "../../src/store/channel-accounts.ts";
import { database } from "../../src/store/db.ts";
import { manifestOf } from "../agents/kit.ts";
import {
  aggregateRequest,
  api,
  gate,
  intentStub,
  openShop,
  paidReport,
  projected,
  QR,
  type Shop,
  TRACE,
  WAP,
} from "./kit.ts";

let shop: Shop;

beforeEach(async () => {
  shop = await openShop();
});

/** A live payment whose buyer has chosen the code. */
async function payment() {
  const account = await findChannelAccount(database(env.DB), shop.bank.account);
  if (account === null) throw new Error("no account");
  const request = aggregateRequest(shop.merchant, account);
  const { id } = request.terms;
  await intentStub(id).create(request, [account]);
  await choose(id, QR);
  return { id, second: `${id}1`, owner: { merchantId: shop.merchant.id, livemode: true } };
}

const choose = async (id: string, choice: Choice): Promise<Answer> =>
  intentStub(id).choose(choice, TRACE);

const read = async (id: string) =>
  JSON.parse((await intentStub(id).get()) ?? "null") as PaymentIntentView;

const tell = (id: string, report: PaymentReport) =>
  intentStub(id).report(shop.bank.account, report, TRACE);

const edit = (id: string, statement: string) =>
  runInDurableObject(intentStub(id), (_, { storage }) => {
    storage.sql.exec(statement);
  });

const exceptionsOf = async (id: string): Promise<{ kind: string }[]> => {
  const { body } = await api("GET", "/v1/reconciliation/exceptions", { key: shop.merchant.live });
  return body.data.filter((each: { payment_intent: string }) => each.payment_intent === id);
};

describe("a cancel in the middle of a choice", () => {
  it("ends the payment with the order that was closed, and not at the deadline", async ({
    expect,
  }) => {
    const { id, owner } = await payment();
    const { road, reached, open } = gate();
    shop.bank.detour(road);
    const choosing = choose(id, WAP);
    await reached;
    const cancelling = intentStub(id).cancel(owner, null, TRACE);
    await vi.waitFor(async () => {
      if ((await read(id)).next_action?.type !== "wait") throw new Error("not yet");
    });
    open();
    await Promise.all([choosing, cancelling]);
    expect(await read(id)).toMatchObject({ status: "cancelled", next_action: null });
    expect(shop.bank.orders.find(id)?.state).toBe("closed");
  });
});

describe("an order that was left and is paid", () => {
  it("counts also when the order in its place was paid and given back", async ({ expect }) => {
    const { id } = await payment();
    await choose(id, WAP);
    await edit(id, "UPDATE intent SET status = 'cancelled', reversed = 1");
    await tell(id, paidReport(id));
    expect(await read(id)).toMatchObject({
      status: "succeeded",
      late: true,
      channel_transaction_id: paidReport(id).channelTransactionId,
    });
  });

  it("is no duplicate when its close has given the money back", async ({ expect }) => {
    const { id, second } = await payment();
    await choose(id, WAP);
    await edit(id, "UPDATE left_order SET reversed = 1");
    await tell(id, paidReport(second));
    await tell(id, paidReport(id));
    // The same news about another order of the payment shows that exceptions would be seen.
    await edit(id, "UPDATE left_order SET reversed = 0");
    await tell(id, { ...paidReport(id), channelTransactionId: "4200000000000000000000000099" });
    await vi.waitFor(async () => {
      if ((await exceptionsOf(id)).length === 0) throw new Error("not yet");
    });
    expect(await exceptionsOf(id)).toHaveLength(1);
    expect((await read(id)).channel_transaction_id).toBe(paidReport(second).channelTransactionId);
  });

  it("waits for an order on its way before it closes it", async ({ expect }) => {
    const { id, second } = await payment();
    const { road, reached, open } = gate();
    shop.bank.detour((request, arrive) =>
      new URL(request.url).pathname === "/v3/pay/transactions/h5"
        ? road(request, arrive)
        : arrive(),
    );
    const choosing = choose(id, WAP);
    await reached;
    const closes = () => shop.bank.seen.filter(({ path }) => path.includes(second));
    await tell(id, paidReport(id));
    expect(await read(id)).toMatchObject({ status: "succeeded", method: "qr" });
    expect(closes()).toEqual([]);
    open();
    await choosing;
    await vi.waitFor(() => {
      if (shop.bank.orders.find(second)?.state !== "closed") throw new Error("still open");
    });
  });

  it("leaves nothing for the sweeper once all is closed", async ({ expect }) => {
    const { id, second } = await payment();
    await choose(id, WAP);
    await tell(id, paidReport(id));
    await vi.waitFor(() => {
      if (shop.bank.orders.find(second)?.state !== "closed") throw new Error("still open");
    });
    const { sequence } = await read(id);
    expect((await projected(id, sequence))["deadline"]).not.toBeNull();
    await edit(id, "UPDATE intent SET afterwork_at = 1");
    await runDurableObjectAlarm(intentStub(id));
    await vi.waitFor(async () => {
      if ((await projected(id, sequence))["deadline"] !== null) throw new Error("not yet");
    });
  });
});

describe("the journal", () => {
  it("says that news of a left order changed nothing", async ({ expect }) => {
    const { id, owner } = await payment();
    await choose(id, WAP);
    await tell(id, { ...paidReport(id), state: "closed", channelStatus: "CLOSED" });
    const text = (await intentStub(id).timeline(owner)) ?? "";
    const { entries } = JSON.parse(text) as { entries: TimelineEntry[] };
    expect(entries.filter(({ type }) => type === "callback")).toMatchObject([
      { outcome: "known", status: "CLOSED" },
    ]);
  });
});

describe("a service's payment", () => {
  it("is offered by the channels that the merchant still has accounts for", async ({ expect }) => {
    const { merchant } = shop;
    const own = await generateRsaPair();
    const platform = await generateRsaPair();
    const saved = await api("POST", "/v1/channel-accounts", {
      key: merchant.live,
      body: {
        channel: "alipay",
        mode: "direct",
        display_name: "Live",
        credentials: {
          app_id: "2021000000000001",
          private_key: toPem("PRIVATE KEY", own.privateKey),
          alipay_public_key: toPem("PUBLIC KEY", platform.publicKey),
        },
      },
    });
    const made = await api("POST", "/v1/services", { key: merchant.live, body: manifestOf() });
    const active = await api("PATCH", `/v1/services/${made.body.id}/activate`, {
      key: merchant.live,
    });
    expect(active.status, JSON.stringify(active.body)).toBe(200);
    const body = { service_id: made.body.id };
    const create = (named: Record<string, unknown>) =>
      api("POST", "/v1/payment-intents", { key: merchant.live, body: { ...body, ...named } });
    expect((await create({})).body.channels).toEqual(["alipay", "wechat"]);

    const gone = await api("PATCH", `/v1/channel-accounts/${saved.body.id}`, {
      key: merchant.live,
      body: { status: "disabled" },
    });
    expect(gone.status, JSON.stringify(gone.body)).toBe(200);
    expect((await create({})).body).toMatchObject({ channel: "wechat", channels: null });
    // What the request itself names is not left out in silence.
    const refused = await create({ channels: ["alipay", "wechat"] });
    expect(refused.body.error).toMatchObject({ code: "CHANNEL_NOT_CONFIGURED" });
  });
});
