/** The page's only style sheet. Its hash is in the policy, so it is written here once, as it is. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fff; --panel: #f6f8fa; --line: #dde3ea; --text: #17212b; --quiet: #526070;
  --accent: #0a5f73; --chip: #edf1f5; --mark: #fff4d6;
  --get: #0b5a9c; --post: #17663a; --patch: #855300; --delete: #a62b2b;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  --bar: 3rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f151b; --panel: #161e26; --line: #2a3540; --text: #e3e9ef; --quiet: #9fadbb;
    --accent: #6cc5d9; --chip: #202b35; --mark: #3a3212;
    --get: #7db8f0; --post: #75cf9a; --patch: #e3b35c; --delete: #f09a9a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: calc(var(--bar) + 1rem); -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.6 var(--sans); overflow-wrap: break-word; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em; }
a:hover { text-decoration-thickness: .12em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre { font-family: var(--mono); font-size: .875em; }
p, ul, ol, dl, table, figure { margin: 0 0 1rem; }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; }
h1 { margin: 0 0 .5rem; font-size: 2rem; letter-spacing: -.02em; }
h2 { margin: 0 0 1rem; font-size: 1.5rem; letter-spacing: -.01em; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1.125rem; }
h4 { margin: 1.5rem 0 .5rem; font-size: .875rem; color: var(--quiet); }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: .5rem; top: .5rem; z-index: 3; padding: .5rem 1rem; background: var(--ground); }
header { position: sticky; top: 0; z-index: 2; display: flex; align-items: baseline; gap: .75rem;
  height: var(--bar); padding: .65rem 1.25rem; background: var(--ground);
  border-bottom: 1px solid var(--line); }
.brand { font-weight: 650; color: var(--text); text-decoration: none; }
.brand, .version { white-space: nowrap; }
.version { font-size: .8125rem; color: var(--quiet); }
.places { display: flex; gap: .25rem 1rem; margin-left: auto; font-size: .875rem; }
.places a { padding: 0; color: var(--quiet); }
.places a:hover, .places a[aria-current] { color: var(--text); }
.places a[aria-current] { font-weight: 600; }
.jump { font-size: .875rem; }
@media (max-width: 30rem) {
  .version { display: none; }
  header { gap: .6rem; padding-inline: 1rem; }
  .brand { font-size: .9375rem; }
  .places { gap: .25rem .6rem; }
  .places, .jump { font-size: .8125rem; }
}
main { min-width: 0; padding: 2rem 1.25rem 4rem; }
.lead { max-width: 44rem; font-size: 1.0625rem; color: var(--quiet); }
.base code { padding: .2em .45em; background: var(--chip); border-radius: 4px; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav a { display: block; padding: .2rem 0; text-decoration: none; }
nav a code { font-size: 1em; }
nav .group { margin: 1.25rem 0 .25rem; font-size: .75rem; font-weight: 650; letter-spacing: .06em;
  text-transform: uppercase; color: var(--quiet); }
nav ul ul { margin: 0 0 .5rem; padding-left: .75rem; border-left: 1px solid var(--line); }
nav.side { display: none; }
nav.inline { margin: 1.25rem 0 2rem; padding: .75rem 1rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px; }
nav.inline a { padding: .35rem 0; }
summary { cursor: pointer; }
nav.inline summary { font-weight: 600; }
section.guide, section.resource { padding-top: 2.5rem; margin-top: 2.5rem;
  border-top: 1px solid var(--line); }
.words { max-width: 46rem; min-width: 0; }
.examples { min-width: 0; }
.resource > .entry { padding-top: 1.5rem; margin-top: 1.5rem; border-top: 1px dashed var(--line); }
.resource > .lead + .entry { border-top: 0; padding-top: 0; margin-top: 0; }
.entry h3 a { color: inherit; text-decoration: none; }
.entry h3 a:hover { text-decoration: underline; }
.resource .entry .words > h3 { margin-top: 0; font-size: 1.25rem; }
.endpoint { margin-bottom: .25rem; overflow-wrap: anywhere; }
.verb { font: 650 .8125rem/1 var(--mono); letter-spacing: .02em; }
.verb.get { color: var(--get); } .verb.post { color: var(--post); }
.verb.patch, .verb.put { color: var(--patch); } .verb.delete { color: var(--delete); }
.access { font-size: .875rem; color: var(--quiet); }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; line-height: 1.5; }
th, td { padding: .6rem 1rem .6rem 0; text-align: left; vertical-align: top; font-weight: 400;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { padding-block: .3rem; font-size: .8125rem; color: var(--quiet); }
td p, td details { margin: .25rem 0 0; }
tr:target, .errors dd a:target { background: var(--mark); }
.fields th:first-child { width: 30%; } .fields td:nth-child(2) { width: 27%; }
.name { font-weight: 600; }
.parents { font-weight: 400; color: var(--quiet); }
.required, .optional { display: block; font-size: .75rem; color: var(--quiet); }
.required { color: var(--delete); font-weight: 600; }
.type { font-size: .875rem; }
.limits, .values { font-size: .8125rem; color: var(--quiet); overflow-wrap: anywhere; }
.chip { padding: .1em .4em; background: var(--chip); color: var(--text); border-radius: 4px;
  white-space: nowrap; }
.depth-1 > th { padding-left: 1rem; } .depth-2 > th { padding-left: 2rem; }
.depth-3 > th { padding-left: 3rem; } .depth-4 > th { padding-left: 4rem; }
.answers { padding: 0; list-style: none; }
.answers li { margin-bottom: .5rem; }
.answers table { margin-top: .5rem; }
.guide > .entry + table { margin-top: 2rem; }
.status { padding: .1em .4em; background: var(--chip); border-radius: 4px; }
.holds { color: var(--quiet); }
.errors { display: grid; grid-template-columns: auto 1fr; gap: .35rem .75rem; font-size: .875rem; }
.errors dd { margin: 0; overflow-wrap: anywhere; }
.errors dd a { margin-right: .5rem; }
.code { border: 1px solid var(--line); border-radius: 8px; background: var(--panel);
  overflow: hidden; }
.code figcaption { padding: .45rem .9rem; font-size: .8125rem; color: var(--quiet);
  border-bottom: 1px solid var(--line); }
.code pre { margin: 0; padding: .75rem .9rem; max-height: 32rem; overflow: auto;
  font-size: .8125rem; line-height: 1.55; tab-size: 2; }
.shell pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.code pre:focus-visible { outline-offset: -2px; border-radius: 0 0 8px 8px; }
.code code { font-size: 1em; }
.prose { max-width: 46rem; min-width: 0; }
.prose > p:first-child { font-size: 1.0625rem; color: var(--quiet); }
.prose h2 { margin: 3rem 0 .75rem; scroll-margin-top: .5rem; }
.prose h2 a, .prose h3 a { color: inherit; text-decoration: none; }
.prose h2 a:hover, .prose h3 a:hover { text-decoration: underline; }
.prose ul, .prose ol { padding-left: 1.35rem; }
.prose li { margin-bottom: .35rem; }
.prose li > ul, .prose li > ol { margin: .35rem 0 0; }
.prose li > .code { margin: .5rem 0 .75rem; }
.prose p code, .prose li code, .prose td code, .prose th code { padding: .1em .3em;
  background: var(--chip); border-radius: 4px; overflow-wrap: anywhere; }
.prose .code code { padding: 0; background: none; }
.prose a code { color: inherit; }
.prose table { margin-bottom: 1.25rem; }
.prose th[scope="row"] { font-weight: 500; }
.prose blockquote { margin: 0 0 1rem; padding: .75rem 1rem .05rem; background: var(--panel);
  border-left: 3px solid var(--accent); border-radius: 0 8px 8px 0; }
.prose blockquote p { margin-bottom: .7rem; }
nav a[aria-current="page"] { font-weight: 600; color: var(--text); }
.neighbours { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 1rem;
  max-width: 46rem; margin-top: 3rem; }
.neighbours a { flex: 1 1 14rem; padding: .75rem 1rem; border: 1px solid var(--line);
  border-radius: 8px; }
.neighbours a:hover { border-color: var(--accent); }
.neighbours a[rel="next"] { text-align: right; }
.neighbours span { display: block; font-size: .8125rem; color: var(--quiet); }
footer { margin-top: 4rem; padding-top: 1.5rem; border-top: 1px solid var(--line);
  font-size: .875rem; color: var(--quiet); }
@media (max-width: 43.99rem) {
  table, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: .75rem 0; border-bottom: 1px solid var(--line); }
  th, td { padding: 0; border: 0; width: auto !important; }
  td[data-label="Status"]::before, td[data-label="Retry"]::before,
  td[data-label="Outcome"]::before, td[data-label="May go to"]::before,
  td[data-label="Data"]::before { content: attr(data-label) ": "; color: var(--quiet); }
  td[data-label="What the gateway makes of it"]::before { content: "Gateway: ";
    color: var(--quiet); }
  .prose td { padding-top: .25rem; }
  .prose td::before { content: attr(data-label) ": "; color: var(--quiet); }
  .required, .optional { display: inline; margin-left: .5rem; }
  .depth-1 { padding-left: 1rem; } .depth-2 { padding-left: 2rem; }
  .depth-3, .depth-4 { padding-left: 3rem; }
  tr > th { padding-left: 0 !important; }
}
@media (min-width: 64rem) {
  .frame { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 100rem;
    margin: 0 auto; }
  nav.side { display: block; position: sticky; top: var(--bar); height: calc(100vh - var(--bar));
    overflow-y: auto; padding: .5rem 1.25rem 2rem; border-right: 1px solid var(--line);
    font-size: .875rem; line-height: 1.45; }
  nav.side a { color: var(--quiet); }
  nav.side a.tag { color: var(--text); font-weight: 600; }
  nav.side a[aria-current="page"] { color: var(--text); }
  nav.side a:hover { color: var(--accent); }
  nav.inline, .jump { display: none; }
  main { padding: 2.5rem 3rem 6rem; }
}
@media (min-width: 80rem) {
  main { padding-inline: 2.5rem; }
  .entry { display: grid; grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr);
    gap: 0 2.5rem; align-items: start; }
  .entry > .words:only-child { grid-column: 1 / -1; }
  .entry > .examples { position: sticky; top: calc(var(--bar) + 1rem); }
  .examples > .code:last-child { margin-bottom: 0; }
  .resource > .entry .code pre { max-height: 22rem; }
}
@media print {
  header, nav { display: none !important; }
  .code pre { max-height: none; white-space: pre-wrap; }
}
`;
