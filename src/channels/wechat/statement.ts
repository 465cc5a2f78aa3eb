/**
 * WeChat Pay's trade bill (交易账单). UTF-8. A header without backticks; every cell of a line begins
 * with one, so that cells are parted by a comma and a backtick and commas inside of texts do no
 * harm; then a header and a line of sums.
 * https://pay.weixin.qq.com/doc/v3/merchant/4012791879
 */
import { CHINA_OFFSET_MINUTES } from "../../constants.ts";
import { decimalOf } from "../statement/cells.ts";
import { placesOf } from "../statement/columns.ts";
import { formatOf, type LayoutReader } from "../statement/format.ts";
import type { StatementExpectation, StatementLine } from "../statement/line.ts";
import type { Refuse } from "../statement/refuse.ts";
import { type Row, rowOf } from "../statement/row.ts";
import { type Column, COLUMNS, lineReader, noSums, PLACES, type Sums } from "./statement-line.ts";

/** What the sums at the end are sums of. */
const SUMS: Readonly<Record<string, keyof Sums>> = {
  应结订单总金额: "settled",
  退款总金额: "refunded",
  充值券退款总金额: "couponsRefunded",
  手续费总金额: "fee",
  订单总金额: "amount",
  申请退款总金额: "refundRequested",
};

const COUNT = "总交易单数";

/** The fees' sum is written with fewer places than the fees: less than a fen is no difference. */
const FEN = 10 ** (PLACES - 2);
const SEPARATOR = ",`";
const BACKTICK = 96;

const cellsOf = (line: string): string[] => line.slice(1).split(SEPARATOR);

/** @throws StatementRefused `totals`: a line is not there, or is not as it was written */
function checkSums(
  names: readonly string[],
  cells: readonly string[],
  found: { readonly rows: number; readonly sums: Readonly<Sums> },
  line: number,
  refuse: Refuse,
): void {
  if (cells.length !== names.length) {
    throw refuse("truncated", "The line of sums is not whole.", line);
  }
  for (const [at, name] of names.entries()) {
    const key = Object.hasOwn(SUMS, name) ? SUMS[name] : undefined;
    if (key === undefined && name !== COUNT) continue;
    const told = decimalOf(cells[at] ?? "", PLACES);
    // Counts come with a place, too: `45.0`.
    const sum = key === undefined ? found.rows * 10 ** PLACES : found.sums[key];
    const apart = told === null ? Infinity : Math.abs(told - sum);
    if (apart === 0 || (key === "fee" && apart < FEN)) continue;
    throw refuse("totals", `${name} is not what the lines add up to.`, line, at + 1);
  }
}

interface Table {
  readonly row: Row<Column>;
  readonly read: () => StatementLine;
}

function open(expected: StatementExpectation, refuse: Refuse): LayoutReader {
  const sums = noSums();
  let table: Table | null = null;
  let sumNames: readonly string[] | null = null;
  let [rows, last] = [0, 0];
  let done = false;

  function header(text: string, line: number): Table {
    const names = text.split(",");
    const row = rowOf(COLUMNS, placesOf(COLUMNS, names, line, refuse), names.length, refuse);
    return { row, read: lineReader(row, expected, sums) };
  }

  return {
    line(text, number) {
      last = number;
      const isData = text.charCodeAt(0) === BACKTICK;
      if (isData && table !== null && sumNames === null) {
        rows++;
        table.row.load(cellsOf(text), number);
        return table.read();
      }
      if (done) {
        if (text === "") return null;
        throw refuse("container", "Something follows the statement's end.", number);
      }
      if (table === null) {
        table = header(text, number);
      } else if (sumNames !== null && isData) {
        checkSums(sumNames, cellsOf(text), { rows, sums }, number, refuse);
        done = true;
      } else if (sumNames === null && text.startsWith(COUNT)) {
        sumNames = text.split(",");
      } else {
        throw refuse("cell", "The line does not begin with a backtick.", number, 1);
      }
      return null;
    },
    end() {
      if (done) return [];
      throw refuse("truncated", "The bill ends without its sums.", last);
    },
  };
}

/** Days are Beijing's; a bill is ready at about ten on the next day. */
export const wechatStatement = formatOf({
  name: "wechat_trade",
  offsetMinutes: CHINA_OFFSET_MINUTES,
  encoding: "utf-8",
  names: Object.values(COLUMNS).map(({ names: [name] }) => name),
  open,
});
