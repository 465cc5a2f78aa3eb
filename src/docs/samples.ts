/**
 * Whole objects and bodies to show, as data. They are put into the document as examples; a test
 * holds each against its schema.
 */
import { SANDBOX_BODIES, SANDBOX_SAMPLES } from "./samples-sandbox.ts";
import { LEDGER_BODIES, LEDGER_SAMPLES } from "./samples-ledger.ts";
import {
  BILLING_ANSWERS,
  BILLING_BODIES,
  BILLING_EVENT_CHANGES,
  BILLING_SAMPLES,
} from "./samples-billing.ts";
import { SPLIT_BODIES, SPLIT_SAMPLES } from "./samples-splits.ts";
import {
  STATEMENT_PROFILE_BODIES,
  STATEMENT_PROFILE_SAMPLES,
} from "./samples-statement-profile.ts";
import {
  RECONCILIATION_ANSWERS,
  RECONCILIATION_BODIES,
  RECONCILIATION_SAMPLES,
} from "./samples-reconciliation.ts";
import { EXCEPTION_ANSWERS, EXCEPTION_BODIES, EXCEPTION_SAMPLES } from "./samples-exceptions.ts";

const WHEN = "2026-11-01T08:30:00.000Z";
const SOON = "2026-11-01T08:30:00.412Z";
const DEADLINE = "2026-11-01T08:45:00.000Z";

const IDS = {
  merchant: "m_01k5x0e8m3v7q2r9t4w6y8z0ab",
  account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  intent: "pi_01k5x0e8m3v7q2r9t4w6y8z0ab",
  event: "evt_01k5x0e8m3v7q2r9t4w6y8z0ab",
  endpoint: "we_01k5x0e8m3v7q2r9t4w6y8z0ab",
  delivery: "wd_01k5x0e8m3v7q2r9t4w6y8z0ab",
  key: "key_01k5x0e8m3v7q2r9t4w6y8z0ab",
  request: "req_01k5x0e8m3v7q2r9t4w6y8z0ab",
  refund: "re_01k5x0e8m3v7q2r9t4w6y8z0ab01",
  service: "svc_01k5x0e8m3v7q2r9t4w6y8z0ab",
  job: "job_01k5x0e8m3v7q2r9t4w6y8z0ab",
} as const;

const qr = {
  charge_id: IDS.intent.replace("pi_", "qr_"),
  type: "wechat_url",
  data: "weixin://wxpay/bizpayurl?pr=Xy0Zb1",
  image_url: `https://pay.example/v1/qr/${IDS.intent}.svg`,
  scan_url: "weixin://wxpay/bizpayurl?pr=Xy0Zb1",
  expires_at: DEADLINE,
};

const paymentIntent = {
  id: IDS.intent,
  object: "payment_intent",
  livemode: false,
  type: "one_time",
  status: "qr_generated",
  amount: { currency: "CNY", value: 699 },
  amount_refunded: { currency: "CNY", value: 0 },
  settlement: null,
  fee: {
    currency: "CNY",
    value: 3,
    refunded: 0,
    kind: "domestic",
    basis_points: 50,
    fixed: 0,
  },
  description: "Coffee",
  merchant_order_id: null,
  service_id: null,
  channel: "wechat",
  channels: null,
  method: "qr",
  channel_account: IDS.account,
  channel_transaction_id: null,
  payer: null,
  payee: { merchant_id: IDS.merchant, merchant_account: "1900000001" },
  qr,
  next_action: { type: "show_qr", qr },
  checkout_url: `https://pay.example/pay/${IDS.intent}`,
  last_error: null,
  metadata: { cart: "1001" },
  sequence: 2,
  created_at: WHEN,
  updated_at: SOON,
  expires_at: DEADLINE,
  succeeded_at: null,
};

const paid = {
  status: "succeeded",
  channel_transaction_id: "4200001234202611018765432109",
  next_action: null,
  sequence: 3,
  updated_at: "2026-11-01T08:31:07.250Z",
  succeeded_at: "2026-11-01T08:31:07.000Z",
};

const refund = {
  id: IDS.refund,
  object: "refund",
  livemode: false,
  payment_intent: IDS.intent,
  status: "processing",
  amount: { currency: "CNY", value: 300 },
  fee: null,
  reason: "cold coffee",
  revoke: { targets: [{ type: "license_key", id: "lic_7" }] },
  origin: "merchant",
  channel: "wechat",
  channel_account: IDS.account,
  channel_refund_id: "50000000382026110112345678901",
  merchant_order_id: null,
  last_error: null,
  sequence: 5,
  created_at: "2026-11-01T09:00:00.000Z",
  updated_at: "2026-11-01T09:00:00.310Z",
  succeeded_at: null,
};

