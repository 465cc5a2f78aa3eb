/**
 * The simulated WeChat Pay APIv3: the endpoints that direct merchants use for native orders, with
 * WeChat Pay's own checks, error codes, signatures and encryption. It shares nothing with the
 * adapter but the primitives in crypto/.
 */
import type { SandboxWorld, SimulatedChannel } from "../simulator.ts";
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

export const wechatSandbox: SimulatedChannel = {
  slug: "wechat",
  credentials: builtInCredentials,
  registration,
  handle,
  callback: notification,
};
