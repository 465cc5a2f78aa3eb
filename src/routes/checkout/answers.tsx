/** The checkout's pages as HTTP answers. */
import { html } from "hono/html";

import { describeError } from "../../log.ts";
import { type ErrorCode, ERRORS } from "../../errors.ts";
import type { AppContext } from "../http.ts";
import { type PaymentPage, pagePath, type Speech } from "./model.ts";
import { CheckoutPage, NoticePage } from "./page.tsx";
import { setPageHeaders } from "./policy.ts";
import { speechOf } from "./visit.ts";

type Status = (typeof ERRORS)[ErrorCode]["status"];

export async function showPage(c: AppContext, page: PaymentPage, status: 200 | Status = 200) {
  await setPageHeaders(c);
  c.header("Content-Language", page.speech.language);
  return c.html(html`<!doctype html>${<CheckoutPage page={page} />}`, status);
}

/** Nothing of what was asked stands in it: unknown and malformed ids look the same. */
export async function showNotFound(c: AppContext, speech: Speech): Promise<Response> {
  c.set("errorCode", "PAYMENT_INTENT_NOT_FOUND");
  await setPageHeaders(c);
  c.header("Content-Language", speech.language);
  const { texts } = speech;
  const page = (
    <NoticePage speech={speech} title={texts.notFoundTitle} text={texts.notFoundText} path="" />
  );
  return c.html(html`<!doctype html>${page}`, 404);
}

/** A request that was refused before it was understood; the way back is the payment's page. */
export async function showRefusal(
  c: AppContext,
  speech: Speech,
  id: string,
  refusal: { readonly code: ErrorCode; readonly text: string },
): Promise<Response> {
  c.set("errorCode", refusal.code);
  await setPageHeaders(c);
  c.header("Content-Language", speech.language);
  const { texts } = speech;
  const href = pagePath(id, speech);
  const back = { href, label: texts.backToPayment };
  const title = texts.problemTitle;
  const page = (
    <NoticePage speech={speech} title={title} text={refusal.text} path={href} back={back} />
  );
  return c.html(html`<!doctype html>${page}`, ERRORS[refusal.code].status);
}

/** A buyer sees a page also when something breaks; what broke is in the log. */
export async function orBroken(
  c: AppContext,
  id: string,
  handle: () => Promise<Response>,
): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    c.var.log("error", "request.failed", { error: describeError(error) });
    const speech = speechOf(c, c.req.query("lang"));
    return showRefusal(c, speech, id, { code: "INTERNAL", text: speech.texts.broken });
  }
}
