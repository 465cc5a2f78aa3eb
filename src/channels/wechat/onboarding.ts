/**
 * A sub-merchant joins WeChat Pay through a service provider: the application goes out under our
 * number, its secrets encrypted with WeChat Pay's key, and is followed until it is approved.
 */
import * as z from "zod";

import { oaepEncrypt } from "../../crypto/rsa.ts";
import type {
  ChannelAccount,
  ChannelError,
  ChannelIo,
  Onboarding,
  OnboardingStatus,
  Outcome,
} from "../adapter.ts";
import { parseJson } from "../json.ts";
import { unknown } from "../outcomes.ts";
import { applicationSchema, SECRET_FIELDS } from "./application.ts";
import { encryptionKey, type EncryptionKey } from "./encryption.ts";
import { exchange, failed, malformed, withKeys } from "./exchange.ts";
import type { AccountKeys } from "./keys.ts";

/** The slash at the end is part of the path. */
const SUBMIT_PATH = "/v3/applyment4sub/applyment/";

const statusPath = (applicationNumber: string): string =>
  `${SUBMIT_PATH}business_code/${encodeURIComponent(applicationNumber)}`;

type State = OnboardingStatus["state"];

/** Without their prefix. EDITTING: submitting failed half-way, and has to be done again. */
export const APPLICATION_STATES: Readonly<Record<string, State>> = {
  WAITTING_FOR_AUDIT: "reviewing",
  AUDITING: "reviewing",
  SIGNING: "reviewing",
  EDITTING: "action_required",
  WAITTING_FOR_CONFIRM_CONTACT: "action_required",
  WAITTING_FOR_CONFIRM_LEGALPERSON: "action_required",
  TO_BE_CONFIRMED: "action_required",
  TO_BE_SIGNED: "action_required",
  REJECTED: "rejected",
  FREEZED: "rejected",
  CANCELED: "rejected",
  PASSED: "approved",
  FINISHED: "approved",
};

/** In these states WeChat Pay takes the application again, under the same number. */
const OPEN_FOR_CHANGES: ReadonlySet<string> = new Set([
  "APPLYMENT_STATE_EDITTING",
  "APPLYMENT_STATE_REJECTED",
]);

const PREFIX = "APPLYMENT_STATE_";

const statusSchema = z.looseObject({
  business_code: z.string().optional(),
  applyment_state: z.string().startsWith(PREFIX),
  sub_mchid: z.string().optional(),
  sign_url: z.string().optional(),
  audit_detail: z
    .array(
      z.looseObject({
        field: z.string().optional(),
        field_name: z.string().optional(),
        reject_reason: z.string().optional(),
      }),
    )
    .default([]),
});

const submittedSchema = z.looseObject({
  applyment_id: z.union([z.number(), z.string().min(1)]),
});

const refusal = (code: ChannelError["code"], channelCode: string, message: string) => ({
  kind: "rejected" as const,
  error: { code, channelCode, message, retryable: false },
});

