/** What the reference shows of shares of payments, as data; a part of samples.ts. */

const account = "ca_01k5x0e8m3v7q2r9t4w6y8z0ab";
const receiver = { type: "MERCHANT_ID", account: "1900000109", name: null };

export const SPLIT_SAMPLES = {
  Split: {
    id: "sp_01k5x0e8m3v7q2r9t4w6y8z0ab",
    object: "split",
    livemode: true,
    kind: "split",
    payment_intent: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
    refund: null,
    channel: "wechat",
    channel_account: account,
    amount: { currency: "CNY", value: 3 },
    state: "succeeded",
    channel_split_id: "3008450740201411110007820472",
    error: null,
    created_at: "2026-11-01T08:30:00.412Z",
    updated_at: "2026-11-01T08:32:01.087Z",
  },
  ChannelAccountSplit: {
    object: "channel_account_split",
    channel_account: account,
    settlement_method: "channel_split",
    receiver,
  },
};

export const SPLIT_BODIES = {
  putChannelAccountSplit: { receiver: { type: receiver.type, account: receiver.account } },
};
