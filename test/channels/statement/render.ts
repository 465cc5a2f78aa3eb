/** Bills as the channels write them, from the lines that must come out of them again. */
import type { StatementLine } from "../../../src/channels/statement/line.ts";
import { DAY } from "./kit.ts";

export const WECHAT_HEADER =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
export const WECHAT_SUMS =
  "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
export const ALIPAY_HEADER =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
export const ANTOM_HEADER =
  "customerId,acquirerReferenceNo,transactionId,originalTransactionId,transactionRequestId,orderDescription,paymentMethodType,transactionType,transactionAmountValue,transactionAmountCurrency,transactionTime";
export const PLAIN_HEADER =
  "reference,order_reference,transaction_id,type,status,currency,amount,fee,occurred_at";

/** Noon in Beijing on the day of the tests. */
export const NOON = Date.parse(`${DAY}T04:00:00Z`);

export const yuan = (fen: number): string =>
  `${fen < 0 ? "-" : ""}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, "0")}`;

export const beijing = (at: number): string =>
  new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

export const payment = (changes: Partial<StatementLine> = {}): StatementLine => ({
  line: 2,
  kind: "payment",
  reference: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
  orderReference: null,
  transactionId: "4200000001202611200000000001",
  amount: { currency: "CNY", value: 699 },
  status: "succeeded",
  channelStatus: "SUCCESS",
  fee: 4,
  occurredAt: NOON,
  ...changes,
});

export const refund = (changes: Partial<StatementLine> = {}): StatementLine => ({
  ...payment(),
  line: 3,
  kind: "refund",
  reference: "re_01k5x0e8m3v7q2r9t4w6y8z0ab01",
  orderReference: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
  transactionId: "50300000012026112000000001",
  amount: { currency: "CNY", value: 300 },
  fee: -2,
  ...changes,
});

/** A cell of WeChat Pay's header by its name, at one line. */
export type Cells = Readonly<Record<string, string>>;

export const wechatCells = (line: StatementLine, merchant = "1900000001"): Cells => {
  const isRefund = line.kind === "refund";
  const amount = yuan(line.amount.value);
  return {
    交易时间: beijing(line.occurredAt ?? NOON),
    公众账号ID: "wx0000000000000001",
    商户号: merchant,
    特约商户号: "0",
    微信订单号: isRefund ? "4200000001202611200000000001" : (line.transactionId ?? ""),
    商户订单号: (isRefund ? line.orderReference : line.reference) ?? "",
    交易状态: isRefund ? "REFUND" : line.channelStatus,
    货币种类: line.amount.currency,
    应结订单金额: isRefund ? "0.00" : amount,
    代金券金额: "0.00",
    微信退款单号: isRefund ? (line.transactionId ?? "") : "0",
    商户退款单号: isRefund ? (line.reference ?? "") : "0",
    退款金额: isRefund ? amount : "0.00",
    充值券退款金额: "0.00",
    退款状态: isRefund ? line.channelStatus : "",
    商品名称: 'Tea, "green", `2 cups`',
    手续费: `${yuan(line.fee ?? 0)}000`,
    费率: "0.60%",
    订单金额: isRefund ? "0.00" : amount,
    申请退款金额: isRefund ? amount : "0.00",
  };
};

const total = (lines: readonly StatementLine[], kind: StatementLine["kind"]): number =>
  lines.filter((line) => line.kind === kind).reduce((sum, { amount }) => sum + amount.value, 0);

/** @param change of a line's cells, by its place */
export function wechatBill(
  lines: readonly StatementLine[],
  change: (cells: Cells, at: number) => Cells = (cells) => cells,
  { header = WECHAT_HEADER, newline = "\r\n", mark = "\ufeff" } = {},
): string {
  const names = header.split(",");
  const rows = lines.map((line, at) => {
    const cells = change(wechatCells(line), at);
    return names.map((name) => `\`${cells[name] ?? ""}`).join(",");
  });
  const fees = lines.reduce((sum, { fee }) => sum + (fee ?? 0), 0);
  const [paid, back] = [yuan(total(lines, "payment")), yuan(total(lines, "refund"))];
  const sums = `\`${lines.length}.0,\`${paid},\`${back},\`0.0,\`${yuan(fees)},\`${paid},\`${back}`;
  return `${mark}${[header, ...rows, WECHAT_SUMS, sums].join(newline)}${newline}`;
}

export const alipayCells = (line: StatementLine): Cells => {
  const isRefund = line.kind === "refund";
  const amount = yuan(isRefund ? -line.amount.value : line.amount.value);
  return {
    支付宝交易号: line.transactionId ?? "",
    商户订单号: (isRefund ? line.orderReference : line.reference) ?? "",
    业务类型: isRefund ? "退款" : "交易",
    商品名称: "绿茶, 两杯",
    创建时间: beijing(NOON),
    完成时间: beijing(line.occurredAt ?? NOON),
    "订单金额（元）": amount,
    "商家实收（元）": amount,
    "退款批次号/请求号": isRefund ? (line.reference ?? "") : "",
    "服务费（元）": yuan(-(line.fee ?? 0)),
  };
};

export function alipayBill(
  lines: readonly StatementLine[],
  change: (cells: Cells, at: number) => Cells = (cells) => cells,
  { header = ALIPAY_HEADER, account = "20880000000000010156", from = "2026年11月20日" } = {},
): string {
  const names = header.split(",");
  const rows = lines.map((line, at) => {
    const cells = change(alipayCells(line), at);
    return names.map((name) => `${cells[name] ?? ""}\t`).join(",");
  });
  const count = (kind: StatementLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  return [
    "#支付宝业务明细查询",
    `#账号：[${account}]`,
    `#起始日期：[${from} 00:00:00]   终止日期：[2026年11月21日 00:00:00]`,
    "#-----------------------------------------业务明细列表----------------------------------------",
    header,
    ...rows,
    "#-----------------------------------------业务明细列表结束------------------------------------",
    `#交易合计：${count("payment")}笔，商家实收共${yuan(total(lines, "payment"))}元，商家优惠共0.00元`,
    `#退款合计：${count("refund")}笔，商家实收退款共${yuan(-total(lines, "refund"))}元，商家优惠退款共0.00元`,
    "#导出时间：[2026年11月21日 06:02:27]",
    "",
  ].join("\r\n");
}

const quoted = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

export const antomReport = (
  lines: readonly StatementLine[],
  { customer = "SANDBOX_5Y0000000000000001", description = "tea" } = {},
): string =>
  [
    ANTOM_HEADER,
    ...lines.map((line) =>
      [
        customer,
        "",
        line.transactionId ?? "",
        "",
        line.reference ?? "",
        quoted(description),
        "ALIPAY_CN",
        line.channelStatus,
        String(line.amount.value),
        line.amount.currency,
        line.occurredAt === null ? "" : new Date(line.occurredAt).toISOString(),
      ].join(","),
    ),
    "<END>",
    "",
  ].join("\n");

export const plainCsv = (lines: readonly StatementLine[], end = "<END>\n"): string =>
  [
    PLAIN_HEADER,
    ...lines.map((line) =>
      [
        line.reference ?? "",
        line.orderReference ?? "",
        line.transactionId ?? "",
        line.kind,
        line.channelStatus,
        line.amount.currency,
        yuan(line.amount.value),
        line.fee === null ? "" : yuan(line.fee),
        line.occurredAt === null ? "" : new Date(line.occurredAt).toISOString(),
      ]
        .map(quoted)
        .join(","),
    ),
    end,
  ].join("\n");
