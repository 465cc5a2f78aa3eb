/** What people may see of a channel's calls: no secret, no person, and never more than fits. */
import { describe, it } from "vitest";

import { redactBody, redactUrl } from "../../src/channels/exchange-log.ts";
import { appended, type ChannelCallEntry, type JournalEntry } from "../../src/intent/journal.ts";

const LEAK = "leak-7f3a";

/** Names of the channels' own fields, as their documentation writes them. */
const HIDDEN_NAMES = [
  // Codes that pay.
  ["auth_code", "identityCode", "paymentMethodId", "security_code", "prepay_id", "payUrl"],
  // Signatures and keys.
  ["sign", "paySign", "signature", "skey", "hmac", "key", "partnerSecret", "applicationSecret"],
  ["access_token", "app_auth_token", "alipay_cert_sn", "nonce_str", "ciphertext", "password"],
  // Persons: WeChat Pay, Alipay, Antom, and the banks.
  ["openid", "sub_openid", "openId", "user_received_account", "payer_client_ip", "clientIp"],
  ["buyer_logon_id", "buyer_user_id", "buyer_open_id", "buyer_user_name", "referenceBuyerId"],
  ["pspCustomerId", "displayCustomerId", "userLoginId", "cardNo", "cardNum", "email", "phone"],
  ["payerProxyId", "payerName", "payerAccountNumber", "SenderName", "AccNo", "accountName"],
].flat();

describe("a body in the journal", () => {
  it.for(HIDDEN_NAMES)("does not show %s, wherever it stands", (name, { expect }) => {
    const shown = [
      redactBody(JSON.stringify({ a: [{ [name]: LEAK }], amount: 699 })),
      redactBody(JSON.stringify({ [name]: { deep: [LEAK] }, amount: 699 })),
      redactBody(`amount=699&${name}=${LEAK}&biz_content=${JSON.stringify({ [name]: LEAK })}`),
      redactBody(JSON.stringify({ url: `https://bank.example/pay?amount=699&${name}=${LEAK}` })),
      redactUrl(`https://bank.example/pay?amount=699&${name}=${LEAK}`),
    ];
    for (const text of shown) {
      expect(text).toContain("699");
      expect(text).not.toContain(LEAK);
    }
  });

  it.for(["out_trade_no", "trade_status", "total_amount", "sub_code", "sign_type", "status"])(
    "shows %s",
    (name, { expect }) => {
      expect(redactBody(JSON.stringify({ [name]: "as-it-is" }))).toContain("as-it-is");
    },
  );

  it.for([
    ["deep objects", `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`],
    ["deep arrays", `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
    ["links in links", JSON.stringify({ a: "x://h?a=".repeat(30_000) })],
    ["JSON in JSON", JSON.stringify({ a: JSON.stringify({ a: JSON.stringify({ a: "{{" }) }) })],
    ["a page", `<html>${LEAK.repeat(1_000)}</html>`],
    ["control characters", `a=${"%00".repeat(80_000)}`],
    ["one long word", LEAK.repeat(25_000)],
    [
      "many members",
      JSON.stringify(Object.fromEntries([...Array(20_000).keys()].map((n) => [n, n]))),
    ],
  ] as const)("is short whatever the reply was: %s", ([, reply], { expect }) => {
    expect((redactBody(reply) ?? "").length).toBeLessThan(1_600);
  });
});

describe("the journal", () => {
  const call = (changes: Partial<ChannelCallEntry> = {}): ChannelCallEntry => ({
    type: "channel_call",
    at: 1,
    channel: "wechat",
    operation: "query",
    outcome: "ok",
    code: "",
    duration_ms: 5,
    exchanges: [],
    ...changes,
  });

  it("keeps the first and the last of many calls", ({ expect }) => {
    const all = Array.from({ length: 100 }, (_, at) => call({ at }));
    const kept = all.reduce<JournalEntry[]>((journal, entry) => appended(journal, [entry]), []);
    expect(kept).toHaveLength(40);
    expect(kept.slice(0, 10).map(({ at }) => at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(kept.at(-1)?.at).toBe(99);
  });

  it("stays far below what a row may hold, with the longest words of a hostile channel", ({
    expect,
  }) => {
    const long = "\u0000".repeat(256 * 1_024);
    const body = redactBody(`a=${"%00".repeat(80_000)}`);
    const exchange = { method: "POST", url: "", request: body, status: 200, reply: body };
    const entries: JournalEntry[] = Array.from({ length: 60 }, (_, at) => [
      call({ at, code: long, exchanges: Array.from({ length: 50 }, () => exchange) }),
      {
        type: "callback" as const,
        at,
        channel: "wechat",
        outcome: "known" as const,
        status: long,
        detail: long,
        request_id: null,
      },
    ]).flat();
    const kept = entries.reduce<JournalEntry[]>((journal, entry) => appended(journal, [entry]), []);
    expect(JSON.stringify(kept).length).toBeLessThan(450_000);
    expect(kept.length).toBeGreaterThan(5);
    expect([kept[0]?.at, kept.at(-1)?.at]).toEqual([0, 59]);
  });
});
