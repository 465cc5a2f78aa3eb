/**
 * The simulated global API of WeChat Pay, as strict as the one of the mainland. Both modes use the
 * same paths; the numbers in the request tell who is meant.
 */
import type { SandboxChannel } from "../../../sandbox/simulator.ts";
import type { Ids, Make } from "../../wechat/sandbox/flavour.ts";
import { builtInCredentials } from "../../wechat/sandbox/merchant.ts";
import { askedBy, closeOrder, createOrder, queryOrder } from "../../wechat/sandbox/orders.ts";
import { appidProblem, partiesOf, partyProblem } from "../../wechat/sandbox/parties.ts";
import { createRefund, queryRefund } from "../../wechat/sandbox/refunds.ts";
import { isRefusal } from "../../wechat/sandbox/reply.ts";
import type { AuthenticRequest } from "../../wechat/sandbox/request.ts";
import { listCertificates } from "../../wechat/sandbox/security.ts";
import { simulated, type Route } from "../../wechat/sandbox/server.ts";
import { abroad } from "./words.ts";

const MAKES: Readonly<Record<string, Make>> = {
  native: "native",
  jsapi: "jsapi",
  app: "app",
  mweb: "h5",
};

const numbersOf = ({ body }: AuthenticRequest): Ids => {
  const entries = Object.entries(Object(body)).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(entries);
};

const isPartner = (request: AuthenticRequest): boolean =>
  numbersOf(request).sp_mchid !== undefined || request.url.searchParams.has("sp_mchid");

const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: /^\/v3\/global\/transactions\/(native|jsapi|app|mweb)$/,
    answer: (request, world, name = "") =>
      createOrder(MAKES[name] ?? "native", isPartner(request), request, world, abroad),
  },
  {
    method: "GET",
    path: /^\/v3\/global\/transactions\/out-trade-no\/([^/]+)$/,
    answer: (request, world, number = "") =>
      queryOrder(number, isPartner(request), request, world, abroad),
  },
  {
    method: "POST",
    path: /^\/v3\/global\/transactions\/out-trade-no\/([^/]+)\/close$/,
    answer: (request, world, number = "") =>
      closeOrder(number, isPartner(request), request, world, abroad),
  },
  {
    method: "POST",
    path: /^\/v3\/global\/refunds$/,
    answer: async (request, world) => {
      const ids = numbersOf(request);
      const { merchant } = request;
      const problem = partyProblem(ids, merchant, "body") ?? appidProblem(ids, merchant);
      if (problem !== null) return problem;
      return createRefund(partiesOf(ids), isPartner(request), request, world, abroad);
    },
  },
  {
    method: "GET",
    path: /^\/v3\/global\/refunds\/out-refund-no\/([^/]+)$/,
    answer: async (request, world, number = "") => {
      const parties = askedBy(request, isPartner(request));
      return isRefusal(parties) ? parties : queryRefund(number, parties, world, abroad);
    },
  },
  { method: "GET", path: /^\/v3\/global\/certificates$/, answer: listCertificates },
];

export const wechatGlobalSandbox: SandboxChannel = simulated(abroad, ROUTES, {
  endpoints: ["https://wechat_global.sandbox.invalid"],
  credentials: (keys, accountId) => ({
    ...builtInCredentials(keys, accountId),
    merchant_category_code: "5399",
  }),
});
