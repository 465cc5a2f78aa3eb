/** Code to copy from the page. */

export const verifyOwnSignature = `import { createHmac, timingSafeEqual } from "node:crypto";

// body: the request's text as it came, before any JSON parser
export function isFromItPay(secret, header, body, now = Date.now() / 1000) {
  const parts = header.split(",").map((part) => part.split("="));
  const time = parts.find(([name]) => name === "t")?.[1];
  if (!(Math.abs(now - Number(time)) <= 300)) return false;
  const expected = createHmac("sha256", secret).update(\`\${time}.\${body}\`).digest();
  return parts.some(([name, hex = ""]) => {
    const given = Buffer.from(name === "v1" ? hex : "", "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}`;

export const verifyStandardSignature = `import { Webhook } from "standardwebhooks";

// throws when the signature or the time does not fit
const event = new Webhook(secret).verify(body, headers);`;

export const signRequest = (
  origin: string,
) => `BODY='{"amount":{"currency":"CNY","value":699},"channel":"wechat"}'
TIME=$(date +%s)
SIG=$(printf '%s' "\${TIME}POST/v1/payment-intents\${BODY}" |
  openssl dgst -sha256 -hmac "\${KEY##*_}" | sed 's/^.* //')
curl -X POST "${origin}/v1/payment-intents" \\
  -H "Authorization: ItPay \${KEY%_*}:$SIG" \\
  -H "X-ItPay-Timestamp: $TIME" \\
  -H "Content-Type: application/json" \\
  -d "$BODY"`;

export const createMerchant = (origin: string) => `curl -X POST "${origin}/v1/admin/merchants" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name":"Corner Coffee"}'
# from the answer:
KEY=sk_test_…`;

export const createPayment = (origin: string) => `curl -X POST "${origin}/v1/payment-intents" \\
  -H "Authorization: Bearer $KEY" \\
  -H "Idempotency-Key: order-1001" \\
  -H "Content-Type: application/json" \\
  -d '{"amount":{"currency":"CNY","value":699},
       "channel":"wechat"}'
# from the answer:
PAYMENT_INTENT_ID=pi_…`;

export const payAndRead = (
  origin: string,
) => `curl -X POST "${origin}/sandbox/payments/$PAYMENT_INTENT_ID/pay"
curl "${origin}/v1/payment-intents/$PAYMENT_INTENT_ID" \\
  -H "Authorization: Bearer $KEY"`;

export const useScript = (origin: string) => `curl -X POST "${origin}/v1/payment-intents" \\
  -H "Authorization: Bearer $KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"amount":{"currency":"CNY","value":699},"channel":"wechat",
       "metadata":{"sandbox":"timeout_after_create"}}'`;

export const iotpayOrder = (origin: string) => `ORDER=order-1001
FIELDS="amount=1500&body=Tea&channelId=WX_NATIVE&clientIp=203.0.113.7&currency=CAD"
FIELDS="$FIELDS&device=WEB&mchId=\${KEY%_*}&mchOrderNo=$ORDER"
FIELDS="$FIELDS&notifyUrl=https://shop.example/notify&subject=Tea"
SIGN=$(printf '%s' "$FIELDS&key=\${KEY##*_}" | openssl md5 |
  sed 's/^.* //' | tr a-f A-F)
PARAMS=$(printf '%s' "$FIELDS&sign=$SIGN" |
  sed 's/=/":"/g; s/&/","/g; s/^/{"/; s/$/"}/')
curl -X POST "${origin}/compat/iotpay/v1/create_order" --data-urlencode "params=$PARAMS"`;
