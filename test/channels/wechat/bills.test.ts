/** The request for a trade bill in both modes, and which answers to it are believed. */
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount } from "../../../src/channels/adapter.ts";
import { requestTradeBill } from "../../../src/channels/wechat/bills.ts";
import * as kit from "./kit.ts";

let platform: kit.Pair;
let direct: ChannelAccount;
let partner: ChannelAccount;

beforeAll(async () => {
  const merchant = await kit.newPair();
  platform = await kit.newPair();
  direct = kit.accountOf(kit.credentialsOf(merchant, platform));
  partner = kit.partnerAccountOf(kit.partnerCredentialsOf(merchant, platform));
});

const wanted = { date: "2026-11-20", type: "ALL", compressed: true } as const;

const BILL = {
  hash_type: "SHA1",
  hash_value: "79BB0F45FC4C42234A918000B2668D689E2BDE04",
  download_url: "https://api.mch.weixin.qq.com/v3/billdownload/file?token=xx",
};

const asked = async (account: ChannelAccount, reply: () => Promise<Response>) => {
  const io = kit.fakeIo(reply);
  const outcome = await requestTradeBill(wanted, account, io);
  return { outcome, url: new URL(io.sent[0]?.request.url ?? "") };
};

const signed = (body: unknown) => () => kit.signedReply(platform, body);

describe("a trade bill", () => {
  it("is asked for by day, and by a provider for one sub-merchant", async ({ expect }) => {
    const own = await asked(direct, signed(BILL));
    expect(own.outcome).toEqual({
      kind: "ok",
      value: { url: BILL.download_url, sha1: BILL.hash_value.toLowerCase() },
    });
    expect(own.url.pathname).toBe("/v3/bill/tradebill");
    expect(Object.fromEntries(own.url.searchParams)).toEqual({
      bill_date: "2026-11-20",
      bill_type: "ALL",
      tar_type: "GZIP",
    });
    const sub = await asked(partner, signed(BILL));
    expect(sub.outcome.kind).toBe("ok");
    expect(sub.url.searchParams.get("sub_mchid")).toMatch(/^\d+$/);
  });

  it("that does not exist yet, or at all, is said so", async ({ expect }) => {
    for (const [status, code, kind] of [
      [400, "NO_STATEMENT_EXIST", "rejected"],
      [400, "STATEMENT_CREATING", "unknown"],
    ] as const) {
      const { outcome } = await asked(direct, async () => kit.errorReply(status, code));
      expect(outcome).toMatchObject({ kind, error: { channelCode: code } });
    }
  });

  it("is not believed without a signature, a hash or an https address", async ({ expect }) => {
    const unsigned = await asked(direct, async () => Response.json(BILL));
    expect(unsigned.outcome.kind).toBe("unknown");
    for (const spoilt of [
      { ...BILL, hash_type: "MD5" },
      { ...BILL, hash_value: "79BB" },
      { ...BILL, download_url: "http://bills.example/x" },
      { hash_type: "SHA1" },
      [],
    ]) {
      expect((await asked(direct, signed(spoilt))).outcome.kind).toBe("unknown");
    }
  });
});
