/** The simulated server: its routes, its checks of every request, and its own failures. */
import type { SandboxChannel, SandboxWorld } from "../../../sandbox/simulator.ts";
import type { Flavour } from "./flavour.ts";
import { platformCertificate } from "./identity.ts";
import { orderNotification, refundNotification } from "./notification.ts";
import {
  isRefusal,
  refuse,
  renderDownload,
  renderRefusal,
  renderSuccess,
  type Answer,
} from "./reply.ts";
import { authenticate, type AuthenticRequest } from "./request.ts";
import { registration } from "./merchant.ts";

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  /** The arguments are the groups of the path, decoded. */
  answer(request: AuthenticRequest, world: SandboxWorld, ...names: string[]): Promise<Answer>;
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

async function serve(
  routes: readonly Route[],
  request: Request,
  world: SandboxWorld,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const here = routes.filter((route) => route.path.test(pathname));
  const route = here.find(({ method }) => method === request.method);
  if (route === undefined) {
    // The router answers before anything is checked, and without a body.
    return renderRefusal(refuse(here.length === 0 ? 404 : 405, "", ""), world);
  }
  const authentic = await authenticate(request, world);
  if (isRefusal(authentic)) return renderRefusal(authentic, world);
  const names = (route.path.exec(pathname) ?? []).slice(1).map(decoded);
  const answer = await route.answer(authentic, world, ...names);
  if (isRefusal(answer)) return renderRefusal(answer, world);
  return "file" in answer
    ? renderDownload(answer, world)
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

/** A simulated channel from its routes and words. */
export const simulated = (
  flavour: Flavour,
  routes: readonly Route[],
  own: Pick<SandboxChannel, "endpoints" | "credentials">,
): SandboxChannel => ({
  ...own,
  slug: flavour.slug,
  mode: "direct",
  registration,
  platformCertificate: async (keys) => (await platformCertificate(keys)).pem,
  handle: (request, world) => serve(routes, request, world),
  callback: (order, flaw, world) => orderNotification(order, flaw, world, flavour),
  refundCallback: (order, refund, world) => refundNotification(order, refund, world, flavour),
  serverError,
  unsigned,
  repeatsVerbatim: false,
  acknowledged: (status) => status === 200 || status === 204,
});
