/**
 * A sub-merchant's application (`applyment4sub`) as callers give it: WeChat Pay's own form without
 * the number, which is ours. Secret fields are given in clear and encrypted before they are sent.
 * Pictures are media ids of WeChat Pay's upload. https://pay.weixin.qq.com/doc/v3/partner/4012719997
 */
import * as z from "zod";

import { utf8 } from "../../crypto/encoding.ts";

/** RSA-OAEP with SHA-1 takes this many bytes under a key of 2048 bits. */
const SECRET_BYTES = 214;

/** Names of the fields that travel encrypted with WeChat Pay's key, wherever they stand. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "contact_name",
  "contact_id_number",
  "mobile_phone",
  "contact_email",
  "id_card_name",
  "id_card_number",
  "id_card_address",
  "id_doc_name",
  "id_doc_number",
  "id_doc_address",
  "ubo_id_doc_name",
  "ubo_id_doc_number",
  "ubo_id_doc_address",
  "account_name",
  "account_number",
]);

const text = z.string().min(1).max(512);
const secret = z
  .string()
  .min(1)
  .refine((value) => utf8(value).length <= SECRET_BYTES, `must have at most ${SECRET_BYTES} bytes`)
  .describe("In clear; encrypted before it is sent.");
const media = z.string().min(1).max(512).describe("media_id of an uploaded picture.");
const pictures = z.array(media).min(1).max(10);
const appid = z.string().min(1).max(64);

const documentType = z.enum([
  "IDENTIFICATION_TYPE_IDCARD",
  "IDENTIFICATION_TYPE_OVERSEA_PASSPORT",
  "IDENTIFICATION_TYPE_HONGKONG_PASSPORT",
  "IDENTIFICATION_TYPE_MACAO_PASSPORT",
  "IDENTIFICATION_TYPE_TAIWAN_PASSPORT",
  "IDENTIFICATION_TYPE_FOREIGN_RESIDENT",
  "IDENTIFICATION_TYPE_HONGKONG_MACAO_RESIDENT",
  "IDENTIFICATION_TYPE_TAIWAN_RESIDENT",
]);

const contactInfo = z.strictObject({
  contact_type: z.enum(["LEGAL", "SUPER"]),
  contact_name: secret,
  contact_id_doc_type: documentType.optional(),
  contact_id_number: secret.optional(),
  contact_id_doc_copy: media.optional(),
  contact_id_doc_copy_back: media.optional(),
  contact_period_begin: text.optional(),
  contact_period_end: text.optional(),
  business_authorization_letter: media.optional(),
  openid: text.optional(),
  mobile_phone: secret,
  contact_email: secret,
});

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

const subjectInfo = z
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

const salesInfo = z.strictObject({
  sales_scenes_type: z
    .array(
      z.enum([
        "SALES_SCENES_STORE",
        "SALES_SCENES_MP",
        "SALES_SCENES_MINI_PROGRAM",
        "SALES_SCENES_WEB",
        "SALES_SCENES_APP",
        "SALES_SCENES_WEWORK",
      ]),
    )
    .min(1),
  biz_store_info: z
    .strictObject({
      biz_store_name: text,
      biz_address_code: text,
      biz_store_address: text,
      store_entrance_pic: pictures,
      indoor_pic: pictures,
      biz_sub_appid: appid.optional(),
    })
    .optional(),
  mp_info: z
    .strictObject({ mp_appid: appid, mp_sub_appid: appid, mp_pics: pictures })
    .partial()
    .optional(),
  mini_program_info: z
    .strictObject({
      mini_program_appid: appid,
      mini_program_sub_appid: appid,
      mini_program_pics: pictures,
    })
    .partial()
    .optional(),
  app_info: z
    .strictObject({ app_appid: appid, app_sub_appid: appid, app_pics: pictures })
    .partial()
    .optional(),
  web_info: z
    .strictObject({ domain: text, web_authorisation: media, web_appid: appid })
    .partial()
    .optional(),
  wework_info: z.strictObject({ sub_corp_id: text, wework_pics: pictures }).partial().optional(),
});

const settlementInfo = z
  .strictObject({
    settlement_id: text,
    qualification_type: text,
    qualifications: pictures,
    activities_id: text,
    activities_rate: text,
    debit_activities_rate: text,
    credit_activities_rate: text,
    activities_additions: pictures,
  })
  .partial();

const bankAccountInfo = z.strictObject({
  bank_account_type: z.enum(["BANK_ACCOUNT_TYPE_CORPORATE", "BANK_ACCOUNT_TYPE_PERSONAL"]),
  account_name: secret,
  account_bank: text,
  bank_address_code: text,
  bank_name: text.optional(),
  bank_branch_id: text.optional(),
  account_number: secret,
});

export const applicationSchema = z.strictObject({
  contact_info: contactInfo,
  subject_info: subjectInfo,
  business_info: z.strictObject({
    merchant_shortname: text,
    service_phone: text,
    sales_info: salesInfo,
  }),
  settlement_info: settlementInfo,
  bank_account_info: bankAccountInfo,
  addition_info: z
    .strictObject({
      legal_person_commitment: media,
      legal_person_video: media,
      business_addition_pics: pictures,
      business_addition_msg: text,
    })
    .partial()
    .optional(),
});
