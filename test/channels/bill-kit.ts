/** What the tests of bills share: reading a fetched file to its end. */
import type { Outcome, StatementAnswer } from "../../src/channels/adapter.ts";
import type {
  StatementExpectation,
  StatementFormat,
  StatementLine,
} from "../../src/channels/statement/line.ts";

/** The file of an answer that has one. */
export function fileOf(outcome: Outcome<StatementAnswer>) {
  if (outcome.kind !== "ok" || outcome.value.kind !== "file") {
    throw new Error(`no file: ${JSON.stringify(outcome)}`);
  }
  return outcome.value;
}

export const bytesOf = async (body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Response(body).arrayBuffer());

/** The lines of a file. @throws StatementRefused */
export async function linesIn(
  format: StatementFormat,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  expected: StatementExpectation,
): Promise<StatementLine[]> {
  const source = {
    name,
    size: bytes.length,
    stream: async () => new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
    range: async (offset: number, length: number) => bytes.slice(offset, offset + length),
  };
  const lines: StatementLine[] = [];
  for await (const some of format.read(source, expected)) lines.push(...some);
  return lines;
}
