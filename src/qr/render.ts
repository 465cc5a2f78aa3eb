/**
 * A QR payload as a small SVG: one path of horizontal runs on a light ground. Colours are fixed,
 * also in dark mode: many scanners refuse light modules on a dark ground.
 */
import { qrMatrix } from "./matrix.ts";

export interface QrOptions {
  /** Width and height in CSS pixels. */
  readonly size?: number;
  /** Quiet zone in modules. ISO/IEC 18004 asks for 4; less is for pages that have one already. */
  readonly margin?: number;
}

export const QR_SIZE_DEFAULT = 256;
export const QR_MARGIN_DEFAULT = 4;

/**
 * Draws a payload. Nothing of the payload but the drawing gets into the text, so nothing in it
 * needs escaping.
 * @throws QrPayloadError when the payload cannot be drawn faithfully (`isDrawable` says before)
 */
export function renderQr(payload: string, options: QrOptions = {}): string {
  const { size = QR_SIZE_DEFAULT, margin = QR_MARGIN_DEFAULT } = options;
  const matrix = qrMatrix(payload);
  const side = matrix.length + 2 * margin;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" ` +
    `viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges" role="img">` +
    `<title>QR code</title>` +
    `<path fill="#fff" d="M0 0h${side}v${side}H0z"/>` +
    `<path fill="#000" d="${runs(matrix, margin)}"/></svg>`
  );
}

/** Every horizontal run of dark modules as one rectangle. */
function runs(matrix: readonly (readonly boolean[])[], margin: number): string {
  let path = "";
  for (const [y, row] of matrix.entries()) {
    let x = 0;
    while (x < row.length) {
      const start = x;
      while (row[x] === true) x += 1;
      if (x > start) path += `M${start + margin} ${y + margin}h${x - start}v1h-${x - start}z`;
      else x += 1;
    }
  }
  return path;
}
