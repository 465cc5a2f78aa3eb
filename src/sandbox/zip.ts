/**
 * ZIP archives as servers write them that do not know sizes beforehand: deflated, the sizes behind
 * the data and in the directory at the end (APPNOTE.TXT 4.3). Names are bytes, in whatever encoding.
 */
import { concat } from "../crypto/encoding.ts";

export interface ZipFile {
  readonly name: Uint8Array;
  readonly data: Uint8Array<ArrayBuffer>;
  /** What the archive says that the data's CRC-32 is, where it is not the data's own. */
  readonly crc?: number;
}

const VERSION = 20;
/** General purpose flag 3: sizes and checksum stand behind the data. */
const DESCRIPTOR = 1 << 3;
const DEFLATED = 8;
/** 1 January 1980, midnight: the format's first moment. */
const NO_TIME = [0, 0x0021] as const;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers: pairs of value and width in bytes. */
function fields(...values: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of values) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

/** `data` through one of the platform's compressors. */
export async function compressed(
  data: Uint8Array<ArrayBuffer>,
  format: "gzip" | "deflate-raw",
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function zip(files: readonly ZipFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data, crc = crc32(data) } of files) {
    const packed = await compressed(data, "deflate-raw");
    const head = [
      [VERSION, 2],
      [DESCRIPTOR, 2],
      [DEFLATED, 2],
      [NO_TIME[0], 2],
      [NO_TIME[1], 2],
    ] as const;
    const sizes = [
      [crc, 4],
      [packed.length, 4],
      [data.length, 4],
    ] as const;
    const names = [
      [name.length, 2],
      [0, 2],
    ] as const;
    const file = concat(
      fields([0x04034b50, 4], ...head, [0, 4], [0, 4], [0, 4], ...names),
      name,
      packed,
      fields([0x08074b50, 4], ...sizes),
    );
    directory.push(
      fields([0x02014b50, 4], [VERSION, 2], ...head, ...sizes, ...names),
      // No comment, one disk, no attributes.
      fields([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      name,
    );
    parts.push(file);
    offset += file.length;
  }
  const index = concat(...directory);
  const count = files.length;
  const end = fields(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [index.length, 4],
    [offset, 4],
    [0, 2],
  );
  return concat(...parts, index, end);
}
