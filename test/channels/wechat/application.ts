/** A whole application of an enterprise, as a caller gives it. */
export const applicationOf = (shortname = "Corner Shop"): Record<string, unknown> => ({
  contact_info: {
    contact_type: "LEGAL",
    contact_name: "张三",
    contact_id_number: "110101199003070000",
    mobile_phone: "13900000000",
    contact_email: "zhang@example.com",
  },
  subject_info: {
    subject_type: "SUBJECT_TYPE_ENTERPRISE",
    business_license_info: {
      license_copy: "media_license",
      license_number: "914201123033363296",
      merchant_name: "街角商店有限公司",
      legal_person: "张三",
    },
    identity_info: {
      id_doc_type: "IDENTIFICATION_TYPE_IDCARD",
      id_card_info: {
        id_card_copy: "media_front",
        id_card_national: "media_back",
        id_card_name: "张三",
        id_card_number: "110101199003070000",
        card_period_begin: "2020-01-01",
        card_period_end: "长期",
      },
      owner: true,
    },
  },
  business_info: {
    merchant_shortname: shortname,
    service_phone: "0758123456",
    sales_info: {
      sales_scenes_type: ["SALES_SCENES_WEB"],
      web_info: { domain: "shop.example" },
    },
  },
  settlement_info: { settlement_id: "719", qualification_type: "餐饮" },
  bank_account_info: {
    bank_account_type: "BANK_ACCOUNT_TYPE_CORPORATE",
    account_name: "街角商店有限公司",
    account_bank: "工商银行",
    bank_address_code: "110000",
    account_number: "6222000000000000000",
  },
});

/** Every secret in it, by name. */
export const SECRETS = [
  "张三",
  "110101199003070000",
  "13900000000",
  "zhang@example.com",
  "街角商店有限公司",
  "6222000000000000000",
] as const;