const refunded = {
  status: "succeeded",
  fee: { currency: "CNY", value: 1 },
  sequence: 6,
  updated_at: "2026-11-01T09:00:04.020Z",
  succeeded_at: "2026-11-01T09:00:03.000Z",
};

const webhookEndpoint = {
  id: IDS.endpoint,
  object: "webhook_endpoint",
  livemode: false,
  url: "https://shop.example/hooks/itpay",
  description: null,
  enabled_events: ["payment_intent.succeeded"],
  status: "enabled",
  disabled_reason: null,
  failing_since: null,
  created_at: WHEN,
  updated_at: WHEN,
};

const hourOfPayments = {
  created: 41,
  succeeded: 36,
  failed: 1,
  expired: 2,
  cancelled: 1,
  success_rate: 0.9,
  amounts: [{ currency: "CNY", volume: 251_640, refunded: 699, fee: 1_255 }],
  channels: [{ channel: "wechat", orders: 41, average_ms: 143, p95_ms: 300 }],
};

const manifest = {
  name: "Smart Summary",
  description: "Summarises documents of up to 500 pages in any language.",
  provider: { display_name: "Summary Labs", kyc_level: "none" },
  payment_methods: { one_time: true, cumulative: false, subscription: false },
  pricing: {
    one_time: [
      { id: "page", label: "One page", amount: { currency: "CNY", value: 99 } },
      {
        id: "credit",
        label: "Credit, as much as you like",
        min: { currency: "CNY", value: 500 },
        max: { currency: "CNY", value: 100_000 },
      },
    ],
    subscription: [],
  },
  accepted_channels: ["alipay", "wechat"],
  qr_mode: "dynamic",
  settlement_currency: "CNY",
  endpoint: "https://summary.example/v1",
  tags: ["text", "summary"],
  version: "1.0.0",
};

const service = {
  id: IDS.service,
  object: "service",
  livemode: false,
  status: "draft",
  ...manifest,
  created_at: WHEN,
  updated_at: WHEN,
};

const apiKey = {
  id: IDS.key,
  object: "api_key",
  livemode: false,
  public_id: "sk_test_4Fh2kQ9xLm0Z",
  label: "till 3",
  scopes: ["payments:read", "payments:write"],
  ip_allow: ["203.0.113.0/24"],
  status: "active",
  expires_at: null,
  last_used_at: null,
  created_at: WHEN,
};

/** By the name of the schema. */
const orders = { orders: 60, rejected: 1, unknown: 0, average_ms: 214, longest_ms: 1380 };

