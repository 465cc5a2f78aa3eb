/** Reads a national code as a wallet does: objects by their path, and the check digits. */

/** Objects of one level; null when it is not a list of them. Lengths count characters. */
export function readObjects(text: string): ReadonlyMap<string, string> | null {
  const characters = Array.from(text);
  const objects = new Map<string, string>();
  for (let at = 0; at < characters.length;) {
    const head = characters.slice(at, at + 4).join("");
    if (!/^\d{4}$/.test(head)) return null;
    const length = Number(head.slice(2));
    const value = characters.slice(at + 4, at + 4 + length);
    if (length === 0 || value.length !== length || objects.has(head.slice(0, 2))) return null;
    objects.set(head.slice(0, 2), value.join(""));
    at += 4 + length;
  }
  return objects;
}

/** The value at a path of identifiers ("30.02"); null: not there. */
export function valueAt(text: string, path: string): string | null {
  let value: string | null = text;
  for (const id of path.split(".")) {
    value = value === null ? null : (readObjects(value)?.get(id) ?? null);
  }
  return value;
}

/** CRC-16, polynomial 0x1021 from 0xFFFF, bit by bit. */
export function checkDigits(text: string): string {
  let crc = 0xffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

/** Whether the last object is the right CRC of everything before it. */
export const isWhole = (text: string): boolean =>
  text.slice(-8, -4) === "6304" && checkDigits(text.slice(0, -4)) === text.slice(-4);

/** One object with its length. */
export const object = (id: string, value: string): string =>
  `${id}${String(Array.from(value).length).padStart(2, "0")}${value}`;

/** A payload with its check digits. */
export const finished = (objects: readonly string[]): string => {
  const text = `${objects.join("")}6304`;
  return text + checkDigits(text);
};
