/**
 * The simulated WeChat Pay APIv3 of the mainland: the endpoints that the adapter uses, with WeChat
 * Pay's own checks, error codes, signatures and encryption. It shares nothing with the adapter but
 * the primitives in crypto/.
 */
import type { SandboxChannel } from "../../../sandbox/simulator.ts";
import { queryApplication, submitApplication } from "./applications.ts";
import { downloadBill, requestBill } from "./bills.ts";
import type { Make } from "./flavour.ts";
import { mainland } from "./mainland.ts";
import { builtInCredentials } from "./merchant.ts";
import { closeOrder, createOrder, queryOrder } from "./orders.ts";
import type { Parties } from "./parties.ts";
import { createRefund, queryRefund } from "./refunds.ts";
import type { AuthenticRequest } from "./request.ts";
import { echo, listCertificates } from "./security.ts";
import { createReturn, queryReturn } from "./share-returns.ts";
import { createShare, queryShare, release } from "./shares.ts";
import { simulated, type Route } from "./server.ts";

const ORDERS = /^\/v3\/pay\/(?:partner\/)?transactions\/out-trade-no\/([^/]+)$/;
const CLOSES = /^\/v3\/pay\/(?:partner\/)?transactions\/out-trade-no\/([^/]+)\/close$/;

const isPartner = ({ url }: AuthenticRequest): boolean =>
  url.pathname.startsWith("/v3/pay/partner/");

/** Refunds name the sub-merchant, and otherwise nobody. */
const refundParties = ({ merchant }: AuthenticRequest, sub: unknown): Parties => ({
  caller: merchant.mchid,
  payee: typeof sub === "string" ? sub : merchant.mchid,
});

const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: /^\/v3\/pay\/(?:partner\/)?transactions\/(native|jsapi|app|h5)$/,
    answer: (request, world, make) =>
      createOrder(make as Make, isPartner(request), request, world, mainland),
  },
  {
    method: "GET",
    path: ORDERS,
    answer: (request, world, number = "") =>
      queryOrder(number, isPartner(request), request, world, mainland),
  },
  {
    method: "POST",
    path: CLOSES,
    answer: (request, world, number = "") =>
      closeOrder(number, isPartner(request), request, world, mainland),
  },
  {
    method: "POST",
    path: /^\/v3\/refund\/domestic\/refunds$/,
    answer: (request, world) => {
      const { sub_mchid: sub } = Object(request.body);
      const parties = refundParties(request, sub);
      return createRefund(parties, sub !== undefined, request, world, mainland);
    },
  },
  {
    method: "GET",
    path: /^\/v3\/refund\/domestic\/refunds\/([^/]+)$/,
    answer: (request, world, number = "") => {
      const parties = refundParties(request, request.url.searchParams.get("sub_mchid"));
      return queryRefund(number, parties, world, mainland);
    },
  },
  { method: "GET", path: /^\/v3\/bill\/tradebill$/, answer: requestBill },
  { method: "GET", path: /^\/v3\/billdownload\/file$/, answer: downloadBill },
  { method: "POST", path: /^\/v3\/profitsharing\/orders$/, answer: createShare },
  { method: "POST", path: /^\/v3\/profitsharing\/orders\/unfreeze$/, answer: release },
  {
    method: "GET",
    path: /^\/v3\/profitsharing\/orders\/([^/]+)$/,
    answer: (request, world, number = "") => queryShare(number, request, world),
  },
  { method: "POST", path: /^\/v3\/profitsharing\/return-orders$/, answer: createReturn },
  {
    method: "GET",
    path: /^\/v3\/profitsharing\/return-orders\/([^/]+)$/,
    answer: (request, world, number = "") => queryReturn(number, request, world),
  },
  { method: "POST", path: /^\/v3\/applyment4sub\/applyment\/$/, answer: submitApplication },
  {
    method: "GET",
    path: /^\/v3\/applyment4sub\/applyment\/business_code\/([^/]+)$/,
    answer: (request, world, number = "") => queryApplication(number, request, world),
  },
  { method: "GET", path: /^\/v3\/certificates$/, answer: listCertificates },
  { method: "POST", path: /^\/v3\/security\/echo$/, answer: echo },
];

export const wechatSandbox: SandboxChannel = simulated(mainland, ROUTES, {
  endpoints: ["https://wechat.sandbox.invalid"],
  credentials: builtInCredentials,
});
