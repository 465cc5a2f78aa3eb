/**
 * Trade bills: the request in both modes, which answers are believed, where a link may lead, and
 * the simulated channel's files as the reader of statements sees them.
 */
import { beforeAll, describe, it } from "vitest";

import type { ChannelAccount } from "../../../src/channels/adapter.ts";
import { wechat } from "../../../src/channels/wechat/adapter.ts";
import { fetchTradeBill, requestTradeBill } from "../../../src/channels/wechat/bills.ts";
import { keysOf } from "../../../src/channels/wechat/keys.ts";
import { wechatSandbox } from "../../../src/channels/wechat/sandbox/channel.ts";
import { sendSigned } from "../../../src/channels/wechat/send.ts";
import { wechatStatement } from "../../../src/channels/wechat/statement.ts";
import { fromUtf8, utf8 } from "../../../src/crypto/encoding.ts";
import { refundIdOf } from "../../../src/ids.ts";
import type { DayFault } from "../../../src/sandbox/statement.ts";
import { bytesOf, fileOf, linesIn } from "../bill-kit.ts";
import { refundOrder } from "../kit.ts";
import * as kit from "./kit.ts";

let pairs: readonly [kit.Pair, kit.Pair];
let platform: kit.Pair;
let direct: ChannelAccount;
let partner: ChannelAccount;

beforeAll(async () => {
  const merchant = await kit.newPair();
  platform = await kit.newPair();
  pairs = [merchant, platform];
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

const DAY = "2026-11-20";

/** WeChat Pay that answers the request with `link`, and the download with `file`. */
const scripted = (link: () => Promise<Response>, file: () => Response | Promise<Response>) =>
  kit.fakeIo((_request, call) => (call === 1 ? link() : file()));

const fileReply = (text: string) => new Response(utf8(text));

describe("fetching the file", () => {
  it("asks at the link, signed like any request, and hands its bytes on", async ({ expect }) => {
    const io = scripted(signed(BILL), () => fileReply("\u{feff}交易时间"));
    const watched: string[] = [];
    const watch = (exchange: object) => watched.push(JSON.stringify(exchange));
    const file = fileOf(await fetchTradeBill(DAY, direct, { ...io, watch }));
    expect(file).toMatchObject({
      name: `wechat-tradebill-${DAY}.csv.gz`,
      sha1: BILL.hash_value.toLowerCase(),
    });
    expect(await bytesOf(file.body)).toEqual(utf8("\u{feff}交易时间"));
    expect(io.sent).toHaveLength(2);
    expect(io.sent[1]?.request.url).toBe(BILL.download_url);
    expect(io.sent[1]?.request.headers.get("Authorization")).toMatch(/^WECHATPAY2-SHA256-RSA2048 /);
    expect(watched).toHaveLength(2);
    expect(watched.join()).not.toMatch(/交易|token=xx/);
  });

  it.for([
    ["NO_STATEMENT_EXIST", "none"],
    ["NO_STATEMENT_EXIST", "none", 404],
    ["NOSTATEMENTEXIST", "none"],
    ["STATEMENT_CREATING", "not_yet"],
  ] as const)("%s is an answer: %s", async ([code, kind, status = 400], { expect }) => {
    const refused = async () => kit.errorReply(status, code);
    const value = { kind: "ok", value: { kind } };
    expect(await fetchTradeBill(DAY, direct, kit.fakeIo(refused))).toEqual(value);
    // The file may vanish between the two.
    expect(await fetchTradeBill(DAY, direct, scripted(signed(BILL), refused))).toEqual(value);
  });

  it.for([
    ["INVALID_REQUEST", 400, "rejected"],
    ["NO_AUTH", 403, "rejected"],
    ["SYSTEM_ERROR", 500, "unknown"],
  ] as const)("%s is not, in either exchange", async ([code, status, kind], { expect }) => {
    const refused = async () => kit.errorReply(status, code);
    const expected = { kind, error: { channelCode: code } };
    expect(await fetchTradeBill(DAY, direct, kit.fakeIo(refused))).toMatchObject(expected);
    const second = scripted(signed(BILL), refused);
    expect(await fetchTradeBill(DAY, direct, second)).toMatchObject(expected);
  });

  it.for([
    ["a 5xx without a body", () => new Response(null, { status: 502 }), "http_502"],
    ["an HTML page", () => new Response("<html>"), "no_file"],
    ["an error with status 200", () => Response.json({ code: "X" }), "no_file"],
    ["a redirect", () => Response.redirect("https://evil.example/", 302), "http_302"],
  ] as const)("%s in the place of the file is unknown", async ([, file, code], { expect }) => {
    const io = scripted(signed(BILL), file);
    expect(await fetchTradeBill(DAY, direct, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: code },
    });
    expect(io.sent).toHaveLength(2);
  });

  it.for([
    "https://evil.example/v3/billdownload/file?token=xx",
    "https://api.mch.weixin.qq.com.evil.example/v3/billdownload/file?token=xx",
    "https://evilmch.weixin.qq.com/v3/billdownload/file?token=xx",
    "https://api.mch.weixin.qq.com:8443/v3/billdownload/file?token=xx",
    "https://api.mch.weixin.qq.com@evil.example/v3/billdownload/file?token=xx",
    "https://user:pass@api.mch.weixin.qq.com/v3/billdownload/file?token=xx",
    "https://127.0.0.1/v3/billdownload/file?token=xx",
  ])("a link to %s is refused, and nothing fetched", async (download_url, { expect }) => {
    const io = scripted(signed({ ...BILL, download_url }), () => fileReply("x"));
    expect(await fetchTradeBill(DAY, direct, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "foreign_link" },
    });
    expect(io.sent).toHaveLength(1);
  });

  it("takes the backup host, and a configured one", async ({ expect }) => {
    const backup = BILL.download_url.replace("//api.", "//api2.");
    const official = scripted(signed({ ...BILL, download_url: backup }), () => fileReply("x"));
    expect((await fetchTradeBill(DAY, direct, official)).kind).toBe("ok");
    const download_url = "https://wechat.double.example/v3/billdownload/file?token=xx";
    const own = scripted(signed({ ...BILL, download_url }), () => fileReply("x"));
    const io = { ...own, endpoints: ["https://wechat.double.example"] };
    expect((await fetchTradeBill(DAY, direct, io)).kind).toBe("ok");
  });
});

