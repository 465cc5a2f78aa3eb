/**
 * Who the merchant is: itself, or a sub-merchant of a service provider, who then signs and holds the
 * keys. Every message names the numbers of the mode, and a message that names others is not ours.
 */
import * as z from "zod";

import type { DirectCredentials, PartnerCredentials } from "./credentials.ts";

export type Party =
  | { readonly kind: "direct"; readonly mchid: string; readonly appid: string }
  | {
      readonly kind: "partner";
      readonly spMchid: string;
      readonly spAppid: string;
      readonly subMchid: string;
      /** Null: the sub-merchant has no app or page of its own. */
      readonly subAppid: string | null;
    };

export const partyOf = (
  ids: Pick<DirectCredentials, "mchid" | "appid"> | Omit<PartnerCredentials, "private_key">,
): Party =>
  "mchid" in ids
    ? { kind: "direct", mchid: ids.mchid, appid: ids.appid }
    : {
        kind: "partner",
        spMchid: ids.sp_mchid,
        spAppid: ids.sp_appid,
        subMchid: ids.sub_mchid,
        subAppid: ids.sub_appid ?? null,
      };

/** Whose certificate and private key sign. */
export const callerOf = (party: Party): string =>
  party.kind === "direct" ? party.mchid : party.spMchid;

/** The merchant that is paid. */
export const payeeOf = (party: Party): string =>
  party.kind === "direct" ? party.mchid : party.subMchid;

/** The numbers as an order carries them. */
export const orderIds = (party: Party): Record<string, string> =>
  party.kind === "direct"
    ? { appid: party.appid, mchid: party.mchid }
    : {
        sp_appid: party.spAppid,
        sp_mchid: party.spMchid,
        ...(party.subAppid === null ? {} : { sub_appid: party.subAppid }),
        sub_mchid: party.subMchid,
      };

/** The numbers as queries and closes carry them. */
export const merchantIds = (party: Party): Record<string, string> =>
  party.kind === "direct"
    ? { mchid: party.mchid }
    : { sp_mchid: party.spMchid, sub_mchid: party.subMchid };

/** The numbers in a reply or a notification, whichever mode it is of. */
export const idFields = {
  appid: z.string().optional(),
  mchid: z.string().optional(),
  sp_appid: z.string().optional(),
  sp_mchid: z.string().optional(),
  sub_appid: z.string().optional(),
  sub_mchid: z.string().optional(),
};

export type Ids = z.infer<z.ZodObject<typeof idFields>>;

const isMerchant = (party: Party, ids: Ids): boolean =>
  party.kind === "direct"
    ? ids.mchid === party.mchid
    : ids.sp_mchid === party.spMchid && ids.sub_mchid === party.subMchid;

/** The sub-merchant's appid is named only where the order had one. */
const isApp = (party: Party, ids: Ids): boolean =>
  party.kind === "direct"
    ? ids.appid === party.appid
    : ids.sp_appid === party.spAppid &&
      (party.subAppid === null || !ids.sub_appid || ids.sub_appid === party.subAppid);

/** Whether a message names one of these merchants (all versions of an account). */
export const namesMerchant = (parties: readonly Party[], ids: Ids): boolean =>
  parties.some((party) => isMerchant(party, ids));

/**
 * Whether a message about an order names one of these merchants and its appid. Stops genuine
 * messages about other merchants, with which a service provider's and the sandbox's accounts share
 * their keys.
 */
export const namesOrderOf = (parties: readonly Party[], ids: Ids): boolean =>
  parties.some((party) => isMerchant(party, ids) && isApp(party, ids));
