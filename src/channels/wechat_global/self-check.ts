/** There is no echo abroad: the list of certificates is asked for, which moves no money either. */
import type { ChannelAccount, ChannelIo, Outcome } from "../adapter.ts";
import { exchange, failed, withKeys } from "../wechat/exchange.ts";

type Checked = Outcome<{ readonly detail: string }>;

/**
 * A wrong signature of ours gets a 401 before anything is looked up, so the answer that there are no
 * certificates, which merchants with a public key get, proves ours too. It bears none itself.
 */
export const selfCheck = (account: ChannelAccount, io: ChannelIo): Promise<Checked> =>
  withKeys(account, async (keys): Promise<Checked> => {
    const request = { method: "GET", path: keys.certificatesPath } as const;
    const reply = await exchange(account, keys, io, request);
    if (reply.kind === "success") {
      return { kind: "ok", value: { detail: "Signatures verified in both directions." } };
    }
    return reply.kind === "refused" &&
      reply.code === "RESOURCENOTEXISTS" &&
      keys.replyKeyId !== null
      ? { kind: "ok", value: { detail: "WeChat Pay accepted the account's signature." } }
      : failed(reply);
  });
