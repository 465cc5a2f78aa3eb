/**
 * Markdown as elements of the page, by the parser's tokens. Whatever is text stays text: HTML in a
 * guide is shown, never obeyed, since the template escapes it.
 */
import type { Child } from "hono/jsx";
import { lexer, type Token, type Tokens } from "marked";

import { Code, Table } from "../parts.tsx";
import { linkTarget, LOCAL_ORIGIN } from "./links.ts";

export interface Heading {
  readonly depth: number;
  readonly id: string;
  readonly text: string;
}

export interface Document {
  readonly title: string;
  /** The first paragraph, as text. */
  readonly lead: string;
  /** Without the title. */
  readonly headings: readonly Heading[];
  readonly body: Child;
}

/** What every part of a page needs: where the API is, and which ids are taken. */
interface Context {
  readonly origin: string;
  readonly ids: Set<string>;
  readonly headings: Heading[];
}

/** A heading's address as code hosts make it, so that links work there and here. */
export function anchorOf(text: string, taken: ReadonlySet<string>): string {
  const base = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
  for (let count = 0; ; count += 1) {
    const id = count === 0 ? base : `${base}-${count}`;
    if (!taken.has(id)) return id;
  }
}

const CAPTIONS: Readonly<Record<string, string>> = {
  sh: "Shell",
  json: "JSON",
  js: "Node.js",
  py: "Python",
  php: "PHP",
  go: "Go",
  java: "Java",
  http: "HTTP",
  html: "HTML",
  text: "Text",
};

/** The words of tokens, for anchors and descriptions. */
const plainText = (tokens: readonly Token[]): string =>
  tokens
    .map((token) =>
      "tokens" in token && token.tokens !== undefined
        ? plainText(token.tokens)
        : "text" in token
          ? String(token.text)
          : " ",
    )
    .join("");

/**
 * @param origin where the API is, without a slash at the end; it takes the place of the local
 * address that guides are written with
 * @throws RangeError for what guides do not use: a new kind of token must not vanish silently
 */
export function renderMarkdown(text: string, origin: string): Document {
  const tokens = lexer(text.replaceAll(LOCAL_ORIGIN, origin));
  const [first, ...rest] = tokens.filter(({ type }) => type !== "space");
  if (first?.type !== "heading" || (first as Tokens.Heading).depth !== 1) {
    throw new RangeError("a guide begins with its title");
  }
  const context: Context = { origin, ids: new Set(), headings: [] };
  const opening = rest.find(({ type }) => type === "paragraph") as Tokens.Paragraph | undefined;
  const body = blocks(rest, context);
  return {
    title: plainText((first as Tokens.Heading).tokens),
    lead: plainText(opening?.tokens ?? []).replace(/\s+/g, " "),
    headings: context.headings,
    body,
  };
}

const blocks = (tokens: readonly Token[], context: Context): Child =>
  tokens.map((token) => block(token, context));

function block(token: Token, context: Context): Child {
  switch (token.type) {
    case "space":
      return null;
    case "heading":
      return heading(token as Tokens.Heading, context);
    case "paragraph":
      return <p>{inlines((token as Tokens.Paragraph).tokens, context)}</p>;
    // The words of a list's item.
    case "text":
      return inlines((token as Tokens.Text).tokens ?? [token], context);
    case "code":
      return code(token as Tokens.Code);
    case "list":
      return list(token as Tokens.List, context);
    case "table":
      return table(token as Tokens.Table, context);
    case "blockquote":
      return <blockquote>{blocks((token as Tokens.Blockquote).tokens, context)}</blockquote>;
    case "html":
      return <p>{(token as Tokens.HTML).text}</p>;
    default:
      throw new RangeError(`guides do not use ${token.type}`);
  }
}

function heading({ depth, tokens }: Tokens.Heading, context: Context): Child {
  const text = plainText(tokens);
  const id = anchorOf(text, context.ids);
  context.ids.add(id);
  context.headings.push({ depth, id, text });
  const words = <a href={`#${id}`}>{inlines(tokens, context)}</a>;
  if (depth === 2) return <h2 id={id}>{words}</h2>;
  if (depth === 3) return <h3 id={id}>{words}</h3>;
  throw new RangeError("guides have headings of two levels below their title");
}

/** The first word after the fence is the language, the others are a caption. */
function code({ lang = "", text }: Tokens.Code): Child {
  const [language = "", ...caption] = lang.split(" ");
  const name = CAPTIONS[language];
  if (name === undefined) throw new RangeError(`a block of code is in "${language}"`);
  const title = caption.length === 0 ? name : caption.join(" ");
  return <Code title={title} text={text} shell={language === "sh"} />;
}

function list({ ordered, start, items }: Tokens.List, context: Context): Child {
  const entries = items.map(({ tokens }) => <li>{blocks(tokens, context)}</li>);
  if (!ordered) return <ul>{entries}</ul>;
  return <ol start={start === 1 || start === "" ? undefined : start}>{entries}</ol>;
}

function table({ header, rows }: Tokens.Table, context: Context): Child {
  const head = header.map((cell) => plainText(cell.tokens));
  return (
    <Table
      label={head.join(", ")}
      head={head}
      rows={rows.map((cells) => ({ cells: cells.map(({ tokens }) => inlines(tokens, context)) }))}
    />
  );
}

const inlines = (tokens: readonly Token[], context: Context): Child =>
  tokens.map((token) => inline(token, context));

function inline(token: Token, context: Context): Child {
  switch (token.type) {
    case "text":
    case "escape":
    case "html":
      return (token as Tokens.Text).text;
    case "codespan":
      return <code>{(token as Tokens.Codespan).text}</code>;
    case "strong":
      return <strong>{inlines((token as Tokens.Strong).tokens, context)}</strong>;
    case "em":
      return <em>{inlines((token as Tokens.Em).tokens, context)}</em>;
    case "br":
      return <br />;
    case "link":
      return link(token as Tokens.Link, context);
    default:
      throw new RangeError(`guides do not use ${token.type}`);
  }
}

function link({ href, tokens }: Tokens.Link, context: Context): Child {
  const target = linkTarget(href, context.origin);
  if (target === null) throw new RangeError(`a link of a guide leads to ${href}`);
  const words = inlines(tokens, context);
  if (target.startsWith("https:")) {
    return (
      <a href={target} rel="noopener noreferrer">
        {words}
      </a>
    );
  }
  return <a href={target}>{words}</a>;
}
