/**
 * The small code on Thai transfer slips ("mini QR"): a receipt to be looked up at a bank, no
 * payment. Its outer form is EMVCo's, its identifiers are not: 00 holds the transfer, 51 the
 * country, 91 the CRC. A slip proves nothing by itself: anyone can draw one.
 */
import { type Result, err, ok } from "../../../result.ts";
import { isDigits } from "../characters.ts";
import { crc16 } from "../crc.ts";
import { emvError, type EmvError, refuse } from "../issues.ts";
import { buildTlv, type EmvObject, parseTlv, ROOT } from "../tlv.ts";

const API_ID = "000001";

export interface PromptPaySlip {
  /** Bank code, three digits. */
  readonly sendingBank: string;
  /** What the sending bank knows the transfer by. */
  readonly transferReference: string;
  readonly crc: { readonly given: string; readonly expected: string };
  readonly objects: readonly EmvObject[];
}

/** Whether it was meant as a slip: its first object is a template that begins with the API's id. */
export const startsAsSlip = (text: string): boolean => /^00\d\d0006\d{6}01/.test(text);

const valueIn = (objects: readonly EmvObject[], id: string): string | null =>
  objects.find((one) => one.id === id)?.value ?? null;

/** Reads a slip's code. The CRC may be in lower case, as some banks write it. */
export function readPromptPaySlip(text: string): Result<PromptPaySlip, EmvError> {
  const root = parseTlv(text, "strict");
  if (!root.ok) return root;
  const [first, ...others] = root.value;
  const last = root.value.at(-1);
  if (first?.id !== "00" || last?.id !== "91" || last.length !== 4) {
    return err(emvError("EMV_CRC_MISSING", "91", "a slip ends with its CRC in object 91"));
  }
  const expected = crc16(text.slice(0, -4));
  if (last.value.toUpperCase() !== expected) {
    const message = "the CRC does not fit the content";
    const given = last.value;
    return err({ kind: "EMV_CRC_MISMATCH", at: last.at, id: "91", given, expected, message });
  }
  const inner = parseTlv(first.value, "strict", { ...ROOT, at: 4, path: "00" });
  if (!inner.ok) return inner;
  const sendingBank = valueIn(inner.value, "01");
  const transferReference = valueIn(inner.value, "02");
  if (valueIn(inner.value, "00") !== API_ID || sendingBank === null || transferReference === null) {
    return err(emvError("EMV_MANDATORY_MISSING", "00", "no slip: API, bank and reference", 0));
  }
  const objects = [{ ...first, children: inner.value }, ...others];
  return ok({ sendingBank, transferReference, crc: { given: last.value, expected }, objects });
}

/** Makes a slip's code, for the sandbox and tests. */
export function buildPromptPaySlip(input: {
  readonly sendingBank: string;
  readonly transferReference: string;
}): Result<string, EmvError> {
  const { sendingBank, transferReference } = input;
  if (sendingBank.length !== 3 || !isDigits(sendingBank)) {
    return refuse("EMV_FORMAT", "00.01", "three digits");
  }
  if (!/^[0-9A-Za-z]{1,25}$/.test(transferReference)) {
    return refuse("EMV_FORMAT", "00.02", "1 to 25 letters and digits");
  }
  const inner = buildTlv(
    [
      ["00", API_ID],
      ["01", sendingBank],
      ["02", transferReference],
    ],
    "00",
  );
  if (!inner.ok) return inner;
  const body = buildTlv([
    ["00", inner.value],
    ["51", "TH"],
  ]);
  if (!body.ok) return body;
  const signed = `${body.value}9104`;
  return ok(signed + crc16(signed));
}
