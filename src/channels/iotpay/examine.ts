/** What is checked when the credentials of an account are saved. Messages never repeat a value. */
import { sha256Hex } from "../../crypto/digest.ts";
import type { Issue } from "../../errors.ts";
import { issuesOf } from "../../issues.ts";
import { err, ok, type Result } from "../../result.ts";
import type { CredentialsReport, IntegrationMode } from "../adapter.ts";
import { iotpayCredentials, LOGIN_NAME_LIMIT } from "./credentials.ts";

export const directMode: IntegrationMode = {
  credentials: iotpayCredentials,

  async examine(input: unknown): Promise<Result<CredentialsReport, Issue[]>> {
    const parsed = iotpayCredentials.safeParse(input);
    if (!parsed.success) {
      return err(issuesOf(parsed.error));
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
