/**
 * IOTPay publishes no layout of its exports: our plain CSV is read, on UTC's clock, unless the
 * account has a profile. IOTPay takes no underscore in a refund's number, so it repeats ours without.
 */
import { mappedFormat } from "../statement/mapped.ts";
import { plainProfile } from "../statement/profile.ts";

const WITHOUT_UNDERSCORE = /^re(?=[0-9a-z]{28}$)/;

export const iotpayStatement = mappedFormat("iotpay_plain", plainProfile(0), {
  translate: (line) =>
    line.kind === "refund" && line.reference !== null
      ? { ...line, reference: line.reference.replace(WITHOUT_UNDERSCORE, "re_") }
      : line,
});
