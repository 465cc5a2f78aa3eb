/** Test payments as a wallet finds and opens them. */
import { isoOrNull } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { paymentOfOrder } from "../../ids.ts";
import type { BuyerView } from "../../intent/buyer-view.ts";
import { ok, type Result } from "../../result.ts";
import type { Wallet } from "../../sandbox/order.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import { scriptOf } from "../../sandbox/scripts.ts";
import type { FaultScript, SandboxOrders } from "../../sandbox/simulator.ts";
import { orderObject, sandboxOrders, sandboxWorld } from "../../sandbox/transport.ts";
import { readBuyer } from "../checkout/buyer.ts";
import { type AppContext, publicOrigin } from "../http.ts";

/** A test payment with an order at a channel: what a wallet can open. */
interface OpenPayment {
  readonly view: BuyerView;
  readonly channel: string;
  readonly merchant: string;
  /** Our number of the order at the channel. */
  readonly number: string;
}

export const toReply = (
  { view, channel }: OpenPayment,
  { order, declined, callbacks }: Wallet,
) => ({
  object: "sandbox_payment" as const,
  payment_intent: view.intent.id,
  channel,
  state: order.state,
  declined,
  channel_transaction_id: order.transactionId,
  paid_at: isoOrNull(order.paidAt),
  callbacks: callbacks.map(({ flaw, attempts, status, acknowledged }) => ({
    kind: flaw ?? ("proper" as const),
    attempts,
    status,
    acknowledged,
  })),
});

/**
 * By the payment's id or the number of its present order. Null: there is none, the buyer has left
 * that order for another, or it is a live payment, which is nobody's business here.
 */
export async function findTestPayment(env: Env, number: string): Promise<BuyerView | null> {
  const id = paymentOfOrder(number);
  const view = id === null ? null : await readBuyer(env, id);
  if (view === null || view.intent.livemode) return null;
  return number === id || number === view.order_number ? view : null;
}

/** Null: the buyer of an aggregate payment has not chosen yet, so no channel knows of it. */
export function opened(view: BuyerView): OpenPayment | null {
  const { channel, payee } = view.intent;
  const { order_number: number } = view;
  if (number === null || channel === null || payee.merchant_account === null) return null;
  return { view, channel, merchant: payee.merchant_account, number };
}

export function orderOf(env: Env, { channel, merchant, number }: OpenPayment) {
  const theirs = sandboxChannel(channel)?.orderNumber?.(number) ?? number;
  return orderObject(env, channel, merchant, theirs);
}

/** What a simulator needs when the buyer's own wallet or browser makes the order. */
function buyersWorld(c: AppContext, channel: string, script: FaultScript | null) {
  const orders = sandboxOrders(c.env, script, () => {}, true);
  return sandboxWorld(c.env, channel, script, orders, publicOrigin(c));
}

/**
 * Some codes, links and SDK strings are made without a call to the channel: it hears of the order
 * when the buyer opens them. The error says why the channel refuses.
 */
export async function openIfNew(
  c: AppContext,
  payment: OpenPayment,
): Promise<Result<void, string>> {
  const { intent } = payment.view;
  const channel = sandboxChannel(payment.channel);
  const { next_action: next, qr } = intent;
  if (channel?.open === undefined || next === null || next.type === "wait") return ok(undefined);
  if ((await orderOf(c.env, payment).find()) !== null) return ok(undefined);
  const action = next.type === "show_qr" ? { type: next.type, data: qr?.data ?? "" } : next;
  const shown = {
    paymentId: payment.number,
    merchant: payment.merchant,
    currency: intent.amount.currency,
    value: intent.amount.value,
    notifyUrl: `${publicOrigin(c)}/v1/callbacks/${payment.channel}/${intent.channel_account}`,
    action,
  };
  const world = await buyersWorld(c, payment.channel, scriptOf(intent.metadata));
  const made = await channel.open(shown, world);
  return made.ok ? ok(undefined) : made;
}

/** Opens the signed link that was asked for. Answers the order's number at the channel. */
export async function openLink(c: AppContext, slug: string): Promise<string> {
  const channel = sandboxChannel(slug);
  if (channel?.open === undefined) throw apiError("NOT_FOUND", "No such page in the sandbox.");
  const world = await buyersWorld(c, slug, null);
  const action = { type: "redirect" as const, url: c.req.url };
  // The link itself says whose order it is.
  const nobody = { paymentId: "", merchant: "", currency: "", value: 0, notifyUrl: "" };
  const create: SandboxOrders["create"] = async (order) => {
    const view = await findTestPayment(c.env, order.orderNumber);
    const script = scriptOf(view?.intent.metadata ?? {});
    return sandboxOrders(c.env, script, () => {}, true).create(order);
  };
  const orders = { ...world.orders, create };
  const made = await channel.open({ ...nobody, action }, { ...world, orders });
  if (!made.ok) throw apiError("INVALID_STATE", made.error);
  return made.value.orderNumber;
}
