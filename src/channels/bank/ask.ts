/**
 * The calls that a bank's profile describes, with everything around them: the token, the values to
 * fill in, and what the reply says. The bank's answer over its own authenticated API is what is
 * believed about banks that do not sign.
 */
import { toHex } from "../../crypto/encoding.ts";
import type { ChannelAccount, ChannelIo } from "../adapter.ts";
import { callBank, type BankReply, refusalOf } from "./api.ts";
import { bankFailure, type BankFailure } from "./error-table.ts";
import { type Fields, itemsAt } from "./fields.ts";
import { type BankNews, readMessage } from "./message.ts";
import type { BankApi, BankCall, QueryCall } from "./profile.ts";
import { forgetToken, tokenOf } from "./token.ts";
import { clockValues, type Values } from "./template.ts";
import type { BankVersion } from "./verifier.ts";

/** A bank whose API can be asked, with the account at it. */
export interface BankDesk {
  readonly account: ChannelAccount;
  readonly version: BankVersion;
  readonly api: BankApi;
  /** What the scheme adds to the account's settings: `payee`, and `second_reference` where there is one. */
  readonly scheme: Values;
}

export interface Asked {
  readonly reference: string;
  /** The whole code, where that is what the bank knows payments by. */
  readonly code: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type NewsAnswer =
  /** Null: nothing is known under this reference. */
  { readonly kind: "ok"; readonly news: BankNews | null } | BankFailure;

/** The account's own values with what is new for every call. */
export function freshValues(desk: BankDesk, io: ChannelIo): Values {
  const uid = toHex(io.random(16));
  const clock = clockValues(io.now(), desk.api.zone);
  const number = [...io.random(6)].map((byte) => String(byte % 10)).join("");
  return {
    ...desk.version.settings,
    ...desk.scheme,
    ...clock,
    uid,
    short_uid: uid.slice(0, 15),
    source_number: clock.stamp.slice(0, 8) + number,
  };
}

/** A call with the account's token. A token that was revoked is fetched anew, once. */
export async function callWithToken(
  desk: BankDesk,
  call: BankCall,
  values: Values,
  io: ChannelIo,
): Promise<{ readonly reply: BankReply; readonly values: Values }> {
  const { version, api } = desk;
  for (let attempt = 0; ; attempt += 1) {
    const all = { ...freshValues(desk, io), ...values };
    const token = await tokenOf(version, api, all, io);
    if (token.kind !== "token") return { reply: token, values: all };
    const filled = { ...all, ...(token.token === null ? {} : { access_token: token.token }) };
    const reply = await callBank(api, call, version, filled, io);
    const revoked = reply.kind === "reply" && reply.status === 401 && token.token !== null;
    if (!revoked) return { reply, values: filled };
    forgetToken(version);
    if (attempt > 0) return { reply, values: filled };
  }
}

/** Asks what has become of a payment. */
export async function askBank(desk: BankDesk, asked: Asked, io: ChannelIo): Promise<NewsAnswer> {
  const { query, zone } = desk.api;
  if (query.needsCode === true && asked.code === null) return { kind: "ok", news: null };
  // A code made before midnight is paid after it: the bank files it under the day of the payment.
  const times = query.perDay === true ? [io.now(), asked.createdAt] : [io.now()];
  const days = new Map(times.map((time) => [clockValues(time, zone).date, time]));
  let last: NewsAnswer = { kind: "ok", news: null };
  for (const time of days.values()) {
    const { date, date_dmy } = clockValues(time, zone);
    const values = {
      reference: asked.reference,
      date,
      date_dmy,
      ...(asked.code === null ? {} : { code: asked.code }),
    };
    last = await askOnce(desk, query, asked, values, io);
    if (last.kind !== "ok" || last.news !== null) return last;
  }
  return last;
}

async function askOnce(
  desk: BankDesk,
  query: QueryCall,
  asked: Asked,
  given: Values,
  io: ChannelIo,
): Promise<NewsAnswer> {
  const { reply, values } = await callWithToken(desk, query, given, io);
  if (reply.kind !== "reply") return reply;
  if (query.unknownStatuses?.includes(reply.status) === true) return { kind: "ok", news: null };
  const refused = refusalOf(reply, query.success);
  if (refused !== null) return refused;
  const items = query.list === undefined ? [reply.fields] : itemsAt(reply.fields, query.list);
  return pick(items, query, asked, values, desk, io);
}

/**
 * The payment among those in the reply. What is there must be ours to the last one: a bank that
 * answers about others has misunderstood the question. Of several the first that stands counts, and
 * the others are money that somebody has to give back by hand.
 */
function pick(
  items: readonly Fields[],
  query: QueryCall,
  asked: Asked,
  values: Values,
  desk: BankDesk,
  io: ChannelIo,
): NewsAnswer {
  const found: BankNews[] = [];
  for (const item of items) {
    const read = readMessage(query.map, item, values);
    if (!read.ok || read.value.kind !== "news") return bankFailure("unexpected_reply");
    const { news } = read.value;
    if (news.reference !== asked.reference || (asked.code !== null && news.code !== asked.code)) {
      return bankFailure("unexpected_reply");
    }
    found.push(news);
  }
  const paid = found.filter(({ state }) => state === "paid");
  if (paid.length > 1) {
    io.log("error", "bank.paid_twice", {
      account: desk.account.id,
      reference: asked.reference,
      payments: paid.length,
    });
  }
  return { kind: "ok", news: paid[0] ?? found[0] ?? null };
}
