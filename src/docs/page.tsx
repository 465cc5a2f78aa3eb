/** The whole page: a document for people, from the document for programs. No script. */
import { raw } from "hono/html";

import { tagAnchor } from "./anchors.ts";
import { GUIDES } from "./guides.tsx";
import type { ApiDocument } from "./model.ts";
import { Text } from "./parts.tsx";
import { operationsWith, Reference } from "./reference.tsx";
import { STYLE } from "./style.ts";

interface Props {
  readonly document: ApiDocument;
  /** Where the API is, without a slash at the end. */
  readonly origin: string;
}

export const DocsPage = ({ document, origin }: Props) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="description" content="Reference of the ItPay Edge API." />
      <title>ItPay Edge API reference</title>
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
        <span class="version">{`API ${String(document.info["version"])}`}</span>
        <a class="jump" href="#contents">
          Contents
        </a>
      </header>
      <div class="frame">
        <nav class="side" aria-label="Contents">
          <Contents document={document} />
        </nav>
        <main id="content">
          <h1 id="top">API reference</h1>
          <p class="lead">One API for the wallets and bank QR codes of Asia.</p>
          <p class="base">
            Base URL <code>{origin}</code>
          </p>
          <nav class="inline" id="contents" aria-label="Contents">
            <details>
              <summary>Contents</summary>
              <Contents document={document} />
            </details>
          </nav>
          {GUIDES.map(({ anchor, title, Body }) => (
            <section class="guide" id={anchor} aria-labelledby={`${anchor}-title`}>
              <h2 id={`${anchor}-title`}>{title}</h2>
              <Body origin={origin} />
            </section>
          ))}
          <Reference document={document} origin={origin} />
          <footer>
            <p>
              ItPay Edge is free software under the Apache License 2.0. This page is made from{" "}
              <a href="/openapi.json">/openapi.json</a>.
            </p>
          </footer>
        </main>
      </div>
    </body>
  </html>
);

const Contents = ({ document }: { document: ApiDocument }) => (
  <>
    <p class="group">Guide</p>
    <ul>
      {GUIDES.map(({ anchor, title }) => (
        <li>
          <a href={`#${anchor}`}>{title}</a>
        </li>
      ))}
    </ul>
    <p class="group">Reference</p>
    <ul>
      {document.tags.map(({ name }) => (
        <li>
          <a class="tag" href={`#${tagAnchor(name)}`}>
            {name}
          </a>
          <ul>
            {operationsWith(document, name).map(({ operation }) => (
              <li>
                <a href={`#${operation.operationId ?? ""}`}>
                  <Text>{operation.summary ?? ""}</Text>
                </a>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  </>
);
