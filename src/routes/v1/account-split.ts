/** `/v1/admin/channel-accounts/{id}/split`: how the platform gets its fee from an account. */
import { createRoute, z } from "@hono/zod-openapi";

import { forgetAccount } from "../../channels/accounts.ts";
import { channelOf } from "../../channels/registry.ts";
import { apiError, ApiError, type Failure, invalidField } from "../../errors.ts";
import { RECEIVERS } from "../../settlement/splits.ts";
import {
  type ChannelAccountRow,
  findChannelAccount,
  updateChannelAccount,
} from "../../store/channel-accounts.ts";
import { type Database, database } from "../../store/db.ts";
import { adminAuth } from "../admin-auth.ts";
import { auditEntry } from "../audit.ts";
import { forgetAllApiKeys } from "../authenticate.ts";
import { type App, errors, idParam, jsonBody, jsonReply } from "../http.ts";

const tags = ["Splits"];
const operator = adminAuth();
const path = "/v1/admin/channel-accounts/{id}/split";
const params = z.object({ id: idParam("id", "ca_01k5x0e8m3v7q2r9t4w6y8z0ab") });

const Receiver = z
  .strictObject({
    type: z.string().max(32).openapi({
      description:
        "In the channel's words: MERCHANT_ID at WeChat Pay, userId or loginName at Alipay.",
      example: "MERCHANT_ID",
    }),
    account: z.string().max(100).openapi({
      description: "The receiver's number or login name at the channel.",
      example: "1900000109",
    }),
    name: z.string().min(1).max(256).nullish().openapi({
      description: "As the receiver is registered there. Sent encrypted where the channel asks so.",
    }),
  })
  .openapi("SplitReceiver");

const AccountSplit = z
  .object({
    object: z.literal("channel_account_split"),
    channel_account: z.string().openapi({ description: "The account that payments are made to." }),
    settlement_method: z.enum(["channel_split", "invoice"]).openapi({
      description: "`channel_split` where there is a receiver.",
    }),
    receiver: z.union([Receiver, z.null()]),
  })
  .openapi("ChannelAccountSplit");

const get = createRoute({
  method: "get",
  path,
  tags,
  operationId: "getChannelAccountSplit",
  summary: "Read how an account's fee is taken",
  description: "With the receiver, which merchants are not shown.",
  ...operator,
  request: { params },
  responses: { 200: jsonReply(AccountSplit, "As it is set."), ...errors(401, 403, 404) },
});

const put = createRoute({
  method: "put",
  path,
  tags,
  operationId: "putChannelAccountSplit",
  summary: "Set how an account's fee is taken",
  description:
    "With a receiver, new payments of the account are ordered with profit sharing, within 10 " +
    "seconds, and their fee is taken at the channel after they were paid; the rest is released to " +
    "the merchant with it, so payments of this account cannot be shared out otherwise. The receiver " +
    "has to be on the merchant's list of receivers at the channel, and at WeChat Pay to allow " +
    "returns. Null: the fee is invoiced. Payments that exist keep their way.",
  ...operator,
  request: {
    params,
    body: jsonBody(
      z
        .strictObject({
          receiver: z.union([Receiver, z.null()]),
        })
        .openapi("PutChannelAccountSplit"),
    ),
  },
  responses: {
    200: jsonReply(AccountSplit, "As it is set."),
    ...errors(400, 401, 403, 404, 409, 413, 415),
  },
});

const show = ({ id, split }: Pick<ChannelAccountRow, "id" | "split">) => ({
  object: "channel_account_split" as const,
  channel_account: id,
  settlement_method: split === null ? ("invoice" as const) : ("channel_split" as const),
  receiver: split,
});

async function found(db: Database, id: string): Promise<ChannelAccountRow> {
  const row = await findChannelAccount(db, id);
  if (row !== null) return row;
  throw apiError("CHANNEL_ACCOUNT_NOT_FOUND", "No such channel account.");
}

/** A receiver that the channel could never pay would only show when the first share fails. */
function refusal(channel: string, receiver: z.infer<typeof Receiver>): Failure | null {
  const adapter = channelOf(channel)?.adapter;
  if (adapter?.splits === undefined) {
    return invalidField("receiver", `must be null: ${adapter?.info.name ?? channel} has no shares`);
  }
  const types = RECEIVERS[channel] ?? {};
  const type = Object.hasOwn(types, receiver.type) ? types[receiver.type] : undefined;
  if (type === undefined) {
    return invalidField("receiver.type", `must be one of ${Object.keys(types).join(", ")}`);
  }
  return type.form.test(receiver.account) ? null : invalidField("receiver.account", type.words);
}

export function registerAccountSplit(app: App): void {
  app.openapi(get, async (c) => {
    const row = await found(database(c.env.DB), c.req.valid("param").id);
    return c.json(show(row), 200);
  });

  app.openapi(put, async (c) => {
    const { receiver } = c.req.valid("json");
    const db = database(c.env.DB);
    const row = await found(db, c.req.valid("param").id);
    const refused = receiver === null ? null : refusal(row.channel, receiver);
    if (refused !== null) throw new ApiError(refused);
    const split = receiver === null ? null : { ...receiver, name: receiver.name ?? null };
    const also = auditEntry(c, {
      action: "channel_account.split_set",
      target: row.id,
      merchantId: row.merchant_id,
      livemode: row.livemode,
      before: show(row),
      after: show({ ...row, split }),
    });
    const after = await updateChannelAccount(
      db,
      row.id,
      row.updated_at,
      { split },
      c.var.now,
      also,
    );
    forgetAccount(row.id);
    forgetAllApiKeys();
    if (after !== null) return c.json(show(after), 200);
    throw apiError("INVALID_STATE", "The account was changed by another request; try again.");
  });
}
