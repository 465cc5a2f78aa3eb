/** What these pages read of the API's answers: an API client's view, no more than is shown. */
import type { Schema } from "./credentials-fields.ts";

export interface ChannelView {
  readonly slug: string;
  readonly name: string;
  readonly region: string;
  readonly currencies: readonly string[];
  readonly methods: readonly string[];
  readonly status: "live" | "beta";
  readonly refunds: object | null;
  readonly integration_modes: readonly {
    readonly mode: string;
    readonly credentials_schema: Schema;
    readonly authorization: boolean;
    readonly onboarding_schema: object | null;
  }[];
}

export interface AccountView {
  readonly id: string;
  readonly livemode: boolean;
  readonly channel: string;
  readonly mode: string;
  readonly display_name: string;
  readonly merchant_account: string;
  readonly region: string | null;
  readonly late_payment: "accept" | "refund";
  readonly channel_fee: number | null;
  readonly settlement_method: "channel_split" | "invoice";
  readonly status: "active" | "disabled";
  readonly credentials: readonly {
    readonly version: number;
    readonly fingerprints: Readonly<Record<string, string>>;
    readonly created_at: string;
  }[];
  readonly callback_url: string;
  readonly verified_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface EndpointView {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly enabled_events: readonly string[];
  readonly status: "enabled" | "disabled";
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly created_at: string;
}

export interface DeliveryView {
  readonly id: string;
  readonly endpoint: string;
  readonly event: string;
  readonly event_type: string | null;
  readonly state: "pending" | "delivered" | "exhausted" | "cancelled";
  readonly attempts: readonly {
    readonly at: string;
    readonly status: number | null;
    readonly latency_ms: number;
    readonly response: string;
  }[];
  readonly next_attempt_at: string | null;
  readonly created_at: string;
}

export interface KeyView {
  readonly id: string;
  readonly public_id: string;
  readonly label: string | null;
  readonly scopes: readonly string[];
  readonly ip_allow: readonly string[];
  readonly status: "active" | "expired" | "revoked";
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly created_at: string;
}

export interface EventView {
  readonly id: string;
  readonly type: string;
  readonly created_at: string;
  readonly sequence: number;
  readonly request_id: string | null;
  readonly data: Readonly<Record<string, unknown>> & { readonly id?: unknown };
}

export interface MoneyView {
  readonly currency: string;
  readonly value: number;
}

export interface MerchantView {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly settlement_currency: string | null;
  readonly status: "active" | "unverified" | "suspended";
  readonly created_at: string;
  readonly updated_at: string;
}

export interface AuditView {
  readonly id: string;
  readonly livemode: boolean | null;
  readonly merchant_id: string | null;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly action: string;
  readonly target: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly request_id: string | null;
  readonly created_at: string;
}

export interface DeadLetterView {
  readonly id: string;
  readonly queue: string;
  readonly bytes: number;
  readonly created_at: string;
}

export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly state: "queued" | "running" | "completed" | "failed";
  /** Events of the feed that were looked at, and how many there are to look at. */
  readonly progress: { readonly done: number; readonly total: number };
  readonly error: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface PriceView {
  readonly id: string;
  readonly label?: string;
  readonly amount?: MoneyView;
  readonly min?: MoneyView;
  readonly max?: MoneyView;
}

/** A service's manifest, as far as the pages show it. */
export interface ManifestView {
  readonly name: string;
  readonly description: string;
  readonly provider: { readonly display_name: string };
  readonly payment_methods: Readonly<Record<string, boolean>>;
  readonly pricing: { readonly one_time: readonly PriceView[] };
  readonly accepted_channels: readonly string[];
  readonly settlement_currency: string;
  readonly endpoint: string;
  readonly webhook_url?: string;
  readonly tags: readonly string[];
  readonly version: string;
}

export interface ServiceView extends ManifestView {
  readonly id: string;
  readonly object: string;
  readonly livemode: boolean;
  readonly status: "draft" | "active" | "inactive";
  readonly created_at: string;
  readonly updated_at: string;
}

/** The answer of `POST /v1/services/{id}/validate`. */
export interface ValidationView {
  readonly valid: boolean;
  readonly issues: readonly {
    readonly path: string;
    readonly message: string;
    readonly severity: "error" | "warning";
  }[];
}

export interface ServiceVersionView {
  readonly version: string;
  readonly manifest: ManifestView;
  readonly created_at: string;
}
