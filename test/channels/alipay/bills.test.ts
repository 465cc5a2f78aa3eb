/**
 * Alipay's trade bills: the call for the link, where it may lead, and the simulated channel's
 * archives as the reader of statements sees them.
 */
import { describe, it } from "vitest";

import type { ChannelAccount } from "../../../src/channels/adapter.ts";
import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { fetchTradeBill } from "../../../src/channels/alipay/bills.ts";
import { askGateway } from "../../../src/channels/alipay/exchange.ts";
import { keysOf } from "../../../src/channels/alipay/keys.ts";
import { alipaySandbox } from "../../../src/channels/alipay/sandbox/channel.ts";
import { alipayStatement } from "../../../src/channels/alipay/statement.ts";
import { inflated } from "../../../src/channels/statement/inflate.ts";
import { utf8 } from "../../../src/crypto/encoding.ts";
import type { DayFault } from "../../../src/sandbox/statement.ts";
import type { FaultScript } from "../../../src/sandbox/simulator.ts";
import { bytesOf, fileOf, linesIn } from "../bill-kit.ts";
import * as kit from "./kit.ts";

const METHOD = "alipay.data.dataservice.bill.downloadurl.query";
const OFFICIAL = ["https://openapi.alipay.com/gateway.do"];
const DAY = "2026-05-26";
const LINK = "http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=trade&token=zz";

const account = kit.accountOf(kit.vectorCredentials);

/** Alipay that answers the call with `node`, and the download with `file`. */
function scripted(node: unknown, file: () => Response | Promise<Response>, sign = true) {
  const urls: string[] = [];
  const io = kit.ioWith(
    async (request) => {
      urls.push(request.url);
      return request.method === "POST"
        ? kit.html(await kit.signedBody(METHOD, node, sign))
        : file();
    },
    { endpoints: OFFICIAL },
  );
  return { io, urls };
}

const linked = (bill_download_url: unknown = LINK) => ({
  code: "10000",
  msg: "Success",
  bill_download_url,
});

const refused = (sub_code: string) => ({
  code: "40004",
  msg: "Business Failed",
  sub_code,
  sub_msg: "账单不存在",
});

const archive = () => new Response(utf8("PK\u0003\u0004…"));

describe("fetching the file", () => {
  it("asks for the day, and over https whatever the link says", async ({ expect }) => {
    const { io, urls } = scripted(linked(), archive);
    const watched: string[] = [];
    const watch = (exchange: object) => watched.push(JSON.stringify(exchange));
    const file = fileOf(await fetchTradeBill(DAY, account, { ...io, watch }));
    expect(file).toMatchObject({ name: `alipay-trade-${DAY}.csv.zip`, sha1: null });
    expect(await bytesOf(file.body)).toEqual(utf8("PK\u0003\u0004…"));
    expect(urls).toHaveLength(2);
    expect(urls[1]).toBe(LINK.replace("http:", "https:"));
    expect(watched.join()).not.toMatch(/PK|token=zz/);
    expect(JSON.stringify(io.lines)).not.toContain("zz");
  });

  it.for(["isp.bill_not_exist", "BILL_NOT_EXIST", "isv.bill-not-exist"])(
    "%s: none, once the day's bill is overdue",
    async (code, { expect }) => {
      const { io } = scripted(refused(code), archive);
      const at = (now: string) =>
        fetchTradeBill(DAY, account, { ...io, now: () => Date.parse(now) });
      expect(await at("2026-05-27T11:59:59+08:00")).toEqual({
        kind: "ok",
        value: { kind: "not_yet" },
      });
      expect(await at("2026-05-27T12:00:00+08:00")).toEqual({
        kind: "ok",
        value: { kind: "none" },
      });
    },
  );

  it.for([
    ["isv.invalid-signature", "rejected"],
    ["isp.unknow-error", "unknown"],
  ] as const)("%s is no answer", async ([code, kind], { expect }) => {
    const { io, urls } = scripted(refused(code), archive);
    expect((await fetchTradeBill(DAY, account, io)).kind).toBe(kind);
    expect(urls).toHaveLength(1);
  });

  it("believes neither a link nor an absence without a signature", async ({ expect }) => {
    for (const node of [linked(), refused("isp.bill_not_exist"), { code: "10000" }]) {
      const { io, urls } = scripted(node, archive, false);
      expect((await fetchTradeBill(DAY, account, io)).kind).toBe("unknown");
      expect(urls).toHaveLength(1);
    }
  });

  it.for([
    "http://evil.example/downloadBillFile.resource?token=zz",
    "http://alipay.com.evil.example/x",
    "http://evilalipay.com/x",
    "http://dwbillcenter.alipay.com:8080/x",
    "http://dwbillcenter.alipay.com@evil.example/x",
    "ftp://dwbillcenter.alipay.com/x",
    "http://169.254.169.254/x",
    "not a link",
    7,
  ])("a link to %s is refused, and nothing fetched", async (link, { expect }) => {
    const { io, urls } = scripted(linked(link), archive);
    expect(await fetchTradeBill(DAY, account, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: "foreign_link" },
    });
    expect(urls).toHaveLength(1);
  });

  it.for([
    ["an expired link's page", () => kit.html("<html>链接已失效</html>"), "no_file"],
    ["a redirect", () => Response.redirect("https://evil.example/", 302), "http_302"],
    ["a 5xx", () => new Response(null, { status: 503 }), "http_503"],
  ] as const)("%s is unknown", async ([, file, code], { expect }) => {
    const { io, urls } = scripted(linked(), file);
    expect(await fetchTradeBill(DAY, account, io)).toMatchObject({
      kind: "unknown",
      error: { channelCode: code },
    });
    expect(urls).toHaveLength(2);
  });
});

