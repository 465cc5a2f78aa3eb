/** Reads a code back from its picture, as a phone would: drawn to pixels, then decoded. */
import { Resvg } from "@resvg/resvg-js";
import jsQR from "jsqr";

/** The text in the code, or null when no phone could read it. */
export function scan(svg: string): string | null {
  const image = new Resvg(svg, { fitTo: { mode: "width", value: 512 } }).render();
  const pixels = new Uint8ClampedArray(image.pixels);
  return jsQR(pixels, image.width, image.height)?.data ?? null;
}
