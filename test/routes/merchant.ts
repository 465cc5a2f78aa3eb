/** A merchant with keys, and the app with a queue that remembers instead of sending. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";

import { createApp } from "../../src/app.ts";
import { formatApiKey, newApiKey } from "../../src/crypto/api-key.ts";
import { openVault } from "../../src/crypto/vault.ts";
import { randomId, secureRandom } from "../../src/ids.ts";
import { DeliveryMessage } from "../../src/messages.ts";
import { database } from "../../src/store/db.ts";
import { insertMerchant } from "../../src/store/merchants.ts";
import { ReplayStep } from "../../src/webhooks/replay.ts";

export const db = database(env.DB);
const vault = openVault(env.VAULT_KEY);
const app = createApp();

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body; null when there is none. */
  readonly body: Record<string, unknown> & { readonly data?: unknown };
}

export interface Client {
  readonly merchantId: string;
  readonly livemode: boolean;
  /** What went to the deliveries queue. */
  readonly queued: DeliveryMessage[];
  /** And the steps of replays that did. */
  readonly steps: ReplayStep[];
  readonly call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Reply>;
}

export interface Merchant {
  readonly id: string;
  readonly live: Client;
  readonly test: Client;
  readonly withScopes: (...scopes: string[]) => Promise<Client>;
}

const METADATA = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };

async function makeClient(id: string, livemode: boolean, scopes: string[], vars: Partial<Env>) {
  const key = newApiKey(livemode, secureRandom);
  const keyId = randomId("apiKey");
  const now = Date.now();
  await insertMerchant(
    db,
    {
      id,
      name: "Shop",
      email: null,
      settlement_currency: null,
      status: "active",
      created_at: now,
      updated_at: now,
    },
    [
      {
        id: keyId,
        public_id: key.publicId,
        merchant_id: id,
        livemode,
        label: null,
        sealed_secret: await vault.seal(key.secret, keyId),
        scopes,
        ip_allow: [],
        expires_at: null,
        revoked_at: null,
        last_used_at: now,
        created_at: now,
      },
    ],
  );
  const queued: DeliveryMessage[] = [];
  const steps: ReplayStep[] = [];
  const bindings = {
    ...env,
    DELIVERIES: {
      send: async (body: unknown) => {
        steps.push(ReplayStep.parse(body));
        return METADATA;
      },
      sendBatch: async (batch: Iterable<MessageSendRequest>) => {
        for (const { body } of batch) queued.push(DeliveryMessage.parse(body));
        return METADATA;
      },
    },
    ...vars,
  };
  const call: Client["call"] = async (method, path, body, headers = {}) => {
    const ctx = createExecutionContext();
    const request = new Request(`https://pay.gateway.example${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${formatApiKey(key)}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await app.fetch(request, bindings, ctx);
    const text = await response.text();
    await waitOnExecutionContext(ctx);
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  return { merchantId: id, livemode, queued, steps, call };
}

/** A merchant of its own for each test. `vars` replaces variables of the deployment. */
export async function makeMerchant(vars: Partial<Env> = {}): Promise<Merchant> {
  const id = randomId("merchant");
  return {
    id,
    live: await makeClient(id, true, ["*"], vars),
    test: await makeClient(id, false, ["*"], vars),
    withScopes: (...scopes) => makeClient(id, true, scopes, vars),
  };
}
