/**
 * A day's trade bill: the call for its link, and the download. The link is good for 30 seconds and
 * for whoever holds it; what is behind it is not signed, and nothing announces its hash.
 */
import type { ChannelAccount, ChannelIo, Outcome, StatementAnswer } from "../adapter.ts";
import { endpointOf } from "../call.ts";
import { downloadFile } from "../download.ts";
import { unknown } from "../outcomes.ts";
import { incomplete, isBusinessFailure, isSuccess, refuse } from "./answers.ts";
import { askGateway, type GatewayAnswer } from "./exchange.ts";
import { keysOf } from "./keys.ts";

const METHOD = "alipay.data.dataservice.bill.downloadurl.query";

/**
 * Words for a day without a bill. Alipay's pages name BILL_NOT_EXIST, and say neither with which
 * prefix it comes nor whether a bill that is not made yet has a word of its own; the second one is
 * unconfirmed.
 */
const WITHOUT_FILE: Readonly<Record<string, "none" | "not_yet">> = {
  BILL_NOT_EXIST: "none",
  BILL_NOT_READY: "not_yet",
};

/** "isp.bill-not-exist" and the like, without prefix and in one spelling. */
const bareCode = (subCode: string): string =>
  subCode
    .slice(subCode.lastIndexOf(".") + 1)
    .replaceAll("-", "_")
    .toUpperCase();

const HOUR_MS = 3_600_000;

/** Bills are there by nine or ten in the morning, said to be late at times: noon, in China. */
const DUE_AFTER_MS = 36 * HOUR_MS;

/** "There is none" may mean "not yet" until the day's bill is overdue. */
function withoutFile(
  answer: GatewayAnswer,
  day: string,
  now: number,
): Outcome<StatementAnswer> | null {
  const kind = isBusinessFailure(answer) ? WITHOUT_FILE[bareCode(answer.subCode ?? "")] : undefined;
  if (kind === undefined) return null;
  const begins = Date.parse(`${day}T00:00:00+08:00`);
  const early = now < begins + DUE_AFTER_MS;
  return { kind: "ok", value: { kind: early ? "not_yet" : kind } };
}

/**
 * The link as an address that may be asked: a host of Alipay's, over https whatever the link says,
 * or the endpoint's own. Null: it leads elsewhere. Attack: a bill of somebody's making, from a host
 * of theirs; nothing of the file itself is signed.
 */
function trusted(link: unknown, io: ChannelIo): URL | null {
  const url = typeof link === "string" ? URL.parse(link) : null;
  if (url === null || url.username !== "" || url.password !== "") return null;
  const endpoint = URL.parse(endpointOf(io));
  if (endpoint !== null && url.host === endpoint.host) {
    return new URL(url.pathname + url.search, endpoint.origin);
  }
  const isOfficial = /^https?:$/.test(url.protocol) && url.hostname.endsWith(".alipay.com");
  if (!isOfficial || url.port !== "") return null;
  return new URL(url.pathname + url.search, `https://${url.hostname}`);
}

/** `day`: `YYYY-MM-DD` in China. */
export async function fetchTradeBill(
  day: string,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<StatementAnswer>> {
  const bizContent = JSON.stringify({ bill_type: "trade", bill_date: day });
  const answer = await askGateway({ method: METHOD, bizContent }, await keysOf(account), io);
  if (answer.kind === "unknown") return answer;
  if (!isSuccess(answer)) {
    return withoutFile(answer, day, io.now()) ?? refuse(answer, "believed");
  }
  const link = answer.fields["bill_download_url"];
  if (link === undefined) return incomplete();
  const address = trusted(link, io);
  if (address === null) {
    return unknown("foreign_link", "The bill's link leads to a host that is not Alipay's.");
  }
  const reply = await downloadFile(io, address, {});
  if (reply.kind === "unknown") return reply;
  if (reply.kind === "reply") {
    return unknown(`http_${reply.status}`, "Alipay did not serve the bill.", "CHANNEL_UNAVAILABLE");
  }
  const name = `alipay-trade-${day}.csv.zip`;
  return { kind: "ok", value: { kind: "file", name, body: reply.body, sha1: null } };
}
