/**
 * Test keys: the simulated channel's page on which a merchant says yes. It stands for the channel's
 * own, agrees at once, and leads back.
 */
import { createRoute, z } from "@hono/zod-openapi";

import { isId } from "../../ids.ts";
import { regionsOf } from "../../regions.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import { sandboxOrders, sandboxWorld } from "../../sandbox/transport.ts";
import { refuse, refused, shown } from "../authorization-page.ts";
import { type App, type AppContext, idParam, publicOrigin } from "../http.ts";

const yesPage = createRoute({
  method: "get",
  path: "/sandbox/pages/{channel}/authorization",
  tags: ["Sandbox"],
  operationId: "getSandboxAuthorization",
  summary: "Where the merchant of a test account says yes",
  description: "Stands for the channel's own page, agrees at once, and leads back.",
  request: { params: z.object({ channel: idParam("channel", "alipay") }) },
  responses: {
    302: { description: "Back to the account, with a code." },
    404: shown(refused[404]),
  },
});

/**
 * Whether an address is the way back of an account of this deployment. The sandbox's page sends
 * browsers to no other: it must not lend our name to a stranger's link.
 */
function isWayBack(c: AppContext, channel: string, address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  const bases = Object.values(regionsOf(c.env.REGIONS)).map(({ callback_base }) => callback_base);
  const origins = [publicOrigin(c), ...bases].map((base) => URL.parse(base ?? "")?.origin);
  const [account = "", last] = url.pathname.slice(`/v1/callbacks/${channel}/`.length).split("/");
  return (
    origins.includes(url.origin) &&
    url.pathname.startsWith(`/v1/callbacks/${channel}/`) &&
    isId("channelAccount", account) &&
    last === "authorization"
  );
}

/** Test keys: the simulated channel's page, on which the merchant always says yes. */
async function sayYes(c: AppContext, channel: string): Promise<Response> {
  const simulated = sandboxChannel(channel);
  const refusal = () => refuse(c, "NOT_FOUND", "The sandbox has no such page.");
  if (simulated === null) return refusal();
  const orders = sandboxOrders(c.env, null, () => {});
  const world = await sandboxWorld(c.env, channel, null, orders, publicOrigin(c));
  const address = new URL("/authorization", simulated.endpoints[0]);
  address.search = new URL(c.req.url).search;
  const answer = await simulated.handle(new Request(address), world);
  const location = answer.headers.get("Location") ?? "";
  if (answer.status !== 302 || !isWayBack(c, channel, location)) return refusal();
  c.header("Cache-Control", "no-store");
  c.header("Referrer-Policy", "no-referrer");
  return c.redirect(location, 302);
}

export function registerSandboxAuthorization(app: App): void {
  app.openAPIRegistry.registerPath(yesPage);
  app.get("/sandbox/pages/:channel/authorization", (c) => sayYes(c, c.req.param("channel")));
}
