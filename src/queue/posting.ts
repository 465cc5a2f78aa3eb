/** What travels on `itpay-deliveries`: all that ends in a POST to a merchant. */
import * as z from "zod";

import { IotpayNotice } from "../compat/iotpay/notify.ts";
import { DeliveryMessage } from "../messages.ts";
import { ReplayStep } from "../webhooks/replay.ts";

/** Webhooks, notifications in the form of another protocol, and the next step of a replay. */
export const Posting = z.union([DeliveryMessage, IotpayNotice, ReplayStep]);

export type Posting = z.infer<typeof Posting>;