/** 09:30 in China. */
const TODAY = "2026-05-27";

type Simulated = Awaited<ReturnType<typeof kit.simulation>>;

async function shop(script: FaultScript | null = null) {
  let now = kit.NOW;
  const simulated = await kit.simulation(() => now, script);
  const own = kit.accountOf(alipaySandbox.credentials(simulated.keys, "ca_bills"));
  return {
    ...simulated,
    own,
    later: (ms: number) => {
      now += ms;
    },
  };
}

async function pay(simulated: Simulated & { own: ChannelAccount }, changes = {}) {
  const { io, own } = simulated;
  const order = kit.order(changes);
  const payload = alipay.prepareCharge(order, own);
  if (!payload.ok) throw new Error(payload.error.message);
  await alipay.createCharge(payload.value, order, own, io);
  return { order, record: simulated.become(order.paymentId, "paid") };
}

async function giveBack({ io, own }: Simulated & { own: ChannelAccount }, paymentId: string) {
  const order = kit.refundOf(kit.sent(paymentId), 1);
  const payload = alipay.refunds?.prepare(order, own);
  if (payload?.ok !== true) throw new Error("no refund");
  await alipay.refunds?.create(payload.value, order, own, io);
  return order;
}

async function readBill(simulated: Simulated, own: ChannelAccount) {
  const file = fileOf(await fetchTradeBill(TODAY, own, simulated.io));
  const bytes = await bytesOf(file.body);
  const expected = { day: TODAY, merchantAccount: "app", sha1: null };
  return { bytes, lines: () => linesIn(alipayStatement, file.name, bytes, expected) };
}

/** The same Alipay with a fault in every day. */
function spoiled<T extends Simulated>(simulated: T, fault: DayFault): T {
  const { orders } = simulated.world();
  const ask: typeof orders.ask = async (...of) => ({ ...(await orders.ask(...of)), fault });
  const world = () => ({ ...simulated.world(), orders: { ...orders, ask } });
  const fetch = (request: Request) => alipaySandbox.handle(request, world());
  return { ...simulated, io: { ...simulated.io, fetch } };
}

