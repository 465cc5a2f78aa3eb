/** The forms of an account's credentials. What they mean is examined elsewhere. */
import * as z from "zod";

/** Longest PEM accepted, in characters: the root file is under 10 KB. */
const PEM_LIMIT = 32_768;

/** Longest refund window that a contract gives. */
const WINDOW_DAYS_MAX = 365;

const pem = (description: string) => z.string().min(1).max(PEM_LIMIT).describe(description);

const appId = () =>
  z.string().regex(/^\d{16}$/, "must be the 16 digits of the application, for instance 2021…");

const partnerId = () => z.string().regex(/^2088\d{12}$/, "must be 2088 and 12 more digits");

/** Documented with up to 40 characters; longer ones are Alipay's to refuse. */
const token = () => z.string().regex(/^[\w.-]{1,128}$/, "must be a token as Alipay handed it out");

/** Mode `direct`: the merchant's own application. */
export const alipayCredentials = z.strictObject({
  app_id: appId().describe("The application's number, from its page on the open platform."),
  seller_id: partnerId()
    .optional()
    .describe("The merchant's PID. When set, notifications about another seller are refused."),
  private_key: pem("The application's private key: PKCS#1 or PKCS#8, PEM or bare base64."),
  alipay_public_key: pem(
    "Public-key mode: the Alipay public key that the console shows beside the application's own.",
  ).optional(),
  app_cert: pem("Certificate mode: appCertPublicKey_….crt.").optional(),
  alipay_cert: pem("Certificate mode: alipayCertPublicKey_RSA2.crt.").optional(),
  alipay_root_cert: pem("Certificate mode: alipayRootCert.crt, the whole file.").optional(),
  aes_key: z
    .string()
    .max(64)
    .optional()
    .describe("Where content encryption is switched on: the AES key, base64, from the console."),
  refund_window_days: z
    .int()
    .min(1)
    .max(WINDOW_DAYS_MAX)
    .optional()
    .describe("Days in which payments can be refunded, by the contract. 90 when left out."),
});

/** Mode `isv`: a service provider's application acts for a merchant that has authorised it. */
export const isvCredentials = alipayCredentials.extend({
  app_id: appId().describe("The service provider's application."),
  app_auth_token: token()
    .optional()
    .describe("The merchant's authorisation. Left out: authorise by link after saving."),
  auth_app_id: appId().optional().describe("The merchant's own application."),
  app_refresh_token: token().optional().describe("Renews the authorisation before it runs out."),
  app_auth_token_expires_at: z
    .int()
    .nonnegative()
    .optional()
    .describe("When the authorisation runs out, in milliseconds since 1970."),
  sys_service_provider_id: partnerId()
    .optional()
    .describe("The service provider's PID, for its rebates."),
});

/** What either mode may hold; stored credentials are read by the wider form. */
export type AlipayCredentials = z.infer<typeof isvCredentials>;
