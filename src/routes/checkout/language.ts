/** Which of the page's languages a buyer reads. */
import { type Language, LANGUAGES } from "./texts/index.ts";

/** Most entries of a header that are looked at; browsers send a handful. */
const MOST_RANGES = 32;

/** Chinese goes by script and place; Indonesian has an old code. Anything else by its first part. */
function languageFor(tag: string): Language | null {
  const [primary = "", ...rest] = tag.toLowerCase().split("-");
  if (primary === "zh" || primary === "yue") {
    if (rest.includes("hant")) return "zh-HK";
    if (rest.includes("hans")) return "zh-CN";
    const traditional = ["hk", "tw", "mo"].some((place) => rest.includes(place));
    return traditional || primary === "yue" ? "zh-HK" : "zh-CN";
  }
  const wanted = primary === "in" ? "id" : primary;
  return LANGUAGES.find((language) => language === wanted) ?? null;
}

/** RFC 9110 section 12.4.2: 0 to 1 with up to three places. Null: the range is not well formed. */
function weightOf(parameters: readonly string[]): number | null {
  if (parameters.length === 0) return 1;
  const [only = ""] = parameters;
  const match = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(only);
  return match === null || parameters.length > 1 ? null : Number(match[1]);
}

function ranked(header: string): readonly string[] {
  return header
    .split(",", MOST_RANGES)
    .flatMap((range) => {
      const [tag = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = weightOf(parameters);
      return tag === "" || weight === null || weight === 0 ? [] : [{ tag, weight }];
    })
    .toSorted((a, b) => b.weight - a.weight) // stable: equal weights keep the header's order
    .map(({ tag }) => tag);
}

/** The language that `?lang=` names exactly; null: none, or not one of ours. */
export const namedLanguage = (query: string | undefined): Language | null =>
  LANGUAGES.find((language) => language.toLowerCase() === query?.toLowerCase()) ?? null;

/** The best of ours for an `Accept-Language` header; English when nothing fits. */
export function acceptedLanguage(header: string | undefined): Language {
  for (const tag of ranked(header ?? "")) {
    if (tag === "*") return "en";
    const language = languageFor(tag);
    if (language !== null) return language;
  }
  return "en";
}
