/**
 * Antom's transaction details (`transactionItems_<date>_000.csv`), as the dashboard and the SFTP
 * server have them. UTF-8, one header, `<END>` as the last line. Amounts are in minor units, as in
 * Antom's API. The fee is in the currency of the settlement and is not taken from here.
 */
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { mappedFormat } from "../statement/mapped.ts";

/** Without capture by hand an authorisation moves no money of its own. */
const NO_MONEY: ReadonlySet<string> = new Set(["AUTHORIZATION", "VOID"]);

/** A customer's number, as opposed to the id of one of its clients. */
const CUSTOMER = /^\d{16}$/;

export const antomStatement = mappedFormat(
  "antom_transactions",
  {
    columns: {
      reference: "transactionRequestId",
      transaction_id: "transactionId",
      type: "transactionType",
      status: "transactionType",
      amount: "transactionAmountValue",
      currency: "transactionAmountCurrency",
      occurred_at: "transactionTime",
      account: "customerId",
    },
    refunds: ["REFUND"],
    statuses: {
      PAYMENT: "succeeded",
      CAPTURE: "succeeded",
      REFUND: "succeeded",
      CANCEL: "reversed",
      AUTHORIZATION: "processing",
      VOID: "reversed",
    },
    amounts: { unit: "minor", decimal: ".", thousands: "" },
    date_format: "iso",
    utc_offset_minutes: CHINA_OFFSET_MINUTES,
    encoding: "utf-8",
    delimiter: ",",
    skip_lines: 0,
    end_mark: "<END>",
  },
  {
    aliases: {
      currency: ["transactionCurrency"],
      occurred_at: ["paymentTime", "transactionCreateTime", "transactionRequestTime"],
    },
    optional: ["occurred_at"],
    // An account knows its client's id, and Antom's files may name the customer's number instead:
    // these cannot be compared, two of a kind can.
    isOurs: (account, merchantAccount) =>
      CUSTOMER.test(account) === CUSTOMER.test(merchantAccount)
        ? account === merchantAccount
        : CUSTOMER.test(account),
    translate: (line) => (NO_MONEY.has(line.channelStatus) ? null : line),
  },
);
