/**
 * `npm run demo`: the whole story against the running gateway, as a merchant's server lives it:
 * payments with two wallets and a bank code, signed webhooks, ten refunds at once of which one may
 * succeed, and a time-out that costs nobody money.
 * PORT or ITPAY_URL say where it runs; ITPAY_KEY is the test key (default: the demo merchant's).
 * The exit code is 0 only when everything happened.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { apiClient, demoMerchant, expectStatus, gatewayUrl, isGateway } from "./lib/gateway.mjs";
import { main, Stop } from "./lib/project.mjs";
import { startReceiver, verifyItPay, verifyStandard } from "./lib/receiver.mjs";
import { bold, dim, drawQr, green, red } from "./lib/terminal.mjs";

const WEBHOOK_LIMIT_MS = 30_000;
const RETRY_LIMIT_MS = 60_000;

const title = (text) => console.log(`\n${bold(text)}`);
const happened = (text) => console.log(`  ${green("✓")} ${text}`);
const note = (name, text) => console.log(`    ${dim(name.padEnd(9))}${text}`);

const money = ({ currency, value }) => `${currency} ${(value / 100).toFixed(2)}`;

async function qrMatrix(text) {
  try {
    const { default: QRCode } = await import("qrcode-svg");
    return new QRCode({ content: text, ecl: "M", padding: 0 }).qrcode.modules;
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Stop("The packages are not installed yet: npm run setup");
  }
}

/** @throws Stop unless it is so */
function check(truth, what) {
  if (!truth) throw new Stop(`${red("✗")} ${what}`);
}

async function connect() {
  const baseUrl = gatewayUrl();
  if (!(await isGateway(baseUrl))) {
    throw new Stop(
      `No ItPay gateway answers at ${baseUrl}.\n` +
        "Start it in another terminal with npm start, or say where it is: PORT=… or ITPAY_URL=…",
    );
  }
  const key = process.env.ITPAY_KEY || (await demoMerchant(baseUrl)).keys.test;
  const call = apiClient(baseUrl, key);
  const own = expectStatus(await call("GET", "/v1/merchant"), 200, "Reading the merchant");
  check(!own.livemode, "this is a live key: the demo plays with test keys only");
  happened(`Connected to ${baseUrl} as ${own.name} (${own.id}), test mode`);
  return { baseUrl, call };
}

async function createPayment(call, body, key) {
  const reply = await call("POST", "/v1/payment-intents", { body, key });
  return expectStatus(reply, 201, "Creating the payment");
}

const SIGNATURES = [
  { name: "X-ItPay-Signature", verify: verifyItPay },
  { name: "Standard Webhooks signature", verify: verifyStandard },
];

/** The event of this type about this payment, once its signatures have been checked. */
async function signedEvent(receiver, secret, type, paymentId) {
  const fits = ({ body }) => {
    const event = JSON.parse(body);
    return event.type === type && event.data.id === paymentId;
  };
  const message = await receiver.waitFor(fits, WEBHOOK_LIMIT_MS);
  check(message !== null, `no ${type} webhook came within ${WEBHOOK_LIMIT_MS / 1000} s`);
  const { headers, body } = message;
  for (const { name, verify } of SIGNATURES) {
    check(verify(headers, body, secret), `the webhook's ${name} does not verify`);
    const forged = body.replace(paymentId, paymentId.replace(/.$/, "!"));
    check(!verify(headers, forged, secret), `${name} verifies a changed body`);
    happened(`${name} verified; with one letter of the body changed it fails`);
  }
  return JSON.parse(body);
}

async function playPayment({ baseUrl, call }, receiver, secret, { channel, name, amount }) {
  title(`${name}: a payment of ${money(amount)}`);
  const body = { amount, channel, description: "Demo order" };
  const payment = await createPayment(call, body, randomUUID());
  check(payment.qr !== null, `the payment has no code; its status is ${payment.status}`);
  happened(`Created ${payment.id}, status ${payment.status}`);
  console.log(`\n${drawQr(await qrMatrix(payment.qr.data))}\n`);
  note("code", payment.qr.data);
  note("image", payment.qr.image_url);
  note("wallet", `${baseUrl}/sandbox/wallet/${payment.id}`);

  const image = await fetch(payment.qr.image_url);
  const type = image.headers.get("Content-Type") ?? "";
  check(image.ok && type.startsWith("image/svg+xml"), `the image answers ${image.status} ${type}`);
  const size = (await image.arrayBuffer()).byteLength;
  happened(`The image is there: SVG, ${(size / 1024).toFixed(1)} KiB`);

  const paid = await call("POST", `/sandbox/payments/${payment.id}/pay`);
  expectStatus(paid, 200, "Paying as the buyer");
  happened("The buyer paid in the sandbox wallet; the channel called back");

  const event = await signedEvent(receiver, secret, "payment_intent.succeeded", payment.id);
  check(event.data.amount.value === amount.value, "the webhook names another amount");
  happened(`Webhook ${event.type} (${event.id}) received: ${money(event.data.amount)}`);

  const last = expectStatus(
    await call("GET", `/v1/payment-intents/${payment.id}`),
    200,
    "Reading the payment",
  );
  check(last.status === "succeeded", `the payment's status is ${last.status}`);
  happened(`Status ${bold(last.status)}, channel transaction ${last.channel_transaction_id}`);
  return last;
}

