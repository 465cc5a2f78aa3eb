/** Antom's row of the channel matrix. */
import { CURRENCIES } from "../../money.ts";
import type { ChannelInfo } from "../adapter.ts";

/** Ends an order that names no deadline of its own: "usually 14 minutes after the request". */
export const DEFAULT_LIFE_MS = 14 * 60_000;

/** The wallet of an account that names none. */
export const DEFAULT_WALLET = "ALIPAY_CN";

/** "Whatever wallet the buyer holds up": what a scanned payment code is sent as. */
export const ANY_WALLET = "CONNECT_WALLET";

const WALLETS: readonly string[] = [
  DEFAULT_WALLET, "ALIPAY_HK", "GCASH", "DANA", "TNG", "KAKAOPAY", "TRUEMONEY", "BOOST",
  "RABBIT_LINE_PAY", "BPI", "MAYA", "PAYPAY", "TOSSPAY", "NAVERPAY", "GRABPAY_SG", "GRABPAY_MY",
  "GRABPAY_PH", "PROMPTPAY", "PAYNOW", "QRIS", "CARD", ANY_WALLET,
]; // prettier-ignore

export const ANTOM_INFO: ChannelInfo = {
  slug: "antom",
  name: "Antom",
  // Antom's own home; the wallets behind it are all over Asia.
  region: "SG",
  currencies: CURRENCIES,
  methods: ["qr", "wap", "web", "app", "barcode"],
  requires: {
    // A cashier payment without a page to come back to is refused (paymentRedirectUrl).
    wap: ["os_type", "return_url"],
    web: ["return_url"],
    app: ["os_type", "return_url"],
    barcode: ["payer.auth_code"],
  },
  options: ["payment_method_type"],
  paymentMethodTypes: WALLETS,
  qrStandard: "Alipay+ order code (a URL or an EMV text, as the wallet has it)",
  qrLifetimeSeconds: DEFAULT_LIFE_MS / 1000,
  // The upper limit is ours: real ones depend on the contract, the wallet and the buyer.
  limits: { min: 1, max: 10_000_000_000 },
  // By wallet; a year is what the Alipay family has. Some take one refund of the whole only.
  refunds: { partial: true, maxPartials: null, windowDays: 365, spacingSeconds: 0 },
  confirmedBy: "channel_callback",
  // Antom publishes none: from the cheapest to the dearest of the wallets behind it that do.
  feeRangeBasisPoints: [20, 150],
  status: "beta",
};
