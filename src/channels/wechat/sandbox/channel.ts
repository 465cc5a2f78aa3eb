/**
 * The simulated WeChat Pay APIv3: the endpoints that direct merchants use for native orders, with
 * WeChat Pay's own checks, error codes, signatures and encryption. It shares nothing with the
 * adapter but the primitives in crypto/.
 */
import type { SandboxChannel, SandboxWorld } from "../../../sandbox/simulator.ts";
import { platformCertificate } from "./identity.ts";
import { builtInCredentials, registration } from "./merchant.ts";
import { notification } from "./notification.ts";
import { closeOrder, createNative, queryOrder } from "./orders.ts";
import { isRefusal, refuse, renderRefusal, renderSuccess, type Answer } from "./reply.ts";
import { authenticate, type AuthenticRequest } from "./request.ts";
import { echo, listCertificates } from "./security.ts";

interface Route {
  readonly method: string;
  readonly path: RegExp;
  answer(request: AuthenticRequest, world: SandboxWorld, argument: string): Promise<Answer>;
}

const ROUTES: readonly Route[] = [
  { method: "POST", path: /^\/v3\/pay\/transactions\/native$/, answer: createNative },
  {
    method: "GET",
    path: /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)$/,
    answer: (request, world, number) => queryOrder(number, request, world),
  },
  {
    method: "POST",
    path: /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)\/close$/,
    answer: (request, world, number) => closeOrder(number, request, world),
  },
  { method: "GET", path: /^\/v3\/certificates$/, answer: listCertificates },
  { method: "POST", path: /^\/v3\/security\/echo$/, answer: echo },
];

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

async function handle(request: Request, world: SandboxWorld): Promise<Response> {
  const { pathname } = new URL(request.url);
  const here = ROUTES.filter((route) => route.path.test(pathname));
  const route = here.find(({ method }) => method === request.method);
  if (route === undefined) {
    // The router answers before anything is checked, and without a body.
    return renderRefusal(refuse(here.length === 0 ? 404 : 405, "", ""), world);
  }
  const authentic = await authenticate(request, world);
  if (isRefusal(authentic)) return renderRefusal(authentic, world);
  const argument = decoded(route.path.exec(pathname)?.[1] ?? "");
  const answer = await route.answer(authentic, world, argument);
  return isRefusal(answer)
    ? renderRefusal(answer, world)
    : renderSuccess(answer, authentic.replySerial, world);
}

/** WeChat Pay in trouble: a body of its own, and no signature. */
const serverError = (): Response =>
  Response.json({ code: "SYSTEM_ERROR", message: "系统异常，请稍后重试" }, { status: 500 });

async function unsigned(reply: Response): Promise<Response> {
  const headers = new Headers(reply.headers);
  for (const name of reply.headers.keys()) {
    if (name.startsWith("wechatpay-")) headers.delete(name);
  }
  return new Response(await reply.arrayBuffer(), { status: reply.status, headers });
}

export const wechatSandbox: SandboxChannel = {
  slug: "wechat",
  endpoints: ["https://wechat.sandbox.invalid"],
  mode: "direct",
  credentials: builtInCredentials,
  registration,
  platformCertificate: async (keys) => (await platformCertificate(keys)).pem,
  handle,
  callback: notification,
  serverError,
  unsigned,
  repeatsVerbatim: false,
  acknowledged: (status) => status === 200 || status === 204,
};
