/** Times and numbers as the simulated WeChat Pay writes them. */
import type { RandomBytes } from "../../../ids.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Random letters and digits. */
export const base62 = (random: RandomBytes, length: number): string =>
  [...random(length)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? "0").join("");

export const chinaTime = (ms: number): string =>
  `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
