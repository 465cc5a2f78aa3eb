/**
 * The whole way, with the simulated channels: payments by the API, the day's file from the channel
 * itself, planted defects found, and what people do about them.
 */
import { beforeAll, describe, it, vi } from "vitest";

import { dayAt } from "../../src/days.ts";
import { api, type Merchant, newMerchant } from "../intent/kit.ts";

const CNY = (value: number) => ({ currency: "CNY", value });

let merchant: Merchant;

beforeAll(async () => {
  merchant = await newMerchant();
});

const call = async (method: string, path: string, body?: unknown) => {
  const reply = await api(method, path, {
    key: merchant.test,
    ...(body === undefined ? {} : { body }),
  });
  if (reply.status >= 300) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
  return reply.body;
};

async function accountOf(channel: string): Promise<string> {
  const { data } = await call("GET", "/v1/channel-accounts?limit=100");
  return data.find((row: { channel: string }) => row.channel === channel).id;
}

async function sell(channel: string, script?: string): Promise<string> {
  const { id } = await call("POST", "/v1/payment-intents", {
    amount: CNY(1_000),
    channel,
    description: "tea",
    ...(script === undefined ? {} : { metadata: { sandbox: script } }),
  });
  await api("POST", `/sandbox/payments/${id}/pay`);
  return id;
}

/** A run over the channel's today, followed to its end. */
async function compare(account: string) {
  const { id } = await call("POST", "/v1/reconciliation/runs", {
    channel_account: account,
    date: dayAt(Date.now(), 480),
  });
  return vi.waitFor(
    async () => {
      const run = await call("GET", `/v1/reconciliation/runs/${id}`);
      if (run.state !== "completed" && run.state !== "failed") throw new Error(run.state);
      return run;
    },
    { timeout: 20_000, interval: 100 },
  );
}

const found = async (run: string): Promise<string[]> => {
  const { data } = await call("GET", `/v1/reconciliation/exceptions?run=${run}&limit=100`);
  return data
    .map((one: { kind: string; payment_intent: string }) => `${one.payment_intent} ${one.kind}`)
    .toSorted();
};

const published = (ids: readonly string[]) =>
  vi.waitFor(
    async () => {
      for (const id of ids) {
        const { data } = await call("GET", `/v1/payment-intents?q=${id}`);
        if (data[0]?.status !== "succeeded") throw new Error("not yet");
      }
    },
    { timeout: 20_000, interval: 100 },
  );

describe.each(["wechat", "alipay"])("%s", (channel) => {
  it("shows what fits, and each planted defect", { timeout: 90_000 }, async ({ expect }) => {
    const account = await accountOf(channel);
    const fine = [await sell(channel), await sell(channel)];
    const missing = await sell(channel, "statement_missing");
    const wrong = await sell(channel, "statement_wrong_amount");
    const twice = await sell(channel, "statement_duplicate");
    const unheard = await sell(channel, "statement_only");
    await published([...fine, missing, wrong, twice]);
    const refund = await call("POST", "/v1/refunds", {
      payment_intent: fine[0],
      amount: CNY(300),
    });
    await vi.waitFor(
      async () => {
        const { data } = await call("GET", `/v1/refunds?payment_intent=${fine[0]}`);
        if (data[0]?.status !== "succeeded") throw new Error("not yet");
      },
      { timeout: 20_000, interval: 100 },
    );

    const run = await compare(account);
    expect([run.state, run.days[0].error]).toEqual(["completed", null]);
    expect(await found(run.id)).toEqual(
      [
        `${missing} missing_at_channel`,
        `${twice} duplicate`,
        `${wrong} amount_mismatch`,
      ].toSorted(),
    );
    // Two payments, the refund, and the first of the two lines of the one that was paid twice.
    expect(run.counts).toEqual({
      matched: 4,
      recovered: 1,
      amount_mismatch: 1,
      duplicate: 1,
      missing_at_channel: 1,
    });
    // The channel's own file is its word: the payment that nobody told us of is paid now.
    const told = await call("GET", `/v1/payment-intents/${unheard}`);
    expect(told.status).toBe("succeeded");

    const again = await compare(account);
    expect(await found(again.id)).toEqual([]);
    expect(await found(run.id)).toHaveLength(3);
    expect(again.counts).toEqual({ ...run.counts, matched: 5, recovered: undefined });

    const { data: batches } = await call("GET", `/v1/settlements?channel_account=${account}`);
    expect(batches).toHaveLength(1);
    // Everything that the file says was paid: the wrong amount as it stands there, and both of two.
    expect(batches[0]).toMatchObject({ payments: 6, refunds: 1, refunded: CNY(300) });
    expect(refund.status).not.toBe("failed");
  });
});