/** 08:00 in Beijing. */
const TODAY = "2026-11-21";

async function pay(simulation: kit.Simulation, changes: Parameters<typeof kit.orderOf>[0] = {}) {
  const { account } = simulation;
  const order = kit.orderOf(changes);
  const payload = wechat.prepareCharge(order, account);
  if (!payload.ok) throw new Error(payload.error.message);
  await wechat.createCharge(payload.value, order, account, simulation.io());
  return { order, record: simulation.orders.become(order.paymentId, "paid") };
}

async function refund(simulation: kit.Simulation, paymentId: string) {
  const payment = kit.sentOrder(paymentId);
  const order = refundOrder(payment, { refundId: refundIdOf(paymentId, 1) });
  const payload = wechat.refunds?.prepare(order, simulation.account);
  if (payload?.ok !== true) throw new Error("no refund");
  const { account } = simulation;
  await wechat.refunds?.create(payload.value, order, account, simulation.io());
  const made = simulation.orders.find(paymentId)?.refunds[0];
  if (made === undefined) throw new Error("not refunded");
  return made;
}

const fetched = (simulation: kit.Simulation, day = TODAY) =>
  fetchTradeBill(day, simulation.account, simulation.io());

async function readBill(simulation: kit.Simulation, merchantAccount: string) {
  const file = fileOf(await fetched(simulation));
  const expected = { day: TODAY, merchantAccount, sha1: file.sha1 };
  const bytes = await bytesOf(file.body);
  return { bytes, expected, lines: () => linesIn(wechatStatement, file.name, bytes, expected) };
}

const mchidOf = async ({ account }: kit.Simulation): Promise<string> => {
  const examined = await wechat.modes[account.mode]?.examine(account.versions[0], kit.NOW);
  if (examined?.ok !== true) throw new Error("not examined");
  return examined.value.merchantAccount;
};

/** The same channel with a fault in every day. */
function spoiled(simulation: kit.Simulation, fault: DayFault): kit.Simulation {
  const { orders } = simulation.world;
  const ask: typeof orders.ask = async (...of) => ({ ...(await orders.ask(...of)), fault });
  const world = { ...simulation.world, orders: { ...orders, ask } };
  const io: kit.Simulation["io"] = (changes = {}) =>
    kit.fakeIo((request) => wechatSandbox.handle(request, world), changes);
  return { ...simulation, world, io };
}

