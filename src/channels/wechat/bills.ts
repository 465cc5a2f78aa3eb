/**
 * A day's trade bill: the signed request, its answer with a link, and the download. The file itself,
 * its hash and its columns are the business of statements.
 */
import * as z from "zod";

import type { ChannelAccount, ChannelIo, Outcome, StatementAnswer } from "../adapter.ts";
import { downloadFile } from "../download.ts";
import { parseJson } from "../json.ts";
import { unknown } from "../outcomes.ts";
import { normaliseCode } from "./error-table.ts";
import { exchange, failed, malformed, refusal, withKeys } from "./exchange.ts";
import type { AccountKeys } from "./keys.ts";
import { authorization, requestNonce } from "./signing.ts";

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

/** The hosts of WeChat Pay's API, the backup among them. */
const OFFICIAL = /^[a-z0-9-]+\.mch\.weixin\.qq\.com$/;

/**
 * The link as an address that may be asked with our signature: the endpoint's own host, or one of
 * WeChat Pay's. Null: it leads elsewhere. Attack: an answer that was made or replayed by somebody
 * who holds the platform's signature of it sends our signed request to a host of their own.
 */
function trusted(link: string, { endpoints }: ChannelIo): URL | null {
  const url = URL.parse(link);
  if (url === null || url.username !== "" || url.password !== "") return null;
  const isOwn = endpoints.some((endpoint) => URL.parse(endpoint)?.origin === url.origin);
  const isOfficial = url.protocol === "https:" && url.port === "" && OFFICIAL.test(url.hostname);
  return isOwn || isOfficial ? url : null;
}

/** WeChat Pay's words for a day without a bill, and for one whose bill is being made. */
const WITHOUT_FILE: Readonly<Record<string, "none" | "not_yet">> = {
  NOSTATEMENTEXIST: "none",
  STATEMENTCREATING: "not_yet",
};

/** A refusal that only says that there is no file is an answer. */
function answered(refused: Outcome<never>): Outcome<StatementAnswer> {
  if (refused.kind === "ok") return refused;
  const kind = WITHOUT_FILE[normaliseCode(refused.error.channelCode)];
  return kind === undefined ? refused : { kind: "ok", value: { kind } };
}

async function download(
  { url, sha1 }: BillFile,
  name: string,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<Outcome<StatementAnswer>> {
  const address = trusted(url, io);
  if (address === null) {
    return unknown("foreign_link", "The bill's link leads to a host that is not WeChat Pay's.");
  }
  const signature = await authorization(keys, {
    method: "GET",
    target: address.pathname + address.search,
    body: "",
    timestamp: String(Math.floor(io.now() / 1000)),
    nonce: requestNonce(io.random),
  });
  const reply = await downloadFile(io, address, { Authorization: signature });
  if (reply.kind === "file") {
    return { kind: "ok", value: { kind: "file", name, body: reply.body, sha1 } };
  }
  if (reply.kind === "unknown") return reply;
  const { status, headers, body } = reply;
  if (status < 400) return unknown(`http_${status}`, "Unexpected HTTP status.");
  return answered(failed(refusal(status, headers, body, io)));
}

/** The whole of a day's bill, packed. `day`: `YYYY-MM-DD` in Beijing. */
export async function fetchTradeBill(
  day: string,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<StatementAnswer>> {
  const wanted = { date: day, type: "ALL", compressed: true } as const;
  const asked = await requestTradeBill(wanted, account, io);
  if (asked.kind !== "ok") return answered(asked);
  const name = `wechat-tradebill-${day}.csv.gz`;
  return withKeys(account, (keys) => download(asked.value, name, keys, io));
}