describe("the simulated bill", () => {
  it("tells what was paid and given back, to the reader's satisfaction", async ({ expect }) => {
    const simulated = await shop();
    const { order, record } = await pay(simulated, { description: "奶茶, 大杯" });
    const given = await giveBack(simulated, order.paymentId);
    const { lines } = await readBill(simulated, simulated.own);
    expect(await lines()).toMatchObject([
      {
        kind: "payment",
        reference: order.paymentId,
        transactionId: record.transactionId,
        amount: order.amount,
        status: "succeeded",
        fee: 4,
        occurredAt: kit.NOW,
      },
      {
        kind: "refund",
        orderReference: order.paymentId,
        amount: given.amount,
        fee: -2,
      },
    ]);
  });

  it("is an archive as Alipay packs them", async ({ expect }) => {
    const simulated = await shop();
    const { order } = await pay(simulated);
    const { bytes } = await readBill(simulated, simulated.own);
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(0, true)).toBe(0x04034b50);
    expect(view.getUint16(6, true) & 8, "sizes are behind the data").toBe(8);
    expect(view.getUint32(18, true), "and not in front").toBe(0);
    const nameLength = view.getUint16(26, true);
    const name = new TextDecoder("gbk").decode(bytes.subarray(30, 30 + nameLength));
    expect(name).toMatch(/^2088\d{12}0156_20260527_业务明细\.csv$/);
    // The descriptor is found by its signature; the data before it is deflated.
    const mark = bytes.findIndex((_, at) => at > 30 && view.getUint32(at, true) === 0x08074b50);
    const packed = bytes.slice(30 + nameLength, mark);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    async function* raw() {
      yield packed;
    }
    const refuse = (code: string) => new Error(code);
    for await (const piece of inflated(raw(), "deflate-raw", refuse as never))
      pieces.push(new Uint8Array(piece));
    const text = new TextDecoder("gbk").decode(await new Blob(pieces).arrayBuffer());
    const [title, who = "", when, , header = "", row = "", , paid, given] = text.split("\r\n");
    expect(title).toBe("#支付宝业务明细查询");
    expect(who).toMatch(/^#账号：\[2088\d{12}0156\]$/);
    expect(when).toBe("#起始日期：[2026年05月27日 00:00:00]   终止日期：[2026年05月28日 00:00:00]");
    expect(row.split(",")).toHaveLength(header.split(",").length);
    expect(row).toContain(`,${order.paymentId}\t,交易\t,AI summary,2026-05-27 09:30:00,`);
    expect(row).toMatch(/,\t,-0\.04,0\.00,$/);
    expect(paid).toBe("#交易合计：1笔，商家实收共6.99元，商家优惠共0.00元");
    expect(given).toBe("#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元");
  });

  it("is of the merchant that the caller acts for, and of no other", async ({ expect }) => {
    const simulated = await shop();
    const { order } = await pay(simulated);
    const { own } = simulated;
    const grant = async (redirect: string) => {
      const query = new URLSearchParams({
        app_id: String(Object(own.versions[0])["app_id"]),
        redirect_uri: redirect,
      });
      const address = `https://alipay.sandbox.invalid/authorization?${query.toString()}`;
      const answer = await alipaySandbox.handle(new Request(address), simulated.world());
      const code = new URL(answer.headers.get("Location") ?? "").searchParams.get("app_auth_code");
      const { seller_id: _, ...application } = Object(own.versions[0]);
      const isv = kit.isvAccountOf(application);
      const granted = await alipay.authorization?.exchange(code ?? "", isv, simulated.io);
      if (granted?.kind !== "ok") throw new Error(JSON.stringify(granted));
      return kit.isvAccountOf({ ...application, ...granted.value.credentials });
    };
    const theirs = await grant("https://one.example/back");
    const sold = await pay({ ...simulated, own: theirs });
    const referencesOf = async (who: ChannelAccount) => {
      const { lines } = await readBill(simulated, who);
      return (await lines()).map(({ reference }) => reference);
    };
    expect(await referencesOf(own)).toEqual([order.paymentId]);
    expect(await referencesOf(theirs)).toEqual([sold.order.paymentId]);
    const other = await grant("https://two.example/back");
    expect(await fetchTradeBill(TODAY, other, simulated.io)).toEqual({
      kind: "ok",
      value: { kind: "not_yet" },
    });
  });

  it("is good for thirty seconds, and as it was when it was asked for", async ({ expect }) => {
    const simulated = await shop();
    const { order } = await pay(simulated);
    const keys = await keysOf(simulated.own);
    const bizContent = JSON.stringify({ bill_type: "trade", bill_date: TODAY });
    const answer = await askGateway({ method: METHOD, bizContent }, keys, simulated.io);
    if (answer.kind === "unknown") throw new Error("no answer");
    const link = String(answer.fields["bill_download_url"]);
    expect(link).toMatch(/^http:\/\/alipay\.sandbox\.invalid\/downloadBillFile\.resource\?/);
    const open = (url = link) => alipaySandbox.handle(new Request(url), simulated.world());
    await pay(simulated);
    simulated.later(29_999);
    const bytes = new Uint8Array(await (await open()).arrayBuffer());
    const expected = { day: TODAY, merchantAccount: "app", sha1: null };
    const lines = await linesIn(alipayStatement, "bill.zip", bytes, expected);
    expect(lines.map(({ reference }) => reference)).toEqual([order.paymentId]);
    expect((await open(link.replace(/token=.{8}/, "token=eyJkYXkx"))).status).toBe(404);
    simulated.later(1);
    expect((await open()).status).toBe(404);
  });

  it.for([
    { bill_type: "trade", bill_date: "2026-05-28" },
    { bill_type: "trade", bill_date: "2026-05" },
    { bill_type: "all", bill_date: TODAY },
    { bill_date: TODAY },
  ])("is refused for %o", async (content, { expect }) => {
    const simulated = await shop();
    const keys = await keysOf(simulated.own);
    const bizContent = JSON.stringify(content);
    expect(await askGateway({ method: METHOD, bizContent }, keys, simulated.io)).toMatchObject({
      code: "40004",
      subCode: "isv.invaild-arguments",
    });
  });

  it("has the movements of money as its other type", async ({ expect }) => {
    const simulated = await shop();
    const { order } = await pay(simulated);
    await giveBack(simulated, order.paymentId);
    const keys = await keysOf(simulated.own);
    const bizContent = JSON.stringify({ bill_type: "signcustomer", bill_date: TODAY });
    const answer = await askGateway({ method: METHOD, bizContent }, keys, simulated.io);
    if (answer.kind === "unknown") throw new Error("no answer");
    const link = String(answer.fields["bill_download_url"]);
    const file = await alipaySandbox.handle(new Request(link), simulated.world());
    const bytes = new Uint8Array(await file.arrayBuffer());
    const name = new TextDecoder("gbk").decode(bytes.subarray(30, 80));
    expect(name).toContain("_账务明细.csv");
  });
});

