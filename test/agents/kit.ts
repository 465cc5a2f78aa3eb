/** A manifest that is right, to be changed by tests. */

export const money = (value: number, currency = "CNY") => ({ currency, value });

export const manifestOf = (changes: Readonly<Record<string, unknown>> = {}) => ({
  name: "Smart Summary",
  description: "Summarises long documents.\nAny language.",
  provider: { display_name: "Summary Labs" },
  payment_methods: { one_time: true },
  pricing: { one_time: [{ id: "page", amount: money(699) }] },
  accepted_channels: ["alipay", "wechat"],
  settlement_currency: "CNY",
  endpoint: "https://summary.example/v1",
  tags: ["text", "summary"],
  version: "1.0.0",
  ...changes,
});

/** Prices in place of the one there is. */
export const priced = (...prices: unknown[]) => manifestOf({ pricing: { one_time: prices } });
