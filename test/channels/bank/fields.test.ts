/** Reading messages without floats, duplicates and surprises. */
import * as fc from "fast-check";
import { describe, it } from "vitest";

import {
  below,
  itemsAt,
  readForm,
  readJson,
  textAt,
  type Scalar,
} from "../../../src/channels/bank/fields.ts";

const fieldsOf = (text: string): Record<string, Scalar> | string => {
  const read = readJson(text);
  return read.ok ? Object.fromEntries(read.value) : read.error;
};

/** The same by JSON.parse, for texts whose numbers survive it. */
function flatten(value: unknown, path = ""): [string, Scalar][] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      flatten(item, path === "" ? `${index}` : `${path}.${index}`),
    );
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, item]) =>
      flatten(item, path === "" ? name : `${path}.${name}`),
    );
  }
  const kind =
    value === null ? "null" : typeof value === "string" ? "text" : (typeof value as "number");
  return [[path, { kind, text: typeof value === "string" ? value : JSON.stringify(value) }]];
}

describe("JSON", () => {
  it("keeps the digits of numbers as they were written", ({ expect }) => {
    expect(
      fieldsOf('{"a":10.10,"b":1e3,"c":-0,"d":12345678901234567890,"e":[1,{"f":"x"}]}'),
    ).toEqual({
      a: { kind: "number", text: "10.10" },
      b: { kind: "number", text: "1e3" },
      c: { kind: "number", text: "-0" },
      d: { kind: "number", text: "12345678901234567890" },
      "e.0": { kind: "number", text: "1" },
      "e.1.f": { kind: "text", text: "x" },
    });
  });

  it("unescapes texts and names", ({ expect }) => {
    expect(fieldsOf(String.raw`{"\u0061":"\"{,}:[]\\ \u00e9"}`)).toEqual({
      a: { kind: "text", text: '"{,}:[]\\ é' },
    });
  });

  it("says the same as JSON.parse of any value", ({ expect }) => {
    const name = fc
      .string({ unit: "grapheme", maxLength: 6 })
      .filter((text) => !text.includes("."));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(name, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(name, tree, { noNullPrototype: true }),
        fc.boolean(),
        (value, wide) => {
          const text = wide ? JSON.stringify(value, null, 2) : JSON.stringify(value);
          const read = readJson(text);
          if (!read.ok) {
            // Only an empty name can stand for its parent.
            expect(read.error).toBe("a field is given twice");
            return;
          }
          expect([...read.value]).toEqual(flatten(value));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("refuses a name that is given twice, however it is spelt", ({ expect }) => {
    for (const text of [
      '{"amount":"1","amount":"2"}',
      String.raw`{"amount":"1","\u0061mount":"2"}`,
      '{"data":{"amount":"1"},"data":{"amount":"2"}}',
      '{"data":{"amount":"1","amount":"1"}}',
      '{"data":{},"data":[]}',
      '{"data.amount":"1","data":{"amount":"2"}}',
      '{"a":[{"b":1},{"b":2}],"a.0.b":3}',
    ]) {
      expect(fieldsOf(text), text).toBe("a field is given twice");
    }
  });

  it("refuses what is no JSON, too deep or too much", ({ expect }) => {
    for (const text of ["", "{", "{'a':1}", '{"a":01}', '{"a":1,}', "nul", '{"a":"\n"}', "{}{}"]) {
      expect(fieldsOf(text), text).toBe("the body is not JSON");
    }
    expect(fieldsOf(`${"[".repeat(17)}${"]".repeat(17)}`)).toBe("the body is nested too deeply");
    expect(fieldsOf("[".repeat(60_000))).toBe("the body is not JSON");
    expect(fieldsOf(`[${Array.from({ length: 501 }, () => "1").join()}]`)).toBe("too many fields");
  });

  it("never throws", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        expect(typeof readJson(text).ok).toBe("boolean");
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("forms and lists", () => {
  it("decode once, and refuse a name given twice", ({ expect }) => {
    const read = readForm("a=1%2B2&b=x+y&c=%2525");
    expect(read.ok && Object.fromEntries(read.value)).toEqual({
      a: { kind: "text", text: "1+2" },
      b: { kind: "text", text: "x y" },
      c: { kind: "text", text: "%25" },
    });
    expect(readForm("a=1&b=2&%61=3")).toEqual({ ok: false, error: "a field is given twice" });
    const many = Array.from({ length: 501 }, (_, index) => `f${index}=1`).join("&");
    expect(readForm(many)).toEqual({ ok: false, error: "too many fields" });
  });

  it("find items and members", ({ expect }) => {
    const read = readJson('{"data":[{"a":1},{"a":2}],"n":null,"e":"","t":true,"list":[]}');
    if (!read.ok) throw new Error(read.error);
    expect(itemsAt(read.value, "data").map((item) => textAt(item, "a"))).toEqual(["1", "2"]);
    expect(itemsAt(read.value, "list")).toEqual([]);
    expect(textAt(below(read.value, "data.1"), "a")).toBe("2");
    for (const path of ["n", "e", "t", "data", "no"]) expect(textAt(read.value, path)).toBeNull();
    const top = readJson('[{"a":1}]');
    expect(top.ok && itemsAt(top.value, "").length).toBe(1);
  });
});
