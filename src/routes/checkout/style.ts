/** The page's only style sheet. Its hash is in the policy, so it is written here once, as it is. */

export const STYLE = `
:root { color-scheme: light dark;
  --ground: #edf1f4; --card: #fff; --soft: #f6f8fa; --text: #14212b; --quiet: #526170;
  --line: #d8e0e7; --accent: #0a5f73; --on-accent: #fff; --tint: #e3f1f4;
  --good: #17663a; --good-tint: #e2f3e9; --warn: #744600; --warn-tint: #fff2d1;
  --bad: #a32a2a; --bad-tint: #fbe6e6; --shadow: 0 1px 2px #14212b14, 0 12px 32px #14212b14;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Hiragino Sans",
    "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans Thai", "Noto Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #0d1318; --card: #161e26; --soft: #1b252e; --text: #e7edf3; --quiet: #a5b3c0;
  --line: #2e3b47; --accent: #7ccfe1; --on-accent: #05242c; --tint: #16323a;
  --good: #7ed8a4; --good-tint: #163324; --warn: #f3cf80; --warn-tint: #3a2e10;
  --bad: #f5a5a5; --bad-tint: #402021; --shadow: none; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text); font: 1rem/1.55 var(--sans);
  overflow-wrap: break-word; }
:lang(zh), :lang(ja) { text-autospace: normal; }
:lang(ko) { word-break: keep-all; overflow-wrap: anywhere; }
p, h1, h2, ol, dl, dd, form { margin: 0; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .375rem; }
h2:focus { outline: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.banner { text-wrap: balance; padding: .5rem 1rem; text-align: center; font-size: .875rem; font-weight: 600;
  color: var(--warn); background: var(--warn-tint); }
main { flex: 1; width: 100%; max-width: 58rem; margin: 0 auto; padding: 1rem;
  display: flex; flex-direction: column; justify-content: center; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem;
  box-shadow: var(--shadow); overflow: hidden; }
.summary { padding: 1.25rem; background: var(--soft); border-bottom: 1px solid var(--line); }
.summary h1 { font-size: 1rem; font-weight: 600; line-height: 1.4; overflow-wrap: anywhere; }
.summary h1 span { display: block; font-size: .875rem; font-weight: 400; color: var(--quiet); }
.amount { margin-top: .375rem; font-size: clamp(1.75rem, 9vw, 2.5rem); line-height: 1.15;
  font-weight: 700; letter-spacing: -.02em; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; }
.amount small { font-size: .8125rem; font-weight: 600; letter-spacing: .04em; color: var(--quiet);
  white-space: nowrap; }
.what { margin-top: .375rem; color: var(--quiet); overflow-wrap: anywhere; }
.left { display: inline-flex; align-items: center; gap: .4em; margin-top: .875rem;
  padding: .25rem .75rem; border-radius: 2rem; font-size: .875rem; color: var(--accent);
  background: var(--tint); }
.left strong { font-variant-numeric: tabular-nums; }
.left.soon { color: var(--warn); background: var(--warn-tint); }
.left svg { flex: none; }
.amount.long { font-size: clamp(1.5rem, 7.5vw, 1.875rem); }
.amount.longest { font-size: clamp(1.25rem, 6vw, 1.5rem); }
.numbers { padding: .75rem 1.25rem; font-size: .8125rem; display: grid; gap: .375rem;
  border-top: 1px solid var(--line); background: var(--soft); }
.numbers dt { color: var(--quiet); }
.numbers dd { display: flex; align-items: center; gap: .5rem; justify-content: space-between; }
.numbers code { min-width: 0; }
code { font: .8125rem/1.5 var(--mono); overflow-wrap: anywhere; }
.stage { padding: 1.5rem 1.25rem; display: grid; gap: 1rem; justify-items: center; align-content: center;
  text-align: center; }
.stage > * { min-width: 0; max-width: 100%; }
h2, h1.notice { font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em; text-wrap: balance; }
h2.small { font-size: 1rem; }
.stage p { max-width: 30rem; text-wrap: balance; }
.hint { color: var(--quiet); font-size: .9375rem; }
.qr { padding: .5rem; background: #fff; border: 1px solid var(--line); border-radius: 1rem;
  line-height: 0; }
.qr svg { width: min(15.5rem, 62vw); height: auto; }
.qr.less svg { width: min(11rem, 50vw); }
.state { display: inline-flex; align-items: center; text-align: left; gap: .5rem; font-weight: 600; }
.dot { flex: none; width: .625rem; height: .625rem; border-radius: 50%; background: var(--accent);
  animation: breathe 2s ease-in-out infinite; }
.scanned .dot { background: var(--good); }
@keyframes breathe { 50% { opacity: .25; } }
.steps { padding: 0; list-style: none; counter-reset: step; display: grid; gap: .625rem;
  width: 100%; max-width: 22rem; text-align: left; font-size: .9375rem; }
.steps li { display: grid; grid-template-columns: 1.625rem 1fr; gap: .625rem; counter-increment: step; }
.steps li::before { content: counter(step); width: 1.625rem; height: 1.625rem; border-radius: 50%;
  font-size: .8125rem; font-weight: 700; line-height: 1.625rem; text-align: center;
  color: var(--accent); background: var(--tint); }
.button { display: inline-flex; align-items: center; justify-content: center; gap: .5rem;
  width: 100%; max-width: 22rem; min-height: 3rem; padding: .625rem 1.25rem; border-radius: .875rem;
  border: 1px solid var(--accent); background: transparent; color: var(--accent); font: inherit;
  font-weight: 650; line-height: 1.3; text-align: center; text-decoration: none; cursor: pointer;
  overflow-wrap: anywhere; }
.button.main { background: var(--accent); color: var(--on-accent); }
.button:hover { filter: brightness(1.08); }
.button:active { transform: translateY(1px); }
.link { display: inline-flex; align-items: center; min-height: 2.75rem; font-weight: 600; }
.copy { flex: none; min-width: 2.75rem; min-height: 2.75rem; padding: .25rem .75rem;
  border: 1px solid var(--line); border-radius: .625rem; background: var(--card);
  color: var(--accent); font: inherit; font-size: .8125rem; font-weight: 600; cursor: pointer; }
.ways { display: grid; gap: .625rem; width: 100%; max-width: 26rem; }
.way { display: flex; align-items: center; gap: .75rem; width: 100%; min-height: 3.5rem;
  padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .875rem;
  background: var(--card); color: var(--text); font: inherit; font-weight: 600; text-align: left;
  cursor: pointer; }
.way:hover { border-color: var(--accent); background: var(--tint); }
.way[aria-current] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.way .home { font-weight: 400; color: var(--quiet); }
.way .mark { margin-left: auto; font-size: .8125rem; color: var(--accent); }
.way svg { flex: none; margin-left: auto; color: var(--quiet); }
.way .mark + svg { margin-left: 0; }
details { width: 100%; max-width: 26rem; text-align: left; }
summary { min-height: 2.75rem; padding: .625rem 0; cursor: pointer; color: var(--accent);
  font-size: .9375rem; font-weight: 600; text-align: center; }
.text { display: grid; gap: .5rem; padding: .75rem; border: 1px solid var(--line);
  border-radius: .75rem; background: var(--soft); }
.text .copy { justify-self: end; }
.icon { width: 4rem; height: 4rem; border-radius: 50%; display: grid; place-items: center;
  color: var(--quiet); background: var(--soft); }
.icon.good { color: var(--good); background: var(--good-tint); animation: settle .4s ease-out; }
.icon.warn { color: var(--warn); background: var(--warn-tint); }
.icon.bad { color: var(--bad); background: var(--bad-tint); }
@keyframes settle { from { transform: scale(.6); opacity: 0; } }
.wheel { width: 3rem; height: 3rem; border-radius: 50%; border: .25rem solid var(--line);
  border-top-color: var(--accent); animation: turn 1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
.receipt { display: grid; grid-template-columns: auto auto; gap: .25rem 1rem; text-align: left;
  font-size: .9375rem; }
.receipt dt { color: var(--quiet); }
.receipt dd { text-align: right; overflow-wrap: anywhere; }
.problem { width: 100%; padding: .75rem 1rem; border-radius: .75rem; color: var(--bad);
  background: var(--bad-tint); font-size: .9375rem; text-align: left; }
.problem small { display: block; font-size: .8125rem; }
.return { width: 100%; display: grid; gap: .5rem; justify-items: center; }
footer { padding: .5rem 1rem 1.5rem; text-align: center; font-size: .875rem; }
.languages { display: flex; flex-wrap: wrap; justify-content: center; gap: 0 .25rem;
  max-width: 56rem; margin: 0 auto; padding: 0; list-style: none; }
.languages a, .languages span { display: inline-flex; align-items: center; min-height: 2.75rem;
  padding: 0 .5rem; color: var(--quiet); text-decoration: none; border-radius: .5rem; }
.languages a:hover { color: var(--accent); text-decoration: underline; }
.languages span { color: var(--text); font-weight: 650; }
@media (min-width: 48rem) {
  .card.wide { display: grid; grid-template: "summary stage" auto "numbers stage" 1fr
    / minmax(0, 21rem) minmax(0, 1fr); min-height: 32rem; }
  .wide .summary { grid-area: summary; padding: 2rem; border-bottom: 0; }
  .wide .stage { grid-area: stage; border-left: 1px solid var(--line); }
  .wide .numbers { grid-area: numbers; padding: 2rem; align-content: end; border-top: 0; }
  .amount { font-size: 2.5rem; }
  .amount.long { font-size: 1.875rem; }
  .amount.longest { font-size: 1.5rem; }
  .stage { padding: 2.25rem; }
  .card.narrow { width: 100%; max-width: 30rem; margin: 0 auto; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) { .dot, .qr { forced-color-adjust: none; } }
@media print {
  body { background: #fff; color: #000; }
  .card { box-shadow: none; border: 0; }
  .button, .link, .copy, .left, .state, footer, details:not([open]) { display: none !important; }
}
`;
