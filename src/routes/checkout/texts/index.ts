/** The languages of the checkout page, in the order of its switcher. */
import { en } from "./en.ts";
import { id } from "./id.ts";
import { ja } from "./ja.ts";
import { ko } from "./ko.ts";
import { ms } from "./ms.ts";
import type { Texts } from "./texts.ts";
import { th } from "./th.ts";
import { vi } from "./vi.ts";
import { zhCn } from "./zh-cn.ts";
import { zhHk } from "./zh-hk.ts";

/** BCP 47 tags, as in `<html lang>` and `?lang=`. */
export const LANGUAGES = ["en", "zh-CN", "zh-HK", "th", "ms", "id", "vi", "ja", "ko"] as const;

export type Language = (typeof LANGUAGES)[number];

export const TEXTS: Readonly<Record<Language, Texts>> = {
  en,
  "zh-CN": zhCn,
  "zh-HK": zhHk,
  th,
  ms,
  id,
  vi,
  ja,
  ko,
};

/** How each language calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: "English",
  "zh-CN": "简体中文",
  "zh-HK": "繁體中文",
  th: "ไทย",
  ms: "Bahasa Melayu",
  id: "Bahasa Indonesia",
  vi: "Tiếng Việt",
  ja: "日本語",
  ko: "한국어",
};
