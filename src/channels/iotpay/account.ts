/** An account ready for use: the newest version speaks, every version listens. */
import { perAccount } from "../per-account.ts";
import { iotpayCredentials, type IotpayCredentials } from "./credentials.ts";

export interface IotpayAccount extends IotpayCredentials {
  readonly loginName: string;
  readonly codeLifeMs: number;
  /** Newest first. Notifications may come under any of them while keys are changed. */
  readonly verifiers: readonly { readonly mchId: string; readonly merchantKey: string }[];
}

const DEFAULT_CODE_MINUTES = 60;

/** @throws Error when stored credentials do not parse: they were examined when they were saved. */
export const accountOf = perAccount((account): IotpayAccount => {
  const versions = account.versions.map((version) => iotpayCredentials.safeParse(version));
  const readable = versions.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const [newest] = readable;
  if (newest === undefined || readable.length < versions.length) {
    throw new Error(`the IOTPay credentials stored for ${account.id} cannot be read`);
  }
  return {
    ...newest,
    loginName: newest.login_name ?? newest.job_no,
    codeLifeMs: (newest.code_minutes ?? DEFAULT_CODE_MINUTES) * 60_000,
    verifiers: readable.map(({ mch_id, merchant_key }) => ({
      mchId: mch_id,
      merchantKey: merchant_key,
    })),
  };
});
