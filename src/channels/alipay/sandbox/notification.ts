/** The simulated asynchronous notification: a signed form, posted to the order's notify_url. */
import { signSha256 } from "../../../crypto/rsa.ts";
import { toDecimal } from "../../../money.ts";
import type {
  CallbackFlaw,
  SandboxOrderRecord,
  SandboxRefund,
  SandboxWorld,
} from "../../../sandbox/simulator.ts";
import { buyerIdOf, platformSerial, sellerIdOf } from "./identity.ts";
import { keptOf } from "./order.ts";
import { platformKey } from "./reply.ts";
import { givenBack, tradeNo, tradeStatus } from "./state.ts";
import { writeTime } from "./time.ts";

type Fields = Readonly<Record<string, string>>;

/** Day, a mark, time of day, and random digits: 34 characters like the real ones. */
function notifyId(world: SandboxWorld): string {
  const [day = "", time = ""] = writeTime(world.now).replaceAll(/[-:]/g, "").split(" ");
  const tail = [...world.random(15)].map((byte) => String(byte % 10)).join("");
  return `${day}00222${time}${tail}`;
}

/** A payment's own notice stays what it was when refunds follow: repeats are the same text. */
const statusOf = (order: SandboxOrderRecord): string =>
  order.state === "paid" ? "TRADE_SUCCESS" : (tradeStatus(order) ?? "WAIT_BUYER_PAY");

function fieldsOf(
  order: SandboxOrderRecord,
  sellerId: string,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Fields {
  const amount = toDecimal(order.value + (flaw === "wrong_amount" ? 1 : 0), 2);
  const kept = keptOf(order);
  const common = {
    gmt_create: writeTime(order.createdAt),
    charset: "utf-8",
    notify_time: writeTime(world.now),
    subject: kept?.content.subject ?? "",
    buyer_id: buyerIdOf(order.orderNumber),
    version: "1.0",
    notify_id: notifyId(world),
    notify_type: "trade_status_sync",
    out_trade_no: order.orderNumber,
    total_amount: amount,
    trade_status: statusOf(order),
    trade_no: tradeNo(order) ?? "",
    auth_app_id: kept?.auth_app_id ?? order.merchant,
    buyer_logon_id: "san***@sandbox.example",
    app_id: order.merchant,
    seller_id: sellerId,
    seller_email: "san***@sandbox.example",
  };
  if (order.paidAt === null) {
    return order.state === "closed" ? { ...common, gmt_close: writeTime(world.now) } : common;
  }
  return {
    ...common,
    gmt_payment: writeTime(order.paidAt),
    invoice_amount: amount,
    receipt_amount: amount,
    buyer_pay_amount: amount,
    point_amount: "0.00",
    fund_bill_list: JSON.stringify([{ amount, fundChannel: "ALIPAYACCOUNT" }]),
  };
}

const joined = (fields: Fields): string =>
  Object.keys(fields)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${fields[name] ?? ""}`)
    .join("&");

/** Alipay has no signature probe of its own: `sign_test_probe` is a wrong signature here. */
const isForged = (flaw: CallbackFlaw): boolean =>
  flaw === "wrong_signature" || flaw === "sign_test_probe";

/** The seller's number: the authorised merchant's, the registered one, or the sandbox's own. */
function sellerOf(order: SandboxOrderRecord, names: readonly string[]): string {
  const authAppId = keptOf(order)?.auth_app_id ?? null;
  if (authAppId !== null) return sellerIdOf(authAppId);
  return names.find((name) => name.startsWith("2088")) ?? sellerIdOf(order.merchant);
}

/** `sign_type`, and in certificate mode `alipay_cert_sn`, are sent but not signed. */
async function post(
  order: SandboxOrderRecord,
  change: Fields,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request> {
  const names = Object.keys((await world.registeredMerchant(order.merchant))?.publicKeys ?? {});
  const isCertificateMode = names.some((name) => /^[0-9a-f]{32}$/.test(name));
  const fields = { ...fieldsOf(order, sellerOf(order, names), flaw, world), ...change };
  const text = joined(fields);
  const sign = await signSha256(await platformKey(world), isForged(flaw) ? `${text}&` : text);
  const form = new URLSearchParams({
    ...fields,
    ...(isCertificateMode ? { alipay_cert_sn: await platformSerial(world.keys) } : {}),
    sign_type: "RSA2",
    sign,
  });
  return new Request(order.notifyUrl, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: form.toString(),
  });
}

/** Null: the order named no address. */
export const notification = async (
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request | null> => (order.notifyUrl === "" ? null : post(order, {}, flaw, world));

/**
 * The notice about a refund goes to the payment's address and looks like the payment's, with
 * `out_biz_no`, the running total, and TRADE_CLOSED once nothing is left. None is sent for what
 * did not reach the buyer.
 */
export async function refundNotification(
  order: SandboxOrderRecord,
  refund: SandboxRefund,
  world: SandboxWorld,
): Promise<Request | null> {
  const { refundedAt } = refund;
  if (refund.state !== "succeeded" || refundedAt === null || refund.notifyUrl === null) return null;
  const place = order.refunds.findIndex((it) => it.refundNumber === refund.refundNumber);
  const total = givenBack(order.refunds.slice(0, place + 1));
  const isWhole = total === order.value;
  const change = {
    out_biz_no: refund.refundNumber,
    refund_fee: toDecimal(total, 2),
    gmt_refund: `${writeTime(refundedAt)}.${String(refundedAt % 1000).padStart(3, "0")}`,
    trade_status: isWhole ? "TRADE_CLOSED" : "TRADE_SUCCESS",
    ...(isWhole ? { gmt_close: writeTime(refundedAt) } : {}),
  };
  return order.notifyUrl === "" ? null : post(order, change, null, world);
}
