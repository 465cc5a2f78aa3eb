/**
 * QRIS (Bank Indonesia): the acquirer's account in one of 26–45 under a domain of its own
 * ("ID.CO.BANK.WWW"), the national merchant in object 51 under ID.CO.QRIS.WWW. Merchants are
 * registered centrally, so {@link buildQris} is for the sandbox and tests; an acquirer's static
 * code becomes a dynamic one through `template.ts`. Sub-objects follow codes in use.
 */
import type { Money } from "../../../money.ts";
import type { Result } from "../../../result.ts";
import { buildEmv, type MaybeField } from "../build.ts";
import type { EmvDescription, MerchantAccount } from "../description.ts";
import { idOf } from "../dictionary.ts";
import { type EmvError, type EmvFinding, refuse } from "../issues.ts";
import {
  amountText,
  cityField,
  type Initiation,
  initiationField,
  nameField,
  optional,
  optionalTemplate,
  type Shopfront,
} from "./inputs.ts";
import {
  abroad,
  against,
  placed,
  type RecognisedCode,
  type Scheme,
  type SchemeTemplate,
} from "./scheme.ts";

const QRIS = "ID.CO.QRIS.WWW";

/** Size of the merchant, which sets the fee: micro, small, middle, large, and public service. */
export const QRIS_CRITERIA = ["UMI", "UKE", "UME", "UBE", "URE"] as const;

export type QrisCriterion = (typeof QRIS_CRITERIA)[number];

const isCriterion = (text: string | null): text is QrisCriterion =>
  QRIS_CRITERIA.some((one) => one === text);

const NATIONAL: SchemeTemplate = {
  guid: QRIS,
  // Some acquirers have no domain of their own and repeat this one in their account.
  ids: null,
  names: {
    "00": "Application",
    "01": "Merchant PAN",
    "02": "National merchant ID",
    "03": "Merchant criterion",
  },
};
const ACQUIRER: SchemeTemplate = {
  guid: /^(?:ID|COM)\.[A-Z0-9.-]{1,24}\.WWW$/i,
  ids: Array.from({ length: 20 }, (_, index) => idOf(26 + index)),
  names: {
    "00": "Acquirer",
    "01": "Merchant PAN",
    "02": "Merchant ID",
    "03": "Merchant criterion",
  },
};

export interface QrisCode extends RecognisedCode {
  readonly scheme: "qris";
  readonly details: {
    /** NMID: "ID" and 13 digits. */
    readonly nationalMerchantId: string | null;
    readonly criterion: QrisCriterion | null;
    readonly acquirers: readonly {
      readonly id: string;
      readonly domain: string;
      readonly pan: string | null;
      readonly merchantId: string | null;
    }[];
    /** 62.07. */
    readonly terminal: string | null;
  };
}

const acquirerOf = ({ id, guid, fields }: MerchantAccount) => ({
  id,
  domain: guid ?? "",
  pan: fields["01"] || null,
  merchantId: fields["02"] || null,
});

/** A code is one payee, however many accounts it takes to say so. */
function recognise(code: EmvDescription): readonly QrisCode[] {
  if (code.country !== "ID") return [];
  const national = code.accounts.find(
    (account) => account.id === "51" && placed([NATIONAL], account) !== null,
  );
  const acquirers = code.accounts.filter(
    (account) => account !== national && placed([NATIONAL, ACQUIRER], account) !== null,
  );
  const main = national ?? acquirers[0];
  if (main === undefined) return [];
  const findings: EmvFinding[] = [...abroad(code, ["360"], "ID")];
  const nationalMerchantId = national?.fields["02"] || null;
  if (national !== undefined && !/^ID\d{13}$/.test(nationalMerchantId ?? "")) {
    findings.push(against(national, "02", "a national merchant ID is ID and 13 digits"));
  }
  const criterion = main.fields["03"] || null;
  if (!isCriterion(criterion)) {
    findings.push(against(main, "03", `a criterion is one of ${QRIS_CRITERIA.join(", ")}`));
  }
  const { billNumber, referenceLabel, terminalLabel } = code.additionalData ?? {};
  const payee = nationalMerchantId === null ? null : { type: "nmid", value: nationalMerchantId };
  return [
    {
      scheme: "qris",
      id: main.id,
      payee,
      reference: referenceLabel ?? billNumber ?? null,
      expiresAt: null,
      findings,
      details: {
        nationalMerchantId,
        criterion: isCriterion(criterion) ? criterion : null,
        acquirers: acquirers.map(acquirerOf),
        terminal: terminalLabel ?? null,
      },
    },
  ];
}

export const qris: Scheme<QrisCode> = {
  slug: "qris",
  name: "QRIS",
  templates: [NATIONAL, ACQUIRER],
  extraNames: {},
  mayOmit: [],
  secondVersion: false,
  insists: false,
  recognise,
};

export interface QrisInput extends Shopfront {
  readonly acquirer: {
    /** Domain written backwards, "ID.CO.BANK.WWW". */
    readonly domain: string;
    /** Merchant PAN, 16 to 19 digits. */
    readonly pan: string;
    /** At most 15 characters. */
    readonly merchantId: string;
  };
  /** "ID" and 13 digits. */
  readonly nationalMerchantId: string;
  readonly criterion: QrisCriterion;
  /** In IDR, whole rupiah; without one the payer enters it. */
  readonly amount?: Money | null;
  readonly billNumber?: string | null;
  readonly reference?: string | null;
  readonly terminal?: string | null;
  readonly initiation?: Initiation;
}

/** A code of QRIS's form; only registered merchants are paid by it. */
export function buildQris(input: QrisInput): Result<string, EmvError> {
  const amount = amountText(input.amount, ["IDR"]);
  if (!amount.ok) return amount;
  const { acquirer, nationalMerchantId, criterion } = input;
  if (!ACQUIRER_DOMAIN.test(acquirer.domain)) {
    return refuse("EMV_FORMAT", "26.00", "a domain written backwards, as ID.CO.BANK.WWW");
  }
  if (!/^\d{16,19}$/.test(acquirer.pan)) return refuse("EMV_FORMAT", "26.01", "16 to 19 digits");
  if (!/^[\x21-\x7e]{1,15}$/.test(acquirer.merchantId)) {
    return refuse("EMV_FORMAT", "26.02", "1 to 15 characters");
  }
  if (!/^ID\d{13}$/.test(nationalMerchantId)) {
    return refuse("EMV_FORMAT", "51.02", "ID and 13 digits");
  }
  const fields: readonly MaybeField[] = [
    ["00", "01"],
    initiationField(input.initiation, amount.value),
    [
      "26",
      [
        ["00", acquirer.domain],
        ["01", acquirer.pan],
        ["02", acquirer.merchantId],
        ["03", criterion],
      ],
    ],
    [
      "51",
      [
        ["00", QRIS],
        ["02", nationalMerchantId],
        ["03", criterion],
      ],
    ],
    ["52", input.mcc ?? "5999"],
    ["53", "360"],
    optional("54", amount.value),
    ["58", "ID"],
    nameField(input, "NA"),
    cityField(input, "Jakarta"),
    optional("61", input.postalCode),
    optionalTemplate("62", [
      optional("01", input.billNumber),
      optional("05", input.reference),
      optional("07", input.terminal),
    ]),
  ];
  return buildEmv(fields);
}

const ACQUIRER_DOMAIN = /^(?:ID|COM)\.[A-Z0-9.-]{1,24}\.WWW$/;
