/** `/v1/fx-rates` and `/v1/admin/fx-rates`: what payments across currencies are settled at. */
import { createRoute, z } from "@hono/zod-openapi";

import { iso } from "../../clock.ts";
import { apiError, ApiError, invalidField } from "../../errors.ts";
import { CurrencyCode } from "../../money-input.ts";
import { PlainText } from "../../plain-text.ts";
import { ageSeconds, type FxRate, isFresh, isRate } from "../../settlement/fx.ts";
import { database } from "../../store/db.ts";
import {
  addRate,
  type FxRateRow,
  listCurrentRates,
  listRateHistory,
} from "../../store/fx-rates.ts";
import { adminAuth } from "../admin-auth.ts";
import { auditEntry } from "../audit.ts";
import { merchantAuth } from "../authenticate.ts";
import { type App, errors, jsonBody, jsonReply, listOf, Timestamp } from "../http.ts";
import { forgetRates } from "../lock-rate.ts";
import { pageQuery, pageReply, readPage, wholeList } from "../pages.ts";

const tags = ["Exchange rates"];
const operator = adminAuth();

/** Clocks of those who publish rates may be a little ahead of ours. */
const CLOCK_SLACK_MS = 60_000;

const FxRateView = z
  .object({
    object: z.literal("fx_rate"),
    base: z.string().openapi({ description: "What the buyer pays in." }),
    quote: z.string().openapi({ description: "What the merchant is settled in." }),
    rate: z.string().openapi({
      description: "What one unit of `base` (one yuan, not one fen) is worth in `quote`.",
    }),
    source: z.string().openapi({ description: "Who says so." }),
    as_of: Timestamp.openapi({ description: "Since when it is true." }),
    age_seconds: z.int().openapi({ description: "How old it is now." }),
    fresh: z.boolean().openapi({
      description: "Whether new payments are settled at it: not when it is older than 24 hours.",
    }),
    created_at: Timestamp,
  })
  .openapi("FxRate");

const RATE = "must be a decimal above 0 as text, with at most 10 places, like 0.1384";

const PutBody = z
  .strictObject({
    base: CurrencyCode.openapi({ description: "What the buyer pays in." }),
    quote: CurrencyCode.openapi({ description: "What the merchant is settled in." }),
    rate: z.string(RATE).refine(isRate, RATE).openapi({
      description: "What one unit of `base` is worth in `quote`: a decimal with at most 10 places.",
    }),
    source: PlainText(64).min(1).openapi({ description: "Who says so." }),
    as_of: z.iso.datetime({ offset: true }).optional().openapi({
      description: "Since when it is true. Default: now.",
    }),
  })
  .refine(({ base, quote }) => base !== quote, {
    path: ["quote"],
    message: "must be another currency than base",
  })
  .openapi("PutFxRate");

const put = createRoute({
  method: "put",
  path: "/v1/admin/fx-rates",
  tags,
  operationId: "putFxRate",
  summary: "Set an exchange rate",
  description:
    "Adds a rate; the newest of a pair counts for payments that are made from now on (in other " +
    "places within 10 seconds), those that exist keep theirs. Rates are never changed or removed: " +
    "another rate of the same time is refused. One way only: CNY in USD says nothing of USD in CNY.",
  ...operator,
  request: { body: jsonBody(PutBody) },
  responses: {
    200: jsonReply(FxRateView, "The rate."),
    ...errors(400, 401, 403, 409, 413, 415),
  },
});

const history = createRoute({
  method: "get",
  path: "/v1/admin/fx-rates",
  tags,
  operationId: "listFxRateHistory",
  summary: "A pair's exchange rates over time",
  description: "All rates that were ever set, the newest first.",
  ...operator,
  request: {
    query: z.strictObject({
      ...pageQuery,
      base: CurrencyCode.openapi({ description: "What the buyer pays in." }),
      quote: CurrencyCode.openapi({ description: "What the merchant is settled in." }),
    }),
  },
  responses: { 200: jsonReply(listOf(FxRateView), "A page."), ...errors(400, 401, 403) },
});

const current = createRoute({
  method: "get",
  path: "/v1/fx-rates",
  tags,
  operationId: "listFxRates",
  summary: "The exchange rates",
  description:
    "The newest of each pair of currencies. A payment is settled at the one of its creation; a " +
    "rate that is older than 24 hours is not used.",
  ...merchantAuth(null),
  responses: { 200: jsonReply(listOf(FxRateView), "All pairs."), ...errors(401, 403, 429) },
});

const show =
  (now: number) =>
  (row: FxRateRow): z.infer<typeof FxRateView> => ({
    object: "fx_rate",
    base: row.base,
    quote: row.quote,
    rate: row.rate,
    source: row.source,
    as_of: iso(row.as_of),
    age_seconds: ageSeconds(row, now),
    fresh: isFresh(row, now),
    created_at: iso(row.created_at),
  });

/** What a rate is, without what only depends on when it is looked at. */
const audited = ({ as_of, ...rate }: FxRate) => ({ ...rate, as_of: iso(as_of) });

/** @throws ApiError INVALID_REQUEST: a rate from the future would hide the present one */
function momentOf(sent: string | undefined, now: number): number {
  if (sent === undefined) return now;
  const at = Date.parse(sent);
  if (at > now + CLOCK_SLACK_MS) {
    throw new ApiError(invalidField("as_of", "must not be in the future"));
  }
  return Math.min(at, now);
}

export function registerFxRates(app: App): void {
  app.openapi(put, async (c) => {
    const { base, quote, rate, source, as_of: sent } = c.req.valid("json");
    const { now } = c.var;
    const added: FxRate = { base, quote, rate, source, as_of: momentOf(sent, now) };
    const entry = auditEntry(c, {
      action: "fx_rate.added",
      target: `${base}/${quote}`,
      before: null,
      after: audited(added),
    });
    const row = await addRate(database(c.env.DB), added, now, entry);
    if (row.rate !== rate || row.source !== source) {
      throw apiError("INVALID_STATE", "There is another rate of this time; rates never change.");
    }
    forgetRates();
    return c.json(show(now)(row), 200);
  });

  app.openapi(history, async (c) => {
    const { base, quote, ...query } = c.req.valid("query");
    const page = readPage(query, "fx_rates", `${base}/${quote}`);
    const before = page.before?.createdAt ?? null;
    const db = database(c.env.DB);
    const rows = await listRateHistory(db, base, quote, page.limit + 1, before);
    const placed = rows.map((row) => ({ row, created_at: row.as_of, id: "" }));
    const reply = pageReply(placed, page, "fx_rates", `${base}/${quote}`, ({ row }) =>
      show(c.var.now)(row),
    );
    return c.json(reply, 200);
  });

  app.openapi(current, async (c) => {
    const rows = await listCurrentRates(database(c.env.DB));
    return c.json(wholeList(rows.map(show(c.var.now))), 200);
  });
}
