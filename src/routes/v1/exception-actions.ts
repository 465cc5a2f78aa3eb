/** `POST /v1/reconciliation/exceptions/{id}/actions`: something is done about what does not fit. */
import { createRoute, z } from "@hono/zod-openapi";

import { ApiError, type Failure, invalidField } from "../../errors.ts";
import type { Money } from "../../money.ts";
import { PlainText } from "../../plain-text.ts";
import {
  acceptLate,
  adjustBooks,
  askChannel,
  type Deed,
  refundPayment,
  refusalOf,
} from "../../reconciliation/exception-actions.ts";
import {
  evidenceOf,
  EXCEPTION_ACTIONS,
  type ExceptionAction,
  showWhole,
} from "../../reconciliation/exception-view.ts";
import type { Result } from "../../result.ts";
import type { ExceptionRow } from "../../store/exceptions.ts";
import { checkScope, merchantAuth } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  jsonBody,
  jsonReply,
  ownerOf,
  traceOf,
} from "../http.ts";
import { idempotent } from "../idempotent.ts";
import { actorOf, exceptionParams, loadException, WholeException } from "./exceptions.ts";
import { Amount } from "./schemas.ts";

type Field = "amount" | "reason" | "direction" | "memo";

/** What each action takes beside its name, and what it cannot do without. */
const FIELDS: Readonly<Record<ExceptionAction, { takes: readonly Field[]; needs?: true }>> = {
  ask_channel: { takes: [] },
  refund: { takes: ["amount", "reason"] },
  accept_late: { takes: [] },
  adjust: { takes: ["direction", "amount", "memo"], needs: true },
};

const ActionBody = z
  .strictObject({
    action: z.enum(EXCEPTION_ACTIONS),
    amount: Amount.optional(),
    reason: PlainText(256).optional(),
    direction: z.enum(["up", "down"]).optional(),
    memo: PlainText(256).optional(),
  })
  .superRefine(({ action, ...sent }, context) => {
    const { takes, needs = false } = FIELDS[action];
    const complain = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: [field], message });
    for (const field of Object.keys(sent)) {
      if (!takes.some((taken) => taken === field)) complain(field, `does not belong to ${action}`);
    }
    for (const field of needs ? takes : []) {
      if (sent[field] === undefined) complain(field, `is required to ${action}`);
    }
  })
  .openapi("ReconciliationExceptionAction");

type Body = z.infer<typeof ActionBody>;

const auth = merchantAuth("channels:write");

const act = createRoute({
  method: "post",
  path: "/v1/reconciliation/exceptions/{id}/actions",
  tags: ["Reconciliation"],
  operationId: "actOnReconciliationException",
  summary: "Do something about what does not fit",
  description:
    "`ask_channel` asks the channel now, and resolves the exception if it and we agree by that. " +
    "`refund` gives the payment back, or a part of it; the key needs `refunds:write` too. " +
    "`accept_late` takes the channel's word that the payment was paid, if amount and currency are " +
    "the order's; the account's `late_payment` policy holds. `adjust` corrects the books: `up` " +
    "where the channel holds more than they say. Each is done once for an exception, and leaves a " +
    "note. What is resolved or written off takes none.",
  ...auth,
  middleware: [...auth.middleware, idempotent] as const,
  request: {
    params: exceptionParams,
    body: jsonBody(ActionBody),
  },
  responses: {
    200: jsonReply(WholeException, "The exception; its last note says what came of it."),
    ...errors(400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504),
  },
});

/**
 * An adjustment in a currency that no side speaks of would be of another account, and one over
 * everything that any side speaks of is a slip, which could not be taken back.
 */
function checkAdjustment(row: ExceptionRow, amount: Money): void {
  const { channel, gateway, merchant } = evidenceOf(row);
  const spoken = [channel, gateway, merchant].flatMap((side) =>
    side === null ? [] : [side.amount],
  );
  const same = spoken.filter(({ currency }) => currency === amount.currency);
  if (same.length === 0) {
    const names = [...new Set(spoken.map(({ currency }) => currency))].join(", ");
    throw new ApiError(invalidField("amount.currency", `must be ${names}`));
  }
  const most = Math.max(...same.map(({ value }) => value));
  if (amount.value <= most) return;
  throw new ApiError(invalidField("amount.value", `must be at most ${most}, as the sides have it`));
}

function perform(c: AppContext, deed: Deed, body: Body): Promise<Result<ExceptionRow, Failure>> {
  switch (body.action) {
    case "ask_channel":
      return askChannel(deed);
    case "accept_late":
      return acceptLate(deed);
    case "refund": {
      checkScope(c.var.principal.key.scopes, "refunds:write");
      const { amount = null, reason = null } = body;
      return refundPayment(deed, { amount, reason });
    }
    case "adjust": {
      const { direction, amount, memo } = body;
      if (direction === undefined || amount === undefined || memo === undefined) {
        throw new Error("the schema has let through what it needs");
      }
      checkAdjustment(deed.row, amount);
      return adjustBooks(deed, { direction, amount, memo });
    }
  }
}

export function registerExceptionActions(app: App): void {
  app.openapi(act, async (c) => {
    const row = await loadException(c, c.req.valid("param").id);
    const body = c.req.valid("json");
    const refused = refusalOf(row, body.action);
    if (refused !== null) throw new ApiError(refused);
    const { now } = c.var;
    const common = { owner: ownerOf(c), by: actorOf(c), trace: traceOf(c) };
    const done = await perform(c, { env: c.env, row, now, ...common }, body);
    if (!done.ok) throw new ApiError(done.error);
    return c.json(showWhole(done.value, now), 200);
  });
}
