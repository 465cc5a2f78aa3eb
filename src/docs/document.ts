/**
 * The OpenAPI document: what the routes say of themselves, completed with what they share. It is
 * made once; only the server's address differs between requests.
 */
import { API_VERSION } from "../constants.ts";
import type { App } from "../routes/http.ts";
import { DESCRIPTION, HEADERS, IDEMPOTENCY_KEY, SECURITY_SCHEMES } from "./components.ts";
import { codesFor } from "./error-codes.ts";
import { answerExample, bodyExample } from "./examples.ts";
import { COMMON_NOTES, FIELD_NOTES, NOTES_OF, PARAMETER_NOTES } from "./field-notes.ts";
import {
  type ApiDocument,
  type Operation,
  operationsOf,
  type PlacedOperation,
  refTo,
  type Reply,
  type Schema,
} from "./model.ts";
import { OPERATION_NOTES } from "./operation-notes.ts";
import { SAMPLES } from "./samples.ts";
import { TAGS } from "./tags.ts";
import { webhooks } from "./webhooks.ts";

/**
 * POSTs that take no `Idempotency-Key`, since doing them twice does no harm: a check moves no money,
 * a link is only a link, consumers bear a message that comes again, and events that are written again keep their ids.
 */
const KEYLESS = new Set([
  "verifyChannelAccount",
  "authorizeChannelAccount",
  "parseQrBody",
  "validateService",
  "replayDeadLetter",
  "republishPaymentIntent",
  "plantStatementFault",
  "uploadStatement",
  "uploadMerchantRecords",
]);

/** An error answer before {@link completeReplies} has named its codes. */
const errorReply = (): Reply => ({
  description: "",
  content: { "application/json": { schema: refTo("Error") } },
});

/** Fields of a schema that say nothing of themselves get their note. */
function annotate(schema: Schema, notes: Readonly<Record<string, string>>, path = ""): void {
  for (const [field, inner] of Object.entries(schema.properties ?? {})) {
    const note = notes[path + field] ?? COMMON_NOTES[field];
    // Beside a $ref too: OpenAPI 3.1 lets a description stand there.
    if (note !== undefined) inner.description ??= note;
    annotate(inner.items ?? inner, notes, `${path}${field}.`);
  }
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  for (const part of parts) annotate(part, notes, path);
}

function addIdempotency(operation: Operation): void {
  const parameters = (operation.parameters ?? []).filter(
    ({ name }) => name.toLowerCase() !== "idempotency-key",
  );
  operation.parameters = [...parameters, IDEMPOTENCY_KEY];
}

/** By the name of a schema or operation. */
const notesFor = (name: string) => FIELD_NOTES[NOTES_OF[name] ?? name] ?? {};

/** A summary is a heading: one sentence without its full stop. The rest is description. */
function tidySummary(operation: Operation): void {
  const [first = "", ...rest] = (operation.summary ?? "").split(/(?<=\.) /);
  operation.summary = first.replace(/\.$/, "");
  const description = [...rest, operation.description ?? ""].join(" ").trim();
  if (description !== "") operation.description = description;
}

function completeReplies(placed: PlacedOperation, schemas: Record<string, Schema>): void {
  const { operation } = placed;
  for (const [status, reply] of Object.entries(operation.responses)) {
    const failed = Number(status) >= 400;
    const media = reply.content?.["application/json"];
    reply.headers = { "Request-Id": { $ref: "#/components/headers/RequestId" } };
    if (status === "429")
      reply.headers["Retry-After"] = { $ref: "#/components/headers/RetryAfter" };
    const keyed = operation.parameters?.includes(IDEMPOTENCY_KEY) === true;
    if (keyed && !failed) {
      reply.headers["Idempotent-Replayed"] = { $ref: "#/components/headers/IdempotentReplayed" };
    }
    if (media?.schema === undefined) continue;
    if (media.schema.$ref === refTo("Error").$ref) {
      reply.description = codesFor(placed, Number(status), schemas).join(", ");
    } else {
      annotate(media.schema, notesFor(operation.operationId ?? ""));
      if (!failed) media.example = answerExample(operation, media.schema, schemas);
    }
  }
}

/** What the app answers for its routes: a body that is too large, and a fault of our own. */
function addSharedErrors({ responses, requestBody }: Operation): void {
  if (requestBody !== undefined) responses["413"] ??= errorReply();
  responses["500"] ??= errorReply();
}

function complete(placed: PlacedOperation, schemas: Record<string, Schema>): void {
  const { method, operation } = placed;
  const name = operation.operationId ?? "";
  const secured = (operation.security ?? []).length > 0;
  if (method === "post" && secured && !KEYLESS.has(name)) addIdempotency(operation);
  if (secured) addSharedErrors(operation);
  const words = OPERATION_NOTES[name];
  if (words !== undefined) operation.description ??= words;
  tidySummary(operation);
  for (const parameter of operation.parameters ?? []) {
    const note = PARAMETER_NOTES[parameter.name];
    if (note !== undefined) parameter.description ??= note;
  }
  const body = operation.requestBody?.content["application/json"];
  if (body !== undefined) {
    annotate(body.schema ?? {}, notesFor(operation.operationId ?? ""));
    body.example = bodyExample(operation, schemas);
  }
  completeReplies(placed, schemas);
}

/** The tags that operations have, in reading order. */
function usedTags(document: Pick<ApiDocument, "paths">) {
  const used = new Set(operationsOf(document).flatMap(({ operation }) => operation.tags ?? []));
  const known = TAGS.filter(({ name }) => used.has(name));
  const rest = [...used].filter((name) => !TAGS.some((tag) => tag.name === name));
  return [...known, ...rest.map((name) => ({ name }))];
}

/** The document of all routes that are registered by now, without `servers`. */
export function buildDocument(app: App): ApiDocument {
  const generated = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "ItPay Edge", version: API_VERSION },
  });
  // A copy: the generator hands out parts of the routes' own definitions.
  const { openapi, paths, components } = JSON.parse(
    JSON.stringify(generated),
  ) as unknown as ApiDocument;
  const { schemas } = components;
  for (const [name, schema] of Object.entries(schemas)) {
    annotate(schema, notesFor(name));
    schema.example ??= SAMPLES[name];
  }
  for (const placed of operationsOf({ paths })) complete(placed, schemas);
  return {
    openapi,
    info: {
      title: "ItPay Edge",
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: usedTags({ paths }),
    paths,
    webhooks: webhooks(),
    components: { schemas, securitySchemes: SECURITY_SCHEMES, headers: HEADERS },
  };
}
