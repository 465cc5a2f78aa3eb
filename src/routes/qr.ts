/**
 * The payment's code as an image (API.md section 5). No key: the id is unguessable, and the picture
 * is what the merchant shows to everybody in front of the counter. Whether the code may still be
 * scanned is asked of the payment each time; the drawing itself is kept at the edge.
 */
import { z } from "@hono/zod-openapi";

import { sha256Hex } from "../crypto/digest.ts";
import { apiError } from "../errors.ts";
import { readIntent } from "../intent/client.ts";
import { isDrawable } from "../qr/matrix.ts";
import { renderNotice } from "../qr/notice.ts";
import { QR_MARGIN_DEFAULT, QR_SIZE_DEFAULT, renderQr } from "../qr/render.ts";
import { qrVerdict, type QrVerdict } from "../qr/verdict.ts";
import { invalidRequest } from "./body.ts";
import { type App, type AppContext, errors } from "./http.ts";
import { wholeNumber } from "./query.ts";

const QrQuery = z.strictObject({
  size: wholeNumber(64, 2_048, QR_SIZE_DEFAULT).openapi({
    description: "Width and height in pixels.",
  }),
  margin: wholeNumber(0, 16, QR_MARGIN_DEFAULT).openapi({
    description: "Quiet zone in modules; scanners want at least 4.",
  }),
});

const HEADERS = {
  "Content-Type": "image/svg+xml; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
  // An SVG opened as a page is a document: this one may load and run nothing.
  "Content-Security-Policy": "default-src 'none'",
  // Merchants put it into their own pages, also into isolated ones.
  "Cross-Origin-Resource-Policy": "cross-origin",
} as const;

/** Whether the client has this drawing already (RFC 9110 section 13.1.2, weak comparison). */
const alreadyHas = (header: string | undefined, etag: string): boolean =>
  (header ?? "")
    .split(",")
    .map((candidate) => candidate.trim().replace(/^W\//, ""))
    .some((candidate) => candidate === etag || candidate === "*");

interface Drawing {
  readonly data: string;
  readonly size: number;
  readonly margin: number;
  readonly hash: string;
  readonly secondsLeft: number;
}

/** The drawing from the edge cache, or drawn and put there until the code runs out. */
async function drawnOnce(c: AppContext, drawing: Drawing): Promise<string> {
  const { data, size, margin, hash, secondsLeft } = drawing;
  const key = new URL(`/v1/qr/drawings/${hash}/${size}/${margin}`, c.req.url);
  const kept = await caches.default.match(key);
  if (kept !== undefined) return kept.text();
  const svg = renderQr(data, { size, margin });
  const headers = { ...HEADERS, "Cache-Control": `public, max-age=${secondsLeft}` };
  c.executionCtx.waitUntil(caches.default.put(key, new Response(svg, { headers })));
  return svg;
}

/** The live code, unless the client has it already. */
async function serveDrawing(
  c: AppContext,
  { size, margin }: z.infer<typeof QrQuery>,
  { data, secondsLeft }: Extract<QrVerdict, { kind: "draw" }>,
): Promise<Response> {
  if (!isDrawable(data)) {
    throw apiError("INVALID_STATE", "This code cannot be drawn; show qr.data another way.");
  }
  const hash = await sha256Hex(data);
  const etag = `"${hash.slice(0, 32)}-${size}-${margin}"`;
  const headers = { "Cache-Control": `public, max-age=${secondsLeft}`, ETag: etag };
  if (alreadyHas(c.req.header("If-None-Match"), etag)) return c.body(null, 304, headers);
  const svg = await drawnOnce(c, { data, size, margin, hash, secondsLeft });
  return c.body(svg, 200, { ...HEADERS, ...headers });
}

async function serveQr(c: AppContext): Promise<Response> {
  c.header("Cache-Control", "no-store");
  const id = /^(.+)\.svg$/.exec(c.req.param("file") ?? "")?.[1] ?? "";
  const query = QrQuery.safeParse(c.req.query());
  if (!query.success) throw invalidRequest(query.error);
  const intent = await readIntent(c.env, id);
  if (intent === null) {
    throw apiError("PAYMENT_INTENT_NOT_FOUND", "No such payment intent.");
  }
  const verdict = qrVerdict(intent, c.var.now);
  if (verdict.kind === "none") {
    throw apiError(
      "INVALID_STATE",
      "This payment has no code to show; it has one when its qr is not null.",
    );
  }
  if (verdict.kind === "draw") return serveDrawing(c, query.data, verdict);
  const svg = renderNotice(verdict.notice, query.data.size, id);
  return c.body(svg, 410, { ...HEADERS, "Cache-Control": "no-store" });
}

export function registerQr(app: App): void {
  const svg = { "image/svg+xml": { schema: z.string() } };
  // Described by hand: the router cannot split a parameter from a suffix.
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/v1/qr/{payment_intent}.svg",
    tags: ["QR codes"],
    operationId: "getQrImage",
    summary: "The code as an image",
    description: "Needs no key: the id is unguessable. Cacheable until the code runs out.",
    request: {
      params: z.object({ payment_intent: z.string() }),
      query: QrQuery,
    },
    responses: {
      200: { description: "The code, as an SVG.", content: svg },
      304: { description: "The drawing has not changed." },
      410: { description: "Paid, expired or cancelled: an SVG that says so.", content: svg },
      ...errors(400, 404, 409),
    },
  });
  // Only what ends like a picture: `/v1/qr/parse` is another resource.
  app.get("/v1/qr/:file{.+\\.svg}", (c) => serveQr(c));
}
