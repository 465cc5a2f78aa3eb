/** What a request tells of its buyer, and a payment drawn for him. */
import type { BuyerView } from "../../intent/buyer-view.ts";
import type { AppContext } from "../http.ts";
import { acceptedLanguage, namedLanguage } from "./language.ts";
import type { PaymentPage, Problem, Speech } from "./model.ts";
import { deadlineOf, stageOf, wayBack } from "./stage.ts";
import { TEXTS } from "./texts/index.ts";
import { pageToken } from "./token.ts";
import { type Agent, agentOf, type BuyerFacts } from "./ways.ts";

/** @param wanted what the buyer asked for by name, if anything */
export function speechOf(c: AppContext, wanted: string | undefined): Speech {
  const named = namedLanguage(wanted);
  const language = named ?? acceptedLanguage(c.req.header("Accept-Language"));
  return { texts: TEXTS[language], language, named: named !== null };
}

export const agentOfRequest = (c: AppContext): Agent => agentOf(c.req.header("User-Agent") ?? "");

/** The buyer's address as the platform saw it; null: not behind the platform. */
export const addressOf = (c: AppContext): string | null => c.req.header("CF-Connecting-IP") ?? null;

export const factsOf = (c: AppContext, view: BuyerView): BuyerFacts => ({
  openidKnown: view.openid_known,
  addressKnown: addressOf(c) !== null || view.intent.payer?.client_ip !== undefined,
});

interface Circumstances {
  readonly changing?: boolean;
  readonly leadOn?: boolean;
  readonly problem?: Problem | null;
}

export async function pageOf(
  c: AppContext,
  view: BuyerView,
  speech: Speech,
  { changing = false, leadOn = false, problem = null }: Circumstances = {},
): Promise<PaymentPage> {
  const agent = agentOfRequest(c);
  const now = c.var.now;
  const { id, expires_at: end } = view.intent;
  const stage = stageOf(view, { agent, now, changing });
  return {
    speech,
    view,
    stage,
    agent,
    facts: factsOf(c, view),
    now,
    deadline: stage.kind === "choose" ? Date.parse(end) : deadlineOf(view),
    wayBack: wayBack(view),
    streamToken: await pageToken(c.env, "stream", id),
    chooseToken: await pageToken(c.env, "choose", id),
    leadOn,
    problem,
  };
}
