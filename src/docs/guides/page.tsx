/** A guide as a page: its text, its neighbours, its headings. */
import { Frame } from "../frame.tsx";
import { type Guide, GUIDES, INDEX } from "./list.ts";
import { guidePath, GUIDES_PATH } from "./links.ts";
import { type Document, type Heading, renderMarkdown } from "./markdown.tsx";

const titleOf = ({ text }: Guide): string => /^# (.+)$/m.exec(text)?.[1] ?? "";

const Contents = ({ guide, headings }: { guide: Guide | null; headings: readonly Heading[] }) => (
  <>
    <p class="group">Guides</p>
    <ul>
      {GUIDES.map((each) => (
        <li>
          <a href={guidePath(each.slug)} aria-current={each === guide ? "page" : undefined}>
            {titleOf(each)}
          </a>
          {each === guide ? <OnThisPage headings={headings} /> : null}
        </li>
      ))}
    </ul>
  </>
);

const OnThisPage = ({ headings }: { headings: readonly Heading[] }) => (
  <ul>
    {headings
      .filter(({ depth }) => depth === 2)
      .map(({ id, text }) => (
        <li>
          <a href={`#${id}`}>{text}</a>
        </li>
      ))}
  </ul>
);

function Neighbours({ guide }: { guide: Guide }) {
  const at = GUIDES.indexOf(guide);
  const before = GUIDES[at - 1];
  const after = GUIDES[at + 1];
  return (
    <nav class="neighbours" aria-label="Previous and next">
      {before === undefined ? null : (
        <a rel="prev" href={guidePath(before.slug)}>
          <span>Previous</span> {titleOf(before)}
        </a>
      )}
      {after === undefined ? null : (
        <a rel="next" href={guidePath(after.slug)}>
          <span>Next</span> {titleOf(after)}
        </a>
      )}
    </nav>
  );
}

const Article = ({ document }: { document: Document }) => (
  <article class="prose">{document.body}</article>
);

/** @param origin where the API is, without a slash at the end */
export function GuidePage({ guide, origin }: { guide: Guide; origin: string }) {
  const document = renderMarkdown(guide.text, origin);
  const isIndex = guide === INDEX;
  return (
    <Frame
      title={isIndex ? "ItPay Edge guides" : `${document.title} · ItPay Edge`}
      description={document.lead}
      place="guides"
      contents={<Contents guide={isIndex ? null : guide} headings={document.headings} />}
      opening={<h1 id="top">{document.title}</h1>}
    >
      <Article document={document} />
      {isIndex ? null : <Neighbours guide={guide} />}
    </Frame>
  );
}

/** For an address that leads nowhere. It repeats nothing of what was asked. */
export const NoGuidePage = () => (
  <Frame
    title="No such guide · ItPay Edge"
    description="There is no guide at this address."
    place="guides"
    contents={<Contents guide={null} headings={[]} />}
    opening={<h1 id="top">No such guide</h1>}
  >
    <p>
      There is no guide at this address. <a href={GUIDES_PATH}>All guides</a>
    </p>
  </Frame>
);
