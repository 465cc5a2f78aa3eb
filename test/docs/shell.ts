/**
 * The commands of the guides, read as a shell reads them: quotes, continued lines, variables,
 * comments. No pipes and no substitution: guides do not use them, and asking for one throws.
 */

export type Variables = Readonly<Record<string, string>>;

/** A command's words; an assignment (`NAME=value`) is a command of one word. */
type Command = readonly string[];

const NAME = /^[A-Z_]+/;

/** The rest of a `$` in a text: its value and how many characters it took. */
function expand(text: string, at: number, variables: Variables): readonly [string, number] {
  const name = NAME.exec(text.slice(at + 1))?.[0];
  if (name === undefined) throw new Error(`a $ that is no variable: ${text.slice(at, at + 20)}`);
  return [variables[name] ?? `$${name}`, name.length + 1];
}

/** @throws Error for what the reader does not know, so that no command is misread */
export function commandsOf(script: string, variables: Variables = {}): Command[] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | null = null;
  let quote: "'" | '"' | null = null;
  const endWord = () => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < script.length; at += 1) {
    const character = script.charAt(at);
    if (quote === "'") {
      if (character === "'") quote = null;
      else word = (word ?? "") + character;
    } else if (character === "$") {
      const [value, length] = expand(script, at, variables);
      word = (word ?? "") + value;
      at += length - 1;
    } else if (quote === '"') {
      if (character === '"') quote = null;
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\" && script.charAt(at + 1) === "\n") {
      endWord();
      at += 1;
    } else if (character === "\n") {
      endCommand();
    } else if (character === " ") {
      endWord();
    } else if (character === "#" && word === null) {
      while (at + 1 < script.length && script.charAt(at + 1) !== "\n") at += 1;
    } else if (/[|;&<>`()\\*?]/.test(character)) {
      throw new Error(`the reader of commands does not know ${character}: ${script}`);
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== null) throw new Error(`a quote is not closed: ${script}`);
  endCommand();
  return commands;
}

export interface Curl {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/**
 * What a curl command would send; null for another command.
 * @param files what `-d @name` reads
 */
export function curlOf([program, ...rest]: Command, files: Variables = {}): Curl | null {
  if (program !== "curl") return null;
  const headers: Record<string, string> = {};
  let method: string | null = null;
  let url: string | null = null;
  let body: string | null = null;
  const words = [...rest];
  const argument = () => {
    const next = words.shift();
    if (next === undefined) throw new Error(`curl: an option has no argument: ${rest.join(" ")}`);
    return next;
  };
  while (words.length > 0) {
    const word = argument();
    if (/^-[siSN]+$/.test(word)) continue;
    if (word === "-X") method = argument();
    else if (word === "-o") argument();
    else if (word === "-H") {
      const [name = "", value = ""] = argument().split(/:\s*(.*)/s, 2);
      headers[name] = value;
    } else if (word === "-d" || word === "--data-binary") {
      const data = argument();
      const file = data.startsWith("@") ? files[data.slice(1)] : data;
      if (file === undefined) throw new Error(`curl: no such file: ${data}`);
      body = file;
    } else if (word.startsWith("-")) throw new Error(`curl: the guides do not use ${word}`);
    else if (url === null) url = word;
    else throw new Error(`curl: two addresses: ${url} and ${word}`);
  }
  if (url === null) throw new Error(`curl: no address: ${rest.join(" ")}`);
  return { method: method ?? (body === null ? "GET" : "POST"), url, headers, body };
}

/** `NAME=value`, or null. */
export function assignmentOf(command: Command): readonly [string, string] | null {
  const [word = "", ...more] = command;
  const match = more.length === 0 ? /^([A-Z_]+)=(.*)$/s.exec(word) : null;
  return match === null ? null : [match[1] ?? "", match[2] ?? ""];
}
