/**
 * A sub-merchant's application (`applyment4sub`) as callers give it: WeChat Pay's own form without
 * the number, which is ours. Secret fields are given in clear and encrypted before they are sent.
 * Pictures are media ids of WeChat Pay's upload.
 */
import * as z from "zod";

import { appid, documentType, media, pictures, secret, text } from "./application-fields.ts";
import { subjectInfo } from "./application-subject.ts";

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
