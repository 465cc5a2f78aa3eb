/**
 * Mode `isv`: the merchant lets the service provider's application act for it. "Third-party
 * application authorisation" of Alipay's manual: a link, a code that works once, and with it a
 * token that goes into every call.
 */
import * as z from "zod";

import type { Authorization, ChannelAccount, ChannelIo, Grant, Outcome } from "../adapter.ts";
import { incomplete, isSuccess, refuse } from "./answers.ts";
import { askGateway } from "./exchange.ts";
import { keysOf } from "./keys.ts";
import { termsOf } from "./terms.ts";

const AUTHORIZE_PATH = "/oauth2/appToAppAuth.htm";

/** Alipay's own sandbox has hosts of its own, for the gateway and for this. */
const authorizeHost = (pages: string): string =>
  URL.parse(pages)?.hostname.endsWith(".alipaydev.com") === true
    ? "https://openauth.alipaydev.com"
    : "https://openauth.alipay.com";

const granted = z.object({
  app_auth_token: z.string().min(1).max(128),
  app_refresh_token: z.string().min(1).max(128).optional(),
  auth_app_id: z.string().regex(/^\d{16}$/),
  /** Absent where the merchant is only known by an open id. */
  user_id: z
    .string()
    .regex(/^2088\d{12}$/)
    .optional(),
  /** Seconds. */
  expires_in: z.coerce.number().int().positive().optional(),
});

/** The answer is flat, or a list of one, depending on the application's age. */
function readGrant(fields: Readonly<Record<string, unknown>>) {
  const tokens: unknown = fields["tokens"];
  const listed: unknown = Array.isArray(tokens) ? tokens[0] : undefined;
  const parsed = granted.safeParse(listed ?? fields);
  return parsed.success ? parsed.data : null;
}

/** Both are known, and are not the same. */
const differ = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && a !== b;

const refused = (channelCode: string, message: string): Outcome<never> => ({
  kind: "rejected",
  error: { code: "CHANNEL_NOT_CONFIGURED", channelCode, message, retryable: false },
});

/**
 * Asks in the application's own name.
 *
 * A merchant's account stays with its merchant. Attack: whoever gets an account's link opens it as
 * another merchant, and from then on the account's payments go there.
 */
async function ask(
  content: Readonly<Record<string, string>>,
  account: ChannelAccount,
  io: ChannelIo,
): Promise<Outcome<Grant>> {
  const answer = await askGateway(
    {
      method: "alipay.open.auth.token.app",
      bizContent: JSON.stringify(content),
      inOwnName: true,
    },
    await keysOf(account),
    io,
  );
  if (answer.kind === "unknown") return answer;
  if (!isSuccess(answer)) return refuse(answer, "believed");
  const grant = readGrant(answer.fields);
  if (grant === null) return incomplete();
  const { app_auth_token, app_refresh_token, auth_app_id, user_id, expires_in } = grant;
  const terms = termsOf(account);
  if (differ(terms.auth_app_id, auth_app_id) || differ(terms.seller_id, user_id)) {
    return refused(
      "another_merchant",
      "Another merchant has authorised the application than the account belongs to; make an account for each merchant.",
    );
  }
  const expiresAt = expires_in === undefined ? null : io.now() + expires_in * 1_000;
  return {
    kind: "ok",
    value: {
      credentials: {
        app_auth_token,
        auth_app_id,
        ...(app_refresh_token === undefined ? {} : { app_refresh_token }),
        ...(user_id === undefined ? {} : { seller_id: user_id }),
        ...(expiresAt === null ? {} : { app_auth_token_expires_at: expiresAt }),
      },
      expiresAt,
    },
  };
}

export const authorization: Authorization = {
  modes: ["isv"],

  link(account, { redirectUrl, state, pages }) {
    const query = new URLSearchParams({
      app_id: termsOf(account).app_id,
      redirect_uri: redirectUrl,
      state,
    });
    const page = account.livemode
      ? `${authorizeHost(pages)}${AUTHORIZE_PATH}`
      : `${pages}/authorization`;
    return `${page}?${query.toString()}`;
  },

  codeParameter: "app_auth_code",

  exchange: (code, account, io) => ask({ grant_type: "authorization_code", code }, account, io),

  async refresh(account, io) {
    const { app_refresh_token } = termsOf(account);
    if (app_refresh_token === undefined) {
      return refused(
        "no_refresh_token",
        "The account has no app_refresh_token: let the merchant authorise again by link.",
      );
    }
    return ask({ grant_type: "refresh_token", refresh_token: app_refresh_token }, account, io);
  },
};