describe("the simulated bill", () => {
  it("tells what was paid and given back, to the reader's satisfaction", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    const description = "奶茶, large\n`1";
    const { order, record } = await pay(simulation, { description });
    const given = await refund(simulation, order.paymentId);
    const { lines } = await readBill(simulation, await mchidOf(simulation));
    expect(await lines()).toMatchObject([
      {
        kind: "payment",
        reference: order.paymentId,
        transactionId: record.transactionId,
        amount: order.amount,
        status: "succeeded",
        channelStatus: "SUCCESS",
        // 0.60 % of 6.99.
        fee: 4,
        occurredAt: kit.NOW,
      },
      {
        kind: "refund",
        reference: given.refundNumber,
        orderReference: order.paymentId,
        amount: { currency: "CNY", value: given.value },
        status: "succeeded",
        fee: -2,
      },
    ]);
  });

  it("is a file as WeChat Pay writes them", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    await pay(simulation, { description: "a,`b" });
    const { bytes } = await readBill(simulation, "");
    expect([...bytes.subarray(0, 2)], "gzip").toEqual([0x1f, 0x8b]);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(
      await new Response(stream).arrayBuffer(),
    );
    const [header = "", row = "", sums = "", values = "", end] = text.split("\r\n");
    expect(header.startsWith("\u{feff}交易时间,公众账号ID,商户号,")).toBe(true);
    expect(row).toMatch(/^`2026-11-21 08:00:00,`wx/);
    expect(row.split(",`")).toHaveLength(header.split(",").length);
    expect(row).toContain(",`a\\ `b,`");
    expect(row).toMatch(/,`0\.04194,`0\.60%,`6\.99,`0\.00,`$/);
    expect(sums).toMatch(/^总交易单数,/);
    expect(values).toBe("`1.0,`6.99,`0.00,`0.00,`0.04194,`6.99,`0.00");
    expect(end).toBe("");
  });

  it.for(["SUCCESS", "REFUND"] as const)(
    "has one of type %s, packed or not",
    async (type, { expect }) => {
      const simulation = await kit.simulate({ pairs });
      const { order } = await pay(simulation);
      await refund(simulation, order.paymentId);
      for (const compressed of [true, false]) {
        const bill = { date: TODAY, type, compressed };
        const outcome = await requestTradeBill(bill, simulation.account, simulation.io());
        if (outcome.kind !== "ok") throw new Error(JSON.stringify(outcome));
        const keys = await keysOf(simulation.account);
        if (!keys.ok) throw new Error(keys.error);
        const { pathname, search } = new URL(outcome.value.url);
        const path = pathname + search;
        const reply = await sendSigned(keys.value, simulation.io(), { method: "GET", path });
        if (reply.kind !== "reply") throw new Error("no file");
        expect(reply.headers.get("Wechatpay-Signature")).toBeNull();
        const expected = {
          day: TODAY,
          merchantAccount: await mchidOf(simulation),
          sha1: outcome.value.sha1,
        };
        const bytes = new Uint8Array(reply.body);
        const lines = await linesIn(wechatStatement, "bill", bytes, expected);
        expect(lines.map(({ kind }) => kind)).toEqual([type === "REFUND" ? "refund" : "payment"]);
      }
    },
  );

  it("is a sub-merchant's, and not another one's of the same provider", async ({ expect }) => {
    const provider = await kit.simulateProvider({ pairs });
    const { order } = await pay(provider);
    const { lines } = await readBill(provider, kit.SUB_MCHID);
    expect(await lines()).toMatchObject([{ reference: order.paymentId }]);
    const changes = { sub_mchid: "1900000110" };
    const credentials = kit.partnerCredentialsOf(...pairs, changes);
    const other = { ...provider, account: kit.partnerAccountOf(credentials) };
    expect(await fetched(other)).toEqual({ kind: "ok", value: { kind: "none" } });
  });

  it("is none of a day on which nothing was booked", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs });
    await pay(simulation);
    const none = { kind: "ok", value: { kind: "none" } };
    expect(await fetched(simulation, "2026-11-20")).toEqual(none);
    // Exactly three months back.
    expect(await fetched(simulation, "2026-08-21")).toEqual(none);
  });

  it.for(["2026-11-22", "2026-08-20"])("is refused for %s", async (day, { expect }) => {
    const simulation = await kit.simulate({ pairs });
    expect(await fetched(simulation, day)).toMatchObject({
      kind: "rejected",
      error: { channelCode: "INVALID_REQUEST" },
    });
  });

  it.for(["2026-02-30", "20261121", ""])("is refused for no day: %s", async (day, { expect }) => {
    const simulation = await kit.simulate({ pairs });
    expect(await fetched(simulation, day)).toMatchObject({
      error: { channelCode: "PARAM_ERROR" },
    });
  });
});

