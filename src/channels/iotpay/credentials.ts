/** What an IOTPay account consists of, and the check when it is saved. */
import * as z from "zod";

import { sha256Hex } from "../../crypto/digest.ts";
import type { Issue } from "../../errors.ts";
import { err, ok, type Result } from "../../result.ts";
import type { ChannelAccount, CredentialsReport, IntegrationMode } from "../adapter.ts";
import { WALLETS } from "./channel-ids.ts";

/** `loginName` of a refund is shorter than the `jobNo` that it usually is. */
const LOGIN_NAME_LIMIT = 32;

const printable = (max: number) =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), {
    error: `must be 1 to ${max} printable characters without spaces`,
  });

export const iotpayCredentials = z.strictObject({
  mch_id: z
    .string()
    .regex(/^[0-9A-Za-z_-]{1,30}$/, "must be the merchant number, up to 30 letters and digits")
    .describe("The merchant number that IOTPay assigned (mchId)."),
  merchant_key: z
    .string()
    .regex(/^[\x21-\x7e]{8,128}$/, "must be the key as IOTPay gave it, without spaces")
    .describe("The merchant key: signs requests and verifies notifications."),
  job_no: printable(50).describe("The merchant's login name (jobNo), sent with every order."),
  login_name: printable(LOGIN_NAME_LIMIT)
    .optional()
    .describe("The login name for refunds (loginName). Default: job_no."),
  wechat_app_id: z
    .string()
    .regex(/^wx[0-9a-f]{16}$/, "must be wx and 16 hexadecimal digits")
    .optional()
    .describe("The app or mini program at WeChat, for the methods app and jsapi."),
  payment_method_type: z
    .enum(WALLETS)
    .optional()
    .describe("The wallet of orders that do not say one."),
  encode_text: z
    .boolean()
    .optional()
    .describe("URL-encode subject and body before signing: IOTPay's cure for signature errors."),
  code_minutes: z
    .int()
    .min(1)
    .max(1_440)
    .optional()
    .describe("How long IOTPay's codes and links live. Default: 60."),
  refund_query_path: z
    .string()
    .regex(/^(\/[\w-]{1,40}){1,3}$/, "must be a path below /v1, like /query_refund")
    .optional()
    .describe(
      "The path of IOTPay's refund query for this contract. Without it an accepted refund counts as done.",
    ),
});

export type IotpayCredentials = z.infer<typeof iotpayCredentials>;

export const directMode: IntegrationMode = {
  credentials: iotpayCredentials,

  async examine(input: unknown): Promise<Result<CredentialsReport, Issue[]>> {
    const parsed = iotpayCredentials.safeParse(input);
    if (!parsed.success) {
      return err(
        parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
      );
    }
    const { mch_id, merchant_key, job_no, login_name } = parsed.data;
    if (merchant_key === mch_id || merchant_key === job_no) {
      return err([{ path: "merchant_key", message: "is another field's value, not the key" }]);
    }
    if (login_name === undefined && job_no.length > LOGIN_NAME_LIMIT) {
      const message = `is required: job_no is longer than the ${LOGIN_NAME_LIMIT} characters that refunds take`;
      return err([{ path: "login_name", message }]);
    }
    return ok({
      fingerprints: { merchant_key_sha256: await sha256Hex(merchant_key) },
      merchantAccount: mch_id,
    });
  },
};

/** An account ready for use: the newest version speaks, every version listens. */
export interface IotpayAccount extends IotpayCredentials {
  readonly loginName: string;
  readonly codeLifeMs: number;
  /** Newest first. Notifications may come under any of them while keys are changed. */
  readonly verifiers: readonly { readonly mchId: string; readonly merchantKey: string }[];
}

const DEFAULT_CODE_MINUTES = 60;

const remembered = new WeakMap<ChannelAccount, IotpayAccount>();

/** @throws Error when stored credentials do not parse: they were examined when they were saved. */
export function accountOf(account: ChannelAccount): IotpayAccount {
  const known = remembered.get(account);
  if (known !== undefined) return known;
  const versions = account.versions.map((version) => iotpayCredentials.safeParse(version));
  const readable = versions.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const [newest] = readable;
  if (newest === undefined || readable.length < versions.length) {
    throw new Error(`the IOTPay credentials stored for ${account.id} cannot be read`);
  }
  const opened: IotpayAccount = {
    ...newest,
    loginName: newest.login_name ?? newest.job_no,
    codeLifeMs: (newest.code_minutes ?? DEFAULT_CODE_MINUTES) * 60_000,
    verifiers: readable.map(({ mch_id, merchant_key }) => ({
      mchId: mch_id,
      merchantKey: merchant_key,
    })),
  };
  remembered.set(account, opened);
  return opened;
}
