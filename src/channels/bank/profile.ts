/**
 * What a bank or an aggregator does its own way, as data: how its message is authenticated, where
 * the fields are, how money is written, what means "paid", how it wants to be answered, and how it
 * is asked. The engine beside this file interprets it; adding a bank is adding a value.
 *
 * Texts in braces are filled in: see `template.ts` for the names there are.
 */
import type * as z from "zod";

/** Names of an account's settings at its bank (API.md section 4), and two of our own. */
export type SettingName =
  | "secret"
  | "public_key"
  | "username"
  | "password"
  | "token"
  | "app_key"
  | "app_secret"
  | "merchant_id"
  | "terminal_id"
  /** Where the bank's API is, for banks that tell each partner. */
  | "api_url"
  /** Who makes the code, where both is possible. */
  | "qr_source";

export type BankSettings = { readonly profile: string } & Readonly<
  Partial<Record<SettingName, string>>
>;

/** What a signature covers. A timestamp that is signed must be close to our clock (replay). */
export type SignedContent =
  | { readonly of: "body" }
  | { readonly of: "timestamp.body"; readonly timestampHeader: string }
  /**
   * Every field but the signature, sorted by name, name and value joined without anything. So the
   * text can be cut into fields in many ways: only messages of these fields and no others count.
   */
  | { readonly of: "sorted_fields"; readonly names: ReadonlySet<string> };

/** Schemes in which nobody without the key can make a message. */
export type Signature =
  | {
      readonly scheme: "hmac_sha256";
      readonly content: SignedContent;
      /** A header, or a field of the form. */
      readonly at: { readonly header: string } | { readonly field: string };
      readonly secretIs: "text" | "base64";
      /** `any`: hex or base64; a MAC has another length in each, so neither is taken for the other. */
      readonly encoding: "hex" | "any";
      /** Several signatures while keys change, separated by this. */
      readonly separator?: ",";
    }
  | { readonly scheme: "rsa_sha256"; readonly content: SignedContent; readonly header: string }
  /** A member of the body is a compact JWS; its payload is the message. */
  | { readonly scheme: "jws_hs256"; readonly member: string }
  | { readonly scheme: "fiuu_skey" };

/** Schemes that say nothing about the body: whoever has seen one message can make another. */
export type Token =
  | { readonly scheme: "none" }
  | { readonly scheme: "token"; readonly header: string; readonly setting: SettingName };

/** What the message says, by paths into it. */
export interface MessageMap {
  /** Other events of the same webhook are acknowledged and nothing more. */
  readonly event?: { readonly at: string; readonly is: readonly string[] };
  /** Members that must name this account. Optional ones are compared when they are there. */
  readonly belongs?: readonly {
    readonly at: string;
    readonly is: string;
    readonly optional?: true;
  }[];
  /**
   * The reference that the code carries. `code`: the message holds the whole code instead.
   * `asked`: a reply that does not repeat what it was asked for.
   */
  readonly reference:
    | { readonly at: string }
    | { readonly code: string }
    | { readonly asked: true };
  readonly amount: { readonly at: string; readonly unit: "major" | "minor" };
  /** `also`: names that the bank has besides those of ISO 4217. */
  readonly currency:
    | { readonly at: string; readonly also?: Readonly<Record<string, string>> }
    | { readonly fixed: string };
  /** The bank's number for the payment. */
  readonly transactionId: string;
  readonly paidAt?: { readonly at: string; readonly written: TimeFormat };
  readonly state: StateMap;
}

/** `local`: "YYYY-MM-DD hh:mm:ss" in the zone that is named, in hours east of Greenwich. */
export type TimeFormat =
  | { readonly form: "iso" }
  | { readonly form: "unix_seconds" }
  | { readonly form: "local"; readonly zone: number };

export interface StateMap {
  readonly at: string;
  readonly paid?: readonly string[];
  /** The payer's bank said no, or is not done: the code can still be paid. */
  readonly open?: readonly string[];
  readonly closed?: readonly string[];
  /** The bank knows of no such payment. */
  readonly absent?: readonly string[];
  readonly reversed?: readonly string[];
  /** What any other word means, or none at all; absent: it is not believed. */
  readonly otherwise?: "paid" | "open";
}

/** A plain 200, or the words that the bank insists on; null values stay null. */
export type Acknowledgement =
  | { readonly text: string }
  | { readonly json: Readonly<Record<string, string | null>> };

/** One call of the bank's API. */
export interface BankCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** User name and password of HTTP Basic; "" is an empty password. */
  readonly basic?: readonly [username: SettingName, password: SettingName | ""];
  /** AmBank's header, an HMAC over path, time and body. */
  readonly signature?: "ambank";
}

/** A reply's own word for success; a reply without it is a refusal. */
export interface Success {
  readonly at: string;
  readonly is: readonly string[];
  /** Where a refusal says why: a code of the error table. */
  readonly code?: string;
}

export interface TokenCall extends BankCall {
  readonly token: string;
  /** Seconds. */
  readonly lifetime: string;
}

export interface QueryCall extends BankCall {
  readonly success?: Success;
  /** HTTP statuses that mean: nothing is known under this reference. */
  readonly unknownStatuses?: readonly number[];
  /** The reply holds a list of payments here ("" when it is one itself); absent: it is the payment. */
  readonly list?: string;
  readonly map: MessageMap;
  /** The bank looks into one day at a time, {date}: asked for the day of the order and for today. */
  readonly perDay?: true;
  /** Only a message tells what to ask for: the code itself. */
  readonly needsCode?: true;
}

/** The bank makes the code. */
export interface IssueCall extends BankCall {
  readonly success?: Success;
  readonly code: string;
  /** Characters of the reference that the bank takes for the order's number. */
  readonly referenceLength: number;
  /** Seconds that the bank lets a code live. */
  readonly lifetimeSeconds?: number;
  /** The reference stands in the code too, where it is compared. */
  readonly referenceInCode: boolean;
  /** Always, or only where the account's `qr_source` says so. */
  readonly when: "always" | "chosen";
}

export interface CloseCall extends BankCall {
  readonly success: Success;
}

export interface BankApi {
  /** Null: the account says it, `api_url`; an account that does not cannot ask. */
  readonly host: string | null;
  /** Hours east of Greenwich that dates are meant in. */
  readonly zone: number;
  readonly token?: TokenCall;
  readonly query: QueryCall;
  readonly issue?: IssueCall;
  readonly close?: CloseCall;
}

/**
 * Whether the message itself is believed, or only what the bank answers when it is asked. A message
 * that anybody could have sent can only be the second: the type allows nothing else.
 */
type Trust =
  | { readonly believed: "message"; readonly authentication: Signature; readonly api?: BankApi }
  | {
      readonly believed: "query";
      readonly authentication: Signature | Token;
      readonly api: BankApi;
    };

export type BankProfile = Trust & {
  readonly id: string;
  readonly name: string;
  /** What an account must hold: a strict object with `profile`. */
  readonly settings: z.ZodObject;
  readonly format: "json" | "form";
  readonly message: MessageMap;
  readonly acknowledgement: Acknowledgement;
};