describe("a link to the simulated bill", () => {
  /** What a link opens for somebody, some time later. */
  async function opened(
    simulation: kit.Simulation,
    url: string,
    { later = 0, account = simulation.account, unsigned = false } = {},
  ) {
    const world = { ...simulation.world, now: kit.NOW + later };
    const { pathname, search } = new URL(url);
    const io = kit.fakeIo((request) => wechatSandbox.handle(request, world), {
      endpoints: ["https://wechat.sandbox.invalid"],
      now: () => world.now,
    });
    if (unsigned) {
      const headers = { Accept: "*/*", "User-Agent": "x" };
      return (await wechatSandbox.handle(new Request(url, { headers }), world)).status;
    }
    const keys = await keysOf(account);
    if (!keys.ok) throw new Error(keys.error);
    const reply = await sendSigned(keys.value, io, { method: "GET", path: pathname + search });
    return reply.kind === "reply" ? reply.status : 0;
  }

  async function linked() {
    const simulation = await kit.simulate({ pairs });
    await pay(simulation);
    const wantedToday = { date: TODAY, type: "ALL", compressed: true } as const;
    const outcome = await requestTradeBill(wantedToday, simulation.account, simulation.io());
    if (outcome.kind !== "ok") throw new Error(JSON.stringify(outcome));
    return { simulation, url: outcome.value.url };
  }

  it("works for five minutes, for its merchant, signed, and as it was given", async ({
    expect,
  }) => {
    const { simulation, url } = await linked();
    expect(await opened(simulation, url, { later: 299_000 })).toBe(200);
    expect(await opened(simulation, url, { later: 300_000 })).toBe(400);
    expect(await opened(simulation, url, { unsigned: true })).toBe(401);
    const stranger = (await kit.simulate({ pairs })).account;
    expect(await opened(simulation, url, { account: stranger })).toBe(403);
    for (const forged of [`${url}0`, url.replace(/token=.{8}/, "token=eyJkYXkx"), `${url}.x`]) {
      expect(await opened(simulation, forged)).toBe(400);
    }
    expect(await opened(simulation, url.replace(/\?.*/, ""))).toBe(400);
  });

  it("opens what was booked when it was given", async ({ expect }) => {
    const { simulation, url } = await linked();
    await pay(simulation);
    const io = simulation.io({ endpoints: ["https://wechat.sandbox.invalid"] });
    const keys = await keysOf(simulation.account);
    if (!keys.ok) throw new Error(keys.error);
    const { pathname, search } = new URL(url);
    const reply = await sendSigned(keys.value, io, { method: "GET", path: pathname + search });
    if (reply.kind !== "reply") throw new Error("no file");
    const stream = new Blob([new Uint8Array(reply.body)]).stream();
    const text = await new Response(
      stream.pipeThrough(new DecompressionStream("gzip")),
    ).arrayBuffer();
    expect(fromUtf8(new Uint8Array(text)).split("\r\n")).toHaveLength(5);
  });
});

describe("a spoiled day", () => {
  it.for([
    ["tampered", "tampered"],
    ["wrong_day", "wrong_day"],
  ] as const)("%s: the reader refuses the file", async ([fault, code], { expect }) => {
    const simulation = spoiled(await kit.simulate({ pairs }), fault);
    await pay(simulation);
    const { lines } = await readBill(simulation, await mchidOf(simulation));
    await expect(lines()).rejects.toMatchObject({ name: "StatementRefused", code });
  });

  it("truncated: the reader refuses the file", async ({ expect }) => {
    const simulation = spoiled(await kit.simulate({ pairs }), "truncated");
    await pay(simulation);
    const { lines } = await readBill(simulation, await mchidOf(simulation));
    await expect(lines()).rejects.toMatchObject({ name: "StatementRefused" });
  });

  it("extra_line: a payment that nobody ordered, in a proper file", async ({ expect }) => {
    const simulation = spoiled(await kit.simulate({ pairs }), "extra_line");
    const { lines } = await readBill(simulation, await mchidOf(simulation));
    expect(await lines()).toMatchObject([
      { kind: "payment", reference: "nobody_ordered_20261121", amount: { value: 100 } },
    ]);
  });
});

describe("a spoiled line", () => {
  const linesUnder = async (script: Parameters<typeof kit.simulate>[0]) => {
    const simulation = await kit.simulate({ pairs, ...script });
    const { order } = await pay(simulation);
    const { lines } = await readBill(simulation, await mchidOf(simulation));
    return { order, lines: await lines() };
  };

  it.for([
    ["statement_wrong_amount", { amount: { currency: "CNY", value: 700 }, fee: 4 }],
    ["statement_wrong_fee", { amount: { currency: "CNY", value: 699 }, fee: 9 }],
    ["statement_status", { status: "reversed", channelStatus: "REVOKED" }],
    ["statement_only", { amount: { currency: "CNY", value: 699 }, fee: 4 }],
  ] as const)("%s", async ([script, line], { expect }) => {
    const { order, lines } = await linesUnder({ script });
    expect(lines).toMatchObject([{ reference: order.paymentId, ...line }]);
  });

  it("statement_duplicate: twice, with two numbers of the channel", async ({ expect }) => {
    const { order, lines } = await linesUnder({ script: "statement_duplicate" });
    expect(lines.map(({ reference }) => reference)).toEqual([order.paymentId, order.paymentId]);
    expect(new Set(lines.map(({ transactionId }) => transactionId)).size).toBe(2);
  });

  it("statement_missing: not at all", async ({ expect }) => {
    const simulation = await kit.simulate({ pairs, script: "statement_missing" });
    await pay(simulation);
    expect(await fetched(simulation)).toEqual({ kind: "ok", value: { kind: "none" } });
  });
});
