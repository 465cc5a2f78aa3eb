/** `/v1/admin/fee-plans`: the price list, kept by the operator. */
import { createRoute, z } from "@hono/zod-openapi";

import { CHANNEL_SLUGS } from "../../channels/registry.ts";
import { iso } from "../../clock.ts";
import { apiError, ApiError, invalidField } from "../../errors.ts";
import { isId } from "../../ids.ts";
import { CURRENCIES } from "../../money.ts";
import { FEE_KINDS, type FeeKind } from "../../settlement/pricing.ts";
import { type Database, database } from "../../store/db.ts";
import {
  deleteFeePlan,
  type FeePlanKey,
  type FeePlanRow,
  findFeePlan,
  listFeePlans,
  putFeePlan,
} from "../../store/fee-plans.ts";
import { findMerchant } from "../../store/merchants.ts";
import { adminAuth } from "../admin-auth.ts";
import { auditEntry } from "../audit.ts";
import { forgetAllApiKeys } from "../authenticate.ts";
import {
  type App,
  type AppContext,
  errors,
  jsonBody,
  jsonReply,
  listOf,
  Timestamp,
} from "../http.ts";
import { pageQuery, pageReply, readPage } from "../pages.ts";

const tags = ["Pricing"];
const operator = adminAuth();

const FeePlanView = z
  .object({
    object: z.literal("fee_plan"),
    merchant_id: z.string().nullable(),
    channel: z.string().nullable(),
    kind: z.enum(FEE_KINDS),
    basis_points: z.int(),
    fixed: z.record(z.string(), z.int()),
    updated_at: Timestamp,
  })
  .openapi("FeePlan");

const MerchantId = z
  .string()
  .refine((id) => isId("merchant", id), "must be the id of a merchant; leave it out for all");
const Channel = z.enum(CHANNEL_SLUGS);
const Kind = z.enum(FEE_KINDS);

const currencyNames = new Set(CURRENCIES);
const Currency = z
  .string()
  .refine((name) => currencyNames.has(name), `must be one of ${CURRENCIES.join(", ")}`);

const PutBody = z
  .strictObject({
    merchant_id: MerchantId.nullish(),
    channel: Channel.nullish(),
    kind: Kind,
    basis_points: z.int().min(0).max(10_000),
    fixed: z.record(Currency, z.int().min(0)).default({}),
  })
  .openapi("PutFeePlan");

const list = createRoute({
  method: "get",
  path: "/v1/admin/fee-plans",
  tags,
  operationId: "listFeePlans",
  summary: "Read the price list",
  description:
    "In the order of merchant, channel and kind; what holds for everybody comes first. Payments " +
    "that no row fits are charged 50 basis points, 80 across a border.",
  ...operator,
  request: {
    query: z.strictObject({
      ...pageQuery,
      merchant_id: MerchantId.optional().openapi({ description: "Only this merchant's rows." }),
      channel: Channel.optional().openapi({ description: "Only this channel's rows." }),
    }),
  },
  responses: { 200: jsonReply(listOf(FeePlanView), "A page."), ...errors(400, 401, 403) },
});

