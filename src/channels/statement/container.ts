/**
 * From a file to its contents, by what its first bytes are and never by its name: plain, gzip or a
 * ZIP archive. Also whether it is what the channel announced.
 */
import { toHex } from "../../crypto/encoding.ts";
import { piecesOf } from "./bytes.ts";
import { checkSize, inflated } from "./inflate.ts";
import type { StatementSource } from "./line.ts";
import type { Refuse } from "./refuse.ts";
import { type EntryChoice, unzipped } from "./zip.ts";

type Kind = "plain" | "gzip" | "zip";

function kindOf(head: Uint8Array): Kind {
  const [a, b, c = 0, d = 0] = head;
  if (a === 0x1f && b === 0x8b) return "gzip";
  // A local header; or the end of an archive that holds nothing.
  if (a === 0x50 && b === 0x4b && ((c === 3 && d === 4) || (c === 5 && d === 6))) return "zip";
  return "plain";
}

/** SHA-1 of what passes by. Channels announce it; it is compared, not trusted. */
function sha1Of() {
  const stream = new crypto.DigestStream("SHA-1");
  const writer = stream.getWriter();
  stream.digest.catch(() => undefined);
  return {
    async *watch(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces) {
        await writer.write(piece);
        yield piece;
      }
    },
    async hex(): Promise<string> {
      await writer.close();
      return toHex(new Uint8Array(await stream.digest));
    },
  };
}

/**
 * A file's contents. `sha1` (lower-case hexadecimal) may be of the file or of its contents: WeChat
 * Pay's pages do not say which.
 * @throws StatementRefused when a byte is not as it must be; before the end nothing is certain
 */
export async function* contentsOf(
  source: StatementSource,
  choose: EntryChoice,
  sha1: string | null,
  refuse: Refuse,
): AsyncGenerator<Uint8Array> {
  if (source.size === 0) throw refuse("empty", "The file is empty.");
  checkSize(source.size, source.size, refuse);
  const kind = kindOf(await source.range(0, 4));
  const [ofFile, ofContents] = sha1 === null ? [null, null] : [sha1Of(), sha1Of()];

  async function* raw(): AsyncGenerator<Uint8Array> {
    const pieces = piecesOf(await source.stream());
    yield* ofFile === null ? pieces : ofFile.watch(pieces);
  }
  const unpacked = { plain: raw, gzip: () => inflated(raw(), "gzip", refuse), zip };
  function zip(): AsyncGenerator<Uint8Array> {
    return unzipped(source, choose, refuse);
  }

  const contents = unpacked[kind]();
  let first = true;
  for await (const piece of ofContents === null ? contents : ofContents.watch(contents)) {
    if (first && kindOf(piece) !== "plain") {
      throw refuse("doubly_encoded", "The file holds another packed file: unpack it once.");
    }
    first = false;
    yield piece;
  }
  if (ofFile === null || ofContents === null) return;
  // The archive was read by its directory: for its hash every byte is read once more.
  if (kind === "zip") for await (const piece of raw()) void piece;
  if (sha1 !== (await ofFile.hex()) && sha1 !== (await ofContents.hex())) {
    throw refuse("tampered", "The file's SHA-1 is not the one that the channel announced.");
  }
}
