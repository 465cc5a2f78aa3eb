/** What a payment is, and what its buyer has to do now. */
import { channelName } from "../../../channels/registry.ts";
import { toDecimal } from "../../../money.ts";
import { isPayable, isTerminal } from "../../../payments/states.ts";
import { Amount, Copy, Details, Disclosure, Id, Json, Time, words } from "../components.tsx";
import type { PaymentTimeline } from "./timeline.tsx";

type Payment = PaymentTimeline["payment"];

export function Summary({ payment }: { payment: Payment }) {
  const { amount_refunded: refunded, fee, last_error: error } = payment;
  const options = payment.channels?.map(channelName).join(", ") ?? null;
  return (
    <Details
      rows={[
        ["Payment", <Copy text={payment.id} />],
        ["For", payment.description],
        [
          "Order",
          payment.merchant_order_id === null ? null : <Copy text={payment.merchant_order_id} />,
        ],
        ["Refunded", refunded.value === 0 ? null : <Amount money={refunded} />],
        ["Fee", fee === null ? null : <FeeLine fee={fee} />],
        ["Channel", payment.channel === null ? null : channelName(payment.channel)],
        ["To choose from", options],
        ["Method", payment.method],
        ["Account", payment.channel_account === null ? null : <Account payment={payment} />],
        [
          "Transaction",
          payment.channel_transaction_id === null ? null : (
            <Copy text={payment.channel_transaction_id} />
          ),
        ],
        ["Service", payment.service_id === null ? null : <Id>{payment.service_id}</Id>],
        ["Created", <Time at={payment.created_at} />],
        ["Paid", payment.succeeded_at === null ? null : <Time at={payment.succeeded_at} />],
        ["Payable until", isTerminal(payment.status) ? null : <Time at={payment.expires_at} />],
        ["Late", payment.late === true ? "Paid after it had ended unpaid." : null],
        ["Last error", error === null ? null : `${error.code}: ${error.message}`],
      ]}
    />
  );
}

const Account = ({ payment }: { payment: Payment }) => (
  <>
    <a href={`/console/accounts/${payment.channel_account}`}>
      <Id>{payment.channel_account}</Id>
    </a>{" "}
    <span class="quiet">{payment.payee.merchant_account}</span>
  </>
);

function FeeLine({ fee }: { fee: NonNullable<Payment["fee"]> }) {
  const { currency, value, refunded, basis_points: points, kind } = fee;
  const rate = `${toDecimal(points, 2)} % ${words(kind)}`;
  return (
    <>
      <Amount money={{ currency, value }} /> <span class="quiet">{rate}</span>
      {refunded === 0 ? null : (
        <>
          {" "}
          <span class="quiet">
            given back <Amount money={{ currency, value: refunded }} />
          </span>
        </>
      )}
    </>
  );
}

/** What the buyer has to do now, for who stands beside him. */
export function NextStep({ payment }: { payment: Payment }) {
  if (!isPayable(payment.status)) return null;
  const { qr, next_action: next, checkout_url: checkout } = payment;
  return (
    <section class="panel" aria-labelledby="next">
      <h2 id="next">For the buyer</h2>
      {qr === null ? null : (
        <img
          class="qr"
          src={`/v1/qr/${payment.id}.svg`}
          alt="QR code of the payment"
          width="200"
          height="200"
        />
      )}
      {next?.type === "wait" ? <p>The channel has not answered yet; it is asked again.</p> : null}
      <Details
        rows={[
          ["Checkout page", <a href={checkout}>{checkout}</a>],
          ["Code", qr === null ? null : <Copy text={qr.data} />],
          ["Wallet", next?.type === "redirect" ? <a href={next.url}>{next.url}</a> : null],
          [
            "Sandbox",
            payment.livemode ? null : (
              <a href={`/sandbox/wallet/${payment.id}`}>Pay in the sandbox wallet</a>
            ),
          ],
        ]}
      />
      {next?.type === "invoke_sdk" ? (
        <Disclosure summary={`Parameters for ${next.sdk}`}>
          <Json value={next.params} label="SDK parameters" />
        </Disclosure>
      ) : null}
    </section>
  );
}
