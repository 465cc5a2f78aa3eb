/** What the page is drawn from. */
import { channelOf } from "../../channels/registry.ts";
import type { Method } from "../../channels/adapter.ts";
import type { BuyerView } from "../../intent/buyer-view.ts";
import type { Stage } from "./stage.ts";
import type { Language } from "./texts/index.ts";
import type { Texts } from "./texts/texts.ts";
import { type Agent, type BuyerFacts, wayFor } from "./ways.ts";

/** Words and language, for every page. */
export interface Speech {
  readonly texts: Texts;
  readonly language: Language;
  /** The buyer named the language, so links keep it. */
  readonly named: boolean;
}

export interface Problem {
  readonly text: string;
  /** The API's own words, which are English; null: none. */
  readonly detail: string | null;
}

export interface PaymentPage {
  readonly speech: Speech;
  readonly view: BuyerView;
  readonly stage: Stage;
  readonly agent: Agent;
  readonly facts: BuyerFacts;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly deadline: number;
  readonly wayBack: string | null;
  readonly streamToken: string;
  readonly chooseToken: string;
  /** The buyer has just chosen: the script leads on by itself. */
  readonly leadOn: boolean;
  readonly problem: Problem | null;
}

export interface Way {
  readonly channel: string;
  readonly method: Method;
}

/** The payment's channels that can be used in this browser. */
export function waysOf(page: Pick<PaymentPage, "view" | "agent" | "facts">): readonly Way[] {
  return page.view.options.flatMap(({ channel }) => {
    const info = channelOf(channel)?.adapter.info;
    const method = info === undefined ? null : wayFor(page.agent, info, page.facts);
    return method === null ? [] : [{ channel, method }];
  });
}

/** An address of the payment's page, in the language that the buyer named. */
export function pagePath(id: string, speech: Speech, extra: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    ...(speech.named ? { lang: speech.language } : {}),
    ...extra,
  }).toString();
  const path = `/pay/${encodeURIComponent(id)}`;
  return query === "" ? path : `${path}?${query}`;
}
