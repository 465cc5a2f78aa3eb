/**
 * Where files lie: as they came, and after they were read as pages of lines. R2 holds them; only
 * this module knows its keys.
 */
import type { StatementLine, StatementSource } from "../channels/statement/line.ts";
import { toHex } from "../crypto/encoding.ts";

/** R2 takes parts of at least this size, all of the same; the last may be smaller. */
const PART_BYTES = 5 * 1_048_576;

/** A part begins small: most files are, and many may be sent at once. */
const FIRST_BYTES = 65_536;

/** A larger file is nobody's day. */
export const MAX_FILE_BYTES = 512 * 1_048_576;

/** Lines of a page: about a megabyte. */
export const PAGE_LINES = 5_000;

export interface StoredFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface Archive {
  /**
   * Keeps a file under a statement's id. Streams: no more than a part of it is in memory.
   * @returns null: it is larger than {@link MAX_FILE_BYTES}, and not kept
   */
  keep(statementId: string, body: ReadableStream<Uint8Array>): Promise<StoredFile | null>;
  /** The file, to be read; null: it is not there. */
  open(statementId: string, name: string): Promise<StatementSource | null>;
  /** The file is forgotten: another with the same bytes is there. */
  drop(statementId: string): Promise<void>;
  /** Pages of a file that turned out not to be believed. The file itself stays, for people. */
  dropPages(statementId: string): Promise<void>;
  putPage(statementId: string, page: number, lines: readonly StatementLine[]): Promise<void>;
  /** @throws Error when it is not there: it was written before anybody was told of it. */
  page(statementId: string, page: number): Promise<StatementLine[]>;
}

const fileKey = (id: string): string => `statements/${id}/file`;
const pageKey = (id: string, page: number): string =>
  `statements/${id}/lines/${String(page).padStart(6, "0")}.json`;

/** Chunks joined to parts of exactly {@link PART_BYTES}, but for the last. */
async function* partsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(FIRST_BYTES);
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength;) {
      const piece = chunk.subarray(at, at + PART_BYTES - filled);
      const needed = filled + piece.byteLength;
      if (needed > part.byteLength) {
        const size = Math.min(Math.max(needed, part.byteLength * 2), PART_BYTES);
        part = new Uint8Array(part.buffer.transfer(size));
      }
      part.set(piece, filled);
      filled += piece.byteLength;
      at += piece.byteLength;
      if (filled === PART_BYTES) {
        yield part;
        part = new Uint8Array(FIRST_BYTES);
        filled = 0;
      }
    }
  }
  yield part.subarray(0, filled);
}

async function keep(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream<Uint8Array>,
): Promise<StoredFile | null> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  let upload: R2MultipartUpload | null = null;
  const done: R2UploadedPart[] = [];
  let bytes = 0;
  try {
    for await (const part of partsOf(body)) {
      bytes += part.byteLength;
      if (bytes > MAX_FILE_BYTES) break;
      await writer.write(part);
      if (upload === null && part.byteLength < PART_BYTES) {
        await bucket.put(key, part);
      } else if (part.byteLength > 0) {
        upload ??= await bucket.createMultipartUpload(key);
        done.push(await upload.uploadPart(done.length + 1, part));
      }
    }
    if (bytes > MAX_FILE_BYTES) {
      await upload?.abort();
      await writer.abort();
      await digest.digest.catch(() => undefined);
      return null;
    }
    await upload?.complete(done);
    await writer.close();
    return { bytes, sha256: toHex(new Uint8Array(await digest.digest)) };
  } catch (error) {
    // What was begun would be kept, and billed, for a week.
    await upload?.abort().catch(() => undefined);
    throw error;
  }
}

export function openArchive(bucket: R2Bucket): Archive {
  return {
    keep: (id, body) => keep(bucket, fileKey(id), body),

    async open(id, name) {
      const head = await bucket.head(fileKey(id));
      if (head === null) return null;
      const read = async (range?: R2Range) => {
        const found = await bucket.get(fileKey(id), range === undefined ? {} : { range });
        if (found === null) throw new Error(`the file of ${id} is gone`);
        return found;
      };
      return {
        name,
        size: head.size,
        stream: async () => (await read()).body,
        range: async (offset, length) =>
          offset >= head.size
            ? new Uint8Array(0)
            : new Uint8Array(await (await read({ offset, length })).arrayBuffer()),
      };
    },

    drop: (id) => bucket.delete(fileKey(id)),

    async dropPages(id) {
      for (;;) {
        const { objects, truncated } = await bucket.list({ prefix: `statements/${id}/lines/` });
        if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
        if (!truncated) return;
      }
    },

    async putPage(id, page, lines) {
      await bucket.put(pageKey(id, page), JSON.stringify(lines));
    },

    async page(id, page) {
      const found = await bucket.get(pageKey(id, page));
      if (found === null) throw new Error(`page ${page} of ${id} is gone`);
      return found.json<StatementLine[]>();
    },
  };
}
