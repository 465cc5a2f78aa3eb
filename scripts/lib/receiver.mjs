/**
 * A merchant's webhook receiver in small: takes events on this machine and checks both signatures
 * (API reference, "Webhooks") with nothing but node:crypto, as a merchant would.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** An older message may be a recording that somebody plays again. */
const TOLERANCE_SECONDS = 300;

const isFresh = (seconds) => Math.abs(Date.now() / 1000 - Number(seconds)) <= TOLERANCE_SECONDS;

function sameText(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** `X-ItPay-Signature: t=…,v1=…`: hex HMAC over `t.body`, keyed with the secret as it is. */
export function verifyItPay(headers, body, secret) {
  const parts = (headers["x-itpay-signature"] ?? "").split(",").map((part) => part.split("="));
  const time = parts.find(([name]) => name === "t")?.[1] ?? "";
  const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  const signed = parts.some(([name, value]) => name === "v1" && sameText(value ?? "", expected));
  return signed && isFresh(time);
}

/** Standard Webhooks 1.0.0: base64 HMAC over `id.timestamp.body`, keyed with the decoded secret. */
export function verifyStandard(headers, body, secret) {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": given = "" } = headers;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  return given.split(" ").some((one) => sameText(one, `v1,${expected}`)) && isFresh(time);
}

/** Listens on a free port of this machine and keeps every message that comes. */
export async function startReceiver() {
  const messages = [];
  const waiting = new Set();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    messages.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(204).end();
    for (const look of waiting) look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  /** The first message that fits, one that is still to come included; null after the time. */
  const waitFor = (fits, timeoutMs) =>
    new Promise((resolve) => {
      const finish = (message) => {
        clearTimeout(timer);
        waiting.delete(look);
        resolve(message);
      };
      const look = () => {
        const found = messages.find(fits);
        if (found !== undefined) finish(found);
      };
      const timer = setTimeout(() => finish(null), timeoutMs);
      waiting.add(look);
      look();
    });

  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/webhooks`, waitFor, close };
}
