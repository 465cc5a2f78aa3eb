/** Who applies: what exists, on which papers, and who stands for it. */
import * as z from "zod";

import { documentType, media, pictures, secret, text } from "./application-fields.ts";

const microBusiness = z.strictObject({
  micro_biz_type: z.enum(["MICRO_TYPE_STORE", "MICRO_TYPE_MOBILE", "MICRO_TYPE_ONLINE"]),
  micro_store_info: z
    .strictObject({
      micro_name: text,
      micro_address_code: text,
      micro_address: text,
      store_entrance_pic: media,
      micro_indoor_copy: media,
      store_longitude: text.optional(),
      store_latitude: text.optional(),
    })
    .optional(),
  micro_mobile_info: z
    .strictObject({
      micro_mobile_name: text,
      micro_mobile_city: text,
      micro_mobile_address: text,
      micro_mobile_pics: pictures,
    })
    .optional(),
  micro_online_info: z
    .strictObject({
      micro_online_store: text,
      micro_ec_name: text,
      micro_qrcode: media.optional(),
      micro_link: text.optional(),
    })
    .optional(),
});

const businessLicense = z.strictObject({
  license_copy: media,
  license_number: text,
  merchant_name: text,
  legal_person: text,
  license_address: text.optional(),
  period_begin: text.optional(),
  period_end: text.optional(),
});

const CERTIFICATES = [
  2388, 2389, 2390, 2391, 2392, 2393, 2394, 2395, 2396, 2399, 2400, 2520, 2521, 2522,
] as const;

const registrationCertificate = z.strictObject({
  cert_copy: media,
  cert_type: z.enum(CERTIFICATES.map((number) => `CERTIFICATE_TYPE_${number}`)),
  cert_number: text,
  merchant_name: text,
  company_address: text,
  legal_person: text,
  period_begin: text,
  period_end: text,
});

const identity = z.strictObject({
  id_holder_type: z.enum(["LEGAL", "SUPER"]).optional(),
  id_doc_type: documentType,
  authorize_letter_copy: media.optional(),
  id_card_info: z
    .strictObject({
      id_card_copy: media,
      id_card_national: media,
      id_card_name: secret,
      id_card_number: secret,
      id_card_address: secret.optional(),
      card_period_begin: text,
      card_period_end: text,
    })
    .optional(),
  id_doc_info: z
    .strictObject({
      id_doc_copy: media,
      id_doc_copy_back: media.optional(),
      id_doc_name: secret,
      id_doc_number: secret,
      id_doc_address: secret.optional(),
      doc_period_begin: text,
      doc_period_end: text,
    })
    .optional(),
  owner: z.boolean().optional(),
});

const owner = z.strictObject({
  ubo_id_doc_type: documentType,
  ubo_id_doc_copy: media,
  ubo_id_doc_copy_back: media.optional(),
  ubo_id_doc_name: secret,
  ubo_id_doc_number: secret,
  ubo_id_doc_address: secret,
  ubo_period_begin: text,
  ubo_period_end: text,
});

/** The proof of existence that each kind of subject has. */
const PROOFS = {
  SUBJECT_TYPE_INDIVIDUAL: "business_license_info",
  SUBJECT_TYPE_ENTERPRISE: "business_license_info",
  SUBJECT_TYPE_INSTITUTIONS: "certificate_info",
  SUBJECT_TYPE_INSTITUTIONS_CLONED: "certificate_info",
  SUBJECT_TYPE_GOVERNMENT: "certificate_info",
  SUBJECT_TYPE_OTHERS: "certificate_info",
  SUBJECT_TYPE_MICRO: "micro_biz_info",
} as const;

const SUBJECTS = Object.keys(PROOFS) as [keyof typeof PROOFS, ...(keyof typeof PROOFS)[]];

export const subjectInfo = z
  .strictObject({
    subject_type: z.enum(SUBJECTS),
    finance_institution: z.boolean().optional(),
    micro_biz_info: microBusiness.optional(),
    business_license_info: businessLicense.optional(),
    certificate_info: registrationCertificate.optional(),
    organization_info: z
      .strictObject({
        organization_copy: media,
        organization_code: text,
        org_period_begin: text,
        org_period_end: text,
      })
      .optional(),
    certificate_letter_copy: media.optional(),
    finance_institution_info: z
      .strictObject({
        finance_type: z.enum([
          "BANK_AGENT",
          "PAYMENT_AGENT",
          "INSURANCE",
          "TRADE_AND_SETTLE",
          "OTHER",
        ]),
        finance_license_pics: pictures,
      })
      .partial()
      .optional(),
    identity_info: identity,
    ubo_info_list: z.array(owner).max(10).optional(),
  })
  .superRefine((subject, context) => {
    const proof = PROOFS[subject.subject_type];
    if (subject[proof] !== undefined) return;
    const message = `is required for ${subject.subject_type}`;
    context.addIssue({ code: "custom", path: [proof], message });
  });
