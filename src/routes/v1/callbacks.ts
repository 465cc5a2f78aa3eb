/**
 * `POST /v1/callbacks/{channel}/{channel_account}`: where channels post. The raw bytes are
 * verified, the payment's object commits, then the channel's own acknowledgement is sent. Never
 * limited in rate, never behind a key: the signature is the authority.
 */
import { z } from "@hono/zod-openapi";

import { accountRow } from "../../channels/accounts.ts";
import type {
  CallbackReply,
  CallbackVerdict,
  PaymentReport,
  RefundReport,
} from "../../channels/adapter.ts";
import { connect, type Connection } from "../../channels/connect.ts";
import { systemClock } from "../../clock.ts";
import { apiError } from "../../errors.ts";
import { isId, paymentOfOrder, paymentOfRefund } from "../../ids.ts";
import { intentObject } from "../../intent/client.ts";
import { type Misfit, writeDown } from "../../intent/exceptions.ts";
import { formatMoney } from "../../money.ts";
import { err } from "../../result.ts";
import type { ChannelAccountRow } from "../../store/channel-accounts.ts";
import { type App, type AppContext, errors, publicOrigin, traceOf } from "../http.ts";

const send = (reply: CallbackReply): Response =>
  new Response(reply.status === 204 ? null : reply.body, {
    status: reply.status,
    headers: reply.contentType === null ? {} : { "Content-Type": reply.contentType },
  });

type Verdict<K extends CallbackVerdict["kind"]> = Extract<CallbackVerdict, { kind: K }>;

/** Hands every report to its payment; null when all were believed, else why not. */
async function deliver(
  c: AppContext,
  { account, adapter }: Connection,
  { reports, refunds = [] }: Verdict<"reports">,
): Promise<string | null> {
  const refusals: string[] = [];
  // Refunds first: a payment that was given back whole is explained by them. One that is not
  // believed does not keep the rest of the news away.
  for (const report of refunds) {
    const outcome = await deliverRefund(c, account.id, report);
    if (!outcome.ok) refusals.push(outcome.error);
  }
  for (const report of reports) {
    const outcome = await deliverPayment(c, account.id, report);
    if (!outcome.ok) refusals.push(outcome.error);
    // A bank tells of each payment once or a few times, whatever we answer: it is written down.
    // A wallet's own notice that contradicts its order is refused, and the wallet is asked.
    else if (outcome.value === "exception" && adapter.info.confirmedBy !== "bank_webhook") {
      refusals.push("the amount is not the order's");
    }
  }
  return refusals[0] ?? null;
}

async function deliverRefund(c: AppContext, accountId: string, report: RefundReport) {
  const paymentId = paymentOfRefund(report.refundId);
  if (paymentId === null) return err("unknown refund");
  return intentObject(c.env, paymentId).reportRefund(accountId, report, traceOf(c));
}

async function deliverPayment(c: AppContext, accountId: string, report: PaymentReport) {
  const paymentId = paymentOfOrder(report.paymentId);
  if (paymentId === null) return err("unknown order");
  return intentObject(c.env, paymentId).report(accountId, report, traceOf(c));
}

/** Money that nobody asked for becomes an exception record before it is acknowledged. */
async function writeOrphanDown(
  c: AppContext,
  row: ChannelAccountRow,
  { reference, amount, channelTransactionId, paidAt, channelStatus }: Verdict<"orphan">,
): Promise<void> {
  const misfit: Misfit = {
    kind: "missing_at_gateway",
    merchantId: row.merchant_id,
    livemode: row.livemode,
    accountId: row.id,
    paymentId: null,
    channelTransactionId,
    channel: { amount, status: channelStatus, reference, paidAt },
    gateway: null,
    explanation: `The bank reports ${formatMoney(amount)} under a reference that no payment has.`,
    proposedFix: "Find out who paid and what for; book it by hand or give it back.",
  };
  await writeDown(c.env, misfit, c.var.now, 1, traceOf(c).requestId);
}

/** Why the news is refused; null: it is taken. */
async function take(
  c: AppContext,
  row: ChannelAccountRow,
  connection: Connection,
  verdict: CallbackVerdict,
): Promise<string | null> {
  switch (verdict.kind) {
    case "refused":
      return verdict.reason;
    case "reports":
      return deliver(c, connection, verdict);
    case "orphan":
      await writeOrphanDown(c, row, verdict);
      return null;
    case "ignored":
      return null;
  }
}

async function receive(
  c: AppContext,
  row: ChannelAccountRow,
  connection: Connection,
): Promise<Response> {
  const { adapter, account } = connection;
  const { channel } = account;
  const started = c.var.now;
  const body = new Uint8Array(await c.req.arrayBuffer());
  const { pathname, search } = new URL(c.req.url);
  const target = pathname + search;
  const callback = { method: c.req.method, target, headers: c.req.raw.headers, body };
  const verdict = await adapter.verifyCallback(callback, account, connection.io(0));
  const refusal = await take(c, row, connection, verdict);
  const outcome = refusal === null ? verdict.kind : "refused";
  c.var.log(refusal === null ? "info" : "warn", "callback", {
    channel,
    account: account.id,
    outcome,
    reason: refusal ?? (verdict.kind === "ignored" ? verdict.reason : undefined),
    intent: verdict.kind === "reports" ? verdict.reports[0]?.paymentId : undefined,
    notification: verdict.kind === "refused" ? undefined : verdict.notificationId,
  });
  c.var.metrics.record("callback", channel, [outcome], [systemClock.now() - started]);
  // What exactly was wrong is ours to know: a forger learns nothing from the reply.
  if (refusal !== null) return send(adapter.acknowledge.refused("not accepted"));
  const own = verdict.kind === "refused" ? undefined : verdict.reply;
  return send(own ?? adapter.acknowledge.accepted());
}

export function registerCallbacks(app: App): void {
  const path = "/v1/callbacks/{channel}/{channel_account}";
  app.openAPIRegistry.registerPath({
    method: "post",
    path,
    tags: ["Callbacks"],
    operationId: "receiveCallback",
    summary: "Where channels post their notifications",
    description:
      "For channels only. Verified by the channel's own signature scheme; answered with the " +
      "channel's own acknowledgement once the news is committed.",
    request: { params: z.object({ channel: z.string(), channel_account: z.string() }) },
    responses: { 200: { description: "As the channel documents it." }, ...errors(404, 413) },
  });
  app.post("/v1/callbacks/:channel/:account", async (c) => {
    const { channel, account: id } = c.req.param();
    const row = isId("channelAccount", id) ? await accountRow(c.env, id) : null;
    if (row === null || row.channel !== channel) {
      throw apiError("CHANNEL_ACCOUNT_NOT_FOUND", "No such channel account.");
    }
    const {
      env,
      var: { log },
    } = c;
    return receive(
      c,
      row,
      await connect(row, { env, log, script: null, publicBase: publicOrigin(c) }),
    );
  });
}
