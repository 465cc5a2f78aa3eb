/** IOTPay's error codes as data: the whole list of its error page. */
import type { ChannelErrorRow } from "../adapter.ts";

export const IOTPAY_ERRORS: readonly ChannelErrorRow[] = [
  {
    channelCode: "0010",
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    meaning: "A system error at IOTPay; the order may have been made.",
  },
  {
    channelCode: "0011",
    code: "CHANNEL_REJECTED",
    retryable: false,
    outcome: "rejected",
    meaning: "IOTPay wants requests as POST: something between us changes them.",
  },
  {
    channelCode: "0012",
    code: "CHANNEL_REJECTED",
    retryable: false,
    outcome: "rejected",
    meaning: "IOTPay received an empty request: something between us changes them.",
  },
  {
    channelCode: "0013",
    code: "CHANNEL_NOT_CONFIGURED",
    retryable: false,
    outcome: "rejected",
    meaning:
      "The signature does not fit: check mch_id and merchant_key; set encode_text if only orders with other than Latin text fail.",
  },
  {
    channelCode: "0014",
    code: "CHANNEL_REJECTED",
    retryable: false,
    outcome: "rejected",
    meaning: "IOTPay refuses a parameter; details.channel.message names it.",
  },
  {
    channelCode: "0015",
    code: "CHANNEL_NOT_CONFIGURED",
    retryable: false,
    outcome: "rejected",
    meaning: "IOTPay does not know this merchant number: correct the account.",
  },
  {
    channelCode: "0110",
    code: "CHANNEL_TIMEOUT",
    retryable: true,
    outcome: "unknown",
    meaning: "The wallet behind IOTPay did not answer in time; the order may have been made.",
  },
  {
    channelCode: "0111",
    code: "CHANNEL_ERROR",
    retryable: true,
    outcome: "unknown",
    meaning: "The wallet behind IOTPay failed; the order may have been made.",
  },
  {
    channelCode: "0112",
    code: "CHANNEL_REJECTED",
    retryable: false,
    outcome: "rejected",
    meaning: "IOTPay does not know this order.",
  },
  {
    channelCode: "0113",
    code: "CHANNEL_ERROR",
    retryable: true,
    // The next query finds the payment and adopts it.
    outcome: "unknown",
    meaning: "The order is paid already.",
  },
  {
    channelCode: "0118",
    code: "CHANNEL_UNAVAILABLE",
    retryable: true,
    outcome: "unknown",
    meaning: "IOTPay's database failed; the order may have been made.",
  },
];

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
