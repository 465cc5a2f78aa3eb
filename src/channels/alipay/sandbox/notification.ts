/** The simulated asynchronous notification: a signed form, posted to the order's notify_url. */
import * as z from "zod";

import { signSha256 } from "../../../crypto/rsa.ts";
import { toDecimal } from "../../../money.ts";
import type { CallbackFlaw, SandboxOrderRecord, SandboxWorld } from "../../../sandbox/simulator.ts";
import { buyerIdOf, platformSerial, sellerIdOf } from "./identity.ts";
import { platformKey } from "./reply.ts";
import { writeTime } from "./time.ts";
import { tradeStatus } from "./trades.ts";

type Fields = Readonly<Record<string, string>>;

const storedParameters = z.looseObject({ subject: z.string() });

/** What the order was created with, as the channel kept it. */
function subjectOf(order: SandboxOrderRecord): string {
  const parsed = storedParameters.safeParse(JSON.parse(order.parameters));
  return parsed.success ? parsed.data.subject : "";
}

/** Day, a mark, time of day, and random digits: 34 characters like the real ones. */
function notifyId(world: SandboxWorld): string {
  const [day = "", time = ""] = writeTime(world.now).replaceAll(/[-:]/g, "").split(" ");
  const tail = [...world.random(15)].map((byte) => String(byte % 10)).join("");
  return `${day}00222${time}${tail}`;
}

function fieldsOf(
  order: SandboxOrderRecord,
  sellerId: string,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Fields {
  const amount = toDecimal(order.value + (flaw === "wrong_amount" ? 1 : 0), 2);
  const common = {
    gmt_create: writeTime(order.createdAt),
    charset: "utf-8",
    notify_time: writeTime(world.now),
    subject: subjectOf(order),
    buyer_id: buyerIdOf(order.orderNumber),
    version: "1.0",
    notify_id: notifyId(world),
    notify_type: "trade_status_sync",
    out_trade_no: order.orderNumber,
    total_amount: amount,
    trade_status: tradeStatus(order) ?? "WAIT_BUYER_PAY",
    trade_no: order.transactionId ?? "",
    auth_app_id: order.merchant,
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

/** `sign_type`, and in certificate mode `alipay_cert_sn`, are sent but not signed. */
export async function notification(
  order: SandboxOrderRecord,
  flaw: CallbackFlaw,
  world: SandboxWorld,
): Promise<Request> {
  const names = Object.keys((await world.registeredMerchant(order.merchant))?.publicKeys ?? {});
  const sellerId = names.find((name) => name.startsWith("2088")) ?? sellerIdOf(order.merchant);
  const isCertificateMode = names.some((name) => /^[0-9a-f]{32}$/.test(name));
  const fields = fieldsOf(order, sellerId, flaw, world);
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