export const SAMPLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Money: paymentIntent.amount,
  Amount: paymentIntent.amount,
  PaymentIntent: paymentIntent,
  Refund: refund,
  ServiceManifest: manifest,
  Service: service,
  ServiceVersion: {
    object: "service_version",
    service: IDS.service,
    version: manifest.version,
    manifest,
    created_at: WHEN,
  },
  ServiceValidation: {
    object: "service_validation",
    service: IDS.service,
    valid: false,
    issues: [
      {
        path: "accepted_channels.1",
        message: "you have no active account for wechat: POST /v1/channel-accounts",
        severity: "error",
      },
    ],
  },
  Job: {
    id: IDS.job,
    object: "job",
    livemode: false,
    kind: "webhook_replay",
    target: IDS.endpoint,
    parameters: {
      after: IDS.event,
      before: null,
      types: ["payment_intent.succeeded"],
      created_gte: null,
      created_lt: null,
    },
    state: "running",
    progress: { done: 200, total: 1240 },
    error: null,
    created_at: WHEN,
    updated_at: SOON,
  },
  ChannelHealth: {
    object: "channel_health",
    channel: "wechat",
    name: "WeChat Pay",
    livemode: true,
    status: "ok",
    ...orders,
    hours: [{ hour: "2026-11-01T08:00:00.000Z", ...orders }],
  },
  Sweeper: {
    object: "sweeper",
    jobs: [
      {
        name: "deliveries",
        schedule: "* * * * *",
        last_run: { started_at: WHEN, duration_ms: 12, handled: 3, error: null },
      },
    ],
    overdue_payments: 0,
    due_deliveries: 3,
    dead_letters: 0,
    stale_jobs: 0,
    old_refunds: 0,
    open_exceptions: 2,
  },
  ...RECONCILIATION_SAMPLES,
  ...EXCEPTION_SAMPLES,
  ...LEDGER_SAMPLES,
  ...BILLING_SAMPLES,
  ...SPLIT_SAMPLES,
  ...STATEMENT_PROFILE_SAMPLES,
  QrExplanation: {
    object: "qr_explanation",
    kind: "emvco",
    schemes: ["promptpay"],
    country: "TH",
    currency: "THB",
    amount: { currency: "THB", value: 422 },
    merchant: {
      name: null,
      city: null,
      id: { type: "mobile", value: "0066800000000" },
      reference: null,
    },
    single_use: true,
    expires_at: null,
    crc: { given: "E469", expected: "E469", valid: true },
    fields: [{ id: "58", name: "Country code", length: 2, value: "TH", fields: null }],
    warnings: [],
    errors: [],
  },
  Event: {
    id: IDS.event,
    object: "event",
    type: "payment_intent.succeeded",
    api_version: "2026-11-01",
    created_at: paid.updated_at,
    livemode: false,
    sequence: paid.sequence,
    request_id: "req_01k5x0e8m3v7q2r9t4w6y8z0ab",
    data: { ...paymentIntent, ...paid },
  },
  WebhookEndpoint: webhookEndpoint,
  WebhookEndpointWithSecret: {
    ...webhookEndpoint,
    secret: "whsec_VGhpcyBpcyBvbmx5IGFuIGV4YW1wbGUuIE5vdCByZWFs",
  },
  WebhookDelivery: {
    id: IDS.delivery,
    object: "webhook_delivery",
    livemode: false,
    endpoint: IDS.endpoint,
    event: IDS.event,
    event_type: "payment_intent.succeeded",
    state: "delivered",
    attempts: [{ at: SOON, status: 200, latency_ms: 87, response: "ok" }],
    next_attempt_at: null,
    created_at: SOON,
  },
  Channel: {
    object: "channel",
    slug: "wechat",
    name: "WeChat Pay",
    region: "CN",
    currencies: ["CNY"],
    methods: ["qr", "jsapi"],
    requires: { jsapi: ["payer.openid"] },
    options: ["profit_sharing"],
    payment_method_types: [],
    qr_standard: "WeChat Pay code URL",
    qr_lifetime_seconds: 7200,
    integration_modes: [
      {
        mode: "direct",
        credentials_schema: { type: "object", required: ["mchid", "appid", "private_key"] },
        authorization: false,
        onboarding_schema: null,
      },
    ],
    limits: { min: 1, max: 100_000_000 },
    refunds: { partial: true, max_partials: 50, window_days: 365, spacing_seconds: 60 },
    confirmed_by: "channel_callback",
    fee_range_basis_points: [20, 60],
    status: "beta",
  },
  ChannelError: {
    channel_code: "ORDER_CLOSED",
    code: "INVALID_STATE",
    retryable: false,
    outcome: "rejected",
    meaning: "The order is closed.",
  },
  ChannelAccount: {
    id: IDS.account,
    object: "channel_account",
    livemode: false,
    channel: "alipay",
    mode: "direct",
    display_name: "Alipay, main shop",
    merchant_account: "2021000000000001",
    region: null,
    late_payment: "accept",
    channel_fee: 60,
    settlement_method: "invoice",
    status: "active",
    credentials: [
      {
        version: 1,
        fingerprints: {
          app_public_key: "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        },
        created_at: WHEN,
      },
    ],
    callback_url: `https://pay.example/v1/callbacks/alipay/${IDS.account}`,
    verified_at: null,
    created_at: WHEN,
    updated_at: WHEN,
  },
  ChannelOnboarding: {
    object: "channel_onboarding",
    channel_account: IDS.account,
    application_number: "ap_01k5x0e8m3v7q2r9t4w6y8z0ab",
    state: "reviewing",
    channel_status: "APPLYMENT_STATE_AUDITING",
    rejections: [],
    action_url: null,
    sub_merchant: null,
  },
  ChannelAuthorization: {
    object: "channel_authorization",
    channel_account: IDS.account,
    url: "https://openauth.alipay.com/oauth2/appToAppAuth.htm?app_id=2021000000000001&…",
    expires_at: "2026-11-01T09:30:00.000Z",
  },
  ApiKey: apiKey,
  NewApiKey: { ...apiKey, key: "sk_test_4Fh2kQ9xLm0Z_…" },
  RevokedApiKey: { ...apiKey, status: "revoked", warning: null },
  AuditEntry: {
    id: "aud_01k5x0e8m3v7q2r9t4w6y8z0ab",
    object: "audit_entry",
    livemode: false,
    merchant_id: IDS.merchant,
    actor: { type: "api_key", id: IDS.key },
    action: "channel_account.updated",
    target: IDS.account,
    before: { display_name: "Alipay, main shop" },
    after: { display_name: "Alipay, second shop" },
    request_id: IDS.request,
    created_at: WHEN,
  },
  Merchant: {
    id: IDS.merchant,
    object: "merchant",
    name: "Corner Coffee",
    email: null,
    settlement_currency: null,
    status: "active",
    created_at: WHEN,
    updated_at: WHEN,
  },
  Overview: {
    object: "overview",
    livemode: true,
    hours: 24,
    bucket_hours: 1,
    tz_offset_minutes: 480,
    from: "2026-10-31T09:00:00.000Z",
    to: "2026-11-01T09:00:00.000Z",
    counted_at: WHEN,
    totals: hourOfPayments,
    buckets: [{ start: "2026-11-01T08:00:00.000Z", ...hourOfPayments }],
  },
  ChannelPricing: {
    object: "channel_pricing",
    channel: "wechat",
    domestic: { basis_points: 45, fixed: { CNY: 1 }, source: "merchant_channel" },
    cross_border: { basis_points: 80, fixed: {}, source: "default" },
  },
  FeePlan: {
    object: "fee_plan",
    merchant_id: IDS.merchant,
    channel: "wechat",
    kind: "domestic",
    basis_points: 45,
    fixed: { CNY: 1 },
    updated_at: WHEN,
  },
  DeadLetter: {
    id: "dl_01k5x0e8m3v7q2r9t4w6y8z0ab",
    object: "dead_letter",
    queue: "itpay-deliveries",
    bytes: 412,
    created_at: WHEN,
  },
  ...SANDBOX_SAMPLES,
  SandboxPayment: {
    object: "sandbox_payment",
    payment_intent: IDS.intent,
    channel: "wechat",
    state: "paid",
    declined: false,
    channel_transaction_id: paid.channel_transaction_id,
    paid_at: paid.succeeded_at,
    callbacks: [{ kind: "proper", attempts: 1, status: 204, acknowledged: true }],
  },
  ErrorCode: {
    code: "RATE_LIMITED",
    status: 429,
    retryable: true,
    outcome: "none",
    description: "Too many requests; wait for Retry-After seconds.",
  },
  Error: {
    error: {
      code: "AMOUNT_INVALID",
      message: "amount.value: must be at least 1 minor unit.",
      details: { issues: [{ path: "amount.value", message: "must be at least 1 minor unit" }] },
      retryable: false,
      outcome: "none",
    },
    request_id: IDS.request,
  },
};

