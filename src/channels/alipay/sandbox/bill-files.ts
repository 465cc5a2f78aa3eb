/**
 * Alipay's bills as it packs them: a ZIP of two tables, names and text in GBK, remarks behind `#`,
 * and a TAB behind numbers that a spreadsheet would spoil. What leaves the seller is negative.
 */
import { toDecimal } from "../../../money.ts";
import { DAY_MS } from "../../../days.ts";
import { gbk } from "../../../sandbox/gbk.ts";
import {
  type DayFault,
  type Entry,
  printedDay,
  startOfDay,
  tampered,
  truncated,
} from "../../../sandbox/statement.ts";
import { crc32, zip } from "../../../sandbox/zip.ts";
import { keptOf } from "./order.ts";
import { writeTime } from "./time.ts";

export const BILL_TYPES = ["trade", "signcustomer"] as const;

export type BillType = (typeof BILL_TYPES)[number];

/** Of what and of whom a bill is. */
export interface BillTerms {
  readonly type: BillType;
  readonly day: string;
  /** The seller's number, 2088…; the account that bills name is this with 0156 behind it. */
  readonly seller: string;
  readonly fault: DayFault | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const yuan = (fen: number): string => (fen < 0 ? "-" : "") + toDecimal(Math.abs(fen), 2);

/** In fen, rounded half up. */
const feeOf = ({ fee }: Entry): number =>
  Math.sign(fee) * Math.floor((Math.abs(fee) + 500) / 1_000);

/** What the seller gets of it; negative for refunds. */
const amountOf = ({ kind, value }: Entry): number => (kind === "payment" ? value : -value);

/** Fees are taken from what is paid, and come back with what is given back. */
const serviceFee = (entry: Entry): string => yuan(0 - feeOf(entry));

const subjectOf = ({ parameters }: Entry): string =>
  (keptOf({ parameters })?.content.subject ?? "").replaceAll(/[,\r\n\t]/g, " ");

type Column = readonly [name: string, value: (entry: Entry) => string];

const amount: Column[1] = (entry) => yuan(amountOf(entry));
const none = () => "";
const tab = () => "\t";
const zero = () => "0.00";

const TRADE_COLUMNS: readonly Column[] = [
  ["支付宝交易号", (entry) => `${entry.transactionId}\t`],
  ["商户订单号", (entry) => `${entry.orderNumber}\t`],
  ["业务类型", ({ kind }) => (kind === "payment" ? "交易\t" : "退款\t")],
  ["商品名称", subjectOf],
  ["创建时间", (entry) => writeTime(entry.orderedAt)],
  ["完成时间", (entry) => writeTime(entry.at)],
  ["门店编号", tab],
  ["门店名称", tab],
  ["操作员", tab],
  ["终端号", tab],
  ["对方账户", () => "*沙箱(san***@sandbox.example)\t"],
  ["订单金额（元）", amount],
  ["商家实收（元）", amount],
  ["支付宝红包（元）", zero],
  ["集分宝（元）", zero],
  ["支付宝优惠（元）", zero],
  ["商家优惠（元）", zero],
  ["券核销金额（元）", zero],
  ["券名称", none],
  ["商家红包消费金额（元）", () => "0.00\t"],
  ["卡消费金额（元）", zero],
  ["退款批次号/请求号", (entry) => `${entry.refundNumber ?? ""}\t`],
  ["服务费（元）", serviceFee],
  ["分润（元）", zero],
  ["备注", none],
];

const sum = (entries: readonly Entry[], of: (entry: Entry) => number): number =>
  entries.reduce((total, entry) => total + of(entry), 0);

const chinese = (ms: number): string => {
  const [date = "", time = ""] = writeTime(ms).split(" ");
  const [year, month, day] = date.split("-");
  return `${year}年${month}月${day}日 ${time}`;
};

/** A table between its remarks. */
function table(
  title: string,
  { day, seller, fault, now }: BillTerms,
  rows: readonly (readonly string[])[],
  sums: readonly string[],
): string {
  const begins = startOfDay(printedDay(day, fault));
  const lines = [
    `#支付宝${title}查询`,
    `#账号：[${seller}0156]`,
    `#起始日期：[${chinese(begins)}]   终止日期：[${chinese(begins + DAY_MS)}]`,
    `#-----------------------------------------${title}列表----------------------------------------`,
    ...rows.map((cells) => cells.join(",")),
    `#-----------------------------------------${title}列表结束------------------------------------`,
    ...sums,
    `#导出时间：[${chinese(now)}]`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}

function tradeTables(terms: BillTerms, entries: readonly Entry[]): readonly [string, string] {
  const payments = entries.filter(({ kind }) => kind === "payment");
  const refunds = entries.filter(({ kind }) => kind === "refund");
  const paid = yuan(sum(payments, amountOf));
  const detail = table(
    "业务明细",
    terms,
    [
      TRADE_COLUMNS.map(([name]) => name),
      ...entries.map((entry) => TRADE_COLUMNS.map(([, value]) => value(entry))),
    ],
    [
      `#交易合计：${payments.length}笔，商家实收共${paid}元，商家优惠共0.00元`,
      `#退款合计：${refunds.length}笔，商家实收退款共${yuan(sum(refunds, amountOf))}元，商家优惠退款共0.00元`,
    ],
  );
  const net = sum(entries, amountOf);
  const fees = 0 - sum(entries, feeOf);
  const totals = {
    门店编号: "合计\t",
    门店名称: "\t",
    交易订单总笔数: String(payments.length),
    退款订单总笔数: String(refunds.length),
    "订单金额（元）": yuan(net),
    "商家实收（元）": yuan(net),
    "支付宝优惠（元）": "0.00",
    "商家优惠（元）": "0.00",
    "卡消费金额（元）": "0.00",
    "服务费（元）": yuan(fees),
    "分润（元）": "0.00",
    "实收净额（元）": yuan(net + fees),
  };
  return [detail, table("业务汇总", terms, [Object.keys(totals), Object.values(totals)], [])];
}

interface Movement {
  readonly entry: Entry;
  readonly business: string;
  /** Fen; negative: it leaves the balance. */
  readonly moved: number;
}

const total = (of: readonly Movement[]): string =>
  yuan(of.reduce((all, { moved }) => all + moved, 0));

/** Money moves once for the payment or refund, and once for its fee. */
function movementsOf(entry: Entry): Movement[] {
  const fee = 0 - feeOf(entry);
  const business = entry.kind === "payment" ? "在线支付" : "交易退款";
  return [
    { entry, business, moved: amountOf(entry) },
    ...(fee === 0 ? [] : [{ entry, business: "收费", moved: fee }]),
  ];
}

const FUND_COLUMNS =
  "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";

function fundTables(terms: BillTerms, entries: readonly Entry[]): readonly [string, string] {
  const movements = entries.flatMap(movementsOf);
  let balance = 0;
  const rows = movements.map(({ entry, business, moved }, index) => {
    balance += moved;
    return [
      `${entry.transactionId}${String(index).padStart(4, "0")}\t`,
      `${entry.transactionId}\t`,
      `${entry.orderNumber}\t`,
      `${subjectOf(entry)}\t`,
      writeTime(entry.at),
      "沙箱 (san***@sandbox.example)\t",
      yuan(Math.max(moved, 0)),
      yuan(Math.min(moved, 0)),
      yuan(balance),
      "支付宝",
      business,
      entry.refundNumber ?? "",
    ];
  });
  const taken = movements.filter(({ moved }) => moved < 0);
  const given = movements.filter(({ moved }) => moved > 0);
  const sums = [
    `#支出合计：${taken.length}笔，共${total(taken)}元`,
    `#收入合计：${given.length}笔，共${total(given)}元`,
  ];
  const head = ["业务类型", "收入笔数", "收入金额（+元）", "支出笔数", "支出金额（-元）"];
  const all = ["合计", String(given.length), total(given), String(taken.length), total(taken)];
  return [
    table("账务明细", terms, [FUND_COLUMNS.split(","), ...rows], sums),
    table("账务汇总", terms, [head, all], []),
  ];
}

const TABLES: Readonly<
  Record<
    BillType,
    {
      name: string;
      tables: (terms: BillTerms, entries: readonly Entry[]) => readonly [string, string];
    }
  >
> = {
  trade: { name: "业务明细", tables: tradeTables },
  signcustomer: { name: "账务明细", tables: fundTables },
};

/** The archive with what was planted in the day; its checksums are those of the untouched tables. */
export async function billArchive(
  terms: BillTerms,
  entries: readonly Entry[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { name, tables } = TABLES[terms.type];
  const day = printedDay(terms.day, terms.fault).replaceAll("-", "");
  const files = tables(terms, entries).map((text, index) => {
    const written = terms.fault === "tampered" && index === 0 ? tampered(text) : text;
    return {
      name: gbk(`${terms.seller}0156_${day}_${name}${index === 0 ? "" : "(汇总)"}.csv`),
      data: gbk(written),
      crc: crc32(gbk(text)),
    };
  });
  const archive = await zip(files);
  return terms.fault === "truncated" ? truncated(archive) : archive;
}
