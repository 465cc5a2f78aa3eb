/**
 * Requests to the simulated gateway: taking the parameters apart, and checking them and their
 * signature in the gateway's order.
 */
import { readPublicKey } from "../../../crypto/pem.ts";
import { importVerifyingKey, verifySha256 } from "../../../crypto/rsa.ts";
import { err, ok, type Result } from "../../../result.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import { authAppIdOf, readGrant } from "./grants.ts";
import { isSandboxApp } from "./identity.ts";
import { readTime } from "./time.ts";

export type Parameters = ReadonlyMap<string, string>;

/** A gateway error: code, sub_code and the text beside it. */
export interface GatewayError {
  readonly code: string;
  readonly subCode: string;
  readonly subMessage: string;
}

const gatewayError = (code: string, subCode: string, subMessage: string): GatewayError => ({
  code,
  subCode,
  subMessage,
});

const invalid = (subCode: string, text: string) => gatewayError("40002", subCode, text);

/** Query and form together; null when a name comes twice. */
export async function readParameters(request: Request): Promise<Parameters | null> {
  const parameters = new Map<string, string>();
  const form = new URLSearchParams(await request.text());
  for (const [name, value] of [...new URL(request.url).searchParams, ...form]) {
    if (parameters.has(name)) return null;
    // The gateway treats an empty value as one that was not sent.
    if (value !== "") parameters.set(name, value);
  }
  return parameters;
}

/** Public parameters that every call must carry, in the order in which they are missed. */
const REQUIRED: readonly (readonly [name: string, subCode: string, text: string])[] = [
  ["method", "isv.missing-method", "缺少方法名参数"],
  ["app_id", "isv.missing-app-id", "缺少appId参数"],
  ["sign_type", "isv.missing-signature-type", "缺少签名类型参数"],
  ["sign", "isv.missing-signature", "缺少签名参数"],
  ["timestamp", "isv.missing-timestamp", "缺少时间戳参数"],
  ["version", "isv.missing-version", "缺少版本参数"],
];

/** How far a request's time may be off. Far less than the 8 hours of a wrong time zone. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;

/** A link may be opened long after it was signed. */
export const LINK_TOLERANCE_MS = 24 * 3_600_000;

/**
 * Form of the parameters, then the caller, then the signature. Null: all is well.
 * @param tolerance how far the request's time may be off, in milliseconds
 */
export async function refuseRequest(
  parameters: Parameters,
  world: SandboxWorld,
  tolerance = CLOCK_TOLERANCE_MS,
): Promise<GatewayError | null> {
  for (const [name, subCode, text] of REQUIRED) {
    if (!parameters.has(name)) return gatewayError("40001", subCode, text);
  }
  const value = (name: string) => parameters.get(name) ?? "";
  if (value("sign_type") !== "RSA2") {
    return invalid("isv.invalid-signature-type", "无效签名类型");
  }
  if (value("version") !== "1.0") return invalid("isv.invalid-parameter", "无效版本");
  if (!/^utf-?8$/i.test(value("charset"))) return invalid("isv.invalid-charset", "字符集错误");
  if ((parameters.get("format") ?? "JSON").toUpperCase() !== "JSON") {
    return invalid("isv.invalid-format", "无效数据格式");
  }
  const sentAt = readTime(value("timestamp"));
  if (sentAt === null || Math.abs(sentAt - world.now) > tolerance) {
    return invalid("isv.invalid-timestamp", "非法的时间戳参数");
  }
  const key = await merchantKey(parameters, world);
  if (!key.ok) return key.error;
  const verifyingKey = await importVerifyingKey(mustRead(readPublicKey(key.value)));
  const isSigned = await verifySha256(verifyingKey, signedText(parameters), value("sign"));
  return isSigned ? null : invalid("isv.invalid-signature", "验签出错");
}

/** All that was sent except `sign`, sorted by name, values as they are. */
const signedText = (parameters: Parameters): string =>
  [...parameters.keys()]
    .filter((name) => name !== "sign")
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${parameters.get(name) ?? ""}`)
    .join("&");

const SERIALS = /^[0-9a-f]{32}(_[0-9a-f]{32})*$/;

/** The public key on file for the caller, PEM. In certificate mode both serials must come. */
async function merchantKey(
  parameters: Parameters,
  world: SandboxWorld,
): Promise<Result<string, GatewayError>> {
  const appId = parameters.get("app_id") ?? "";
  const registered = await world.registeredMerchant(appId);
  if (registered === null) {
    return isSandboxApp(appId)
      ? ok(world.keys.merchantPublicKey)
      : err(invalid("isv.invalid-app-id", "无效的AppID参数"));
  }
  const serial = parameters.get("app_cert_sn") ?? "";
  const rootSerial = parameters.get("alipay_root_cert_sn") ?? "";
  const isComplete =
    serial === "" ? rootSerial === "" : SERIALS.test(serial) && SERIALS.test(rootSerial);
  const key = Object.hasOwn(registered.publicKeys, serial) ? registered.publicKeys[serial] : null;
  return isComplete && typeof key === "string"
    ? ok(key)
    : err(invalid("isv.invalid-parameter", "应用证书序列号与应用不匹配"));
}

/**
 * For whom the caller acts: the authorised merchant's application, or null for itself. A token that
 * is not valid refuses the call.
 */
export async function actsFor(
  parameters: Parameters,
  world: SandboxWorld,
): Promise<Result<string | null, GatewayError>> {
  const token = parameters.get("app_auth_token");
  if (token === undefined) return ok(null);
  const appId = parameters.get("app_id") ?? "";
  const grant = await readGrant("token", appId, token, world);
  if (grant === null) {
    return err(gatewayError("20001", "aop.invalid-app-auth-token", "无效的应用授权令牌"));
  }
  return grant.expired
    ? err(gatewayError("20001", "aop.app-auth-token-time-out", "应用授权令牌已过期"))
    : ok(authAppIdOf(appId, grant.merchant));
}
