/** `POST /pay/{id}/choose`: the buyer of an aggregate payment picks a channel. */
import * as z from "zod";

import type { PayerHints } from "../../channels/adapter.ts";
import { type ErrorCode, ERRORS, type Failure } from "../../errors.ts";
import type { Answer } from "../../intent/answers.ts";
import type { BuyerView } from "../../intent/buyer-view.ts";
import type { Choice } from "../../intent/choosing.ts";
import { intentObject } from "../../intent/client.ts";
import { isId } from "../../ids.ts";
import { type AppContext, publicOrigin, traceOf } from "../http.ts";
import { isWithinRate } from "../rate-limit.ts";
import { showNotFound, showPage, showRefusal } from "./answers.tsx";
import { readBuyer } from "./buyer.ts";
import { pagePath, type Speech, waysOf } from "./model.ts";
import type { Texts } from "./texts/texts.ts";
import { isPageToken } from "./token.ts";
import { addressOf, agentOfRequest, factsOf, pageOf, speechOf } from "./visit.ts";

const Form = z.strictObject({
  channel: z.string().min(1).max(32),
  token: z.string().min(1).max(64),
  lang: z.string().max(16).optional(),
});

type Form = z.infer<typeof Form>;

/**
 * Another site's page cannot choose for the buyer. Browsers that send neither header are held to
 * the token alone, which another site cannot read.
 */
function isFromOurPage(c: AppContext): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = c.req.header("Origin");
  return origin === undefined || origin === new URL(c.req.url).origin || origin === publicOrigin(c);
}

/** Null: not a form, a field twice, or another one. */
async function readForm(c: AppContext): Promise<Form | null> {
  const type = c.req.header("Content-Type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) return null;
  const fields = [...new URLSearchParams(await c.req.text())];
  const members = new Map(fields);
  if (members.size !== fields.length) return null;
  const parsed = Form.safeParse(Object.fromEntries(members));
  return parsed.success ? parsed.data : null;
}

/** Null: the channel is none of the payment's, or not possible in this browser. */
function choiceOf(c: AppContext, view: BuyerView, channel: string): Choice | null {
  const agent = agentOfRequest(c);
  const way = waysOf({ view, agent, facts: factsOf(c, view) }).find(
    (candidate) => candidate.channel === channel,
  );
  if (way === undefined || view.options.length < 2) return null;
  const address = addressOf(c);
  const payer: PayerHints = address === null ? {} : { client_ip: address };
  return { channel, method: way.method, payer, osType: agent.os };
}

const ask = async (c: AppContext, id: string, choice: Choice): Promise<Answer> =>
  intentObject(c.env, id).choose(choice, traceOf(c));

/** In the buyer's language; the API's own words stand below it. */
const wordsFor = (code: ErrorCode, texts: Texts): string => {
  if (code === "RATE_LIMITED") return texts.tooMany;
  return code === "INTERNAL" ? texts.broken : texts.notPossible;
};

/** The payment as it stands now, with what went wrong. A code from before is still on the page. */
async function showFailure(c: AppContext, id: string, speech: Speech, failure: Failure) {
  const view = await readBuyer(c.env, id);
  if (view === null) return showNotFound(c, speech);
  c.set("errorCode", failure.code);
  const text = wordsFor(failure.code, speech.texts);
  const problem = { text, detail: failure.message };
  return showPage(c, await pageOf(c, view, speech, { problem }), ERRORS[failure.code].status);
}

/** The page leads on to the wallet by itself once; without scripts it says where to. */
function leadsOn(body: string): boolean {
  const { next_action: next } = JSON.parse(body) as BuyerView["intent"];
  return next?.type === "redirect" || next?.type === "invoke_sdk";
}

export async function choose(c: AppContext, id: string): Promise<Response> {
  const byAddress = speechOf(c, undefined);
  if (!isId("paymentIntent", id)) return showNotFound(c, byAddress);
  const refuse = (code: ErrorCode, speech: Speech, text: string) =>
    showRefusal(c, speech, id, { code, text });
  if (!isFromOurPage(c)) return refuse("FORBIDDEN", byAddress, byAddress.texts.outdated);
  const form = await readForm(c);
  if (form === null) return refuse("INVALID_REQUEST", byAddress, byAddress.texts.outdated);
  const speech = speechOf(c, form.lang);
  if (!(await isPageToken(c.env, "choose", id, form.token))) {
    return refuse("FORBIDDEN", speech, speech.texts.outdated);
  }
  if (!(await isWithinRate(c, `checkout:${id}`))) {
    return refuse("RATE_LIMITED", speech, speech.texts.tooMany);
  }
  const view = await readBuyer(c.env, id);
  if (view === null) return showNotFound(c, speech);
  const choice = choiceOf(c, view, form.channel);
  if (choice === null) return refuse("METHOD_UNSUPPORTED", speech, speech.texts.notPossible);
  const answer = await ask(c, id, choice);
  if (answer.kind === "failure") return showFailure(c, id, speech, answer.failure);
  const extra: Record<string, string> = leadsOn(answer.body) ? { go: "1" } : {};
  c.header("Cache-Control", "no-store");
  return c.redirect(pagePath(id, speech, extra), 303);
}
