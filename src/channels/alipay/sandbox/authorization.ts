/**
 * The simulated authorisation: the page on which a merchant says yes, here always and at once, and
 * the exchange of the code for tokens.
 */
import * as z from "zod";

import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { authAppIdOf, issue, LIFETIME_S, merchantBehind, readGrant } from "./grants.ts";
import { isSandboxApp, sellerIdOf } from "./identity.ts";
import { businessFailure, success, type Node } from "./reply.ts";

/** Stands for openauth.alipay.com/oauth2/appToAppAuth.htm, which has a host of its own. */
export const AUTHORIZE_PATH = "/authorization";

const query = z.object({
  app_id: z.string(),
  redirect_uri: z.url({ protocol: /^https?$/ }),
  state: z.string().max(100).optional(),
});

const refusal = (text: string) => new Response(text, { status: 400 });

/** Sends the merchant back with a code. */
export async function authorize(request: Request, world: SandboxWorld): Promise<Response> {
  const parsed = query.safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (!parsed.success) return refusal("app_id or redirect_uri is missing");
  const { app_id, redirect_uri, state } = parsed.data;
  const known = isSandboxApp(app_id) || (await world.registeredMerchant(app_id)) !== null;
  if (!known) return refusal("no such application");
  const back = new URL(redirect_uri);
  back.searchParams.set("app_id", app_id);
  back.searchParams.set("source", "alipay_app_auth");
  back.searchParams.set(
    "app_auth_code",
    await issue("code", app_id, merchantBehind(redirect_uri), world),
  );
  if (state !== undefined) back.searchParams.set("state", state);
  return new Response(null, { status: 302, headers: { Location: back.toString() } });
}

const content = z.discriminatedUnion("grant_type", [
  z.looseObject({ grant_type: z.literal("authorization_code"), code: z.string() }),
  z.looseObject({ grant_type: z.literal("refresh_token"), refresh_token: z.string() }),
]);

/** A code works once: its first use is kept as an order that nobody can pay. */
async function isFirstUse(appId: string, code: string, world: SandboxWorld): Promise<boolean> {
  const { kind } = await world.orders.create({
    channel: "alipay",
    merchant: appId,
    orderNumber: `code_${code}`,
    parameters: "{}",
    currency: "CNY",
    value: 0,
    notifyUrl: "",
    expiresAt: world.now,
  });
  return kind === "created";
}

/** `alipay.open.auth.token.app`. */
export async function exchange(
  fields: Readonly<Record<string, unknown>>,
  appId: string,
  world: SandboxWorld,
): Promise<Node> {
  const parsed = content.safeParse(fields);
  if (!parsed.success) return businessFailure("isv.grant-type-invalid", "grant_type参数不正确");
  const isCode = parsed.data.grant_type === "authorization_code";
  const given =
    parsed.data.grant_type === "authorization_code" ? parsed.data.code : parsed.data.refresh_token;
  const grant = await readGrant(isCode ? "code" : "refresh", appId, given, world);
  if (isCode) {
    const fresh = grant !== null && !grant.expired && (await isFirstUse(appId, given, world));
    if (!fresh) return businessFailure("isv.code-invalid", "授权码错误、状态不对或过期");
  }
  if (grant === null) return businessFailure("isv.refresh-token-invalid", "刷新令牌错误");
  if (grant.expired) return businessFailure("isv.refresh-token-time-out", "刷新令牌过期");
  const authAppId = authAppIdOf(appId, grant.merchant);
  return success({
    tokens: [
      {
        app_auth_token: await issue("token", appId, grant.merchant, world),
        app_refresh_token: await issue("refresh", appId, grant.merchant, world),
        auth_app_id: authAppId,
        expires_in: String(LIFETIME_S.token),
        re_expires_in: String(LIFETIME_S.refresh),
        user_id: sellerIdOf(authAppId),
      },
    ],
  });
}
