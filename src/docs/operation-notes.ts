/** What operations do, by their id, for those whose route does not say it. */
export const OPERATION_NOTES: Readonly<Record<string, string>> = {
  getWebhookEndpoint:
    "Without its signing secret, which is shown only when it is made or replaced.",
  listChannelErrors:
    "The table that the gateway itself decides by: what each of the channel's codes means, and " +
    "which error it becomes.",
  listChannelAccounts: "Of the key's mode, newest first. Credentials never come back.",
  getChannelAccount: "With the address that the channel calls. Credentials never come back.",
  updateChannelAccount: "Fields that are left out stay as they are. Credentials are added beside.",
  listApiKeys: "Newest first. Their secrets never come back.",
  getApiKey: "Its scopes, addresses and end. Its secret never comes back.",
  listMerchants: "Newest first.",
  getMerchant: "Without its keys, which were shown when they were made.",
  getOwnMerchant: "Any key may ask: it tells whose key it is.",
  listDeadLetters: "Newest first. What a message says is not shown.",
  getSandboxWallet: "Open it in a browser to pay or to decline by hand.",
  getHealth: "Asks nothing behind the process; the readiness check does.",
  getOpenApiDocument: "Made from the schemas that requests are checked with.",
  getDocs: "The OpenAPI document for people.",
};
