/** The form of an account's credentials (mode `direct`). What they mean is examined elsewhere. */
import * as z from "zod";

/** Longest PEM accepted, in characters: the root file is under 10 KB. */
const PEM_LIMIT = 32_768;

const pem = (description: string) => z.string().min(1).max(PEM_LIMIT).describe(description);

export const alipayCredentials = z.strictObject({
  app_id: z
    .string()
    .regex(/^\d{16}$/, "must be the 16 digits of the application, for instance 2021…")
    .describe("The application's number, from its page on the open platform."),
  seller_id: z
    .string()
    .regex(/^2088\d{12}$/, "must be 2088 and 12 more digits")
    .optional()
    .describe("The merchant's PID. When set, notifications about another seller are refused."),
  private_key: pem("The application's private key: PKCS#1 or PKCS#8, PEM or bare base64."),
  alipay_public_key: pem(
    "Public-key mode: the Alipay public key that the console shows beside the application's own.",
  ).optional(),
  app_cert: pem("Certificate mode: appCertPublicKey_….crt.").optional(),
  alipay_cert: pem("Certificate mode: alipayCertPublicKey_RSA2.crt.").optional(),
  alipay_root_cert: pem("Certificate mode: alipayRootCert.crt, the whole file.").optional(),
});

export type AlipayCredentials = z.infer<typeof alipayCredentials>;
