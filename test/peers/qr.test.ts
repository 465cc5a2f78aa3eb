/** Two scanners that know nothing of us read the rasterised SVG, as a camera would get it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Resvg } from "@resvg/resvg-js";
import jsQR from "jsqr";
import { beforeAll, describe, it } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

import { isDrawable } from "../../src/qr/matrix.ts";
import { renderQr } from "../../src/qr/render.ts";
import vectors from "../vectors/qr-payloads.json" with { type: "json" };

const drawable = vectors.payloads.filter(({ payload }) => isDrawable(payload));

beforeAll(async () => {
  const wasm = readFileSync(
    fileURLToPath(import.meta.resolve("zxing-wasm/reader/zxing_reader.wasm")),
  );
  await prepareZXingModule({
    overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.length) },
    fireImmediately: true,
  });
});

function rasterise(svg: string, width: number) {
  const image = new Resvg(svg, { fitTo: { mode: "width", value: width } }).render();
  const { pixels, width: w, height: h } = image;
  return { data: new Uint8ClampedArray(pixels), width: w, height: h };
}

const zxing = (image: ReturnType<typeof rasterise>) =>
  readBarcodes(
    { ...image, colorSpace: "srgb" },
    {
      formats: ["QRCode"],
      tryHarder: true,
      tryInvert: false,
      tryRotate: false,
    },
  );

describe("the drawn code", () => {
  it("covers all vectors but the one that is not ASCII", ({ expect }) => {
    expect(vectors.payloads.length - drawable.length).toBe(1);
    expect(drawable.length).toBeGreaterThan(50);
  });

  it.for(drawable)("zxing reads $id, upright and not mirrored", async ({ payload }, { expect }) => {
    const found = await zxing(rasterise(renderQr(payload, { size: 512 }), 1_024));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      text: payload,
      isValid: true,
      isMirrored: false,
      isInverted: false,
      orientation: 0,
    });
  });

  // jsqr gives up on the version 27 code of 1042 characters, whoever draws it.
  it.for(drawable.filter(({ payload }) => payload.length < 1_000))(
    "jsqr reads $id",
    ({ payload }, { expect }) => {
      const { data, width, height } = rasterise(renderQr(payload), 1_024);
      expect(jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data).toBe(payload);
    },
  );

  it.for([256, 300, 333, 512, 1_024])(
    "reads at %d pixels, where modules do not fall on pixels",
    async (width, { expect }) => {
      const payload = "weixin://wxpay/bizpayurl?pr=NwY5Mz9";
      const image = rasterise(renderQr(payload), width);
      expect((await zxing(image))[0]?.text).toBe(payload);
      expect(jsQR(image.data, image.width, image.height)?.data).toBe(payload);
    },
  );

  it("the mirror image is told apart, so the check above can fail", async ({ expect }) => {
    const svg = renderQr("https://qr.alipay.com/bax03206ug0kulveltqc80a8");
    const side = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    const mirrored = svg
      .replace("<title>", `<g transform="translate(${side} 0) scale(-1 1)"><title>`)
      .replace("</svg>", "</g></svg>");
    const found = await zxing(rasterise(mirrored, 1_024));
    expect(found[0]?.isMirrored ?? true).toBe(true);
  });
});
