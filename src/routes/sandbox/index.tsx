/**
 * The buyer's side of test payments (API.md section 8): actions for scripts, and a page that looks
 * like a wallet for people. No key, since the payment's id is unguessable; live payments are not
 * found here, whatever is asked.
 */
import { html } from "hono/html";

import { channelName } from "../../channels/registry.ts";
import { apiError } from "../../errors.ts";
import { sandboxKeyring } from "../../sandbox/keys.ts";
import { sandboxChannel } from "../../sandbox/registry.ts";
import { wayBack } from "../checkout/stage.ts";
import type { App, AppContext } from "../http.ts";
import { actionRoute, keysRoute, pageRoute, walletRoute } from "./contracts.ts";
import { findTestPayment, opened, openIfNew, openLink, orderOf, toReply } from "./payments.ts";
import { NoPaymentPage, WalletPage } from "./wallet-page.tsx";

const noSuchPayment = () => apiError("PAYMENT_INTENT_NOT_FOUND", "No such test payment.");

/** A form of the wallet page, not an API client. */
const isBrowser = (c: AppContext): boolean =>
  (c.req.header("Accept") ?? "").toLowerCase().includes("text/html");

/** The page may show one style sheet and our icon, send its own forms, and nothing else. */
function setPageHeaders(c: AppContext, nonce: string): void {
  c.header("Cache-Control", "no-store");
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  c.header(
    "Content-Security-Policy",
    `default-src 'none'; style-src 'nonce-${nonce}'; img-src 'self'; form-action 'self'; ` +
      `frame-ancestors 'none'; base-uri 'none'`,
  );
}

export function registerSandbox(app: App): void {
  app.openapi(pageRoute, async (c) => {
    const number = await openLink(c, c.req.valid("param").channel);
    return c.redirect(`/sandbox/wallet/${number}`, 303);
  });

  app.openapi(keysRoute, async (c) => {
    const { channel } = c.req.valid("param");
    const simulated = sandboxChannel(channel);
    if (simulated === null) throw apiError("NOT_FOUND", "No such channel in the sandbox.");
    const keys = await sandboxKeyring(c.env, channel);
    return c.json(
      {
        object: "sandbox_keys" as const,
        channel,
        public_key: keys.platformPublicKey,
        certificate: await simulated.platformCertificate(keys),
      },
      200,
    );
  });

  app.openapi(actionRoute, async (c) => {
    const { payment_intent: number, action } = c.req.valid("param");
    const view = await findTestPayment(c.env, number);
    if (view === null) throw noSuchPayment();
    const payment = opened(view);
    if (payment === null)
      throw apiError("INVALID_STATE", "The buyer has not chosen a channel yet.");
    const reached = await openIfNew(c, payment);
    const result = reached.ok ? await orderOf(c.env, payment).buyer(action) : reached;
    c.header("Cache-Control", "no-store");
    if (isBrowser(c)) {
      const path = `/sandbox/wallet/${number}`;
      return c.redirect(result.ok ? path : `${path}?refused=1`, 303);
    }
    if (!result.ok) throw apiError("INVALID_STATE", result.error);
    return c.json(toReply(payment, result.value), 200);
  });

  app.openapi(walletRoute, async (c) => {
    const view = await findTestPayment(c.env, c.req.valid("param").payment_intent);
    if (view === null && !isBrowser(c)) throw noSuchPayment();
    const nonce = crypto.randomUUID();
    setPageHeaders(c, nonce);
    if (view === null) {
      c.set("errorCode", "PAYMENT_INTENT_NOT_FOUND");
      return c.html(html`<!doctype html>${<NoPaymentPage nonce={nonce} />}`, 404);
    }
    const payment = opened(view);
    if (payment !== null) await openIfNew(c, payment);
    const wallet = payment === null ? null : await orderOf(c.env, payment).wallet();
    const refused = c.req.query("refused") === "1";
    const { channel } = view.intent;
    const name = channel === null ? null : channelName(channel);
    // Paying and declining are told to the shop as its own wallet would: by sending the buyer back.
    const back = wayBack(view) ?? `/pay/${view.intent.id}`;
    const page = <WalletPage {...{ view, channelName: name, wallet, refused, back, nonce }} />;
    return c.html(html`<!doctype html>${page}`, 200);
  });
}
