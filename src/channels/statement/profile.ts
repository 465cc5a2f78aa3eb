/**
 * How a file is laid out that has no layout of its own here: a merchant's export from its bank, or
 * our plain CSV. Names of columns, words and forms; nothing that runs.
 */
import * as z from "zod";

import { CURRENCIES } from "../../money.ts";
import { PlainText } from "../../plain-text.ts";
import { DATE_FORMATS } from "./clock.ts";
import type { LineStatus } from "./line.ts";
import { ENCODINGS } from "./text.ts";

const Column = PlainText(100);
const Word = PlainText(64);

const STATUSES = ["succeeded", "processing", "failed", "reversed"] as const satisfies LineStatus[];

const MAPPING = {
  columns: z
    .strictObject({
      reference: Column.describe("Our number of the payment, or of the refund in a refund's line."),
      order_reference: Column.optional().describe("Our number of the payment in a refund's line."),
      transaction_id: Column.optional().describe("The channel's own number."),
      amount: Column.describe("What was paid or given back."),
      currency: Column.optional().describe("ISO 4217; or name the one currency in `currency`."),
      status: Column.optional().describe("Without it every line is of something that is done."),
      type: Column.optional().describe("Tells refunds from payments, by the words in `refunds`."),
      fee: Column.optional().describe("What the channel keeps."),
      occurred_at: Column.optional().describe("When; each line's day is checked by it."),
      account: Column.optional().describe(
        "Your number at the channel; each line is checked by it.",
      ),
    })
    .describe("Names in the header."),
  currency: z.enum(CURRENCIES).optional().describe("Of every line."),
  statuses: z
    .record(Word, z.enum(STATUSES))
    .default({})
    .describe("What the words of the status column mean. Any other refuses the file."),
  refunds: z
    .union([z.literal("negative_amounts"), z.literal("none"), z.array(Word).min(1).max(20)])
    .default("none")
    .describe("How refunds are told: by these words of the type column, or by their amounts."),
  amounts: z
    .strictObject({
      unit: z.enum(["major", "minor"]).default("major").describe("`major`: 6.99; `minor`: 699."),
      decimal: z.enum([".", ","]).default(".").describe("What stands before decimals."),
      thousands: z
        .enum(["", ",", ".", " ", "'"])
        .default("")
        .describe("What parts thousands; empty: nothing does."),
    })
    .default({ unit: "major", decimal: ".", thousands: "" })
    .describe("How amounts and fees are written."),
  date_format: z.enum(DATE_FORMATS).default("iso").describe("How times are written."),
  utc_offset_minutes: z
    .int()
    .min(-720)
    .max(840)
    .describe("How far the file's clock and its days are ahead of UTC."),
  encoding: z.enum(ENCODINGS).default("utf-8").describe("Of the text."),
  delimiter: z.enum([",", ";", "\t", "|"]).default(",").describe("What parts cells."),
  skip_lines: z.int().min(0).max(100).default(0).describe("Lines before the header."),
  end_mark: PlainText(100)
    .nullable()
    .default(null)
    .describe("The last line, by which a whole file is told from one that was cut off."),
};

/** A statement's profile as it is set and stored. */
export const StatementProfile = z.strictObject(MAPPING).superRefine((profile, context) => {
  const issue = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const { columns, currency, refunds, statuses, amounts } = profile;
  if ((columns.currency === undefined) === (currency === undefined)) {
    issue(["currency"], "name either the column of the currency or the currency");
  }
  if (Array.isArray(refunds) !== (columns.type !== undefined)) {
    issue(["refunds"], "words of refunds need the column of the type, and the column needs words");
  }
  if (Object.keys(statuses).length > 0 !== (columns.status !== undefined)) {
    issue(["statuses"], "words of states need the column of the state, and the column needs words");
  }
  if (Object.keys(statuses).length > 50) issue(["statuses"], "must be at most 50 words");
  if (amounts.decimal === amounts.thousands) {
    issue(["amounts", "thousands"], "must differ from the decimal sign");
  }
  const named = Object.values(columns);
  if (new Set(named).size !== named.length) issue(["columns"], "must name each column once");
});

export type Profile = z.infer<typeof StatementProfile>;

/**
 * Our plain CSV, for channels whose own layout is not public. Headers in English, amounts in major
 * units, times in ISO 8601, `<END>` as the last line.
 */
export const plainProfile = (offsetMinutes: number): Profile => ({
  columns: {
    reference: "reference",
    order_reference: "order_reference",
    transaction_id: "transaction_id",
    type: "type",
    status: "status",
    currency: "currency",
    amount: "amount",
    fee: "fee",
    occurred_at: "occurred_at",
  },
  statuses: {
    succeeded: "succeeded",
    processing: "processing",
    failed: "failed",
    reversed: "reversed",
  },
  refunds: ["refund"],
  amounts: { unit: "major", decimal: ".", thousands: "" },
  date_format: "iso",
  utc_offset_minutes: offsetMinutes,
  encoding: "utf-8",
  delimiter: ",",
  skip_lines: 0,
  end_mark: "<END>",
});
