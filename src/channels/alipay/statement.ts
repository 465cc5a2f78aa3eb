/**
 * Alipay's trade bill (业务明细): a ZIP archive with the details and a summary, names and texts in
 * GBK. Comments begin with `#`, before the header and behind the lines, where the sums stand. Cells
 * end with a tab.
 * https://opendocs.alipay.com/open/204/106262
 */
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { decimalOf, rounded } from "../statement/cells.ts";
import { dayOf, wallClock } from "../statement/clock.ts";
import { type Columns, placesOf } from "../statement/columns.ts";
import { formatOf, type LayoutReader } from "../statement/format.ts";
import type { StatementExpectation, StatementLine } from "../statement/line.ts";
import type { Refuse } from "../statement/refuse.ts";
import { type Row, rowOf } from "../statement/row.ts";

const COLUMNS = {
  transaction: { names: ["支付宝交易号"] },
  order: { names: ["商户订单号"] },
  kind: { names: ["业务类型"] },
  time: { names: ["完成时间"] },
  amount: { names: ["订单金额（元）"] },
  received: { names: ["商家实收（元）"] },
  refund: { names: ["退款批次号/请求号"] },
  fee: { names: ["服务费（元）"] },
} as const satisfies Columns<string>;

type Column = keyof typeof COLUMNS;
type Kind = StatementLine["kind"];

/** The words, and the sign that their amounts have. Alipay lists what is done and nothing else. */
const KINDS: Readonly<Record<string, { readonly kind: Kind; readonly sign: 1 | -1 }>> = {
  交易: { kind: "payment", sign: 1 },
  退款: { kind: "refund", sign: -1 },
};

const PLACES = 5;
const DECIMALS = 2;

/** `#账号：[20888…]`, in front. */
const ACCOUNT = /^#账号[：:]\s*\[(\d+)\]/;
/** `#起始日期：[2026年11月20日 00:00:00]`, in front. */
const FIRST_DAY = /^#起始日期[：:]\s*\[(\d{4})年(\d\d)月(\d\d)日/;
/** `#交易合计：2笔，商家实收共6.99元，…`, behind; the second of them of refunds. */
const TOTAL = /^#(交易|退款)合计[：:]\s*(\d+)笔(?:.*?商家实收(?:退款)?共\s*(-?[\d.]+)元)?.*$/;

/** A merchant's own number at Alipay, as opposed to its application's; bills write `0156` behind. */
const USER = /^2088\d{12}$/;
const USER_DIGITS = 16;

interface Tally {
  rows: number;
  /** Of what the merchant got, or gave, in 10^-5 yuan. */
  received: number;
}

/** A comma inside of a text is told from one between cells by the tab in front of the latter. */
function cellsOf(text: string, width: number): string[] {
  const cells = text.split(",");
  return cells.length === width ? cells : text.split("\t,");
}

function rowsOf(row: Row<Column>, expected: StatementExpectation) {
  const day = dayOf(expected, CHINA_OFFSET_MINUTES);
  const clock = wallClock(CHINA_OFFSET_MINUTES);
  const tallies: Record<Kind, Tally> = {
    payment: { rows: 0, received: 0 },
    refund: { rows: 0, received: 0 },
  };
  return {
    tallies,
    read(): StatementLine {
      const channelStatus = row.word("kind");
      const found = Object.hasOwn(KINDS, channelStatus) ? KINDS[channelStatus] : undefined;
      if (found === undefined) throw row.refuse("kind", "This is no kind of line that is known");
      const { kind, sign } = found;
      const value = row.decimal("amount", DECIMALS) * sign;
      if (value < 0) throw row.refuse("amount", "The amount has the sign of the other kind");
      const occurredAt = row.time("time", clock);
      if (!day.has(occurredAt)) {
        throw row.refuse("time", "The line is of another day", "wrong_day");
      }
      const tally = tallies[kind];
      tally.rows++;
      tally.received += row.decimal("received", PLACES);
      const order = row.number("order");
      const fee = rounded(row.decimal("fee", PLACES), PLACES, DECIMALS);
      return {
        line: row.line,
        kind,
        reference: kind === "payment" ? order : row.number("refund"),
        orderReference: kind === "payment" ? null : order,
        // Alipay gives refunds no number of their own: it is the trade's.
        transactionId: row.number("transaction"),
        amount: { currency: "CNY", value: Math.abs(value) },
        status: "succeeded",
        channelStatus,
        // Written as what it does to the merchant's balance.
        fee: fee === 0 ? 0 : -fee,
        occurredAt,
      };
    },
  };
}

