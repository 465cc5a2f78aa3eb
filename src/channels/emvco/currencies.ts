/** ISO 4217, as far as codes on counters use it: object 53 is the number, we speak the letters. */

export interface Currency {
  readonly numeric: string;
  readonly code: string;
  /** Minor units of the currency (ISO 4217): 2 means that 699 is 6.99. */
  readonly decimals: number;
  /** Decimals that codes are written with, where practice has fewer than the standard. */
  readonly written: number;
}

const TABLE: readonly (readonly [numeric: string, code: string, decimals: number])[] = [
  ["036", "AUD", 2], ["050", "BDT", 2], ["064", "BTN", 2], ["096", "BND", 2], ["104", "MMK", 2],
  ["116", "KHR", 2], ["124", "CAD", 2], ["144", "LKR", 2], ["156", "CNY", 2], ["344", "HKD", 2],
  ["356", "INR", 2], ["360", "IDR", 2], ["392", "JPY", 0], ["398", "KZT", 2], ["400", "JOD", 3],
  ["410", "KRW", 0], ["414", "KWD", 3], ["417", "KGS", 2], ["418", "LAK", 2], ["446", "MOP", 2],
  ["458", "MYR", 2], ["462", "MVR", 2], ["496", "MNT", 2], ["512", "OMR", 3], ["524", "NPR", 2],
  ["554", "NZD", 2], ["586", "PKR", 2], ["608", "PHP", 2], ["634", "QAR", 2], ["643", "RUB", 2],
  ["682", "SAR", 2], ["702", "SGD", 2], ["704", "VND", 0], ["710", "ZAR", 2], ["756", "CHF", 2],
  ["764", "THB", 2], ["784", "AED", 2], ["826", "GBP", 2], ["840", "USD", 2], ["860", "UZS", 2],
  ["901", "TWD", 2], ["978", "EUR", 2], ["986", "BRL", 2], ["048", "BHD", 3],
]; // prettier-ignore

/** Rupiah and riel have minor units that nobody uses; their schemes write whole amounts. */
const WHOLE: ReadonlySet<string> = new Set(["IDR", "KHR"]);

const LIST: readonly Currency[] = TABLE.map(([numeric, code, decimals]) => ({
  numeric,
  code,
  decimals,
  written: WHOLE.has(code) ? 0 : decimals,
}));

const BY_NUMERIC: ReadonlyMap<string, Currency> = new Map(LIST.map((one) => [one.numeric, one]));
const BY_CODE: ReadonlyMap<string, Currency> = new Map(LIST.map((one) => [one.code, one]));

/** Null for a number that is none, or none that codes are seen with. */
export const currencyOfNumber = (numeric: string): Currency | null =>
  BY_NUMERIC.get(numeric) ?? null;

export const currencyOfCode = (code: string): Currency | null => BY_CODE.get(code) ?? null;
