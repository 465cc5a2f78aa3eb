import { it } from "vitest";
import * as z from "zod";
import { api } from "../intent/kit.ts";
import { fieldRows, parameterRow } from "../../src/docs/fields.ts";
import { operationsOf } from "../../src/docs/model.ts";
it("x", async () => {
  const { body: document } = await api("GET", "/openapi.json");
  const { schemas } = document.components;
  const unsaid = (rows: any[]) => rows.filter(({ description }) => description === "").map((r) => [...r.parents, r.name].join("."));
  for (const name of ["Service", "ServiceVersion", "ServiceValidation", "ServiceManifest"]) {
    const rows = fieldRows({ $ref: `#/components/schemas/${name}` }, schemas);
    console.log(name, unsaid(rows), rows.map((r) => `${[...r.parents, r.name].join(".")}: ${r.type} ${r.required ? "req" : ""} ${r.limits.join(", ")} ${r.values.slice(0, 4).join("|")}`).join("\n"));
    const defs = JSON.stringify({ ...schemas[name], $defs: schemas }).replaceAll("#/components/schemas/", "#/$defs/").replaceAll('"format":"ip"', '"minLength":3');
    const result = z.fromJSONSchema(JSON.parse(defs)).safeParse(schemas[name].example);
    console.log(name, result.success || z.prettifyError(result.error));
  }
  for (const placed of operationsOf(document)) {
    if (!placed.path.startsWith("/v1/services")) continue;
    console.log(placed.method, placed.path, unsaid((placed.operation.parameters ?? []).map((p: any) => parameterRow(p, schemas))), Object.entries(placed.operation.responses).map(([s, r]: any) => `${s} ${r.description}`).join(" / "), JSON.stringify(placed.operation.responses["200"]?.content?.["application/json"]?.example)?.slice(0, 300));
  }
});
