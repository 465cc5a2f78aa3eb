/**
 * Where a day's trade bill can be fetched: the signed request and its answer. The file itself, its
 * hash and its columns are the business of statements.
 */
import * as z from "zod";

import type { ChannelAccount, ChannelIo, Outcome } from "../adapter.ts";
import { parseJson } from "../json.ts";
import { exchange, failed, malformed, withKeys } from "./exchange.ts";

export interface BillRequest {
  /** `YYYY-MM-DD` in Beijing. Ready the next day at about ten; up to three months back. */
  readonly date: string;
  readonly type: "ALL" | "SUCCESS" | "REFUND";
  readonly compressed: boolean;
}

/** Valid for five minutes, and fetched with a signature like any request. */
export interface BillFile {
  readonly url: string;
  /** SHA-1 in hexadecimal: the file itself is not signed, this is what proves it. */
  readonly sha1: string;
}

const billReply = z.looseObject({
  hash_type: z.literal("SHA1"),
  hash_value: z.string().regex(/^[0-9A-Fa-f]{40}$/),
  download_url: z.url({ protocol: /^https$/ }),
});

/** A service provider names the sub-merchant: without it the bill would be of all of them. */
export const requestTradeBill = (
  { date, type, compressed }: BillRequest,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<BillFile>> =>
  withKeys(account, async (keys): Promise<Outcome<BillFile>> => {
    const query = new URLSearchParams({
      bill_date: date,
      bill_type: type,
      ...(keys.party.kind === "direct" ? {} : { sub_mchid: keys.party.subMchid }),
      ...(compressed ? { tar_type: "GZIP" } : {}),
    });
    const path = `/v3/bill/tradebill?${query.toString()}`;
    const reply = await exchange(account, keys, io, { method: "GET", path });
    if (reply.kind !== "success") return failed(reply);
    const file = billReply.safeParse(parseJson(reply.body));
    if (reply.status !== 200 || !file.success) return malformed;
    const { download_url: url, hash_value: sha1 } = file.data;
    return { kind: "ok", value: { url, sha1: sha1.toLowerCase() } };
  });
