/** Times and numbers as the simulated WeChat Pay writes them. */
import type { RandomBytes } from "../../../ids.ts";
import { chinaClock } from "../../../sandbox/china-time.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Random letters and digits. */
export const base62 = (random: RandomBytes, length: number): string =>
  [...random(length)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? "0").join("");

export const chinaTime = (ms: number): string => `${chinaClock(ms)}+08:00`;
