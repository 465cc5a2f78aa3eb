/**
 * The simulated channels by slug, and what the sandbox around them must know of each: how its
 * server error looks, what of a reply is the signature, and which answer acknowledges a callback.
 */
import { alipaySandbox } from "./alipay/channel.ts";
import { platformCertificate as alipayPlatformCertificate } from "./alipay/identity.ts";
import type { SandboxKeyring, SimulatedChannel } from "./simulator.ts";
import { wechatSandbox } from "./wechat/channel.ts";
import { platformCertificate as wechatPlatformCertificate } from "./wechat/identity.ts";

export interface SandboxChannel {
  readonly simulator: SimulatedChannel;
  /** What adapters are given instead of the channel's hosts. The name resolves nowhere. */
  readonly endpoints: readonly [string, ...string[]];
  /** The platform's certificate as PEM, for accounts with credentials of their own. */
  platformCertificate(keys: SandboxKeyring): Promise<string>;
  /** The channel's own reply when it is in trouble. */
  serverError(): Response;
  /** The same reply without its signature. */
  unsigned(reply: Response): Promise<Response>;
  /** Repeats of a callback are the same bytes; else they are signed anew, with the time. */
  readonly repeatsVerbatim: boolean;
  /** Whether the channel takes this answer to a callback for a "received". */
  acknowledged(status: number, body: string): boolean;
}

const SUFFIX = ".sandbox.invalid";

const json = (status: number, body: unknown, contentType: string) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": contentType } });

const CHANNELS: Readonly<Record<string, SandboxChannel>> = {
  wechat: {
    simulator: wechatSandbox,
    endpoints: [`https://wechat${SUFFIX}`],
    platformCertificate: async (keys) => (await wechatPlatformCertificate(keys)).pem,
    serverError: () =>
      json(500, { code: "SYSTEM_ERROR", message: "系统异常，请稍后重试" }, "application/json"),
    async unsigned(reply) {
      const headers = new Headers(reply.headers);
      for (const name of reply.headers.keys()) {
        if (name.startsWith("wechatpay-")) headers.delete(name);
      }
      return new Response(await reply.arrayBuffer(), { status: reply.status, headers });
    },
    repeatsVerbatim: false,
    acknowledged: (status) => status === 200 || status === 204,
  },
  alipay: {
    simulator: alipaySandbox,
    endpoints: [`https://alipay${SUFFIX}/gateway.do`],
    platformCertificate: alipayPlatformCertificate,
    serverError: () =>
      json(
        500,
        {
          error_response: {
            code: "20000",
            msg: "Service Currently Unavailable",
            sub_code: "isp.unknow-error",
            sub_msg: "系统繁忙",
          },
        },
        "text/html;charset=utf-8",
      ),
    async unsigned(reply) {
      // Quotes inside the signed node are escaped: only the member beside it can match.
      const text = (await reply.text()).replace(/,"sign":"[^"]*"/, "");
      return new Response(text, { status: reply.status, headers: reply.headers });
    },
    repeatsVerbatim: true,
    acknowledged: (status, body) => status === 200 && body === "success",
  },
};

/** The simulated channel of this slug; null where there is none. */
export const sandboxChannel = (slug: string): SandboxChannel | null =>
  Object.hasOwn(CHANNELS, slug) ? (CHANNELS[slug] ?? null) : null;

/** The channel that a request to a sandbox endpoint is meant for. */
export const channelOfHost = (hostname: string): SandboxChannel | null =>
  hostname.endsWith(SUFFIX) ? sandboxChannel(hostname.slice(0, -SUFFIX.length)) : null;
