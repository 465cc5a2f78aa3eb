/** IOTPay's error codes as data: the whole list of its error page. */
import type { ChannelErrorRow } from "../adapter.ts";
import { errorRows } from "../error-groups.ts";

export const IOTPAY_ERRORS: readonly ChannelErrorRow[] = errorRows([
  {
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    rows: {
      "0010": "A system error at IOTPay; the order may have been made.",
      "0118": "IOTPay's database failed; the order may have been made.",
    },
  },
  {
    code: "CHANNEL_REJECTED",
    rows: {
      "0011": "IOTPay wants requests as POST: something between us changes them.",
      "0012": "IOTPay received an empty request: something between us changes them.",
      "0014": "IOTPay refuses a parameter; details.channel.message names it.",
      "0112": "IOTPay does not know this order.",
    },
  },
  {
    code: "CHANNEL_NOT_CONFIGURED",
    rows: {
      "0013":
        "The signature does not fit: check mch_id and merchant_key; set encode_text if only orders with other than Latin text fail.",
      "0015": "IOTPay does not know this merchant number: correct the account.",
    },
  },
  {
    code: "CHANNEL_TIMEOUT",
    retryable: true,
    outcome: "unknown",
    rows: {
      "0110": "The wallet behind IOTPay did not answer in time; the order may have been made.",
    },
  },
  {
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    rows: {
      "0111": "The wallet behind IOTPay failed; the order may have been made.",
      // The next query finds the payment and adopts it.
      "0113": "The order is paid already.",
    },
  },
]);

/** Refusals of the request itself, given before anything was looked up or done. */
export const REQUEST_REFUSED: readonly string[] = ["0011", "0012", "0013", "0014", "0015"];

/** A wallet's own refusals come through under codes that IOTPay's page does not list. */
const UNLISTED: Omit<ChannelErrorRow, "channelCode"> = {
  code: "CHANNEL_REJECTED",
  retryable: false,
  outcome: "rejected",
  meaning: "IOTPay refused with a code that is not known here; details.channel.message says why.",
};

export const errorRow = (channelCode: string): Omit<ChannelErrorRow, "channelCode"> =>
  IOTPAY_ERRORS.find((row) => row.channelCode === channelCode) ?? UNLISTED;
