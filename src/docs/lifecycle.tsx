/** How a payment goes, how merchants hear of it, and how it can be made to go wrong on purpose. */
import { type PaymentStatus, STATUSES, TRANSITIONS } from "../payments/states.ts";
import { FAULTS } from "../sandbox/scripts.ts";
import { EVENT_NOTES } from "./events.ts";
import { Breakable, Code, GuideLink, json, Table, Text } from "./parts.tsx";
import { SAMPLES } from "./samples.ts";

const MEANINGS: Readonly<Record<PaymentStatus, string>> = {
  pending: "Ordered, or being ordered: the channel has not given a code yet.",
  qr_generated: "The code can be shown.",
  scanning: "The buyer has scanned it.",
  authorized: "The buyer's bank or wallet has agreed.",
  captured: "The money is taken, the channel's proof is on its way.",
  succeeded: "Paid. Refunds are counted beside it.",
  failed: "The channel refused it for good.",
  expired: "The time was up and nobody had paid.",
  cancelled: "You ended it before anybody paid.",
};

const codes = (names: readonly string[]) =>
  names.map((name, at) => (
    <>
      {at === 0 ? "" : " "}
      <code class="chip">{name}</code>
    </>
  ));

export const States = () => (
  <div class="entry">
    <div class="words">
      <p>
        A payment only moves forward. A channel that does not report a step skips it. Before a
        payment expires or is cancelled the channel is asked, so a buyer who is just paying is not
        lost. From the three unpaid endings only the channel's proof leads on, to{" "}
        <code>succeeded</code>: a late payment, with <code>late: true</code> in the object.
      </p>
      <Table
        label="Payment states"
        head={["State", "Meaning", "May go to"]}
        rows={STATUSES.map((status) => ({
          cells: [
            <code class="name">{status}</code>,
            MEANINGS[status],
            TRANSITIONS[status].length === 0 ? "nothing" : codes(TRANSITIONS[status]),
          ],
        }))}
      />
    </div>
  </div>
);

export const Webhooks = () => (
  <>
    <div class="entry">
      <div class="words">
        <p>
          Events are posted to your <a href="#tag-webhook-endpoints">endpoints</a> as JSON. Answer
          with any 2xx within 15 seconds and do the work afterwards. Redirects are not followed.
          Everything else is tried again after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h and 8
          h, then every 12 hours until 30 days are over. <code>410</code> disables the endpoint, and
          so do 5 days of nothing but failures.
        </p>
        <p>
          An event comes at least once and not always in order: recognise a repeat by its{" "}
          <code>id</code>, and take the object with the higher <code>sequence</code>. What was
          missed is in the <a href="#listEvents">feed</a>.
        </p>
        <p>
          Each request is signed twice with the endpoint's secret, as <code>X-ItPay-Signature</code>{" "}
          and as Standard Webhooks 1.0.0 defines it. Check one of them before you believe anything:{" "}
          <GuideLink slug="webhooks">Webhooks</GuideLink> has the code for Node.js, Python, PHP, Go
          and Java.
        </p>
      </div>
      <div class="examples">
        <Code title="An event" text={json(SAMPLES["Event"])} />
      </div>
    </div>
    <h3>Types of events</h3>
    <Table
      label="Types of events"
      head={["Type", "When", "Data"]}
      rows={Object.entries(EVENT_NOTES).map(([type, { when, data }]) => ({
        cells: [
          <code class="name">
            <Breakable name={type} />
          </code>,
          <Text>{when}</Text>,
          <a href={`#object-${data}`}>{data}</a>,
        ],
      }))}
    />
  </>
);

export const Sandbox = () => (
  <>
    <div class="entry">
      <div class="words">
        <p>
          Test keys talk to simulated channels. They check the gateway's signatures, sign what they
          answer, and post real callbacks, so a test takes the same way as live money. Play the
          buyer with <a href="#playBuyer">a request</a> or in a browser at{" "}
          <code>/sandbox/wallet/…</code>.
        </p>
        <p>
          <code>metadata.sandbox</code> names a script, and the channel goes wrong on purpose. Live
          payments ignore it. <GuideLink slug="test-scenarios">Test scenarios</GuideLink> tells what
          your integration has to do in each.
        </p>
      </div>
    </div>
    <h3>Fault scripts</h3>
    <Table
      label="Fault scripts"
      head={["Script", "What the sandbox does", "What the gateway makes of it"]}
      rows={Object.entries(FAULTS).map(([script, { happens, gateway }]) => ({
        cells: [
          <code class="name">
            <Breakable name={script} />
          </code>,
          happens,
          gateway,
        ],
      }))}
    />
  </>
);
