/** The guides of docs/guides in reading order. The same files are read on a code host. */
import checkout from "../../../docs/guides/checkout.md";
import errors from "../../../docs/guides/errors.md";
import firstPayment from "../../../docs/guides/first-payment.md";
import goingLive from "../../../docs/guides/going-live.md";
import goingLiveAlipay from "../../../docs/guides/going-live-alipay.md";
import goingLiveBanks from "../../../docs/guides/going-live-banks.md";
import goingLiveWechatPay from "../../../docs/guides/going-live-wechat-pay.md";
import keysAndRoles from "../../../docs/guides/keys-and-roles.md";
import ledger from "../../../docs/guides/ledger.md";
import pricing from "../../../docs/guides/pricing.md";
import readme from "../../../docs/guides/README.md";
import reconciliation from "../../../docs/guides/reconciliation.md";
import refunds from "../../../docs/guides/refunds.md";
import services from "../../../docs/guides/services.md";
import settlement from "../../../docs/guides/settlement.md";
import statementFiles from "../../../docs/guides/statement-files.md";
import testScenarios from "../../../docs/guides/test-scenarios.md";
import webhooks from "../../../docs/guides/webhooks.md";

export interface Guide {
  /** The file's name without `.md`, and the last part of the page's address. */
  readonly slug: string;
  readonly text: string;
}

/** What `/docs/guides` shows: a file that code hosts show for the folder. */
export const INDEX: Guide = { slug: "README", text: readme };

export const GUIDES: readonly Guide[] = [
  { slug: "first-payment", text: firstPayment },
  { slug: "webhooks", text: webhooks },
  { slug: "checkout", text: checkout },
  { slug: "refunds", text: refunds },
  { slug: "errors", text: errors },
  { slug: "test-scenarios", text: testScenarios },
  { slug: "going-live", text: goingLive },
  { slug: "going-live-wechat-pay", text: goingLiveWechatPay },
  { slug: "going-live-alipay", text: goingLiveAlipay },
  { slug: "going-live-banks", text: goingLiveBanks },
  { slug: "keys-and-roles", text: keysAndRoles },
  { slug: "services", text: services },
  { slug: "pricing", text: pricing },
  { slug: "reconciliation", text: reconciliation },
  { slug: "statement-files", text: statementFiles },
  { slug: "settlement", text: settlement },
  { slug: "ledger", text: ledger },
];

export const guideOf = (slug: string): Guide | undefined =>
  GUIDES.find((guide) => guide.slug === slug);
