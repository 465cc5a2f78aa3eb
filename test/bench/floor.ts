/**
 * The floor: the least a Worker can do for the same job, with nothing around it. One RSA signature,
 * one write in a SQLite object and one fetch for an order; one RSA verification and one write for a
 * callback; one read for a status; a constant for a picture. It checks nothing and remembers
 * nothing: no gateway could be built this way, and none can be faster.
 */
import { DurableObject } from "cloudflare:workers";

interface FloorEnv {
  readonly CELLS: DurableObjectNamespace<Cell>;
  readonly CHANNEL: string;
  /** PKCS#8 and SPKI, base64. */
  readonly SIGNING_KEY: string;
  readonly PLATFORM_KEY: string;
  readonly PICTURE: string;
}

export class Cell extends DurableObject {
  write(text: string): void {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE IF NOT EXISTS cell (one INTEGER PRIMARY KEY, text TEXT) STRICT");
    sql.exec("INSERT INTO cell VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET text = ?", text, text);
  }

  read(): string {
    return this.ctx.storage.sql.exec<{ text: string }>("SELECT text FROM cell").one().text;
  }
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64Of = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

let signingKey: CryptoKey | null = null;
let platformKey: CryptoKey | null = null;

async function order(request: Request, env: FloorEnv, id: string): Promise<Response> {
  const body = await request.text();
  signingKey ??= await crypto.subtle.importKey("pkcs8", bytesOf(env.SIGNING_KEY), RSA, false, [
    "sign",
  ]);
  const message = new TextEncoder().encode(body);
  const signature = base64Of(await crypto.subtle.sign(RSA.name, signingKey, message));
  const reply = await fetch(`${env.CHANNEL}/v3/pay/transactions/native`, {
    method: "POST",
    headers: { Authorization: signature, "Content-Type": "application/json" },
    body,
  });
  const text = await reply.text();
  await env.CELLS.getByName(id).write(text);
  return new Response(text, { status: 201 });
}

async function callback(request: Request, env: FloorEnv, id: string): Promise<Response> {
  const body = await request.text();
  platformKey ??= await crypto.subtle.importKey("spki", bytesOf(env.PLATFORM_KEY), RSA, false, [
    "verify",
  ]);
  const timestamp = request.headers.get("Wechatpay-Timestamp") ?? "";
  const nonce = request.headers.get("Wechatpay-Nonce") ?? "";
  const message = new TextEncoder().encode(`${timestamp}\n${nonce}\n${body}\n`);
  const signature = bytesOf(request.headers.get("Wechatpay-Signature") ?? "");
  if (!(await crypto.subtle.verify(RSA.name, platformKey, signature, message))) {
    return new Response(null, { status: 401 });
  }
  await env.CELLS.getByName(id).write(body);
  return new Response(null, { status: 204 });
}

export default {
  async fetch(request, env) {
    const [, operation = "", id = ""] = new URL(request.url).pathname.split("/");
    switch (operation) {
      case "create":
        return order(request, env, id);
      case "callback":
        return callback(request, env, id);
      case "status":
        return new Response(await env.CELLS.getByName(id).read());
      case "qr":
        return new Response(env.PICTURE, { headers: { "Content-Type": "image/svg+xml" } });
      default:
        return new Response(null, { status: 404 });
    }
  },
} satisfies ExportedHandler<FloorEnv>;
