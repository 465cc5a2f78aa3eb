import { describe, it } from "vitest";

import { csvLine } from "../../src/routes/csv.ts";

describe("a line of CSV", () => {
  it("quotes what would break it, and leaves out what is not there", ({ expect }) => {
    expect(csvLine(["a", null, 'say "b", c', "two\nlines", "6.99"])).toBe(
      'a,,"say ""b"", c","two\nlines",6.99\r\n',
    );
  });

  it.for([
    '=HYPERLINK("https://evil.example")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1+1",
    "\n=1+1",
    "\u00A0=1",
    "＝1+1",
  ])("makes a text of the formula %j", (text, { expect }) => {
    expect(csvLine([text])).toMatch(/^"?'/);
  });

  it.for(["6.99", "pi_01", "2026-11-21T00:00:00.000Z", "a=b", "粉丝-1"])(
    "leaves %j as it is",
    (text, { expect }) => {
      expect(csvLine([text])).toBe(`${text}\r\n`);
    },
  );
});
