/**
 * ZIP archives (PKWARE APPNOTE 6.3), as far as statements come in them: one file, stored or
 * deflated. The directory at the end is what counts; headers in front may leave sizes open (data
 * descriptors). Encryption, ZIP64 and archives in parts are refused.
 */
import { crc32 } from "./crc32.ts";
import { checkSize, inflated } from "./inflate.ts";
import type { StatementSource } from "./line.ts";
import type { Refuse } from "./refuse.ts";

/** Which entry is the statement, by its name without folders. */
export type EntryChoice = (name: string) => boolean;

const END = { signature: 0x06054b50, bytes: 22, comment: 0xffff };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MOST_ENTRIES = 64;
const MOST_DIRECTORY_BYTES = 64 * 1024;
const RANGE_BYTES = 1024 * 1024;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Alipay writes names in GBK and does not say so. GBK is next to never valid UTF-8 by accident. */
function nameOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return new TextDecoder("gbk").decode(bytes);
  }
}

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly entries: number;
}

/** The record at the very end: its comment must fill the file exactly. */
async function directoryOf(source: StatementSource, refuse: Refuse): Promise<Directory> {
  const from = Math.max(0, source.size - END.bytes - END.comment);
  const tail = await source.range(from, source.size - from);
  const view = viewOf(tail);
  for (let at = tail.length - END.bytes; at >= 0; at--) {
    if (view.getUint32(at, true) !== END.signature) continue;
    if (at + END.bytes + view.getUint16(at + 20, true) !== tail.length) continue;
    const [size, offset] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    const entries = view.getUint16(at + 10, true);
    const whole = view.getUint16(at + 8, true) === entries && view.getUint32(at + 4, true) === 0;
    // ZIP64 writes all ones here; a gap before the record is a second archive, or what was cut off.
    if (!whole || offset + size !== from + at) {
      throw refuse("container", "The ZIP archive is in parts, in ZIP64 or damaged.");
    }
    if (entries > MOST_ENTRIES || size > MOST_DIRECTORY_BYTES) {
      throw refuse("container", `The ZIP archive holds more than ${MOST_ENTRIES} files.`);
    }
    return { offset, size, entries };
  }
  throw refuse("truncated", "The ZIP archive has no end: it is cut off, or something follows it.");
}

function entriesOf(bytes: Uint8Array, count: number, refuse: Refuse): Entry[] {
  const view = viewOf(bytes);
  const entries: Entry[] = [];
  const damaged = () => refuse("container", "The ZIP archive's directory is damaged.");
  let at = 0;
  while (entries.length < count) {
    if (at + CENTRAL.bytes > bytes.length) throw damaged();
    if (view.getUint32(at, true) !== CENTRAL.signature) throw damaged();
    const nameEnd = at + CENTRAL.bytes + view.getUint16(at + 28, true);
    const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > bytes.length) throw damaged();
    const rawName = bytes.subarray(at + CENTRAL.bytes, nameEnd);
    entries.push({
      name: nameOf(rawName),
      rawName,
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      unpacked: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  if (at !== bytes.length) throw damaged();
  return entries;
}

function chosenOf(entries: readonly Entry[], choose: EntryChoice, refuse: Refuse): Entry {
  const files = entries.filter(({ name }) => !name.endsWith("/"));
  const chosen = files.filter(({ name }) => choose(name.slice(name.lastIndexOf("/") + 1)));
  const [entry, ...others] = chosen;
  if (files.some(({ name }) => name.startsWith("xl/"))) {
    throw refuse("container", "This is a spreadsheet (XLSX): save it as CSV.");
  }
  if (entry === undefined || others.length > 0) {
    throw refuse("container", `The ZIP archive holds ${chosen.length} statements, not one.`);
  }
  const { flags, method, packed, unpacked } = entry;
  if ((flags & ENCRYPTED) !== 0) throw refuse("container", "The ZIP archive has a password.");
  if (method !== STORED && method !== DEFLATED) {
    throw refuse("container", "The ZIP archive is packed in a way that is not known here.");
  }
  // What it says of itself is enough to refuse an honest giant; liars are found while reading.
  checkSize(packed, unpacked, refuse);
  return entry;
}

/** Where the entry's bytes begin. Attack: a header in front that names another file. */
async function dataOf(
  source: StatementSource,
  entry: Entry,
  directory: Directory,
  refuse: Refuse,
): Promise<number> {
  const { rawName, offset, packed } = entry;
  const header = await source.range(offset, LOCAL.bytes + rawName.length);
  const view = viewOf(header);
  const damaged = () => refuse("container", "The ZIP archive does not agree with its directory.");
  if (header.length < LOCAL.bytes + rawName.length) throw damaged();
  if (view.getUint32(0, true) !== LOCAL.signature) throw damaged();
  if (view.getUint16(26, true) !== rawName.length) throw damaged();
  if (view.getUint16(8, true) !== entry.method) throw damaged();
  if (rawName.some((byte, at) => header[LOCAL.bytes + at] !== byte)) throw damaged();
  const start = offset + header.length + view.getUint16(28, true);
  if (start + packed > directory.offset) throw damaged();
  return start;
}

async function* rangesOf(
  source: StatementSource,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += RANGE_BYTES) {
    yield await source.range(start + at, Math.min(RANGE_BYTES, length - at));
  }
}

/**
 * The contents of the archive's one statement; its length and CRC are checked at its end.
 * @throws StatementRefused
 */
export async function* unzipped(
  source: StatementSource,
  choose: EntryChoice,
  refuse: Refuse,
): AsyncGenerator<Uint8Array> {
  const directory = await directoryOf(source, refuse);
  const bytes = await source.range(directory.offset, directory.size);
  const entry = chosenOf(entriesOf(bytes, directory.entries, refuse), choose, refuse);
  const start = await dataOf(source, entry, directory, refuse);
  const ranges = rangesOf(source, start, entry.packed);
  let [length, crc] = [0, 0];
  for await (const piece of entry.method === STORED
    ? ranges
    : inflated(ranges, "deflate-raw", refuse)) {
    length += piece.byteLength;
    if (length > entry.unpacked) break;
    crc = crc32(piece, crc);
    yield piece;
  }
  if (length !== entry.unpacked || crc !== entry.crc) {
    throw refuse("container", "The ZIP archive's contents do not agree with its directory.");
  }
}
