/** `/v1/qr/parse` as an app asks it: by a link, by a body, and beside the payments' pictures. */
import { describe, it } from "vitest";

import { api } from "../intent/kit.ts";

/** PromptPay to a mobile number, THB 4.22 (the published example of promptpay-qr). */
const PROMPTPAY =
  "00020101021229370016A000000677010111011300660000000005802TH530376454044.226304E469";

const byLink = (data: string) => api("GET", `/v1/qr/parse?data=${encodeURIComponent(data)}`);

describe("a code that is asked about", () => {
  it("by a link is explained as by a body", async ({ expect }) => {
    const asked = await byLink(PROMPTPAY);
    const sent = await api("POST", "/v1/qr/parse", { body: { data: PROMPTPAY } });
    expect(asked.status).toBe(200);
    expect(asked.body).toEqual(sent.body);
    expect(asked.body).toMatchObject({
      object: "qr_explanation",
      kind: "emvco",
      schemes: ["promptpay"],
      amount: { currency: "THB", value: 422 },
      crc: { given: "E469", valid: true },
    });
  });

  it("keeps what a URL has to write in another way", async ({ expect }) => {
    const link = "https://qr.alipay.com/bax0?a=1&b=%20+ข";
    expect((await byLink(link)).body).toMatchObject({ kind: "alipay_url", schemes: ["alipay"] });
    expect((await byLink("ข้าว & tea?")).body).toMatchObject({ kind: "opaque" });
  });

  it.for([
    ["", "data", "is required"],
    ["?data=", "data", "must not be empty"],
    [`?data=${"0".repeat(4_297)}`, "data", "must have at most 4296 characters"],
    ["?data=x&qr=1", "qr", "unknown field; remove it"],
  ] as const)("asked with %j: %s %s", async ([query, path, message], { expect }) => {
    const reply = await api("GET", `/v1/qr/parse${query}`);
    expect([reply.status, reply.body.error.details.issues]).toEqual([400, [{ path, message }]]);
  });

  it("does not hide the pictures, and they do not hide it", async ({ expect }) => {
    const picture = await api("GET", `/v1/qr/pi_${"0".repeat(26)}.svg`);
    expect(picture.body.error.code).toBe("PAYMENT_INTENT_NOT_FOUND");
    expect((await api("GET", "/v1/qr/parse.svg")).status).toBe(404);
  });
});
