/**
 * KHQR (National Bank of Cambodia): a Bakong account "name@bank" as the identifier of object 29
 * (individual) or 30 (merchant); object 99 holds when a dynamic code was made and when it ends.
 */
import type { Money } from "../../../money.ts";
import type { Result } from "../../../result.ts";
import { buildEmv, type MaybeField } from "../build.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { type EmvError, type EmvFinding, finding, emvError, refuse } from "../issues.ts";
import {
  amountText,
  cityField,
  initiationField,
  nameField,
  optional,
  optionalTemplate,
  type Shopfront,
} from "./inputs.ts";
import { abroad, placed, type RecognisedCode, type Scheme, type SchemeTemplate } from "./scheme.ts";

const BAKONG_ID = /^[^@\s]{1,31}@[A-Za-z0-9_]{1,30}$/;

const INDIVIDUAL: SchemeTemplate = {
  guid: BAKONG_ID,
  ids: ["29", "30"],
  names: {
    "00": "Bakong account",
    "01": "Account or merchant ID",
    "02": "Acquiring bank",
  },
};

/** Object 99, although nothing in it names it. */
const TIMES = "99";

export interface KhqrCode extends RecognisedCode {
  readonly scheme: "khqr";
  readonly details: {
    readonly kind: "individual" | "merchant";
    /** "name@bank". */
    readonly bakongAccount: string;
    /** Individual: account at the bank; merchant: merchant ID. */
    readonly account: string | null;
    readonly acquiringBank: string | null;
    /** Milliseconds since 1970. */
    readonly createdAt: number | null;
  };
}

const milliseconds = (text: string | undefined): number | null =>
  text !== undefined && /^\d{13}$/.test(text) ? Number(text) : null;

function recogniseOne(code: EmvDescription, account: MerchantAccount): KhqrCode | null {
  // The identifier is the payee's own: only the country makes it Cambodian.
  if (code.country !== "KH" || (account.id !== "29" && account.id !== "30")) return null;
  if (placed([INDIVIDUAL], account) === null) return null;
  const findings: EmvFinding[] = [...abroad(code, ["116", "840"], "KH")];
  const times = code.unreserved.find(({ id }) => id === TIMES)?.children ?? [];
  const timeIn = (sub: string) => milliseconds(times.find(({ id }) => id === sub)?.value);
  const expiresAt = timeIn("01");
  if (code.initiation === "dynamic" && expiresAt === null) {
    const missing = emvError("EMV_SCHEME", TIMES, "a dynamic code says when it ends");
    findings.push(finding("notice", missing));
  }
  const { billNumber = null, referenceLabel = null } = code.additionalData ?? {};
  const bakongAccount = account.guid ?? "";
  return {
    scheme: "khqr",
    id: account.id,
    payee: { type: "bakong_account", value: bakongAccount },
    reference: billNumber ?? referenceLabel,
    expiresAt,
    findings,
    details: {
      kind: account.id === "29" ? "individual" : "merchant",
      bakongAccount,
      account: account.fields["01"] || null,
      acquiringBank: account.fields["02"] || null,
      createdAt: timeIn("00"),
    },
  };
}

export const khqr: Scheme<KhqrCode> = {
  slug: "khqr",
  name: "KHQR (Bakong)",
  templates: [INDIVIDUAL],
  extraNames: { [TIMES]: "Times", [`${TIMES}.00`]: "Created", [`${TIMES}.01`]: "Ends" },
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise: (code) =>
    code.accounts.map((account) => recogniseOne(code, account)).filter((found) => found !== null),
};

export interface KhqrInput extends Shopfront {
  readonly kind: "individual" | "merchant";
  /** "name@bank", at most 32 characters. */
  readonly bakongAccount: string;
  readonly account?: string | null;
  readonly acquiringBank?: string | null;
  /** Needed where the code has no amount. */
  readonly currency?: "KHR" | "USD";
  /** In KHR (whole riel) or USD; without one the payer enters it. */
  readonly amount?: Money | null;
  /** Milliseconds since 1970; a code with an amount must have both. */
  readonly createdAt?: number | null;
  readonly expiresAt?: number | null;
  readonly billNumber?: string | null;
  readonly terminal?: string | null;
}

const isMilliseconds = (value: number | null | undefined): value is number =>
  Number.isSafeInteger(value) && /^\d{13}$/.test(String(value));

/** A Bakong code; whoever holds the account is paid. */
export function buildKhqr(input: KhqrInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["KHR", "USD"]);
  if (!amount.ok) return amount;
  const object = input.kind === "individual" ? "29" : "30";
  const { bakongAccount, account, acquiringBank, createdAt, expiresAt } = input;
  if (!BAKONG_ID.test(bakongAccount) || bakongAccount.length > 32) {
    return refuse("EMV_FORMAT", `${object}.00`, "name@bank, at most 32 characters");
  }
  if (input.kind === "merchant" && (!account || !acquiringBank)) {
    return refuse("EMV_MANDATORY_MISSING", object, "a merchant has an ID and a bank");
  }
  const times = isMilliseconds(createdAt) && isMilliseconds(expiresAt) && expiresAt > createdAt;
  if (amount.value !== null && !times) {
    return refuse("EMV_SCHEME", TIMES, "a code with an amount says when it was made and ends");
  }
  const currency = input.amount?.currency ?? input.currency ?? "KHR";
  const fields: readonly MaybeField[] = [
    ["00", "01"],
    initiationField("auto", amount.value),
    [object, [["00", bakongAccount], optional("01", account), optional("02", acquiringBank)]],
    ["52", input.mcc ?? "5999"],
    ["53", currency === "USD" ? "840" : "116"],
    optional("54", amount.value),
    ["58", "KH"],
    nameField(input, "NA"),
    cityField(input, "Phnom Penh"),
    optional("61", input.postalCode),
    optionalTemplate("62", [optional("01", input.billNumber), optional("07", input.terminal)]),
    times
      ? [
          TIMES,
          [
            ["00", String(createdAt)],
            ["01", String(expiresAt)],
          ],
        ]
      : null,
  ];
  return buildEmv(fields);
}
