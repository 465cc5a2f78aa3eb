/** Texts with `{names}` in them: how a profile says where a value goes. */

/** What there is to fill in besides the settings of the account. */
export const VARIABLES = [
  /** Characters of the payment's id that the code carries. */
  "reference",
  /** A second one that is the same for all payments; many accounts have none. */
  "second_reference",
  /** Who is paid, as the scheme names it. */
  "payee",
  /** The amount as the currency is written, "6.99". */
  "amount",
  /** Minutes until the payment ends, rounded up. */
  "minutes",
  /** The whole code, as a message brought it. */
  "code",
  /** Where the bank posts. */
  "notify_url",
  /** 32 hexadecimal digits, new for every call. */
  "uid",
  /** The same, 15 characters that are letters and digits. */
  "short_uid",
  /** The access token. */
  "access_token",
  /** The day as ddmmyyyy and six digits, new for every call. */
  "source_number",
  /** In the bank's zone: "2026-11-21T07:00:00+07:00", "21112026070000". */
  "now",
  "stamp",
  /** The day that is asked about: "2026-11-21", "21/11/2026". */
  "date",
  "date_dmy",
] as const;

export type Values = Readonly<Record<string, string | undefined>>;

/**
 * Fills a template.
 * @param write how a value is written where it goes; URLs escape it
 * @throws Error when a name has no value: the profile or the account's form is at fault
 */
export const fill = (
  template: string,
  values: Values,
  write: (value: string) => string = (value) => value,
): string =>
  template.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`a bank profile needs a value for ${name}`);
    return write(value);
  });

/** Fills every text of a table; fields that are settings the account leaves out go. */
export const fillAll = (
  table: Readonly<Record<string, string>>,
  values: Values,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(table).flatMap(([name, template]) => {
      const optional = /^\{([a-z_]+)\?\}$/.exec(template)?.[1];
      if (optional === undefined) return [[name, fill(template, values)]];
      const value = values[optional];
      return value === undefined ? [] : [[name, value]];
    }),
  );

const HOUR_MS = 3_600_000;

/** The clock values of a moment in a zone, in hours east of Greenwich. */
export function clockValues(time: number, zone: number) {
  const local = new Date(time + zone * HOUR_MS).toISOString();
  const [date = "", clock = ""] = local.slice(0, 19).split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  const offset = `${zone < 0 ? "-" : "+"}${String(Math.abs(zone)).padStart(2, "0")}:00`;
  return {
    now: `${date}T${clock}${offset}`,
    date,
    date_dmy: `${day}/${month}/${year}`,
    stamp: `${day}${month}${year}${clock.replaceAll(":", "")}`,
  };
}
