/** What the tests of bank channels share: accounts, messages as the banks send them, an io. */
import type { ChannelAccount, ChannelIo, RawCallback } from "../../../src/channels/adapter.ts";
import { toPem } from "../../../src/crypto/pem.ts";
import { generateRsaPair } from "../../../src/crypto/rsa.ts";
import { randomId, secureRandom } from "../../../src/ids.ts";
import type { LogFields } from "../../../src/log.ts";
import { bankMessage, type Paid } from "../../../src/channels/bank/sandbox/messages.ts";
import type { RegisteredMerchant, SandboxWorld } from "../../../src/sandbox/simulator.ts";
import { memoryOrders, memoryReferences, NOW, NOWHERE } from "../kit.ts";

export const NOTIFY_URL = "https://gateway.example/v1/callbacks/x/ca_1";

const pair = async () => {
  const made = await generateRsaPair();
  return {
    privateKey: toPem("PRIVATE KEY", made.privateKey),
    publicKey: toPem("PUBLIC KEY", made.publicKey),
  };
};

const pairs = Promise.all([pair(), pair()]);

export async function keyring() {
  const [merchant, platform] = await pairs;
  return {
    merchantPrivateKey: merchant.privateKey,
    merchantPublicKey: merchant.publicKey,
    platformPrivateKey: platform.privateKey,
    platformPublicKey: platform.publicKey,
    symmetricKey: "0123456789abcdef0123456789abcdef",
  };
}

export const accountOf = (
  channel: string,
  versions: readonly [unknown, ...unknown[]],
  changes: Partial<ChannelAccount> = {},
): ChannelAccount => ({
  id: randomId("channelAccount"),
  channel,
  mode: "direct",
  livemode: false,
  versions,
  ...changes,
});

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields | undefined;
}

/** An io that keeps what was asked and logged. */
export function ioWith(
  fetch: (request: Request) => Promise<Response>,
  changes: Partial<ChannelIo> = {},
) {
  const lines: LogLine[] = [];
  const asked: { readonly request: Request; readonly body: string }[] = [];
  const io: ChannelIo = {
    ...NOWHERE,
    references: memoryReferences(),
    fetch: async (request) => {
      asked.push({ request: request.clone(), body: await request.clone().text() });
      return fetch(request);
    },
    now: () => NOW,
    random: secureRandom,
    endpoints: ["https://bank.sandbox.invalid"],
    attempt: 0,
    log: (level, event, fields) => lines.push({ level, event, fields }),
    ...changes,
  };
  return { io, lines, asked, paths: () => asked.map(({ request }) => pathOf(request)) };
}

const pathOf = (request: Request): string => {
  const { pathname } = new URL(request.url);
  return `${request.method} ${pathname}`;
};

export const unreachable = async (): Promise<Response> => {
  throw new TypeError("no network here");
};

/** A simulated bank's surroundings. */
export async function worldOf(now: () => number = () => NOW) {
  const keys = await keyring();
  const registered = new Map<string, RegisteredMerchant>();
  const store = memoryOrders(now);
  const world = (): SandboxWorld => ({
    keys,
    registeredMerchant: async (merchant) => registered.get(merchant) ?? null,
    orders: store.orders,
    script: null,
    now: now(),
    random: secureRandom,
    publicBase: "https://gateway.example",
  });
  return { keys, registered, world, ...store };
}

/** A payment as a bank would tell of it. */
export const paid = (reference: string, changes: Partial<Paid> = {}): Paid => ({
  payee: "payee",
  reference,
  code: "",
  amount: "12.34",
  value: 1234,
  currency: "SGD",
  currencyNumber: "702",
  transactionId: "2026112100000000000000000001",
  paidAt: NOW - 5_000,
  ...changes,
});

/** The message of a profile's bank, as it arrives. */
export async function messageOf(
  told: Paid,
  settings: Readonly<Record<string, string>>,
  changes: { readonly forged?: boolean; readonly now?: number } = {},
): Promise<Request> {
  const { world } = await worldOf(() => changes.now ?? NOW);
  const made = await bankMessage(told, settings, changes.forged ?? false, NOTIFY_URL, world());
  if (made === null) throw new Error("this bank writes nothing");
  return made;
}

/** A message with other headers or another body, byte for byte. */
export async function changed(
  request: Request,
  change: {
    readonly headers?: Readonly<Record<string, string | null>>;
    readonly body?: (text: string) => string;
  },
): Promise<RawCallback> {
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(change.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  const text = await request.clone().text();
  const body = change.body === undefined ? text : change.body(text);
  return { method: "POST", target: "/", headers, body: new TextEncoder().encode(body) };
}
