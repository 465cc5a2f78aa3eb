/**
 * What the buyer must do, from the reply to an order. The members differ by channel id and by date:
 * on 2026-03-10 `retParams` of Alipay's orders became an object with links, where it had been the
 * order text for Alipay's SDK. Both are read.
 */
import type { ChargeAction } from "../adapter.ts";
import { parseJson } from "../json.ts";
import type { PreparedOrder } from "./order.ts";

type Members = Readonly<Record<string, unknown>>;

const asText = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;

const asObject = (value: unknown): Members | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;

/** The first of these members that holds a text. */
const firstText = (members: Members | null, names: readonly string[]): string | null =>
  names.map((name) => asText(members?.[name])).find((found) => found !== null) ?? null;

const QR_MEMBERS = ["codeUrl", "code_url", "qr_code", "qrCode"] as const;
const LINK_MEMBERS = ["url", "alipayUrl", "unionpayUrl"] as const;
const PLAIN_LINK_MEMBERS = ["url", "payUrl"] as const;

/** A page. Attack: a `javascript:` link in a reply would run in the merchant's page. */
const asPage = (text: string | null): string | null =>
  ["https:", "http:"].includes(URL.parse(text ?? "")?.protocol ?? "") ? text : null;

/** A wallet's own scheme (`alipayconnect://…`). */
const asScheme = (text: string | null): string | null =>
  text !== null && /^(alipay[\w.+-]*|weixin|uppay\w*|upwrp):\/\//i.test(text) ? text : null;

function linkOf(reply: Members): ChargeAction | null {
  const nested = asObject(reply["retParams"]);
  const url =
    asPage(firstText(nested, LINK_MEMBERS)) ?? asPage(firstText(reply, PLAIN_LINK_MEMBERS));
  const scheme = asScheme(firstText(nested, ["schemeUrl"]));
  // A link that opens the app is as good as a page.
  const target = url ?? scheme;
  if (target === null) return null;
  return { type: "redirect", url: target, ...(scheme === null ? {} : { scheme_url: scheme }) };
}

/** Members for WeChat's SDK: all of them texts, whether they came as an object or as its JSON. */
function textMembers(value: unknown): Record<string, string> | null {
  const members = asObject(typeof value === "string" ? parseJson(value) : value);
  if (members === null) return null;
  const entries = Object.entries(members).flatMap(([name, member]) =>
    typeof member === "string" || typeof member === "number" ? [[name, String(member)]] : [],
  );
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** How an app or a mini program hands the payment to its wallet's SDK, by channel id. */
const SDKS: Readonly<Record<string, (reply: Members) => ChargeAction | null>> = {
  WX_APP: (reply) => wechatSdk("wechat_app", reply),
  WX_JSAPI: (reply) => wechatSdk("wechat_jsapi", reply),
  // Since 2026-03-10 a link; before, the order text for Alipay's SDK.
  ALIPAY_MOBILE(reply) {
    const link = linkOf(reply);
    if (link !== null) return link;
    const orderStr = firstText(reply, ["payParams", "retParams"]);
    const scheme = asScheme(orderStr);
    if (scheme !== null) return { type: "redirect", url: scheme, scheme_url: scheme };
    return orderStr === null
      ? null
      : { type: "invoke_sdk", sdk: "alipay_app", params: { orderStr } };
  },
  UPI_APP(reply) {
    const tn = asText(reply["payParams"]) ?? asText(asObject(reply["payParams"])?.["tn"]);
    return tn === null ? null : { type: "invoke_sdk", sdk: "unionpay_app", params: { tn } };
  },
};

function wechatSdk(sdk: string, reply: Members): ChargeAction | null {
  const params = textMembers(reply["payParams"]) ?? textMembers(reply["retParams"]);
  return params === null ? null : { type: "invoke_sdk", sdk, params };
}

/** Null: the reply lacks what an order of this kind must bring. */
export function actionOf({ shows, fields }: PreparedOrder, reply: Members): ChargeAction | null {
  switch (shows) {
    case "qr": {
      const nested = asObject(reply["retParams"]);
      const data = firstText(reply, QR_MEMBERS) ?? firstText(nested, QR_MEMBERS);
      return data === null ? null : { type: "show_qr", data };
    }
    case "link":
      return linkOf(reply);
    case "sdk":
      return SDKS[String(fields["channelId"])]?.(reply) ?? null;
    case "nothing":
      return { type: "wait" };
  }
}
