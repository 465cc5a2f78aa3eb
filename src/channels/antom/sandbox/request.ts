/** Calls of the simulated Antom: who may call, and taking the body apart. */
import { readPublicKey } from "../../../crypto/pem.ts";
import { importVerifyingKey, verifySha256 } from "../../../crypto/rsa.ts";
import { err, ok, type Result } from "../../../result.ts";
import { mustRead } from "../../../sandbox/keyring.ts";
import type { RegisteredMerchant, SandboxWorld } from "../../../sandbox/simulator.ts";
import { isSandboxClient, readTime } from "./identity.ts";
import { illegal, refusal, signedReply, unsignedReply, type Body } from "./reply.ts";

export interface Call {
  readonly operation: string;
  /** Path and query: replies are signed over them too. */
  readonly target: string;
  readonly clientId: string;
  /** An acquirer must name the sub-merchant in every payment. */
  readonly isAcquirer: boolean;
  readonly content: Body;
}

/** A call, or the reply to one that is refused as such. */
type Read = Promise<Result<Call, Response>>;

const PATH = /^\/ams\/(sandbox\/)?api\/v1\/payments\/(\w+)$/;

const unsigned = (code: string, message: string) => err(unsignedReply(refusal(code, message)));

export async function readCall(request: Request, world: SandboxWorld): Read {
  const { pathname, search } = new URL(request.url);
  const path = PATH.exec(pathname);
  if (path === null) return unsigned("NO_INTERFACE_DEF", "API is not defined.");
  if (request.method !== "POST") return unsigned("METHOD_NOT_SUPPORTED", "POST only.");
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) {
    return unsigned("MEDIA_TYPE_NOT_ACCEPTABLE", "JSON only.");
  }
  const clientId = request.headers.get("client-id") ?? "";
  const registered = await world.registeredMerchant(clientId);
  const isSandboxPath = path[1] !== undefined;
  const isKnown = registered !== null || isSandboxClient(clientId);
  // Clients of Antom's sandbox have their own paths; on the others nobody knows them.
  if (!isKnown || clientId.startsWith("SANDBOX_") !== isSandboxPath) {
    return unsigned("INVALID_CLIENT", "The client is invalid.");
  }
  const target = pathname + search;
  const text = await request.text();
  const refused = await checkSignature(
    request.headers,
    { target, clientId, text },
    world,
    registered,
  );
  if (refused !== null) return refused;
  const authenticated = async (body: Body) => err(await signedReply(target, clientId, body, world));
  const mode = registered?.secrets?.["mode"];
  const hasToken = (request.headers.get("agent-token") ?? "") !== "";
  if (hasToken !== (mode === "isv")) {
    return authenticated(refusal("ACCESS_DENIED", "Access is denied: agent-token."));
  }
  const content = parseObject(text);
  if (content === null) return authenticated(illegal("body"));
  const stray = strayScalar(content, "");
  if (stray !== null) return authenticated(illegal(stray));
  const operation = path[2] ?? "";
  return ok({ operation, target, clientId, isAcquirer: mode === "acquirer", content });
}

interface SignedText {
  readonly target: string;
  readonly clientId: string;
  readonly text: string;
}

/** `algorithm=RSA256,keyVersion=1,signature=…`, the value escaped as in a URL. */
function readHeader(header: string): ReadonlyMap<string, string> {
  return new Map(
    header.split(",").map((part): [string, string] => {
      const at = part.indexOf("=");
      return [part.slice(0, at).trim(), part.slice(at + 1)];
    }),
  );
}

function unescape(text: string): string {
  try {
    // Like a form: a bare plus is a blank, so a signature that was not escaped does not verify.
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    return "";
  }
}

async function checkSignature(
  headers: Headers,
  { target, clientId, text }: SignedText,
  world: SandboxWorld,
  registered: RegisteredMerchant | null,
) {
  const invalid = () => unsigned("INVALID_SIGNATURE", "The signature is invalid.");
  const time = headers.get("request-time") ?? "";
  if (!/^\d{13}$/.test(time) && readTime(time) === null) return invalid();
  const members = readHeader(headers.get("signature") ?? "");
  if (members.get("algorithm") !== "RSA256") return invalid();
  const version = members.get("keyVersion") ?? "1";
  const keys = registered?.publicKeys ?? { "1": world.keys.merchantPublicKey };
  const pem = Object.hasOwn(keys, version) ? keys[version] : undefined;
  if (pem === undefined) return unsigned("KEY_NOT_FOUND", "The key is not found.");
  const key = await importVerifyingKey(mustRead(readPublicKey(pem)));
  const content = `POST ${target}\n${clientId}.${time}.${text}`;
  const isSigned = await verifySha256(key, content, unescape(members.get("signature") ?? ""));
  return isSigned ? null : invalid();
}

function parseObject(text: string): Body | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? Object.fromEntries(Object.entries(parsed)) : null;
  } catch {
    return null;
  }
}

/** Every scalar on this wire is a string: the path of the first that is not. */
function strayScalar(value: unknown, path: string): string | null {
  if (typeof value === "string") return null;
  if (typeof value !== "object" || value === null) return path;
  for (const [name, member] of Object.entries(value)) {
    const found = strayScalar(member, path === "" ? name : `${path}.${name}`);
    if (found !== null) return found;
  }
  return null;
}