/** Every value of the form, the secret ones encrypted. */
async function sealed(value: unknown, name: string, key: EncryptionKey): Promise<unknown> {
  if (typeof value === "string") {
    return SECRET_FIELDS.has(name) ? oaepEncrypt(key.publicKey, value) : value;
  }
  if (Array.isArray(value)) {
    return Promise.all(value.map((entry) => sealed(entry, name, key)));
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(
    async ([member, inner]) => [member, await sealed(inner, member, key)] as const,
  );
  return Object.fromEntries(await Promise.all(members));
}

const isWeb = (url: string): boolean => URL.parse(url)?.protocol === "https:";

function statusOf(read: z.infer<typeof statusSchema>): OnboardingStatus | null {
  const word = read.applyment_state.slice(PREFIX.length);
  const state = Object.hasOwn(APPLICATION_STATES, word) ? APPLICATION_STATES[word] : undefined;
  const subMerchant = read.sub_mchid || null;
  if (state === undefined || (state === "approved" && subMerchant === null)) return null;
  const url = read.sign_url ?? "";
  return {
    state,
    channelStatus: read.applyment_state,
    rejections: read.audit_detail.map(({ field, field_name, reject_reason }) => ({
      field: field || field_name || "",
      reason: reject_reason ?? "",
    })),
    actionUrl: state === "action_required" && isWeb(url) ? url : null,
    subMerchant,
  };
}

/** Null: WeChat Pay does not know the number. */
async function ask(
  applicationNumber: string,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<Outcome<OnboardingStatus | null>> {
  const path = statusPath(applicationNumber);
  const reply = await exchange(account, keys, io, { method: "GET", path });
  if (reply.kind === "refused" && reply.code === "RESOURCENOTEXISTS") {
    return { kind: "ok", value: null };
  }
  if (reply.kind !== "success") return failed(reply);
  const read = statusSchema.safeParse(parseJson(reply.body));
  if (reply.status !== 200 || !read.success) return malformed;
  const { business_code } = read.data;
  // The signature does not cover the request: this could be the answer about another application.
  if (business_code !== undefined && business_code !== applicationNumber) {
    const message = "The reply is about another application.";
    return unknown("other_application", message);
  }
  const status = statusOf(read.data);
  if (status !== null) return { kind: "ok", value: status };
  io.log("warn", "wechat_application_not_understood", {});
  const message = "The application's state is not clear.";
  return unknown("unknown_application_state", message);
}

/** Sends the form; the status that follows from it is asked for by the caller. */
async function send(
  applicationNumber: string,
  application: unknown,
  account: ChannelAccount,
  keys: AccountKeys,
  io: ChannelIo,
): Promise<Outcome<null>> {
  const read = applicationSchema.safeParse(application);
  if (!read.success) {
    return refusal("CHANNEL_REJECTED", "application", "The application has not the right form.");
  }
  const key = await encryptionKey(account, keys, io);
  if (key === null) {
    const message = "The account holds no key of WeChat Pay to encrypt with: add a platform key.";
    return refusal("CHANNEL_NOT_CONFIGURED", "platform_keys", message);
  }
  const form = await sealed(read.data, "", key);
  const reply = await exchange(account, keys, io, {
    method: "POST",
    path: SUBMIT_PATH,
    body: JSON.stringify({ business_code: applicationNumber, ...Object(form) }),
    platformKeyId: key.id,
  });
  if (reply.kind !== "success") return failed(reply);
  const submitted = submittedSchema.safeParse(parseJson(reply.body));
  return reply.status === 200 && submitted.success ? { kind: "ok", value: null } : malformed;
}

const JUST_SUBMITTED: OnboardingStatus = {
  state: "reviewing",
  channelStatus: "SUBMITTED",
  rejections: [],
  actionUrl: null,
  subMerchant: null,
};

export const onboarding: Onboarding = {
  modes: ["service_provider"],
  application: applicationSchema,
  // Asked first, so that a repeat after a lost reply finds what it has sent, and sends a second time
  // only what WeChat Pay has given back for changes.
  submit: (applicationNumber, application, account, io) =>
    withKeys(account, async (keys): Promise<Outcome<OnboardingStatus>> => {
      const before = await ask(applicationNumber, account, keys, io);
      if (before.kind !== "ok") return before;
      if (before.value !== null && !OPEN_FOR_CHANGES.has(before.value.channelStatus)) {
        return { kind: "ok", value: before.value };
      }
      const sent = await send(applicationNumber, application, account, keys, io);
      if (sent.kind !== "ok") return sent;
      const after = await ask(applicationNumber, account, keys, io);
      const known = after.kind === "ok" ? after.value : null;
      return { kind: "ok", value: known ?? JUST_SUBMITTED };
    }),
  query: (applicationNumber, account, io) =>
    withKeys(account, async (keys): Promise<Outcome<OnboardingStatus>> => {
      const asked = await ask(applicationNumber, account, keys, io);
      if (asked.kind !== "ok") return asked;
      if (asked.value !== null) return { kind: "ok", value: asked.value };
      return refusal("NOT_FOUND", "RESOURCE_NOT_EXISTS", "There is no application of this number.");
    }),
};
