/** Wallets, banks and card networks by their identifier alone: combined labels carry many of them. */
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { fitsGuid, type RecognisedCode, type Scheme, type SchemeTemplate } from "./scheme.ts";

const WALLETS = [
  ["SG.COM.NETS", "nets", "NETS"],
  ["COM.GRAB", "grabpay", "GrabPay"],
  ["COM.DBS", "dbs", "DBS PayLah!"],
  ["SG.COM.OCBC", "ocbc", "OCBC"],
  ["SG.COM.UOB", "uob", "UOB"],
  ["COM.QQ.WEIXIN.PAY", "wechat", "WeChat Pay"],
  ["COM.ALIPAY.OPENAPI", "alipay", "Alipay"],
  ["COM.ALIPAY", "alipay", "Alipay"],
  ["HK.COM.ALIPAY", "alipay_hk", "AlipayHK"],
  ["SG.COM.DASH.WWW", "dash", "Singtel Dash"],
  ["SG.COM.EZLINK", "ezlink", "EZ-Link"],
  ["SG.EZI", "ezi", "EZi"],
  ["SG.AIRPAY", "airpay", "AirPay"],
  ["COM.MYFAVE", "fave", "Fave"],
  ["COM.REMOPAY", "remopay", "RemoPay"],
  ["A0000007620001", "liquidpay", "Liquid Pay"],
  ["NP.GOV.NRB", "nepalpay", "NepalPay"],
] as const satisfies readonly (readonly [guid: string, slug: string, name: string])[];

const NETWORKS = [
  ["Visa", "visa"],
  ["Mastercard", "mastercard"],
  ["Discover", "discover"],
  ["American Express", "amex"],
  ["JCB", "jcb"],
  ["UnionPay", "unionpay"],
] as const;

export type WalletSlug = (typeof WALLETS)[number][1] | (typeof NETWORKS)[number][1];

/** A code of a wallet or network whose inner form is not described here. */
export interface WalletCode extends RecognisedCode {
  readonly scheme: WalletSlug;
  readonly details: { readonly name: string };
}

function slugOf({ guid, network }: MerchantAccount): readonly [WalletSlug, string] | null {
  if (network !== null) {
    const found = NETWORKS.find(([name]) => name === network);
    return found === undefined ? null : [found[1], network];
  }
  const found = WALLETS.find(([known]) => guid !== null && fitsGuid(known, guid));
  return found === undefined ? null : [found[1], found[2]];
}

function recogniseOne(account: MerchantAccount): WalletCode | null {
  const named = slugOf(account);
  if (named === null) return null;
  const [scheme, name] = named;
  const id = account.network === null ? account.fields["01"] || null : account.value;
  return {
    scheme,
    id: account.id,
    payee: id === null ? null : { type: "merchant_id", value: id },
    reference: null,
    expiresAt: null,
    findings: [],
    details: { name },
  };
}

const NAMES = { "00": "Application", "01": "Merchant ID" };

export const wallets: Scheme<WalletCode> = {
  slug: "wallets",
  name: "Other wallets and card networks",
  templates: WALLETS.map(([guid]): SchemeTemplate => ({ guid, ids: null, names: NAMES })),
  extraNames: {},
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise: (code: EmvDescription) =>
    code.accounts.map(recogniseOne).filter((found) => found !== null),
};
