/**
 * From an account's row to everything a channel call needs: its adapter, its opened credentials and
 * the way out. Test accounts lead to the built-in sandbox and nowhere else, live ones to the hosts
 * of `CHANNEL_ENDPOINTS` or the official ones: the two can never meet.
 */
import * as z from "zod";

import { systemClock } from "../clock.ts";
import { openVault } from "../crypto/vault.ts";
import { ExpiringCache } from "../expiring-cache.ts";
import { secureRandom } from "../ids.ts";
import type { Logger } from "../log.ts";
import { sandboxKeyring } from "../sandbox/keys.ts";
import { sandboxChannel } from "../sandbox/registry.ts";
import type { FaultScript } from "../sandbox/simulator.ts";
import { sandboxFetch } from "../sandbox/transport.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import type { ChannelAccount, ChannelAdapter, ChannelIo, References } from "./adapter.ts";
import { channelOf } from "./registry.ts";

export interface Connection {
  readonly adapter: ChannelAdapter;
  readonly account: ChannelAccount;
  /** `attempt` counts from 0; it chooses the host. */
  readonly io: (attempt: number) => ChannelIo;
}

/** What a connection needs of its surroundings. */
export interface Surroundings {
  readonly env: Env;
  readonly log: Logger;
  readonly script: FaultScript | null;
  /** `https://host` where buyers reach this deployment. */
  readonly publicBase: string;
  /** Is told of every exchange with the channel. */
  readonly watch?: ChannelIo["watch"];
}

const Endpoints = z.record(z.string(), z.union([z.url(), z.array(z.url()).min(1)]));

let parsed: { readonly text: string; readonly endpoints: z.infer<typeof Endpoints> } | null = null;

/** The hosts of a channel. @throws Error that names the variable when it is malformed. */
function endpointsOf(text: string, slug: string, official: readonly string[]) {
  if (parsed?.text !== text) {
    const result = Endpoints.safeParse(JSON.parse(text === "" ? "{}" : text));
    if (!result.success) {
      throw new Error(`CHANNEL_ENDPOINTS is malformed: ${z.prettifyError(result.error)}`);
    }
    parsed = { text, endpoints: result.data };
  }
  const configured = parsed.endpoints[slug];
  if (configured === undefined) return official;
  return typeof configured === "string" ? [configured] : configured;
}

/** Opened accounts keep their identity, and with it their imported keys, for this long. */
const OPENED_ACCOUNT_MS = 600_000;

const openedAccounts = new ExpiringCache<ChannelAccount>(OPENED_ACCOUNT_MS, 500);

/** The vault context of an account's credentials: a sealed value fits no other account. */
export const credentialsContext = (accountId: string): string => `channel-account:${accountId}`;

/** What the simulated channel's console hands to a built-in test account. */
async function sandboxCredentials(env: Env, row: ChannelAccountRow): Promise<unknown> {
  const simulator = sandboxChannel(row.channel);
  if (simulator === null || row.livemode) {
    throw new Error(`account ${row.id} has no credentials`);
  }
  return simulator.credentials(await sandboxKeyring(env, row.channel), row.id);
}

async function openAccount(env: Env, row: ChannelAccountRow): Promise<ChannelAccount> {
  const vault = openVault(env.VAULT_KEY);
  const opened = await Promise.all(
    (row.credentials ?? []).map(async ({ sealed }) =>
      JSON.parse(await vault.open(sealed, credentialsContext(row.id))),
    ),
  );
  const [first, ...rest]: unknown[] =
    opened.length > 0 ? opened : [await sandboxCredentials(env, row)];
  return {
    id: row.id,
    channel: row.channel,
    mode: row.mode,
    livemode: row.livemode,
    versions: [first, ...rest],
  };
}

/** The account with its keys in clear; the same object for the same state of the row. */
export async function openedAccount(env: Env, row: ChannelAccountRow): Promise<ChannelAccount> {
  const versions = row.credentials?.map(({ version, created_at }) => `${version}@${created_at}`);
  const cacheKey = `${row.id}:${versions?.join() ?? "sandbox"}`;
  const account = await openedAccounts.get(cacheKey, systemClock.now(), () =>
    openAccount(env, row),
  );
  if (account === null) throw new Error("an account always opens or throws");
  return account;
}

/**
 * References are kept where payments are: the object that a reference leads to, from any
 * continent, without a table.
 */
function referencesOf(env: Env, accountId: string): References {
  const keeper = (reference: string) =>
    env.INTENTS.getByName(`reference:${accountId}:${reference}`);
  return {
    keep: (reference, paymentId) => keeper(reference).keepOrder(paymentId),
    find: (reference) => keeper(reference).keptOrder(),
  };
}

/** @throws Error when the row names a channel that this deployment does not have. */
export async function connect(
  row: ChannelAccountRow,
  { env, log, script, publicBase, watch }: Surroundings,
): Promise<Connection> {
  const channel = channelOf(row.channel);
  if (channel === null) throw new Error(`no adapter for channel ${row.channel}`);
  const account = await openedAccount(env, row);
  const live = endpointsOf(env.CHANNEL_ENDPOINTS, row.channel, channel.endpoints);
  const { endpoints, pages, fetch } = row.livemode
    ? {
        endpoints: live,
        pages: live[0] ?? "",
        fetch: (request: Request) => globalThis.fetch(request),
      }
    : {
        endpoints: channel.sandbox.endpoints,
        pages: `${publicBase}/sandbox/pages/${row.channel}`,
        fetch: sandboxFetch(env, script, publicBase),
      };
  return {
    adapter: channel.adapter,
    account,
    io: (attempt) => ({
      fetch,
      now: () => systemClock.now(),
      random: secureRandom,
      endpoints,
      attempt,
      pages,
      references: referencesOf(env, row.id),
      log,
      watch,
    }),
  };
}
