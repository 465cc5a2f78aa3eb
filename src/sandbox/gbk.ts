/**
 * GBK as bytes, for files in it: the platform only decodes. The table is its decoder's own, read
 * once: every pair of bytes, each ended by a line feed.
 */

const LEAD = { from: 0x81, to: 0xfe };
const TRAIL = { from: 0x40, to: 0xfe };

function readTable(): Map<string, readonly [number, number]> {
  const pairs: [number, number][] = [];
  for (let lead = LEAD.from; lead <= LEAD.to; lead += 1) {
    for (let trail = TRAIL.from; trail <= TRAIL.to; trail += 1) pairs.push([lead, trail]);
  }
  const bytes = new Uint8Array(pairs.flatMap(([lead, trail]) => [lead, trail, 0x0a]));
  const characters = new TextDecoder("gbk").decode(bytes).split("\n");
  const table = new Map<string, readonly [number, number]>();
  for (const [index, pair] of pairs.entries()) {
    const character = characters[index] ?? "";
    const isOne = Array.from(character).length === 1 && character !== "\u{fffd}";
    if (isOne && !table.has(character)) table.set(character, pair);
  }
  return table;
}

let table: ReturnType<typeof readTable> | null = null;

const UNKNOWN = 0x3f;

/** What GBK has no character for becomes a question mark. */
export function gbk(text: string): Uint8Array<ArrayBuffer> {
  table ??= readTable();
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? UNKNOWN;
    if (code < 0x80) bytes.push(code);
    else bytes.push(...(table.get(character) ?? [UNKNOWN]));
  }
  return new Uint8Array(bytes);
}
