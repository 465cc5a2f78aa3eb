/**
 * One call of a bank's API, from its description in a profile to the fields of the reply. Never
 * throws on what the other side does; whatever cannot be read is unknown.
 */
import { fromBase64, fromUtf8Strict, toBase64, toBase64Url, utf8 } from "../../crypto/encoding.ts";
import { hmacBase64, importHmacKey } from "../../crypto/hmac.ts";
import type { ChannelIo } from "../adapter.ts";
import { callChannel, type ChannelRequest } from "../call.ts";
import { bankFailure, type BankFailure } from "./error-table.ts";
import { type Fields, readJson, textAt } from "./fields.ts";
import type { BankApi, BankCall, BankSettings, Success } from "./profile.ts";
import { fill, fillAll, type Values } from "./template.ts";
import type { BankVersion } from "./verifier.ts";

export type BankReply =
  | { readonly kind: "reply"; readonly status: number; readonly fields: Fields }
  | BankFailure;

/**
 * The way to this bank: live accounts go to the bank's own host, unless the deployment has named
 * another for the channel; test accounts to the simulated one and nowhere else.
 */
function ioFor(api: BankApi, { settings }: BankVersion, io: ChannelIo): ChannelIo {
  if (io.endpoints.length > 0) return io;
  return { ...io, endpoints: [settings.api_url ?? api.host ?? ""] };
}

async function headersOf(
  call: BankCall,
  settings: BankSettings,
  values: Values,
  path: string,
  body: string,
) {
  const headers = fillAll(call.headers ?? {}, values);
  if (call.basic !== undefined) {
    const [username, password] = call.basic;
    const pair = `${values[username] ?? ""}:${password === "" ? "" : (values[password] ?? "")}`;
    headers["authorization"] = `Basic ${toBase64(utf8(pair))}`;
  }
  if (call.json !== undefined) headers["content-type"] = "application/json";
  if (call.form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
  if (call.signature === "ambank") {
    headers["ambank-signature"] = await ambankSignature(settings, values, path, body);
  }
  return headers;
}

const part = (text: string): string => toBase64(utf8(text)).replaceAll("=", "");

/** By the identity of an account's settings, as its tokens: no key is imported twice. */
const ambankKeys = new WeakMap<BankSettings, CryptoKey>();

/** base64(header) "." base64(body), both without padding, under HMAC-SHA256, as base64url. */
async function ambankSignature(
  settings: BankSettings,
  values: Values,
  uri: string,
  body: string,
): Promise<string> {
  const header = JSON.stringify({ alg: "HS256", typ: "JWT", uri, iat: values["stamp"] });
  const key = ambankKeys.get(settings) ?? (await importHmacKey(values["secret"] ?? ""));
  ambankKeys.set(settings, key);
  const mac = await hmacBase64(key, `${part(header)}.${part(body)}`);
  return toBase64Url(fromBase64(mac) ?? new Uint8Array());
}

async function requestOf(
  call: BankCall,
  settings: BankSettings,
  values: Values,
): Promise<ChannelRequest> {
  const path = fill(call.path, values, encodeURIComponent);
  const query = call.query === undefined ? "" : `?${queryOf(fillAll(call.query, values))}`;
  const body =
    call.json !== undefined
      ? JSON.stringify(fillAll(call.json, values))
      : call.form !== undefined
        ? queryOf(fillAll(call.form, values))
        : undefined;
  return {
    method: call.method,
    path: path + query,
    headers: await headersOf(call, settings, values, path, body ?? ""),
    ...(body === undefined ? {} : { body }),
  };
}

const queryOf = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

/** Sends a call and reads the reply's fields. Statuses of refusals are judged by the caller. */
export async function callBank(
  api: BankApi,
  call: BankCall,
  version: BankVersion,
  values: Values,
  io: ChannelIo,
): Promise<BankReply> {
  const request = await requestOf(call, version.settings, values);
  const reply = await callChannel(ioFor(api, version, io), request);
  if (reply.kind === "unknown") return reply;
  const { status } = reply;
  if (status === 429) return bankFailure("too_many_requests");
  if (status >= 500 || (status >= 300 && status < 400)) return bankFailure(`http_${status}`);
  const text = fromUtf8Strict(reply.body);
  const read = text === null ? null : readJson(text);
  if (read?.ok === true) return { kind: "reply", status, fields: read.value };
  return status < 300
    ? bankFailure("malformed_reply")
    : // Refusals need no readable body: the status says it.
      { kind: "reply", status, fields: new Map() };
}

/** Null: the bank says that it was done. */
export function refusalOf(
  { status, fields }: Extract<BankReply, { kind: "reply" }>,
  success: Success | undefined,
): BankFailure | null {
  const word = success === undefined ? null : textAt(fields, success.at);
  const said = success === undefined || (word !== null && success.is.includes(word));
  if (status < 300 && said) return null;
  if (status === 401) return bankFailure("token_refused");
  if (status === 403) return bankFailure("not_allowed");
  const given = success?.code === undefined ? null : textAt(fields, success.code);
  if (given !== null && /^[\w.-]{1,64}$/.test(given)) return bankFailure(given);
  return bankFailure(status < 300 ? "malformed_reply" : `http_${status}`);
}
