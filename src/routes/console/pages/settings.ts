/** The pages of settings and of operators, in the order of the navigation. */
import type { Page } from "../env.ts";
import { accountActionPages } from "./account-actions.tsx";
import { accountCredentialsPages } from "./account-credentials.tsx";
import { newAccountPages } from "./account-new.tsx";
import { accountDetailPages } from "./account.tsx";
import { accountPages } from "./accounts.tsx";
import { auditPages } from "./audit.tsx";
import { endpointActionPages } from "./endpoint-actions.tsx";
import { endpointDetailPages } from "./endpoint.tsx";
import { endpointPages } from "./endpoints.tsx";
import { eventPages } from "./events.tsx";
import { feePlanEditPages } from "./fee-plan-edit.tsx";
import { feePlanPages } from "./fee-plans.tsx";
import { healthPages } from "./health.tsx";
import { keyActionPages } from "./key-actions.tsx";
import { newKeyPages } from "./key-new.tsx";
import { keyPages } from "./keys.tsx";
import { merchantDetailPages } from "./merchant.tsx";
import { merchantPages } from "./merchants.tsx";
import { operationPages } from "./operations.tsx";
import { pricingPages } from "./pricing.tsx";
import { profilePages } from "./profile.tsx";
import { replayPages } from "./replay.tsx";
import { serviceEditPages } from "./service-edit.tsx";
import { serviceDetailPages } from "./service.tsx";
import { servicePages } from "./services.tsx";

/** `/…/new` stands before `/…/:id`: the first that fits answers. */
export const settingsPages: readonly Page[] = [
  ...accountPages,
  ...newAccountPages,
  ...accountDetailPages,
  ...accountCredentialsPages,
  ...accountActionPages,
  ...servicePages,
  ...serviceEditPages,
  ...serviceDetailPages,
  ...pricingPages,
  ...profilePages,
  ...auditPages,
  ...keyPages,
  ...newKeyPages,
  ...keyActionPages,
  ...endpointPages,
  ...endpointDetailPages,
  ...endpointActionPages,
  ...replayPages,
  ...eventPages,
  ...merchantPages,
  ...merchantDetailPages,
  ...feePlanPages,
  ...feePlanEditPages,
  ...healthPages,
  ...operationPages,
];
