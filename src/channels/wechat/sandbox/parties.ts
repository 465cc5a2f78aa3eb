/** Who calls and who is paid, in the numbers of a request and of an order. */
import * as z from "zod";

import type { SandboxOrderRecord } from "../../../sandbox/simulator.ts";
import type { Ids } from "./flavour.ts";
import type { Merchant } from "./merchant.ts";
import { paramError, refuse, type Refusal } from "./reply.ts";

export interface Parties {
  /** Whose certificate signed: the merchant, or the service provider. */
  readonly caller: string;
  /** The merchant that is paid; orders are kept under its number. */
  readonly payee: string;
}

const record = z.looseObject({
  appid: z.string().optional(),
  mchid: z.string().optional(),
  sp_appid: z.string().optional(),
  sp_mchid: z.string().optional(),
  sub_appid: z.string().optional(),
  sub_mchid: z.string().optional(),
  attach: z.string().optional(),
  description: z.string().optional(),
  trade_type: z.string().default("NATIVE"),
  payer: z
    .looseObject({ sp_openid: z.string().optional(), sub_openid: z.string().optional() })
    .optional(),
});

/** What an order was made with. */
export const termsOf = (order: Pick<SandboxOrderRecord, "parameters">): z.infer<typeof record> =>
  record.parse(JSON.parse(order.parameters));

export const partiesOf = (ids: Ids): Parties => ({
  caller: ids.sp_mchid ?? ids.mchid ?? "",
  payee: ids.sub_mchid ?? ids.mchid ?? "",
});

/** The appid of the caller, which tells built-in merchants from registered ones. */
export const callersAppid = (ids: Ids): string => ids.sp_appid ?? ids.appid ?? "";

/** Why these numbers are not the caller's own; null when they are. */
export function partyProblem(ids: Ids, merchant: Merchant, place: "body" | "query") {
  const field = ids.sp_mchid === undefined ? "mchid" : "sp_mchid";
  const slash = place === "body" ? "/" : "";
  if (ids[field] !== merchant.mchid) {
    return paramError(`${slash}${field}`, "is not the merchant that signed", place);
  }
  if (ids.sp_mchid !== undefined && !/^\d{6,32}$/.test(ids.sub_mchid ?? "")) {
    return paramError(`${slash}sub_mchid`, "is not a merchant", place);
  }
  return ids.sub_mchid === merchant.mchid ? refuse(403, "NO_AUTH", "受理关系不存在") : null;
}

/** The appid has to be bound to the number that signs. */
export const appidProblem = (ids: Ids, { appid }: Merchant): Refusal | null =>
  appid === null || callersAppid(ids) === appid
    ? null
    : refuse(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");

/** Whether an order was made by this caller for this merchant, in this mode. */
export function isOrderOf(
  order: Pick<SandboxOrderRecord, "parameters">,
  { caller, payee }: Parties,
): boolean {
  const made = partiesOf(termsOf(order));
  return made.caller === caller && made.payee === payee;
}
