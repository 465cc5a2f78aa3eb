/**
 * The buyer's page (API.md section 5). No key: a payment's id cannot be guessed, and who holds it
 * is the buyer. Pages are not in the API document, the stream is.
 */
import { apiError } from "../../errors.ts";
import type { App } from "../http.ts";
import { orBroken, showNotFound, showPage } from "./answers.tsx";
import { readBuyer } from "./buyer.ts";
import { choose } from "./choose.ts";
import { pagePath } from "./model.ts";
import { registerPaymentStream } from "./stream.ts";
import { pageOf, speechOf } from "./visit.ts";
import { glanceAt } from "./watching.ts";

export function registerCheckout(app: App): void {
  registerPaymentStream(app);

  app.get("/pay/:id", (c) =>
    orBroken(c, c.req.param("id"), async () => {
      const speech = speechOf(c, c.req.query("lang"));
      const view = await readBuyer(c.env, c.req.param("id"));
      if (view === null) return showNotFound(c, speech);
      const changing = c.req.query("change") === "1";
      const leadOn = c.req.query("go") === "1";
      return showPage(c, await pageOf(c, view, speech, { changing, leadOn }));
    }),
  );

  app.get("/pay/:id/status", async (c) => {
    c.header("Cache-Control", "no-store");
    const view = await readBuyer(c.env, c.req.param("id"));
    if (view === null) throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
    return c.json(glanceAt(view, c.var.now), 200);
  });

  app.post("/pay/:id/choose", (c) =>
    orBroken(c, c.req.param("id"), () => choose(c, c.req.param("id"))),
  );

  // Somebody reloads, or bookmarks, what a choice was answered with.
  app.get("/pay/:id/choose", (c) => {
    const speech = speechOf(c, c.req.query("lang"));
    return c.redirect(pagePath(c.req.param("id"), speech), 303);
  });
}
