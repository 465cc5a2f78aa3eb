/** The running gateway as its scripts use it: where it is, its API, and the demo merchant. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";

import { localSecrets } from "../setup.mjs";
import { inProject, readJson, Stop } from "./project.mjs";

const DEFAULT_PORT = 8787;

export function chosenPort() {
  const text = process.env.PORT ?? "";
  const port = text === "" ? DEFAULT_PORT : Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Stop(`PORT=${text} is not a port: use a number from 1 to 65535.`);
}

export const localUrl = (port) => `http://localhost:${port}`;

/** `ITPAY_URL`, else the local gateway on `PORT`. */
export const gatewayUrl = () =>
  (process.env.ITPAY_URL ?? "").replace(/\/+$/, "") || localUrl(chosenPort());

/** The parsed reply of a GET that may find nobody: null then. */
export async function probe(url, timeoutMs = 2_000) {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return { status: reply.status, body: await reply.json().catch(() => null) };
  } catch {
    return null;
  }
}

/** Whether an ItPay gateway answers there, well or not. */
export async function isGateway(baseUrl) {
  const health = await probe(`${baseUrl}/health`);
  return health?.status === 200 && health.body?.status === "ok";
}

/** A caller of the API with one key. Replies as `{status, headers, body}`, errors included. */
export function apiClient(baseUrl, token) {
  return async (method, path, { body, key } = {}) => {
    const reply = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(key === undefined ? {} : { "Idempotency-Key": key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: parse(text) };
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @throws Stop unless the reply has this status */
export function expectStatus(reply, status, what) {
  if (reply.status === status) return reply.body;
  const error = reply.body?.error;
  const said = error === undefined ? "" : ` ${error.code}: ${error.message}`;
  throw new Stop(
    `${what}: the gateway answered ${reply.status}${said} (${reply.body?.request_id ?? "no id"})`,
  );
}

const SAVED = inProject(".wrangler", "demo-merchant.json");

/** A merchant to play with, made once: its keys are kept beside the local state it lives in. */
export async function demoMerchant(baseUrl) {
  const saved = readJson(SAVED);
  if (typeof saved?.keys?.test === "string") {
    const own = await apiClient(baseUrl, saved.keys.test)("GET", "/v1/merchant");
    if (own.status === 200) return saved;
  }
  const token = localSecrets().get("ADMIN_TOKEN") ?? "";
  const admin = apiClient(baseUrl, token);
  const reply = await admin("POST", "/v1/admin/merchants", { body: { name: "Demo Shop" } });
  if (reply.status === 401 || reply.status === 403) {
    throw new Stop(
      `The gateway at ${baseUrl} was not started from this folder: it knows other secrets.\n` +
        "Say which one with PORT=…, or give a test key of it with ITPAY_KEY=…",
    );
  }
  const { id, name, keys } = expectStatus(reply, 201, "Creating the demo merchant");
  mkdirSync(inProject(".wrangler"), { recursive: true });
  writeFileSync(SAVED, `${JSON.stringify({ id, name, keys }, null, 2)}\n`, { mode: 0o600 });
  chmodSync(SAVED, 0o600);
  return { id, name, keys };
}
