/** The frame of every page of the documentation. No script, one style sheet. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";

import { API_VERSION } from "../constants.ts";
import { GUIDES_PATH } from "./guides/links.ts";
import { STYLE } from "./style.ts";

interface Props {
  /** In the browser's tab. */
  readonly title: string;
  readonly description: string;
  /** Which of the header's links is this page's. */
  readonly place: "reference" | "guides";
  /** Links to the page's parts and its neighbours: beside it, or folded away on a narrow screen. */
  readonly contents: Child;
  readonly version?: string;
  /** Above the folded contents. */
  readonly opening: Child;
  readonly children: Child;
}

const PLACES = [
  ["guides", GUIDES_PATH, "Guides"],
  ["reference", "/docs", "Reference"],
] as const;

export const Frame = (props: Props) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="description" content={props.description} />
      <title>{props.title}</title>
      <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
      <style>{raw(STYLE)}</style>
    </head>
    <body>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <a class="brand" href="#top">
          ItPay Edge
        </a>
        <span class="version">{`API ${props.version ?? API_VERSION}`}</span>
        <nav class="places" aria-label="Documentation">
          {PLACES.map(([place, path, name]) => (
            <a href={path} aria-current={place === props.place ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <a class="jump" href="#contents">
          Contents
        </a>
      </header>
      <div class="frame">
        <nav class="side" aria-label="Contents">
          {props.contents}
        </nav>
        <main id="content">
          {props.opening}
          <nav class="inline" id="contents" aria-label="Contents">
            <details>
              <summary>Contents</summary>
              {props.contents}
            </details>
          </nav>
          {props.children}
          <footer>
            <p>
              ItPay Edge is free software under the Apache License 2.0. The reference is made from{" "}
              <a href="/openapi.json">/openapi.json</a>.
            </p>
          </footer>
        </main>
      </div>
    </body>
  </html>
);
