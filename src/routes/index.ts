/** Every resource of the API, in the order of the documentation. */
import type { App } from "./http.ts";
import { registerCompatIotpay } from "./compat-iotpay.ts";
import { registerDocs } from "./docs.tsx";
import { registerHome } from "./home.ts";
import { registerQr } from "./qr.ts";
import { registerSandboxAuthorization } from "./sandbox-authorization.ts";
import { registerSandbox } from "./sandbox.tsx";
import { registerApiKeys } from "./v1/api-keys.ts";
import { registerCallbacks } from "./v1/callbacks.ts";
import { registerChannelAccountAuthorization } from "./v1/channel-account-authorization.ts";
import { registerChannelAccountKeys } from "./v1/channel-account-keys.ts";
import { registerChannelAccountOnboarding } from "./v1/channel-account-onboarding.ts";
import { registerChannelAccounts } from "./v1/channel-accounts.ts";
import { registerChannels } from "./v1/channels.ts";
import { registerEvents } from "./v1/events.ts";
import { registerMerchants } from "./v1/merchants.ts";
import { registerMeta } from "./v1/meta.ts";
import { registerOperations } from "./v1/operations.ts";
import { registerPaymentIntents } from "./v1/payment-intents.ts";
import { registerQrParse } from "./v1/qr-parse.ts";
import { registerReconciliation } from "./v1/reconciliation.ts";
import { registerRefunds } from "./v1/refunds.ts";
import { registerWebhookEndpoints } from "./v1/webhook-endpoints.ts";

export function registerRoutes(app: App): void {
  registerPaymentIntents(app);
  registerRefunds(app);
  registerQr(app);
  registerQrParse(app);
  registerEvents(app);
  registerWebhookEndpoints(app);
  registerChannels(app);
  registerChannelAccounts(app);
  registerChannelAccountKeys(app);
  registerChannelAccountOnboarding(app);
  registerChannelAccountAuthorization(app);
  registerCallbacks(app);
  registerReconciliation(app);
  registerApiKeys(app);
  registerMerchants(app);
  registerOperations(app);
  registerCompatIotpay(app);
  registerSandbox(app);
  registerSandboxAuthorization(app);
  registerMeta(app);
  registerDocs(app);
  registerHome(app);
}
