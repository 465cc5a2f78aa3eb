/** A merchant's view of the gateway: HTTP and nothing else. */
import type { PaymentIntentView } from "../../../src/intent/view.ts";

export interface Reply<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: T;
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly outcome: string;
    readonly retryable: boolean;
    readonly details?: Record<string, unknown>;
  };
  readonly request_id: string;
}

export interface ListOf<T> {
  readonly data: T[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

export interface EventBody {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
  readonly sequence: number;
  readonly data: PaymentIntentView & { readonly late?: true };
}

export interface Merchant {
  readonly id: string;
  readonly keys: { readonly test: string; readonly live: string };
}

export interface SandboxPayment {
  readonly state: string;
  readonly callbacks: readonly {
    readonly kind: string;
    readonly status: number | null;
    readonly acknowledged: boolean;
  }[];
}

export interface CallOptions {
  readonly key?: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

export type Intent = PaymentIntentView & { readonly late?: true };

/** The HTTP client of one gateway; `origin` may move when the gateway is started again. */
export class Client {
  origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<Reply<T>> {
    const { key, body, idempotencyKey } = options;
    const reply = await fetch(this.origin + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const isJson = (reply.headers.get("Content-Type") ?? "").startsWith("application/json");
    const parsed: unknown = isJson ? JSON.parse(text) : null;
    return { status: reply.status, headers: reply.headers, text, body: parsed as T };
  }

  createMerchant(adminToken: string, name: string): Promise<Reply<Merchant>> {
    return this.call("POST", "/v1/admin/merchants", { key: adminToken, body: { name } });
  }

  create(
    key: string,
    body: Record<string, unknown>,
    idempotencyKey?: string,
  ): Promise<Reply<Intent>> {
    const repeat = idempotencyKey === undefined ? {} : { idempotencyKey };
    return this.call("POST", "/v1/payment-intents", { key, body, ...repeat });
  }

  read(key: string, id: string): Promise<Reply<Intent>> {
    return this.call("GET", `/v1/payment-intents/${id}`, { key });
  }

  sync(key: string, id: string): Promise<Reply<Intent>> {
    return this.call("POST", `/v1/payment-intents/${id}/sync`, { key });
  }

  cancel(key: string, id: string): Promise<Reply<Intent>> {
    return this.call("POST", `/v1/payment-intents/${id}/cancel`, { key });
  }

  buyer(id: string, action: "pay" | "decline" | "close" | "scan"): Promise<Reply<SandboxPayment>> {
    return this.call("POST", `/sandbox/payments/${id}/${action}`);
  }

  /** Every event of a payment that the feed holds, oldest first. */
  async eventsOf(key: string, id: string): Promise<EventBody[]> {
    const found: EventBody[] = [];
    for (let after = ""; ;) {
      const path = `/v1/events?limit=100&after=${encodeURIComponent(after)}`;
      const { body } = await this.call<ListOf<EventBody>>("GET", path, { key });
      found.push(...body.data.filter((event) => event.data.id === id));
      if (!body.has_more || body.next_cursor === null) return found;
      after = body.next_cursor;
    }
  }
}
