/** For developers whose app speaks IOTPay's general order API: what to change, and what stays. */
import { Code } from "./parts.tsx";
import { iotpayOrder } from "./snippets.ts";

const BASE = "/compat/iotpay/v1";

export const IotpayDoor = ({ origin }: { origin: string }) => (
  <div class="entry">
    <div class="words">
      <p>
        An app that already speaks IOTPay's general order API (v1) changes three values and nothing
        else:
      </p>
      <ul>
        <li>
          the base URL: <code>{origin + BASE}</code>
        </li>
        <li>
          <code>mchId</code>: the first half of an API key, <code>sk_test_…</code> or{" "}
          <code>sk_liv_…</code> without the last <code>_</code> and what follows
        </li>
        <li>the merchant key: the half after it, which signs and does not travel</li>
      </ul>
      <p>
        <code>create_order</code>, <code>query_order</code> and <code>refund_order</code> take a
        form with <code>params</code>, or a JSON body, signed with MD5. All answers are 200;{" "}
        <code>errCode</code> says what went wrong. The buyer pays through your accounts here,
        whatever their channel, and <code>notifyUrl</code> is notified in IOTPay's form beside your
        webhooks. Its payments and refunds are payment intents and refunds like all others.
      </p>
    </div>
    <div class="examples">
      <Code title="An order in IOTPay's form" text={iotpayOrder(origin)} shell />
    </div>
  </div>
);
