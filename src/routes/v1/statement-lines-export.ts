/** `GET /v1/reports/statement-lines.csv`: a channel's day beside our books, streamed. */
import { createRoute, z } from "@hono/zod-openapi";

import { formatFor } from "../../channels/statement/formats.ts";
import { isoOrNull } from "../../clock.ts";
import { decimalOf, type Money } from "../../money.ts";
import { openArchive } from "../../reconciliation/archive.ts";
import { type Beside, dayBeside } from "../../reconciliation/beside.ts";
import { database } from "../../store/db.ts";
import { merchantAuth } from "../authenticate.ts";
import { amountCell, type CsvCell } from "../csv.ts";
import { type CsvColumn, csvStream } from "../csv-stream.ts";
import { type App, errors } from "../http.ts";
import { Day } from "../query.ts";
import { owned } from "./channel-account-access.ts";

const route = createRoute({
  ...merchantAuth("reports:read"),
  method: "get",
  path: "/v1/reports/statement-lines.csv",
  tags: ["Reports"],
  operationId: "exportStatementLines",
  summary: "Export a day's comparison",
  description:
    "The lines of the channel's file of a day in its order, each beside our books and your own " +
    "records, then what succeeded here and no line of the channel's names. `outcome` is `matched`, " +
    "`ignored`, `news`, a kind of exception, `other_account`, or `not_compared` where no run has " +
    "read the day yet. CSV as of the other exports: without `# N rows` at its end it was cut off.",
  request: {
    query: z.strictObject({
      channel_account: z.string().min(1).max(64).openapi({ description: "Whose day it is." }),
      date: Day.openapi({ description: "The channel's day." }),
    }),
  },
  responses: {
    200: { description: "The file.", content: { "text/csv": { schema: z.string() } } },
    ...errors(400, 401, 403, 404, 429),
  },
});

/** Fees may be given back: then they are negative. */
const feeCell = (fee: number | null | undefined, money: Money | undefined): CsvCell =>
  fee === null || fee === undefined || money === undefined
    ? null
    : amountCell({ currency: money.currency, value: fee });

const fileColumns = (side: "channel" | "merchant"): CsvColumn<Beside>[] => [
  [`${side}_currency`, ({ [side]: line }) => line?.amount.currency ?? null],
  [`${side}_amount`, ({ [side]: line }) => (line === null ? null : decimalOf(line.amount))],
  [`${side}_status`, ({ [side]: line }) => line?.status ?? null],
  [`${side}_fee`, ({ [side]: line }) => feeCell(line?.fee, line?.amount)],
  [`${side}_transaction_id`, ({ [side]: line }) => line?.transactionId ?? null],
  [`${side}_at`, ({ [side]: line }) => isoOrNull(line?.at ?? null)],
  [`${side}_line`, ({ [side]: line }) => (line === null ? null : String(line.line))],
];

const COLUMNS: readonly CsvColumn<Beside>[] = [
  ["kind", ({ kind }) => kind],
  ["reference", ({ name }) => name],
  ["outcome", ({ outcome }) => outcome],
  ...fileColumns("channel"),
  ["gateway_currency", ({ gateway }) => gateway?.amount.currency ?? null],
  ["gateway_amount", ({ gateway }) => (gateway === null ? null : decimalOf(gateway.amount))],
  ["gateway_status", ({ gateway }) => gateway?.status ?? null],
  ["gateway_transaction_id", ({ gateway }) => gateway?.transactionId ?? null],
  ["gateway_at", ({ gateway }) => isoOrNull(gateway?.at ?? null)],
  ["payment_intent", ({ gateway }) => gateway?.paymentId ?? null],
  ...fileColumns("merchant"),
];

export function registerStatementLinesExport(app: App): void {
  app.openapi(route, async (c) => {
    const { channel_account: id, date: day } = c.req.valid("query");
    const account = await owned(c, id);
    const { offsetMinutes } = formatFor(account.channel, account.statement_profile ?? null);
    const lines = dayBeside({
      db: database(c.env.DB),
      archive: openArchive(c.env.ARCHIVE),
      account,
      day,
      offsetMinutes,
    });
    return csvStream(c, `statement-lines-${day}.csv`, COLUMNS, lines);
  });
}