const CREDENTIALS = {
  app_id: "2021000000000001",
  private_key: "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----",
  alipay_public_key: "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----",
};

/** Request bodies by operationId; others are made from what the schema requires. */
export const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...SANDBOX_BODIES,
  ...RECONCILIATION_BODIES,
  ...EXCEPTION_BODIES,
  ...LEDGER_BODIES,
  ...BILLING_BODIES,
  ...SPLIT_BODIES,
  ...STATEMENT_PROFILE_BODIES,
  createPaymentIntent: {
    amount: paymentIntent.amount,
    channel: "wechat",
    description: "Coffee",
    metadata: paymentIntent.metadata,
  },
  createRefund: {
    payment_intent: IDS.intent,
    amount: refund.amount,
    reason: refund.reason,
    revoke: refund.revoke,
  },
  replayWebhooks: { after: IDS.event, types: ["payment_intent.succeeded"] },
  createWebhookEndpoint: {
    url: webhookEndpoint.url,
    enabled_events: webhookEndpoint.enabled_events,
  },
  updateWebhookEndpoint: {
    enabled_events: ["payment_intent.succeeded", "payment_intent.expired"],
  },
  rotateWebhookSecret: { overlap_seconds: 86_400 },
  createChannelAccount: {
    channel: "alipay",
    display_name: "Alipay, main shop",
    credentials: CREDENTIALS,
  },
  updateChannelAccount: { display_name: "Alipay, second shop" },
  addChannelAccountCredentials: { credentials: CREDENTIALS },
  submitOnboarding: {
    application: { contact_info: {}, subject_info: {}, business_info: {} },
    reference: "shop-17",
  },
  parseQrBody: {
    data: "00020101021229370016A000000677010111011300660000000005802TH530376454044.226304E469",
  },
  createApiKey: { label: "till 3", scopes: ["payments:read", "payments:write"] },
  rotateApiKey: { overlap_seconds: 3_600 },
  createMerchant: { name: "Corner Coffee" },
  registerMerchant: { name: "Corner Coffee", email: "owner@corner.example" },
  createMerchantKey: { livemode: false, label: "after the move" },
  putFeePlan: {
    merchant_id: IDS.merchant,
    channel: "wechat",
    kind: "domestic",
    basis_points: 45,
    fixed: { CNY: 1 },
  },
  updateMerchant: { email: "owner@corner.example" },
};

