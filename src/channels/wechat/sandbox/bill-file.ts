/**
 * A trade bill as WeChat Pay writes it: UTF-8 with a byte order mark, CRLF, a backtick before every
 * value, yuan, and a second header with the sums at the end. What goes to a seller is positive,
 * what comes back (a refund's fee) negative.
 */
import { toDecimal } from "../../../money.ts";
import { chinaClock } from "../../../sandbox/china-time.ts";
import { type Entry, FEE_RATE } from "../../../sandbox/statement.ts";
import { payerOf } from "./orders.ts";
import { termsOf, type Parties } from "./parties.ts";

export const BILL_TYPES = ["ALL", "SUCCESS", "REFUND"] as const;

export type BillType = (typeof BILL_TYPES)[number];

const yuan = (fen: number): string => toDecimal(fen, 2);

/** Thousandths of a fen are the fifth decimal of a yuan. */
const fee = (thousandths: number): string =>
  `${thousandths < 0 ? "-" : ""}${toDecimal(Math.abs(thousandths), 5)}`;

const clock = (ms: number): string => chinaClock(ms).replace("T", " ");

/** A comma in a merchant's text would end its cell. */
const text = (value: string): string => value.replaceAll(",", "\\ ").replaceAll(/[\r\n]/g, " ");

interface Row {
  readonly entry: Entry;
  readonly parties: Parties;
  readonly terms: ReturnType<typeof termsOf>;
}

interface Column {
  readonly name: string;
  /** The bills that have the column; absent: all. */
  readonly in?: readonly BillType[];
  value(row: Row): string;
}

const ofRefund = (value: (entry: Entry) => string, otherwise: string) => (row: Row) =>
  row.entry.kind === "refund" ? value(row.entry) : otherwise;

const ofPayment = (row: Row) => yuan(row.entry.kind === "payment" ? row.entry.value : 0);

const REFUNDS = ["ALL", "REFUND"] as const;
const REFUND_ONLY = ["REFUND"] as const;

function stateOf({ kind, reversed }: Entry): string {
  if (kind === "refund") return "REFUND";
  return reversed ? "REVOKED" : "SUCCESS";
}

const COLUMNS: readonly Column[] = [
  { name: "交易时间", value: ({ entry }) => clock(entry.at) },
  { name: "公众账号ID", value: ({ terms }) => terms.sp_appid ?? terms.appid ?? "" },
  { name: "商户号", value: ({ parties }) => parties.caller },
  {
    name: "特约商户号",
    value: ({ parties: { caller, payee } }) => (payee === caller ? "0" : payee),
  },
  { name: "设备号", value: () => "" },
  { name: "微信订单号", value: ({ entry }) => entry.transactionId },
  { name: "商户订单号", value: ({ entry }) => entry.orderNumber },
  { name: "用户标识", value: ({ terms }) => payerOf(terms) },
  { name: "交易类型", value: ({ terms }) => terms.trade_type },
  { name: "交易状态", value: ({ entry }) => stateOf(entry) },
  { name: "付款银行", value: () => "OTHERS" },
  { name: "货币种类", value: ({ entry }) => entry.currency },
  { name: "应结订单金额", value: ofPayment },
  { name: "代金券金额", value: () => "0.00" },
  { name: "退款申请时间", in: REFUND_ONLY, value: ({ entry }) => clock(entry.at) },
  { name: "退款成功时间", in: REFUND_ONLY, value: ({ entry }) => clock(entry.at) },
  { name: "微信退款单号", in: REFUNDS, value: ofRefund((it) => it.channelRefundId ?? "", "0") },
  { name: "商户退款单号", in: REFUNDS, value: ofRefund((it) => it.refundNumber ?? "", "0") },
  { name: "退款金额", in: REFUNDS, value: ofRefund((it) => yuan(it.value), "0.00") },
  { name: "充值券退款金额", in: REFUNDS, value: () => "0.00" },
  { name: "退款类型", in: REFUNDS, value: ofRefund(() => "ORIGINAL", "") },
  { name: "退款状态", in: REFUNDS, value: ofRefund(() => "SUCCESS", "") },
  { name: "商品名称", value: ({ terms }) => text(terms.description ?? "") },
  { name: "商户数据包", value: ({ terms }) => text(terms.attach ?? "") },
  { name: "手续费", value: ({ entry }) => fee(entry.fee) },
  { name: "费率", value: () => FEE_RATE },
  { name: "订单金额", value: ofPayment },
  { name: "申请退款金额", in: REFUNDS, value: ofRefund((it) => yuan(it.value), "0.00") },
  { name: "费率备注", value: () => "" },
];

const cells = (values: readonly string[]): string => values.map((it) => `\`${it}`).join(",");

const sum = (entries: readonly Entry[], of: (entry: Entry) => number): number =>
  entries.reduce((total, entry) => total + of(entry), 0);

const valueOf =
  (kind: Entry["kind"]) =>
  (entry: Entry): number =>
    entry.kind === kind ? entry.value : 0;

function summary(entries: readonly Entry[]): readonly (readonly [string, string])[] {
  const paid = yuan(sum(entries, valueOf("payment")));
  const refunded = yuan(sum(entries, valueOf("refund")));
  return [
    ["总交易单数", `${entries.length}.0`],
    ["应结订单总金额", paid],
    ["退款总金额", refunded],
    ["充值券退款总金额", "0.00"],
    ["手续费总金额", fee(sum(entries, (entry) => entry.fee))],
    ["订单总金额", paid],
    ["申请退款总金额", refunded],
  ];
}

/** The lines that a bill of this type has. */
export const ofType = (type: BillType, entries: readonly Entry[]): Entry[] =>
  entries.filter(
    ({ kind }) => type === "ALL" || kind === (type === "REFUND" ? "refund" : "payment"),
  );

/** The whole file as text, its byte order mark included. */
export function billFile(type: BillType, entries: readonly Entry[], parties: Parties): string {
  const columns = COLUMNS.filter((column) => column.in?.includes(type) ?? true);
  const rows = entries.map((entry) => {
    const row = { entry, parties, terms: termsOf(entry) };
    return cells(columns.map((column) => column.value(row)));
  });
  const sums = summary(entries);
  const lines = [
    columns.map(({ name }) => name).join(","),
    ...rows,
    sums.map(([name]) => name).join(","),
    cells(sums.map(([, value]) => value)),
  ];
  return `\u{feff}${lines.join("\r\n")}\r\n`;
}
