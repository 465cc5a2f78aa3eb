/** Files for the tests of statements: how they are packed, encoded, cut and read. */
import {
  type StatementExpectation,
  type StatementFormat,
  type StatementLine,
  StatementRefused,
  type StatementSource,
} from "../../../src/channels/statement/line.ts";

export const DAY = "2026-11-20";

export const expected = (changes: Partial<StatementExpectation> = {}): StatementExpectation => ({
  day: DAY,
  merchantAccount: "1900000001",
  sha1: null,
  ...changes,
});

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every two-byte character of GBK, from its decoder: the runtime has no encoder. */
const gbkBytes = new Map<string, number>();

export function gbk(text: string): Uint8Array {
  if (gbkBytes.size === 0) {
    const decoder = new TextDecoder("gbk");
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      for (let trail = 0x40; trail <= 0xfe; trail++) {
        const letter = decoder.decode(Uint8Array.of(lead, trail));
        if (letter.length === 1 && !gbkBytes.has(letter)) gbkBytes.set(letter, lead * 256 + trail);
      }
    }
  }
  return Uint8Array.from(
    Array.from(text).flatMap((letter) => {
      const code = letter.charCodeAt(0);
      if (code < 0x80) return [code];
      const pair = gbkBytes.get(letter);
      if (pair === undefined) throw new RangeError(`${letter} is not in GBK`);
      return [pair >> 8, pair & 0xff];
    }),
  );
}

/** A file in memory; `chunk` bytes at a time. */
export function sourceOf(bytes: Uint8Array, name = "statement", chunk = 65_536): StatementSource {
  return {
    name,
    size: bytes.length,
    async stream() {
      let at = 0;
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (at >= bytes.length) return controller.close();
            controller.enqueue(bytes.slice(at, at + chunk));
            at += chunk;
          },
        },
        { highWaterMark: 0 },
      );
    },
    range: async (offset, length) => bytes.slice(offset, offset + length),
  };
}

export async function readAll(
  format: StatementFormat,
  source: StatementSource | Uint8Array | string,
  about: StatementExpectation = expected(),
): Promise<StatementLine[]> {
  const bytes = typeof source === "string" ? utf8(source) : source;
  const lines: StatementLine[] = [];
  const file = bytes instanceof Uint8Array ? sourceOf(bytes) : bytes;
  for await (const some of format.read(file, about)) lines.push(...some);
  return lines;
}

/** `code`, `code:line` or `code:line:column` of the refusal; "read" when there is none. */
export async function refusal(
  format: StatementFormat,
  source: StatementSource | Uint8Array | string,
  about: StatementExpectation = expected(),
): Promise<string> {
  try {
    await readAll(format, source, about);
    return "read";
  } catch (error) {
    if (!(error instanceof StatementRefused)) throw error;
    return [error.code, error.line, error.column].filter((part) => part !== null).join(":");
  }
}

const through = async (bytes: Uint8Array, format: "gzip" | "deflate-raw"): Promise<Uint8Array> => {
  const body = new Response(bytes).body;
  if (body === null) throw new Error("no body");
  return new Uint8Array(
    await new Response(body.pipeThrough(new CompressionStream(format))).arrayBuffer(),
  );
};

export const gzip = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, "gzip");
export const deflate = (bytes: Uint8Array): Promise<Uint8Array> => through(bytes, "deflate-raw");

/** Bit by bit, unlike the table that it judges. */
export function plainCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

export interface ZipFile {
  readonly name: Uint8Array;
  readonly contents: Uint8Array;
  readonly stored?: boolean;
  /** Sizes behind the data, and zeros in front of it. */
  readonly descriptor?: boolean;
  readonly flags?: number;
  readonly method?: number;
  /** What the directory says instead of the truth. */
  readonly crc?: number;
  readonly unpacked?: number;
  readonly packed?: number;
  readonly localName?: Uint8Array;
}

const numbers = (...fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array => {
  const bytes = new Uint8Array(fields.reduce((length, [, size]) => length + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
};

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** An archive, honest or not. */
export async function zip(files: readonly ZipFile[], comment = ""): Promise<Uint8Array> {
  const [bodies, records]: [Uint8Array[], Uint8Array[]] = [[], []];
  let offset = 0;
  for (const file of files) {
    const data = file.stored === true ? file.contents : await deflate(file.contents);
    const method = file.method ?? (file.stored === true ? 0 : 8);
    const flags = (file.flags ?? 0) | (file.descriptor === true ? 8 : 0);
    const crc = file.crc ?? plainCrc(file.contents);
    const [packed, unpacked] = [file.packed ?? data.length, file.unpacked ?? file.contents.length];
    const sizes = [
      [crc, 4],
      [packed, 4],
      [unpacked, 4],
    ] as const;
    const nothing = [
      [0, 4],
      [0, 4],
      [0, 4],
    ] as const;
    const middle = [
      [20, 2],
      [flags, 2],
      [method, 2],
      [0, 4],
    ] as const;
    const localName = file.localName ?? file.name;
    const body = joined(
      numbers(
        [0x04034b50, 4],
        ...middle,
        ...(file.descriptor === true ? nothing : sizes),
        [localName.length, 2],
        [0, 2],
      ),
      localName,
      data,
      file.descriptor === true ? numbers([0x08074b50, 4], ...sizes) : new Uint8Array(0),
    );
    records.push(
      numbers(
        [0x02014b50, 4],
        [20, 2],
        ...middle,
        ...sizes,
        [file.name.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 4],
        [offset, 4],
      ),
      file.name,
    );
    bodies.push(body);
    offset += body.length;
  }
  const directory = joined(...records);
  const end = numbers(
    [0x06054b50, 4], [0, 4], [files.length, 2], [files.length, 2],
    [directory.length, 4], [offset, 4], [comment.length, 2],
  ); // prettier-ignore
  return joined(...bodies, directory, end, utf8(comment));
}

export async function sha1(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
