/** How an order becomes payable, method by method. */
import type { ChannelIo, Charge, ChargeOrder, Method, Outcome } from "../adapter.ts";
import { anotherOrder, incomplete, isSuccess, refuse } from "./answers.ts";
import { payByCode } from "./barcode.ts";
import { askGateway } from "./exchange.ts";
import { CODE_LIFETIME_MS } from "./info.ts";
import type { AlipayKeys } from "./keys.ts";
import { linkAction, type LinkMethod } from "./links.ts";
import { tradeNumber } from "./mapping.ts";

type Create = (
  payload: string,
  order: ChargeOrder,
  keys: AlipayKeys,
  io: ChannelIo,
) => Promise<Outcome<Charge>>;

/** `alipay.trade.precreate`: a code that the buyer scans. It makes no trade yet. */
const precreate: Create = async (payload, order, keys, io) => {
  const answer = await askGateway(
    { method: "alipay.trade.precreate", bizContent: payload, notifyUrl: order.notifyUrl },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (!isSuccess(answer)) return refuse(answer, "believed");
  if (answer.fields["out_trade_no"] !== order.paymentId) return anotherOrder();
  const data = answer.fields["qr_code"];
  if (typeof data !== "string" || data === "") return incomplete();
  const expiresAt = Math.min(order.expiresAt, io.now() + CODE_LIFETIME_MS);
  return { kind: "ok", value: { action: { type: "show_qr", data }, expiresAt } };
};

/** `alipay.trade.create`: a trade that the page inside Alipay pays by its number. */
const createTrade: Create = async (payload, order, keys, io) => {
  const answer = await askGateway(
    { method: "alipay.trade.create", bizContent: payload, notifyUrl: order.notifyUrl },
    keys,
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (!isSuccess(answer)) return refuse(answer, "believed");
  if (answer.fields["out_trade_no"] !== order.paymentId) return anotherOrder();
  const tradeNO = tradeNumber(answer.fields["trade_no"]);
  if (tradeNO === null) return incomplete();
  return {
    kind: "ok",
    value: {
      action: { type: "invoke_sdk", sdk: "alipay_jsapi", params: { tradeNO } },
      expiresAt: order.expiresAt,
      channelTransactionId: tradeNO,
    },
  };
};

const link =
  (method: LinkMethod): Create =>
  async (payload, order, keys, io) => ({
    kind: "ok",
    value: {
      action: await linkAction(method, payload, order, keys, io.pages),
      expiresAt: order.expiresAt,
    },
  });

export const CREATE: Readonly<Record<Method, Create>> = {
  qr: precreate,
  app: link("app"),
  wap: link("wap"),
  web: link("web"),
  jsapi: createTrade,
  barcode: payByCode,
};