/** Fields of the answer that differ from the schema's sample, by operationId. */
export const ANSWERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...RECONCILIATION_ANSWERS,
  ...EXCEPTION_ANSWERS,
  ...BILLING_ANSWERS,
  cancelPaymentIntent: {
    status: "cancelled",
    next_action: null,
    sequence: 3,
    updated_at: "2026-11-01T08:32:10.031Z",
  },
  syncPaymentIntent: paid,
  updateWebhookEndpoint: {
    enabled_events: ["payment_intent.succeeded", "payment_intent.expired"],
  },
  replayWebhooks: { state: "queued", progress: { done: 0, total: 1240 } },
  testWebhookEndpoint: { event_type: "webhook_endpoint.test", state: "pending", attempts: [] },
  updateChannelAccount: { display_name: "Alipay, second shop" },
  disableChannelAccount: { status: "disabled" },
  revokeApiKey: { status: "revoked" },
  createMerchant: { keys: { test: "sk_test_4Fh2kQ9xLm0Z_…", live: "sk_liv_9Tq7aB3nVx2C_…" } },
  registerMerchant: {
    email: "owner@corner.example",
    status: "unverified",
    keys: { test: "sk_test_4Fh2kQ9xLm0Z_…", live: "sk_liv_9Tq7aB3nVx2C_…" },
  },
  createMerchantKey: { label: "after the move" },
  updateMerchant: { email: "owner@corner.example" },
  getService: { status: "active" },
  updateService: { version: "1.1.0", updated_at: "2026-11-02T10:00:00.000Z" },
  activateService: { status: "active" },
  deactivateService: { status: "inactive" },
  getOnboarding: {
    state: "approved",
    channel_status: "APPLYMENT_STATE_FINISHED",
    sub_merchant: "1900000109",
  },
  verifyChannelAccount: {
    channel_account: IDS.account,
    detail: "The channel answered and its signature verifies.",
  },
};

/** How the data of an event differs from the schema's sample, by the event's type. */
export const EVENT_CHANGES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "payment_intent.created": {
    status: "pending",
    qr: null,
    next_action: { type: "wait" },
    sequence: 1,
    updated_at: WHEN,
  },
  "payment_intent.succeeded": paid,
  "payment_intent.failed": {
    status: "failed",
    next_action: null,
    last_error: { code: "PAYMENT_DECLINED", message: "The channel refused.", details: {} },
    sequence: 3,
  },
  "payment_intent.expired": { status: "expired", next_action: null, sequence: 3 },
  "refund.created": {
    status: "requested",
    channel_refund_id: null,
    sequence: 4,
    updated_at: refund.created_at,
  },
  "refund.succeeded": refunded,
  "refund.failed": {
    status: "failed",
    sequence: 6,
    last_error: { code: "INSUFFICIENT_BALANCE", message: "The channel refused.", details: {} },
  },
  "payment_intent.cancelled": { status: "cancelled", next_action: null, sequence: 3 },
  "channel_account.unhealthy": {
    last_error: {
      code: "CHANNEL_NOT_CONFIGURED",
      message: "The channel does not take the account's keys.",
      details: { channel: { name: "wechat", code: "SIGN_ERROR", message: "签名错误" } },
    },
  },
  ...BILLING_EVENT_CHANGES,
  "webhook_endpoint.disabled": { status: "disabled", disabled_reason: "gone" },
  "webhook_endpoint.test": { test: true },
};