describe("a spoiled day", () => {
  it.for(["tampered", "wrong_day", "truncated"] as const)(
    "%s: the reader refuses the file",
    async (fault, { expect }) => {
      const simulated = spoiled(await shop(), fault);
      await pay(simulated);
      const { lines } = await readBill(simulated, simulated.own);
      await expect(lines()).rejects.toMatchObject({ name: "StatementRefused" });
    },
  );

  it("extra_line: a payment that nobody ordered, in a proper file", async ({ expect }) => {
    const simulated = spoiled(await shop(), "extra_line");
    await pay(simulated);
    const { lines } = await readBill(simulated, simulated.own);
    expect(await lines()).toMatchObject([
      { reference: "nobody_ordered_20260527" },
      { kind: "payment" },
    ]);
  });
});

describe("a spoiled line", () => {
  it.for([
    ["statement_wrong_amount", [{ amount: { value: 700 }, fee: 4 }]],
    ["statement_wrong_fee", [{ amount: { value: 699 }, fee: 9 }]],
    ["statement_duplicate", [{ amount: { value: 699 } }, { amount: { value: 699 } }]],
    ["statement_status", [{ status: "succeeded" }]],
  ] as const)("%s", async ([script, expected], { expect }) => {
    const simulated = await shop(script);
    await pay(simulated);
    const { lines } = await readBill(simulated, simulated.own);
    expect(await lines()).toMatchObject(expected);
  });

  it("statement_missing: not at all", async ({ expect }) => {
    const simulated = await shop("statement_missing");
    await pay(simulated);
    expect(await fetchTradeBill(TODAY, simulated.own, simulated.io)).toMatchObject({
      value: { kind: "not_yet" },
    });
  });
});
