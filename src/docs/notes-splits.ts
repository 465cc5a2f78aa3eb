/** What the fields of shares mean; a part of field-notes.ts. */

export const SPLIT_NOTES = {
  Split: {
    amount:
      "What goes to the platform, or comes back from it. It shrinks with refunds until it is asked " +
      "for. 0: nothing is taken, and what the channel has frozen is released to you.",
  },
  ChannelAccountSplit: { receiver: "Who gets the platform's fee. Null: it is invoiced." },
  PutChannelAccountSplit: { receiver: "Null: by invoice." },
};
