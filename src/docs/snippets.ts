/** Code to copy from the page. */

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

export const iotpayOrder = (origin: string) => `ORDER=order-1001
FIELDS="amount=1500&body=Tea&channelId=WX_NATIVE&clientIp=203.0.113.7&currency=CAD"
FIELDS="$FIELDS&device=WEB&mchId=\${KEY%_*}&mchOrderNo=$ORDER"
FIELDS="$FIELDS&notifyUrl=https://shop.example/notify&subject=Tea"
SIGN=$(printf '%s' "$FIELDS&key=\${KEY##*_}" | openssl md5 |
  sed 's/^.* //' | tr a-f A-F)
PARAMS=$(printf '%s' "$FIELDS&sign=$SIGN" |
  sed 's/=/":"/g; s/&/","/g; s/^/{"/; s/$/"}/')
curl -X POST "${origin}/compat/iotpay/v1/create_order" --data-urlencode "params=$PARAMS"`;
