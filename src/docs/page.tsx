/** The reference as a page: a document for people, from the document for programs. */
import { tagAnchor } from "./anchors.ts";
import { Frame } from "./frame.tsx";
import type { ApiDocument } from "./model.ts";
import { Text } from "./parts.tsx";
import { operationsWith, Reference } from "./reference.tsx";
import { SECTIONS } from "./sections.tsx";

interface Props {
  readonly document: ApiDocument;
  /** Where the API is, without a slash at the end. */
  readonly origin: string;
}

export const DocsPage = ({ document, origin }: Props) => (
  <Frame
    title="ItPay Edge API reference"
    description="Reference of the ItPay Edge API."
    place="reference"
    version={String(document.info["version"])}
    contents={<Contents document={document} />}
    opening={
      <>
        <h1 id="top">API reference</h1>
        <p class="lead">One API for the wallets and bank QR codes of Asia.</p>
        <p class="base">
          Base URL <code>{origin}</code>
        </p>
      </>
    }
  >
    {SECTIONS.map(({ anchor, title, Body }) => (
      <section class="guide" id={anchor} aria-labelledby={`${anchor}-title`}>
        <h2 id={`${anchor}-title`}>{title}</h2>
        <Body origin={origin} />
      </section>
    ))}
    <Reference document={document} origin={origin} />
  </Frame>
);

const Contents = ({ document }: { document: ApiDocument }) => (
  <>
    <p class="group">Overview</p>
    <ul>
      {SECTIONS.map(({ anchor, title }) => (
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
