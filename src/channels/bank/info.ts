/** What all bank code channels have in common in the matrix. */
import type { ChannelInfo } from "../adapter.ts";

/** The longest that a payment may wait; the code itself has no end that a bank would enforce. */
const LIFETIME_SECONDS = 7_200;

/** @param limits the largest amount is what the code's 13 characters hold; banks set lower ones. */
export const bankInfo = (
  row: Pick<
    ChannelInfo,
    "slug" | "name" | "region" | "currencies" | "qrStandard" | "limits" | "feeRangeBasisPoints"
  >,
): ChannelInfo => ({
  ...row,
  methods: ["qr"],
  requires: {},
  options: [],
  qrLifetimeSeconds: LIFETIME_SECONDS,
  // Money goes back by a transfer of the merchant's own: no bank here takes a refund by API.
  refunds: null,
  confirmedBy: "bank_webhook",
  status: "beta",
});

/** 9999999999.99 and 9999999999999 are what 13 characters hold. */
export const TWO_DECIMALS = { min: 1, max: 999_999_999_999 } as const;
