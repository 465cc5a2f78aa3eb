/**
 * The form of an account's credentials, by integration mode. On the wire only two modes differ from
 * `merchant`: an acquirer names the sub-merchant in every order, and a software vendor (`isv`)
 * signs with keys of its own and names the merchant by a token. What the values mean is examined
 * elsewhere.
 */
import * as z from "zod";

/** Longest PEM accepted, in characters: a 4096-bit key has about 3,300. */
const PEM_LIMIT = 8_192;

const pem = (description: string) => z.string().min(1).max(PEM_LIMIT).describe(description);

const name = (limit: number, description: string) =>
  z
    .string()
    .regex(/^[^\p{Cc}]+$/u, "must not be empty or hold control characters")
    .max(limit)
    .describe(description);

const mcc = (description: string) =>
  z
    .string()
    .regex(/^\d{4}$/, "must be the 4 digits of a merchant category code")
    .describe(description);

const common = {
  client_id: z
    .string()
    .regex(/^[0-9A-Za-z_]{1,64}$/, "must be the client ID as the dashboard shows it")
    .describe("The client ID, from the Antom dashboard. SANDBOX_… uses Antom's own sandbox paths."),
  private_key: pem("Your private key: PKCS#1 or PKCS#8, PEM or bare base64."),
  antom_public_key: pem("Antom's public key, which the dashboard shows beside your own."),
  key_version: z
    .union([z.int().min(1).max(9999), z.string().regex(/^[1-9]\d{0,3}$/, "must be a number")])
    .optional()
    .describe("The version of the key pair, as the dashboard shows it. Default 1."),
  payment_method_type: z
    .string()
    .regex(/^[A-Z0-9_]{1,64}$/, "must be a wallet's name, for instance ALIPAY_CN")
    .optional()
    .describe("The wallet of payments that name none. Default ALIPAY_CN."),
  merchant_account_id: z
    .string()
    .regex(/^[\w-]{1,32}$/, "must be 1 to 32 letters and digits")
    .optional()
    .describe("Needed if one client ID covers several sites or accounts."),
};

const store = z.strictObject({
  reference_store_id: name(64, "Your number for the store."),
  store_name: name(512, "The store's name."),
  store_mcc: mcc("The store's merchant category code.").optional(),
});

export const subMerchant = z.strictObject({
  reference_merchant_id: name(64, "Your number for the sub-merchant."),
  merchant_mcc: mcc("The sub-merchant's merchant category code."),
  merchant_name: name(256, "The sub-merchant's name."),
  store: store.optional(),
});

export type SubMerchant = z.infer<typeof subMerchant>;

const merchantCredentials = z.strictObject(common);

const acquirerCredentials = z.strictObject({
  ...common,
  merchant: subMerchant.describe("The sub-merchant that this account collects for."),
});

export const isvCredentials = z.strictObject({
  ...common,
  agent_token: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, "must be the token as Antom issued it")
    .describe("Antom's token for acting on behalf of this merchant."),
});

/** What one credentials version holds, whichever mode it is of. */
export interface AntomCredentials extends z.infer<typeof merchantCredentials> {
  readonly merchant?: SubMerchant;
  readonly agent_token?: string;
}

export const CREDENTIALS = {
  merchant: merchantCredentials,
  acquirer: acquirerCredentials,
  isv: isvCredentials,
  // The merchant's own credentials in other hands.
  integrator: merchantCredentials,
} as const;

export type AntomMode = keyof typeof CREDENTIALS;

/** Members that one mode alone has. */
export const MEMBER_OF: Readonly<Record<string, AntomMode>> = {
  merchant: "acquirer",
  agent_token: "isv",
};

export const isMode = (mode: string): mode is AntomMode => Object.hasOwn(CREDENTIALS, mode);

export const keyVersionOf = ({ key_version }: Pick<AntomCredentials, "key_version">): string =>
  String(key_version ?? 1);
