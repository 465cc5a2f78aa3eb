/** Small parts that several stages use. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";

import { isDrawable } from "../../qr/matrix.ts";
import { renderQr } from "../../qr/render.ts";
import type { PaymentPage, Problem } from "./model.ts";
import type { Texts } from "./texts/texts.ts";

/** Shown by the script, which alone can copy. `of` is the id of the element with the text. */
export const Copyable = (props: { of: string; what: string; texts: Texts }) => (
  <button
    type="button"
    class="copy"
    id={`copy-${props.of}`}
    data-copy={props.of}
    data-script
    aria-label={`${props.texts.copy}: ${props.what}`}
    hidden
  >
    {props.texts.copy}
  </button>
);

/** The heading that focus moves to when the stage changes under the buyer. */
export const Heading = ({ children }: { children: Child }) => (
  <h2 id="stage" tabindex={-1}>
    {children}
  </h2>
);

/** The code as a drawing with a name in the page's language; nothing where it cannot be drawn. */
export const Code = (props: { data: string; label: string; small?: boolean }) =>
  isDrawable(props.data) ? (
    <div class={props.small === true ? "qr less" : "qr"} role="img" aria-label={props.label}>
      {raw(renderQr(props.data, { margin: 2 }))}
    </div>
  ) : null;

/** The same as text, for those who cannot scan, and for support. */
export const CodeText = ({ data, texts }: { data: string; texts: Texts }) => (
  <details id="code-details">
    <summary>{texts.codeAsText}</summary>
    <div class="text">
      <code id="code-text">{data}</code>
      <Copyable of="code-text" what={texts.codeAsText} texts={texts} />
    </div>
  </details>
);

/** What happens now, in one line. The script tells screen readers when it changes. */
export function State({ page }: { page: PaymentPage }) {
  const { texts } = page.speech;
  const scanned = page.view.intent.status === "scanning";
  return (
    <p class={scanned ? "state scanned" : "state"}>
      <span class="dot"></span>
      <span data-announce>{scanned ? texts.scanned : texts.waiting}</span>
    </p>
  );
}

/** The way to the simulated wallet; only for test payments that have an order. */
export function SandboxButton({ page }: { page: PaymentPage }) {
  const { view, speech } = page;
  if (view.intent.livemode || view.order_number === null) return null;
  return (
    <a class="button" href={`/sandbox/wallet/${view.order_number}`} target="_blank" rel="noopener">
      <span>
        {speech.texts.openSandbox}
        <span class="unseen"> ({speech.texts.opensNewTab})</span>
      </span>
    </a>
  );
}

export const ProblemNote = ({ problem }: { problem: Problem | null }) =>
  problem === null ? null : (
    <p class="problem" role="alert">
      {problem.text}
      {problem.detail === null ? null : (
        <small lang="en">
          <bdi>{problem.detail}</bdi>
        </small>
      )}
    </p>
  );
