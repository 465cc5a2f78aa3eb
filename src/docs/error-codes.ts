/** Which error codes an operation can answer with: the codes of its statuses, less what cannot be. */
import { ERROR_CODES, ERRORS, type ErrorCode } from "../errors.ts";
import { type PlacedOperation, resolve, type Schema } from "./model.ts";

type Schemas = Readonly<Record<string, Schema>>;

interface Facts {
  readonly path: string;
  readonly merchant: boolean;
  readonly admin: boolean;
  readonly scoped: boolean;
  /** Takes an `Idempotency-Key`. */
  readonly keyed: boolean;
  readonly query: readonly string[];
  readonly body: readonly string[];
}

const has =
  (...fields: string[]) =>
  ({ body }: Facts) =>
    fields.some((field) => body.includes(field));
const under =
  (...prefixes: string[]) =>
  ({ path }: Facts) =>
    prefixes.some((prefix) => path.startsWith(prefix));
const either =
  (...tests: ((facts: Facts) => boolean)[]) =>
  (facts: Facts) =>
    tests.some((test) => test(facts));

const payments = under("/v1/payment-intents", "/v1/qr", "/sandbox/payments", "/sandbox/wallet");
const refunds = under("/v1/refunds");
/** Paying software and its budgets. */
const installs = under("/v1/installs");
const asksTheChannel = under(
  "/v1/payment-intents",
  "/v1/refunds",
  "/v1/channel-accounts/{id}/verify",
  "/v1/channel-accounts/{id}/onboarding",
  "/v1/callbacks",
);
const byMerchant = ({ merchant }: Facts) => merchant;

/** Codes that not every operation with their status can answer with, and when one can. */
const ONLY: Readonly<Partial<Record<ErrorCode, (facts: Facts) => boolean>>> = {
  INVALID_CURSOR: ({ query }) => query.includes("cursor"),
  AMOUNT_INVALID: has("amount"),
  CURRENCY_UNSUPPORTED: has("amount"),
  METHOD_UNSUPPORTED: has("method"),
  SIGNATURE_INVALID: byMerchant,
  TIMESTAMP_OUT_OF_RANGE: byMerchant,
  KEY_EXPIRED: byMerchant,
  KEY_REVOKED: byMerchant,
  PAYMENT_REQUIRED: installs,
  SCOPE_MISSING: ({ scoped }) => scoped,
  IP_NOT_ALLOWED: byMerchant,
  INSTALL_REQUIRED: installs,
  AUTO_PAY_LIMIT_EXCEEDED: installs,
  NOT_FOUND: (facts) =>
    !payments(facts) && !refunds(facts) && !under("/v1/callbacks", "/v1/services")(facts),
  SERVICE_NOT_FOUND: either(under("/v1/services"), has("service_id")),
  PAYMENT_INTENT_NOT_FOUND: either(
    (facts) => payments(facts) && facts.path.includes("{"),
    has("payment_intent"),
    under("/pay/"),
  ),
  REFUND_NOT_FOUND: under("/v1/refunds/{id}"),
  CHANNEL_ACCOUNT_NOT_FOUND: either(
    under("/v1/channel-accounts", "/v1/callbacks"),
    has("channel_account"),
  ),
  IDEMPOTENCY_IN_FLIGHT: ({ keyed }) => keyed,
  DUPLICATE_ORDER: has("merchant_order_id"),
  IDEMPOTENCY_MISMATCH: ({ keyed }) => keyed,
  AMOUNT_EXCEEDED: has("amount"),
  REFUND_EXCEEDS_PAYMENT: refunds,
  REFUND_WINDOW_CLOSED: refunds,
  CHANNEL_NOT_CONFIGURED: asksTheChannel,
  CHANNEL_REJECTED: asksTheChannel,
};

function factsOf({ path, operation }: PlacedOperation, schemas: Schemas): Facts {
  const schemes = (operation.security ?? []).flatMap((entry) => Object.keys(entry));
  const parameters = operation.parameters ?? [];
  const body = operation.requestBody?.content["application/json"]?.schema;
  return {
    path,
    merchant: schemes.includes("bearer"),
    admin: schemes.includes("admin"),
    scoped: schemes.includes("bearer") && (operation["x-scope"] ?? "") !== "",
    keyed: parameters.some(({ name }) => name === "Idempotency-Key"),
    query: parameters.filter((each) => each.in === "query").map(({ name }) => name),
    body: body === undefined ? [] : Object.keys(resolve(body, schemas).properties ?? {}),
  };
}

/** The codes of one status that this operation can answer with; all of them when none is left. */
export function codesFor(placed: PlacedOperation, status: number, schemas: Schemas): ErrorCode[] {
  const facts = factsOf(placed, schemas);
  const all = ERROR_CODES.filter((code) => ERRORS[code].status === status);
  const left = all.filter((code) => ONLY[code]?.(facts) ?? true);
  return left.length === 0 ? all : left;
}
