/**
 * One HTTP exchange with a channel, as people may see it: no header, since keys and signatures
 * travel there, and no value that identifies a person or opens anything. Unknown forms are not
 * shown at all: what cannot be read cannot be redacted.
 */

/** Bodies are redacted and cut. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly request: string | null;
  /** Null: no answer. */
  readonly status: number | null;
  readonly reply: string | null;
}

/** Longest text of a body that is kept, in characters. */
const LONGEST = 1_500;

/** Deeper than any channel's body; a hostile one must not exhaust the stack. */
const DEEPEST = 8;

const HIDDEN = "[redacted]";

/**
 * Names of fields whose values are never kept: signatures, keys, tokens, codes that pay, and what
 * identifies a person.
 */
const SECRET = new RegExp(
  [
    "sign|secret|token|passw|ciphertext|nonce|key|cert|credential|hmac|salt|checksum|cvv",
    // Codes that pay: IOTPay and Antom have names of their own for what a till has scanned.
    "auth_?code|payment_?code|identity_?code|security_?code|payment_?method_?id|prepay|package",
    "pay_?(info|url|string|sign)",
    "open_?id|buyer|payer_?(id|name|account|client|proxy)|user_?id|customer|login|logon",
    "phone|mobile|email|name$|birth|client_?ip",
    "id_?card|card_?(no|num|id|info|holder)|bank_?(card|acc)|acc_?no|account_?(no|num|name)",
    "received_?account|proxy_?(id|value)",
  ].join("|"),
  "i",
);

/** Short codes that the code table hides too eagerly, and that say what happened. */
const HARMLESS = new Set(["sign_type", "signType", "keyVersion", "customerBelongsTo"]);

const isSecret = (name: string): boolean => SECRET.test(name) && !HARMLESS.has(name);

function redactValue(value: unknown, depth: number): unknown {
  if (depth > DEEPEST) return HIDDEN;
  if (Array.isArray(value)) return value.slice(0, 20).map((each) => redactValue(each, depth + 1));
  if (typeof value === "string") return redactNested(value, depth);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecret(name) && inner !== null ? HIDDEN : redactValue(inner, depth + 1),
    ]),
  );
}

/** Alipay and IOTPay put JSON into a field of a form; links carry their secrets in the query. */
function redactNested(text: string, depth: number): string {
  if (depth > DEEPEST) return HIDDEN;
  if (/^[a-z][\w+.-]*:\/\/[^\s?]*\?/i.test(text)) return redactQuery(text, depth + 1);
  if (!/^\s*[[{]/.test(text)) return text;
  const parsed = parseJson(text);
  return parsed === undefined ? HIDDEN : JSON.stringify(redactValue(parsed, depth + 1));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isForm = (text: string): boolean => /^[\w.[\]%-]+=/.test(text) && !/[\r\n<]/.test(text);

const redactForm = (text: string, depth = 0): string =>
  [...new URLSearchParams(text)]
    .map(([name, value]) => `${name}=${isSecret(name) ? HIDDEN : redactNested(value, depth)}`)
    .join("&");

/** A merchant's return address, or the channel's page, without what its query keeps secret. */
const redactQuery = (link: string, depth: number): string => {
  const start = link.indexOf("?") + 1;
  return link.slice(0, start) + redactForm(link.slice(start), depth);
};

const cut = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;

/** A body for people; null when there is none. */
export function redactBody(text: string): string | null {
  if (text === "") return null;
  const parsed = parseJson(text);
  if (typeof parsed === "object" && parsed !== null) {
    return cut(JSON.stringify(redactValue(parsed, 0)));
  }
  if (isForm(text)) return cut(redactForm(text));
  return `(${text.length} characters that are neither JSON nor a form)`;
}

/** An address without what its query keeps secret. */
export function redactUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null) return "(no address)";
  const query = url.search === "" ? "" : `?${redactForm(url.search.slice(1))}`;
  return cut(`${url.origin}${url.pathname}${query}`);
}
