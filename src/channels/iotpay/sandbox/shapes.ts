/** What the answer to an order holds for the buyer, by channel id: before and after 2026-03-10. */
import { toDecimal } from "../../../money.ts";
import { digits, hex } from "../../../sandbox/numbers.ts";
import type { OrderFields } from "./request.ts";
import type { Members } from "./sign.ts";

/** Alipay's part of the answers changed on 2026-03-10. */
export type Shape = "before_2026_03" | "since_2026_03";

/** Where the simulated wallet shows this order. */
type Wallet = string;

const wechatParams = (order: OrderFields, more: Members): Members => ({
  appid: appIdOf(order),
  noncestr: hex(`nonce:${order.mchOrderNo}`, 32),
  timestamp: "1795219200",
  ...more,
});

const appIdOf = ({ extra }: OrderFields): unknown =>
  (JSON.parse(extra ?? "{}") as Members)["appId"];

const prepayId = (order: OrderFields): string => `wx${digits(`prepay:${order.mchOrderNo}`, 32)}`;

const scheme = (order: OrderFields): string =>
  `alipayconnect://platformapi/acwallet/alipayconnectcode?code=${hex(order.mchOrderNo, 24)}&pspName=ALIPAY_CN`;

/** The order text of Alipay's old SDK, with IOTPay's own address for Alipay's notices. */
const orderText = (order: OrderFields): string =>
  `service="mobile.securitypay.pay"&out_trade_no="${order.mchOrderNo}"&subject="${order.subject}"` +
  `&total_fee="${toDecimal(order.amount, 2)}"&currency="${order.currency}"` +
  `&sign="${hex(`sign:${order.mchOrderNo}`, 64)}"&sign_type="RSA"`;

const alipayLinks = (order: OrderFields, wallet: Wallet): Members => ({
  retParams: {
    url: wallet,
    schemeUrl: scheme(order),
    tradeNo: digits(`trade:${order.mchOrderNo}`, 34),
  },
  retDetail: wallet,
  payParams: scheme(order),
});

type Answer = (order: OrderFields, wallet: Wallet, shape: Shape) => Members;

const alipayPage: Answer = (order, wallet, shape) =>
  shape === "since_2026_03" ? alipayLinks(order, wallet) : { retParams: { alipayUrl: wallet } };

const ANSWERS: Readonly<Record<string, Answer>> = {
  WX_NATIVE: (order) => ({
    codeUrl: `weixin://wxpay/bizpayurl?pr=${hex(`pr:${order.mchOrderNo}`, 9)}`,
  }),
  ALIPAY_QR: (order) => ({
    qr_code: `https://qr.alipay.com/bax${hex(`qr:${order.mchOrderNo}`, 21)}`,
  }),
  UPI_QR: (order) => ({ qr_code: `https://qr.95516.com/${digits(`qr:${order.mchOrderNo}`, 30)}` }),
  WX_JSAPI: (order, wallet) =>
    order.extra === undefined
      ? { url: wallet }
      : {
          payParams: {
            appId: appIdOf(order),
            timeStamp: "1795219200",
            nonceStr: hex(`nonce:${order.mchOrderNo}`, 32),
            package: `prepay_id=${prepayId(order)}`,
            signType: "RSA",
            paySign: hex(`sign:${order.mchOrderNo}`, 64),
          },
        },
  WX_APP: (order) => ({
    payParams: wechatParams(order, {
      partnerid: "1900000109",
      prepayid: prepayId(order),
      package: "Sign=WXPay",
      sign: hex(`sign:${order.mchOrderNo}`, 32),
    }),
  }),
  ALIPAY_MOBILE: (order, wallet, shape) =>
    shape === "since_2026_03"
      ? alipayLinks(order, wallet)
      : { retParams: orderText(order), retDetail: orderText(order), payParams: orderText(order) },
  ALIPAY_WAP: alipayPage,
  ALIPAY_PC: alipayPage,
  UPI_SEQ: (_, wallet) => ({ retParams: { unionpayUrl: wallet } }),
  UPI_APP: (order) => ({ payParams: digits(`tn:${order.mchOrderNo}`, 21) }),
};

export const answerFor: Answer = (order, wallet, shape) =>
  ANSWERS[order.channelId]?.(order, wallet, shape) ?? {};