const put = createRoute({
  method: "put",
  path: "/v1/admin/fee-plans",
  tags,
  operationId: "putFeePlan",
  summary: "Set a price",
  description:
    "Replaces the row with the same merchant, channel and kind. The most specific row counts: " +
    "merchant and channel, then merchant, channel, everybody. New payments have the new rate " +
    "within 10 seconds; those that exist keep theirs.",
  ...operator,
  request: { body: jsonBody(PutBody) },
  responses: {
    200: jsonReply(FeePlanView, "The row."),
    ...errors(400, 401, 403, 409, 413, 415),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/admin/fee-plans",
  tags,
  operationId: "deleteFeePlan",
  summary: "Remove a price",
  description:
    "Names the row as it was set: a merchant or channel that is left out is everybody's row, not " +
    "every row. What is less specific counts again.",
  ...operator,
  request: {
    query: z.strictObject({
      merchant_id: MerchantId.optional().openapi({ description: "Default: everybody's row." }),
      channel: Channel.optional().openapi({ description: "Default: the row of every channel." }),
      kind: Kind.openapi({ description: "The row's kind." }),
    }),
  },
  responses: { 200: jsonReply(FeePlanView, "As it was."), ...errors(400, 401, 403, 404, 409) },
});

const show = (row: FeePlanRow): z.infer<typeof FeePlanView> => ({
  object: "fee_plan",
  merchant_id: row.merchant_id === "" ? null : row.merchant_id,
  channel: row.channel === "" ? null : row.channel,
  kind: row.kind,
  basis_points: row.basis_points,
  fixed: row.fixed,
  updated_at: iso(row.updated_at),
});

interface SentKey {
  readonly merchant_id?: string | null | undefined;
  readonly channel?: string | null | undefined;
  readonly kind: FeeKind;
}

const keyOf = ({ merchant_id, channel, kind }: SentKey): FeePlanKey => ({
  merchant_id: merchant_id ?? "",
  channel: channel ?? "",
  kind,
});

/** How the audit log names a row: a price has no id of its own. */
const targetOf = ({ merchant_id, channel, kind }: FeePlanKey): string =>
  [merchant_id || "*", channel || "*", kind].join("/");

/** @throws ApiError INVALID_REQUEST: a price for nobody would never be seen again */
async function checkMerchant(db: Database, id: string | null | undefined): Promise<void> {
  if (id === undefined || id === null || (await findMerchant(db, id)) !== null) return;
  throw new ApiError(invalidField("merchant_id", "there is no such merchant"));
}

const entryOf = (
  c: AppContext,
  key: FeePlanKey,
  before: FeePlanRow | null,
  after: FeePlanRow | null,
) =>
  auditEntry(c, {
    action:
      before === null ? "fee_plan.created" : `fee_plan.${after === null ? "deleted" : "updated"}`,
    target: targetOf(key),
    merchantId: key.merchant_id || null,
    before: before === null ? null : show(before),
    after: after === null ? null : show(after),
  });

const changedMeanwhile = () =>
  apiError("INVALID_STATE", "The row was changed at the same moment; read it and try again.");

/** A page goes on behind a row's key, which the cursor carries in the place of an id. */
const CURSOR_KEY = /^(m_[0-9a-z]{26})?\/([a-z_]*)\/([a-z_]+)$/;

function readKey(id: string): FeePlanKey {
  const [, merchant_id = "", channel = "", kind] = CURSOR_KEY.exec(id) ?? [];
  const known = FEE_KINDS.find((name) => name === kind);
  if (known !== undefined) return { merchant_id, channel, kind: known };
  throw apiError("INVALID_CURSOR", "Use the next_cursor of a page of this list, unchanged.");
}

export function registerFeePlans(app: App): void {
  app.openapi(list, async (c) => {
    const query = c.req.valid("query");
    const db = database(c.env.DB);
    await checkMerchant(db, query.merchant_id);
    const page = readPage(query, "fee_plans", "admin");
    const filter = { merchantId: query.merchant_id, channel: query.channel };
    const after = page.before === null ? null : readKey(page.before.id);
    const rows = (await listFeePlans(db, filter, page.limit + 1, after)).map((row) => ({
      row,
      created_at: 0,
      id: [row.merchant_id, row.channel, row.kind].join("/"),
    }));
    return c.json(
      pageReply(rows, page, "fee_plans", "admin", ({ row }) => show(row)),
      200,
    );
  });

  app.openapi(put, async (c) => {
    const body = c.req.valid("json");
    const db = database(c.env.DB);
    await checkMerchant(db, body.merchant_id);
    const key = keyOf(body);
    const before = await findFeePlan(db, key);
    const { basis_points, fixed } = body;
    const plan = { ...key, basis_points, fixed };
    const entry = entryOf(c, key, before, { ...plan, updated_at: c.var.now });
    const row = await putFeePlan(db, before, plan, c.var.now, entry);
    if (row === null) throw changedMeanwhile();
    // Payments made here have the new rate at once, elsewhere within SETTINGS_CACHE_MS.
    forgetAllApiKeys();
    return c.json(show(row), 200);
  });

  app.openapi(remove, async (c) => {
    const key = keyOf(c.req.valid("query"));
    const db = database(c.env.DB);
    const row = await findFeePlan(db, key);
    if (row === null) throw apiError("NOT_FOUND", "No such row in the price list.");
    if (!(await deleteFeePlan(db, row, entryOf(c, key, row, null)))) throw changedMeanwhile();
    forgetAllApiKeys();
    return c.json(show(row), 200);
  });
}
