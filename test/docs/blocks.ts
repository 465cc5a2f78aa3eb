/** The blocks of code of a guide, in order. */
import { lexer, type Token, type Tokens } from "marked";

export interface Block {
  /** The word after the fence. */
  readonly language: string;
  /** What follows it: a file's name, mostly. */
  readonly caption: string;
  readonly text: string;
}

const isCode = (token: Token): token is Tokens.Code => token.type === "code";

const inside = (token: Token): Token[] => [
  ...("tokens" in token ? (token.tokens ?? []) : []),
  ...(token.type === "list" ? (token as Tokens.List).items : []),
];

const codesIn = (tokens: readonly Token[]): Tokens.Code[] =>
  tokens.flatMap((token) => (isCode(token) ? [token] : codesIn(inside(token))));

export const blocksOf = (markdown: string): Block[] =>
  codesIn(lexer(markdown)).map(({ lang = "", text }) => {
    const [language = "", ...caption] = lang.split(" ");
    return { language, caption: caption.join(" "), text };
  });

/** The blocks with a file's name, by it. */
export const filesOf = (markdown: string): Record<string, string> =>
  Object.fromEntries(
    blocksOf(markdown)
      .filter(({ caption }) => /^[\w-]+\.\w+$/.test(caption))
      .map(({ caption, text }) => [caption, text]),
  );