/** What the comments in front say of the file as a whole. */
function checkFront(
  text: string,
  line: number,
  expected: StatementExpectation,
  refuse: Refuse,
): void {
  const account = ACCOUNT.exec(text)?.[1]?.slice(0, USER_DIGITS);
  // An application's number is in no bill: then the download's signature is what tells.
  const comparable = account !== undefined && USER.test(expected.merchantAccount);
  if (comparable && account !== expected.merchantAccount) {
    throw refuse("wrong_account", "The bill is of another merchant.", line);
  }
  const first = FIRST_DAY.exec(text);
  if (first !== null && first.slice(1, 4).join("-") !== expected.day) {
    throw refuse("wrong_day", "The bill begins on another day.", line);
  }
}

/** @returns which sums these are; null: none */
function checkTotal(
  text: string,
  line: number,
  tallies: Readonly<Record<Kind, Tally>>,
  refuse: Refuse,
): Kind | null {
  const found = TOTAL.exec(text);
  if (found === null) return null;
  const kind: Kind = found[1] === "交易" ? "payment" : "refund";
  const { rows, received } = tallies[kind];
  const told = found[3] === undefined ? received : decimalOf(found[3], PLACES);
  if (Number(found[2]) === rows && told === received) return kind;
  throw refuse("totals", `#${found[1]}合计 is not what the lines add up to.`, line);
}

function open(expected: StatementExpectation, refuse: Refuse): LayoutReader {
  let row: Row<Column> | null = null;
  let rows: ReturnType<typeof rowsOf> | null = null;
  let [width, last, lastTotal] = [0, 0, 0];
  let behind = false;
  const totals = new Set<Kind>();

  function comment(text: string, line: number): void {
    if (rows === null) {
      checkFront(text, line, expected, refuse);
      return;
    }
    behind = true;
    const kind = checkTotal(text, line, rows.tallies, refuse);
    if (kind === null) return;
    totals.add(kind);
    lastTotal = line;
  }

  return {
    line(text, number) {
      last = number;
      if (text.startsWith("#")) {
        comment(text, number);
        return null;
      }
      if (text.trim() === "") return null;
      if (row === null || rows === null) {
        const names = text.split(",");
        width = names.length;
        row = rowOf(COLUMNS, placesOf(COLUMNS, names, number, refuse), width, refuse);
        rows = rowsOf(row, expected);
        return null;
      }
      if (behind) throw refuse("container", "Something follows the statement's end.", number);
      row.load(cellsOf(text, width), number);
      return rows.read();
    },
    end(ended) {
      // A cut inside of a line of sums could leave a part that is true.
      if (totals.size === 2 && (ended || last !== lastTotal)) return [];
      throw refuse("truncated", "The bill ends without its sums.", last);
    },
  };
}

/** Days are Beijing's; a bill is ready at about ten on the next day. */
export const alipayStatement = formatOf({
  name: "alipay_trade",
  offsetMinutes: CHINA_OFFSET_MINUTES,
  encoding: "gbk",
  names: Object.values(COLUMNS).map(({ names: [name] }) => name),
  entry: (name) => name.endsWith(".csv") && name.includes("业务明细") && !name.includes("汇总"),
  open,
});
