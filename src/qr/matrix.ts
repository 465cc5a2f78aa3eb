/**
 * The only file that knows the QR library. qrcode-svg is used for its matrix alone: its own drawing
 * is mirrored unless told otherwise and ten times as large as ours.
 */
import QRCode from "qrcode-svg";

/** What the library can hold at level M: three bytes less than ISO/IEC 18004 allows. */
export const QR_CAPACITY = 2_328;

/** A payload that cannot be drawn so that it scans as the same text. The message names no payload. */
export class QrPayloadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "QrPayloadError";
  }
}

/** Whether {@link qrMatrix} will draw it. */
export const isDrawable = (payload: string): boolean =>
  // The library puts a byte-order mark before anything but ASCII: a wallet would read another
  // text than the channel signed.
  /^[\u0020-\u007e]+$/.test(payload) && payload.length <= QR_CAPACITY;

/**
 * The dark modules, `[row][column]`, without quiet zone, error correction level M.
 * @throws QrPayloadError on an empty, non-ASCII or too long payload
 */
export function qrMatrix(payload: string): readonly (readonly boolean[])[] {
  if (!isDrawable(payload)) {
    throw new QrPayloadError(`a QR payload must be 1 to ${QR_CAPACITY} printable ASCII characters`);
  }
  return new QRCode({ content: payload, ecl: "M", padding: 0 }).qrcode.modules;
}
