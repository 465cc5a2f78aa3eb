/**
 * The buyer opens what no call has announced: a signed link or the text for the app's SDK. Verified
 * as a call would be, and only then is there an order.
 */
import { err, ok, type Result } from "../../../result.ts";
import type { SandboxOrderRecord, SandboxWorld, Shown } from "../../../sandbox/simulator.ts";
import { isOrderMethod } from "./order.ts";
import { placeOrder } from "./orders.ts";
import { parseObject } from "./methods.ts";
import { actsFor, LINK_TOLERANCE_MS, type Parameters, refuseRequest } from "./request.ts";

/** What each kind of link may ask for. */
const LINK_METHODS: Readonly<Record<string, readonly string[]>> = {
  redirect: ["alipay.trade.wap.pay", "alipay.trade.page.pay"],
  alipay_app: ["alipay.trade.app.pay"],
};

const ON_FILE = "Alipay does not know this payment.";

/** Null when a name comes twice. */
function readQuery(text: string): Parameters | null {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (parameters.has(name)) return null;
    if (value !== "") parameters.set(name, value);
  }
  return parameters;
}

function linkOf({ action }: Shown): { readonly kind: string; readonly text: string } | null {
  if (action.type === "redirect") {
    return { kind: "redirect", text: URL.parse(action.url)?.search.slice(1) ?? "" };
  }
  if (action.type !== "invoke_sdk") return null;
  const { sdk, params } = action;
  return sdk === "alipay_app" ? { kind: sdk, text: params["orderStr"] ?? "" } : null;
}

/** Codes and trades are made by calls: they are there, or nothing is. */
async function onFile(
  { merchant, paymentId }: Shown,
  world: SandboxWorld,
): Promise<Result<SandboxOrderRecord, string>> {
  const order = await world.orders.get("alipay", merchant, paymentId);
  return order === null ? err(ON_FILE) : ok(order);
}

export async function open(
  shown: Shown,
  world: SandboxWorld,
): Promise<Result<SandboxOrderRecord, string>> {
  const link = linkOf(shown);
  if (link === null) return onFile(shown, world);
  const parameters = readQuery(link.text);
  if (parameters === null) return err("Alipay refuses the link: a parameter comes twice.");
  const method = parameters.get("method") ?? "";
  if (LINK_METHODS[link.kind]?.includes(method) !== true || !isOrderMethod(method)) {
    return err("Alipay refuses the link: it is not one that buyers can open.");
  }
  const refused = await refuseRequest(parameters, world, LINK_TOLERANCE_MS);
  if (refused !== null) return err(`Alipay refuses the link: ${refused.subCode}.`);
  const grant = await actsFor(parameters, world);
  if (!grant.ok) return err(`Alipay refuses the link: ${grant.error.subCode}.`);
  const content = parseObject(parameters.get("biz_content") ?? "");
  if (content === null) return err("Alipay refuses the link: ACQ.INVALID_PARAMETER.");
  const caller = { appId: parameters.get("app_id") ?? "", authAppId: grant.value };
  const placed = await placeOrder(method, content, parameters, caller, world);
  if (!placed.ok) return err(`Alipay refuses the link: ${String(placed.error["sub_code"])}.`);
  const { kind, order } = placed.value;
  // One that is paid or closed can be opened: the page says so.
  return kind === "conflict"
    ? err("Alipay refuses the link: ACQ.CONTEXT_INCONSISTENT.")
    : ok(order);
}