async function playRefunds({ call }, receiver, secret, payment) {
  const { currency, value } = payment.amount;
  const amount = { currency, value: Math.ceil(value * 0.6) };
  title(`Refunds: ten at once, each of ${money(amount)} of ${money(payment.amount)}`);
  const body = { payment_intent: payment.id, amount };
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => call("POST", "/v1/refunds", { body, key: randomUUID() })),
  );
  const taken = replies.filter(({ status }) => status === 201 || status === 202);
  check(taken.length === 1, `${taken.length} of ten refunds were taken`);
  const [{ body: refund }] = taken;
  happened(
    `One was taken (${refund.id}); nine got REFUND_EXCEEDS_PAYMENT before the channel was asked`,
  );

  const event = await signedEvent(receiver, secret, "refund.succeeded", refund.id);
  happened(`Webhook ${event.type} (${event.id}) received: ${money(event.data.amount)}`);
  const after = expectStatus(
    await call("GET", `/v1/payment-intents/${payment.id}`),
    200,
    "Reading the payment",
  );
  check(after.amount_refunded.value === amount.value, "another sum was given back");
  happened(`The payment says that ${money(after.amount_refunded)} went back`);
}

async function playTimeout({ call }) {
  title("A time-out: WeChat Pay makes the order and its reply is lost");
  const key = randomUUID();
  const body = {
    amount: { currency: "CNY", value: 2_500 },
    channel: "wechat",
    metadata: { sandbox: "timeout_after_create" },
  };
  const first = await createPayment(call, body, key);
  const waits = first.status === "pending" && first.next_action?.type === "wait";
  check(waits, `expected pending and wait, got ${first.status} and ${first.next_action?.type}`);
  happened(`${first.id} is ${bold(first.status)}, not failed: nobody knows yet`);

  const started = Date.now();
  let last = first;
  for (let tries = 1; last.qr === null; tries += 1) {
    check(Date.now() - started < RETRY_LIMIT_MS, `still ${last.status} after ${tries} tries`);
    await sleep(1_000);
    last = await createPayment(call, body, key);
    check(last.id === first.id, "the retry made another payment");
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  happened(`The same Idempotency-Key got the code after ${seconds} s: ${last.qr.data}`);
  happened("Every retry was the same payment: one order, however often the merchant asks");

  const end = await call("POST", `/v1/payment-intents/${first.id}/cancel`);
  check(end.status === 200 || end.status === 202, `cancelling it answered ${end.status}`);
  happened(`Cancelled, so that nothing stays open: ${end.body.status}`);
}

const PAYMENTS = [
  { channel: "wechat", name: "WeChat Pay", amount: { currency: "CNY", value: 699 } },
  { channel: "alipay", name: "Alipay", amount: { currency: "CNY", value: 1_288 } },
  { channel: "promptpay", name: "PromptPay", amount: { currency: "THB", value: 4_500 } },
];

async function playStory(gateway, receiver) {
  const endpoint = expectStatus(
    await gateway.call("POST", "/v1/webhook-endpoints", {
      body: { url: receiver.url, description: "npm run demo" },
    }),
    201,
    "Creating the webhook endpoint",
  );
  const remove = () => gateway.call("DELETE", `/v1/webhook-endpoints/${endpoint.id}`);
  process.once("SIGINT", () => void remove().finally(() => process.exit(130)));
  try {
    happened(`Webhooks come to ${receiver.url} (${endpoint.id})`);
    const paid = [];
    for (const payment of PAYMENTS) {
      paid.push(await playPayment(gateway, receiver, endpoint.secret, payment));
    }
    await playRefunds(gateway, receiver, endpoint.secret, paid[0]);
    await playTimeout(gateway);
  } finally {
    title("The end");
    expectStatus(await remove(), 204, "Deleting the webhook endpoint");
    happened("Deleted the webhook endpoint");
  }
}

await main(async () => {
  title("ItPay Edge, the whole story");
  const gateway = await connect();
  const receiver = await startReceiver();
  try {
    await playStory(gateway, receiver);
  } finally {
    receiver.close();
  }
  console.log(`\n${green(bold("Everything happened."))} More: ${gateway.baseUrl}/docs\n`);
});
